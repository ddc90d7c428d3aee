"""What a type checker is to see of the public interface. Never run: mypy reads it, as it reads a user's code."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal, assert_type
from uuid import UUID

from convo import (
    AsyncConversation,
    AsyncStore,
    Branch,
    Call,
    CompletionRequest,
    Conversation,
    ConversationInfo,
    Delta,
    Entry,
    Reply,
    Store,
    ToolCall,
    ToolMessage,
    Turn,
    Usage,
    Window,
    assistant,
    tool_call,
    tool_result,
    user,
)
from convo.errors import BackendError, ConvoError, TurnInProgress


def shouting(request: CompletionRequest) -> str:
    return request.messages[-1].text.upper()


def sync_face(store: Store) -> None:
    chat = store.open("customer-42", backend=shouting, system="Be terse.", policy=[Window(8000, 6000)], temperature=0.2)
    assert_type(chat, Conversation)
    assert_type(chat.id, UUID)
    assert_type(Conversation.open("sqlite:///chat.db", "customer-42"), Conversation)
    assert_type(store.for_owner("ann"), Store)
    assert_type(store.conversations(limit=5), list[ConversationInfo])

    reply = chat.send("Hello", max_tokens=5, stop=["."], wait=10)
    assert_type(reply, Reply)
    assert_type(reply.text, str)
    assert_type(reply.entry, Entry)
    assert_type(reply.turn, Turn)
    assert_type(reply.usage, Usage | None)
    assert_type(reply.tool_calls, tuple[ToolCall, ...])
    assert_type(chat.submit({"abcdefghi": {"kilos": 4}}), Reply | None)
    assert_type(chat.append(user("Hi"), assistant("Hello")), list[Entry])
    assert_type(chat.waiting(), tuple[ToolCall, ...])
    assert_type(chat.resume(max_tokens=5), Reply)
    assert_type(chat.cancel(grace=1), Entry | None)

    stream = chat.stream("Hello")
    for delta in stream:
        assert_type(delta, Delta)
    with chat.stream(None) as again:
        assert_type(next(again), Delta)
    assert_type(stream.reply, Reply)
    assert_type(chat.follow(reply.turn, after=5), Iterator[Delta])

    assert_type(chat.history(limit=5, before=reply.entry), list[Entry])
    assert_type(chat.turns(), list[Turn])
    assert_type(chat.turn(reply.turn.id), tuple[Turn, list[Call]])
    assert_type(chat.fork(at=reply.entry, name="side"), Conversation)
    assert_type(chat.branches(), list[Branch])
    assert_type(chat.edit(reply.entry, "In other words", answer=False), Reply | None)
    assert_type(chat.regenerate(n=2), Reply)
    assert_type(chat.usage().cost(), Decimal)
    assert_type(str(chat.explain("And now?")), str)


async def async_face(store: AsyncStore) -> None:
    chat = await store.open("customer-42", backend="scripted:")
    assert_type(chat, AsyncConversation)
    assert_type(await AsyncConversation.open("sqlite:///chat.db", "customer-42"), AsyncConversation)
    assert_type(await chat.send("Hello"), Reply)
    stream = chat.stream("Hello", detached=True)
    async for delta in stream:
        assert_type(delta, Delta)
    async with chat.stream(None) as again:
        assert_type(await anext(again), Delta)
    assert_type(stream.reply, Reply)
    async for delta in chat.follow(stream.reply.turn):
        assert_type(delta, Delta)
    assert_type(await chat.history(), list[Entry])
    assert_type(await chat.fork(), AsyncConversation)


def values() -> None:
    call = tool_call("stock_of", {"cheese": "Brie"})
    assert_type(call, ToolCall)
    assert_type(call.parsed_arguments(), dict[str, Any])
    assert_type(tool_result(call, {"kilos": 4}), ToolMessage)


def mistakes(chat: Conversation, store: Store) -> None:
    chat.send("Hello", temprature=0.2)  # type: ignore[call-arg]
    chat.send("Hello", temperature="warm")  # type: ignore[arg-type]
    chat.send(42)  # type: ignore[arg-type]
    store.open()  # type: ignore[call-arg]
    Conversation.open(store, "customer-42", titel="Cheese")  # type: ignore[call-arg]
    Conversation.start(store, policy=5)  # type: ignore[arg-type]
    Conversation.load(store, chat.id, title="Cheese")  # type: ignore[call-arg]
    chat.id = UUID(int=0)  # type: ignore[misc]
    chat.history()[0].seq = 5  # type: ignore[misc]


def errors(chat: Conversation) -> None:
    try:
        chat.send("Hello")
    except TurnInProgress as problem:
        assert_type(problem.lease_left, float)
    except BackendError as problem:
        assert_type(problem.retry_after, float | None)
        assert_type(problem.retryable, bool)
    except ConvoError as problem:
        assert_type(problem.fault, Literal["caller", "backend", "store"])
