"""Any function may answer, in either face; what it raises, returns or is, is said in one sentence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import pytest

from convo import PERMISSIVE, AsyncStore, Store, assistant, user
from convo.completions import Choice, Completion, CompletionRequest, Delta, ToolCallDelta, Usage
from convo.errors import BackendFailed, InvalidSetting, MalformedResponse, RateLimited, TurnInProgress, WrongFace
from support.embedded import database_url

__all__ = ["database_url"]


def says(text: str, request: CompletionRequest) -> str:
    return f"{text} {request.messages[-1].text}"


class Remembers:
    """A callable object without a name."""

    def __call__(self, request: CompletionRequest) -> str:
        return "called"


class Whole:
    """A backend object with a whole answer only."""

    name, profile, model = "whole", PERMISSIVE, "m-1"

    def complete(self, request: CompletionRequest) -> str:
        return "completed"


ANSWERING: list[tuple[Any, str, str]] = [
    (lambda request: "text", "text", "<lambda>"),
    (lambda request: assistant("message"), "message", "<lambda>"),
    (lambda request: Completion((Choice(assistant("completion")),)), "completion", "<lambda>"),
    (lambda request: iter(["pie", "ces"]), "pieces", "<lambda>"),
    (partial(says, "heard"), "heard hello", "partial"),
    (Remembers(), "called", "Remembers"),
    (Whole(), "completed", "whole"),
]


@pytest.mark.parametrize(("backend", "text", "name"), ANSWERING, ids=[text for _, text, _ in ANSWERING])
@pytest.mark.parametrize("verb", ["send", "stream"])
def test_what_answers_is_a_backend(store: Any, backend: Any, text: str, name: str, verb: str) -> None:
    chat = store.start(backend=backend)
    if verb == "send":
        reply = chat.send("hello")
    else:
        stream = chat.stream("hello")
        list(stream)
        reply = stream.reply
    assert (reply.text, reply.backend) == (text, name)


def test_a_backend_gets_the_messages_and_the_options(store: Any) -> None:
    seen: list[CompletionRequest] = []

    def backend(request: CompletionRequest) -> str:
        seen.append(request)
        return "yes"

    chat = store.start(["one", assistant("two")], backend=backend, system="Be terse.", temperature=0.1)
    chat.send("three", max_tokens=5)
    assert [(message.role, message.text) for message in seen[0].messages] == [
        ("system", "Be terse."),
        ("user", "one"),
        ("assistant", "two"),
        ("user", "three"),
    ]
    assert seen[0].options.to_json() == {"temperature": 0.1, "max_tokens": 5}
    assert seen[0].conversation_id == str(chat.id)


def test_a_backend_given_with_a_call_answers_that_call(store: Any) -> None:
    chat = store.start(backend=lambda request: "the usual")
    assert chat.send("one", backend=lambda request: "another").text == "another"
    assert chat.send("two").text == "the usual"


@pytest.mark.parametrize("problem", [ValueError("a secret"), KeyError("a secret"), AssertionError(), StopIteration()])
def test_what_a_function_raises_is_said_with_its_cause_and_without_its_text(store: Any, problem: Exception) -> None:
    def unlucky(request: CompletionRequest) -> str:
        raise problem

    chat = store.start(backend=unlucky)
    with pytest.raises(BackendFailed) as caught:
        chat.send("hello")
    assert str(caught.value) == f"the backend unlucky raised {type(problem).__name__}"
    assert caught.value.__cause__ is problem
    assert (caught.value.backend, caught.value.fault) == ("unlucky", "backend")
    assert [turn.status for turn in chat.turns()] == ["failed"]


def test_an_error_of_convos_own_is_passed_on(store: Any) -> None:
    def busy(request: CompletionRequest) -> str:
        raise RateLimited("slow down", retry_after=3.0)

    with pytest.raises(RateLimited, match="slow down") as caught:
        store.start(backend=busy).send("hello")
    assert (caught.value.retry_after, caught.value.backend) == (3.0, "busy")


@pytest.mark.parametrize("problem", [KeyboardInterrupt, SystemExit])
def test_an_interruption_is_passed_on_and_leaves_the_turn_resumable(database_url: str, problem: Any) -> None:
    def interrupted(request: CompletionRequest) -> str:
        raise problem()

    with Store(database_url) as store:
        chat = store.start(backend=interrupted)
        with pytest.raises(problem):
            chat.send("hello")
        assert [turn.status for turn in chat.turns()] == ["interrupted"]
        assert chat.resume(backend=lambda request: "yes").text == "yes"


@pytest.mark.parametrize("answer", [None, 3, b"yes", {"role": "assistant"}, user("hm"), Completion(())], ids=repr)
def test_what_is_no_answer_is_said(store: Any, answer: Any) -> None:
    chat = store.start(backend=lambda request: answer)
    with pytest.raises(MalformedResponse, match="an answer is a text, an AssistantMessage or a Completion"):
        chat.send("hello")
    assert [turn.status for turn in chat.turns()] == ["failed"]


WELL = Choice(assistant("yes"))
MISMADE: list[tuple[Any, str]] = [
    (Completion(choices=3), "choices"),  # type: ignore[arg-type]
    (Completion(choices=("yes",)), "choices.str"),  # type: ignore[arg-type]
    (Completion(choices=(Choice("yes"),)), "choices.message"),  # type: ignore[arg-type]
    (Completion((WELL,), usage=3), "usage"),  # type: ignore[arg-type]
    (Completion((WELL,), usage=Usage(prompt_tokens="3")), "usage.prompt_tokens"),  # type: ignore[arg-type]
    (Completion((WELL,), model=3), "model"),  # type: ignore[arg-type]
    (Delta(text=3), "text"),  # type: ignore[arg-type]
    (Delta(text="yes", index="0"), "index"),  # type: ignore[arg-type]
    (Delta(text="yes", finish_reason=3), "finish_reason"),  # type: ignore[arg-type]
    (Delta(tool_calls=(3,)), "tool_calls.int"),  # type: ignore[arg-type]
    (Delta(tool_calls=(ToolCallDelta(0, arguments={}),)), "tool_calls.arguments"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("answer", "field"), MISMADE, ids=[f"{type(a).__name__} {field}" for a, field in MISMADE])
@pytest.mark.parametrize("verb", ["send", "stream"])
def test_an_answer_that_is_made_wrong_is_said_and_fails_the_turn(
    store: Any, answer: Any, field: str, verb: str
) -> None:
    chat = store.start(backend=lambda request: iter([answer]) if isinstance(answer, Delta) else answer)
    with pytest.raises(MalformedResponse, match=f"whose {field} is of a type that it cannot be"):
        chat.send("hello") if verb == "send" else list(chat.stream("hello"))
    assert [turn.status for turn in chat.turns()] == ["failed"]
    assert chat.resume(backend=lambda request: "yes").text == "yes"


def test_several_answers_of_one_function_are_told_apart_by_their_place(store: Any) -> None:
    chat = store.start(backend=lambda request: Completion(tuple(Choice(assistant(text)) for text in "abc")))
    stream = chat.stream("hello", n=3)
    list(stream)
    assert [choice.message.text for choice in stream.reply.choices] == ["a", "b", "c"]
    assert [entry.text for entry in chat.siblings(stream.reply.entry)] == ["a", "b", "c"]


async def async_function(request: CompletionRequest) -> str:
    await asyncio.sleep(0)
    return "awaited"


async def async_pieces(request: CompletionRequest) -> AsyncIterator[str]:
    for piece in ("awa", "ited"):
        await asyncio.sleep(0)
        yield piece


class AsyncObject:
    """A backend object with an async ``complete`` and ``stream``."""

    name, profile = "object", PERMISSIVE

    async def complete(self, request: CompletionRequest) -> str:
        return await async_function(request)

    def stream(self, request: CompletionRequest) -> AsyncIterator[str]:
        return async_pieces(request)


ASYNC = [async_function, lambda request: async_function(request), async_pieces, AsyncObject()]
ASYNC_NAMES = ["function", "lambda", "pieces", "object"]


@pytest.mark.parametrize("backend", [async_function, async_pieces, AsyncObject()])
def test_an_async_backend_on_the_sync_face_is_refused_before_anything_is_stored(
    database_url: str, backend: Any
) -> None:
    with Store(database_url) as store:
        chat = store.start(backend=backend)
        for verb in (lambda: chat.send("hello"), lambda: list(chat.stream("hello"))):
            with pytest.raises(WrongFace, match="is async: use it with AsyncConversation"):
                verb()
        assert (chat.turns(), chat.history()) == ([], [])
        assert chat.send("hello", backend=lambda request: "yes").text == "yes"


def test_a_backend_that_turns_out_async_on_the_sync_face_is_refused_and_blocks_nothing(database_url: str) -> None:
    with Store(database_url) as store:
        chat = store.start(backend=lambda request: async_function(request))
        for verb in (lambda: chat.send("hello"), lambda: list(chat.stream("hello")), lambda: chat.resume()):
            with pytest.raises(WrongFace, match="is async: use it with AsyncConversation"):
                verb()
        assert {turn.status for turn in chat.turns()} == {"superseded", "failed"}
        assert chat.resume(backend=lambda request: "yes").text == "yes"


@pytest.mark.parametrize("backend", ASYNC, ids=ASYNC_NAMES)
def test_an_async_backend_on_the_async_face_is_awaited(database_url: str, backend: Any) -> None:
    async def main() -> list[str]:
        async with AsyncStore(database_url) as store:
            chat = await store.start(backend=backend)
            whole = await chat.send("hello")
            return [whole.text, "".join([delta.text async for delta in chat.stream("again")])]

    assert asyncio.run(main()) == ["awaited", "awaited"]


def slow(request: CompletionRequest) -> str:
    time.sleep(0.3)
    return "slow"


def slow_pieces(request: CompletionRequest) -> Iterator[str]:
    for piece in ("sl", "ow"):
        time.sleep(0.15)
        yield piece


@pytest.mark.parametrize("backend", [slow, slow_pieces])
def test_a_blocking_backend_does_not_hold_up_the_event_loop(database_url: str, backend: Any) -> None:
    async def main() -> tuple[str, int]:
        async with AsyncStore(database_url) as store:
            chat = await store.start(["hm"], backend=backend)
            task = asyncio.create_task(chat.send("hello"))
            beats = 0
            while not task.done():
                await asyncio.sleep(0.005)
                beats += 1
            return (await task).text, beats

    text, beats = asyncio.run(main())
    assert text == "slow"
    assert beats >= 10


def test_a_backend_that_writes_on_its_own_branch_is_told_that_a_turn_is_running(database_url: str) -> None:
    def backend(request: CompletionRequest) -> str:
        with Store(database_url) as elsewhere, pytest.raises(TurnInProgress):
            elsewhere.load(chat.id).append("from the backend")
        return "yes"

    with Store(database_url) as store:
        chat = store.start(backend=backend)
        assert chat.send("hello").text == "yes"


WRONG: dict[str, tuple[Any, str]] = {
    "no such name": ("mistrel:small", "there is no backend 'mistrel'; known are .*mistral"),
    "no name": (":small", "there is no backend"),
    "an empty text": ("", "there is no backend"),
    "a number": (3, "a backend is a name such as .*, a function or a backend object, not int"),
    "a list": (["mistral"], "not list"),
}


@pytest.mark.parametrize(("backend", "said"), WRONG.values(), ids=WRONG)
def test_what_is_no_backend_is_refused_wherever_it_is_given(store: Any, name: str, backend: Any, said: str) -> None:
    chat = store.start(["hm"], backend=lambda request: "yes")
    places: list[Callable[[], Any]] = [
        lambda: store.start(backend=backend),
        lambda: store.open(name, backend=backend),
        lambda: store.load(chat.id, backend=backend),
        lambda: chat.send("hello", backend=backend),
    ]
    for place in places:
        with pytest.raises(InvalidSetting, match=said) as caught:
            place()
        assert caught.value.field == "backend"
    assert [entry.text for entry in chat.history()] == ["hm"]
    assert [info.external_id for info in store.conversations(limit=5) if info.external_id == name] == []


@pytest.mark.parametrize(("spec", "variable"), [("mistral:small", "MISTRAL_API_KEY"), ("openai:gpt", "OPENAI_API_KEY")])
def test_a_missing_key_is_said_before_anything_is_stored(
    store: Any, monkeypatch: pytest.MonkeyPatch, name: str, spec: str, variable: str
) -> None:
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(InvalidSetting, match=variable):
        store.open(name, backend=spec)
    chat = store.start(["hm"])
    with pytest.raises(InvalidSetting, match=variable):
        chat.send("hello", backend=spec)
    assert [entry.text for entry in chat.history()] == ["hm"]


def test_without_a_backend_everything_but_asking_works(store: Any) -> None:
    chat = store.start(["hm"])
    for verb in (lambda: chat.send("hello"), lambda: chat.complete(), lambda: list(chat.stream("hello"))):
        with pytest.raises(InvalidSetting, match="there is no backend to ask: give backend="):
            verb()
    chat.append("hello")
    assert [message.text for message in chat.compose("again").messages] == ["hm", "hello", "again"]
    assert [entry.text for entry in chat.fork().history()] == ["hm", "hello"]
