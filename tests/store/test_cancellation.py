"""Cancelling a turn at any of its awaits: nothing is cut in half, no branch stays locked, no connection stays out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from typing import Any

import pytest

from convo import AsyncConversation, AsyncStore
from convo.completions import CompletionRequest
from support.statements import connections_out

MOST = 200


class CancelledAt:
    """Awaits ``work`` and cancels its own task just as it waits for the ``number``-th time, counted from 0."""

    def __init__(self, work: Coroutine[Any, Any, Any], number: int) -> None:
        self._work = work
        self._number = number
        self.waited = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._work.__await__()
        value, problem = None, None
        while True:
            try:
                future = steps.throw(problem) if problem is not None else steps.send(value)
            except StopIteration as end:
                return end.value
            if self.waited == self._number:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            self.waited += 1
            try:
                value, problem = (yield future), None
            except BaseException as thrown:
                value, problem = None, thrown


async def cancelled_at(work: Coroutine[Any, Any, Any], number: int) -> bool:
    """Run ``work`` in a task that is cancelled at its ``number``-th wait; return whether it got that far."""
    counting = CancelledAt(work, number)

    async def run() -> Any:
        return await counting

    await asyncio.gather(asyncio.create_task(run()), return_exceptions=True)
    return counting.waited > number


async def thinking(request: CompletionRequest) -> str:
    for _ in range(3):
        await asyncio.sleep(0)
    return "thought"


async def words(request: CompletionRequest) -> AsyncIterator[str]:
    for number in range(4):
        await asyncio.sleep(0)
        yield f"word {number} "


async def send(chat: AsyncConversation) -> None:
    await chat.send("question")


async def stream(chat: AsyncConversation) -> None:
    async with chat.stream("question") as pieces:
        async for _ in pieces:
            pass


async def append(chat: AsyncConversation) -> None:
    await chat.append("question")


async def fork(chat: AsyncConversation) -> None:
    await chat.fork()


VERBS: dict[str, tuple[Callable[[AsyncConversation], Coroutine[Any, Any, None]], Any]] = {
    "send": (send, thinking),
    "stream": (stream, words),
    "append": (append, None),
    "fork": (fork, None),
}


async def is_clean(store: AsyncStore, name: str) -> None:
    """What is true of a conversation after whatever happened to it: see the assertions."""
    chat = await store.open(name, backend=thinking)
    entries = await chat.history(limit=1000)
    assert [entry.seq for entry in entries] == [*range(1, len(entries) + 1)]
    turns = {turn.id: turn for turn in await chat.turns(limit=1000)}
    for entry in entries:
        assert entry.turn_id is None or entry.turn_id in turns
    assert {turn.status for turn in turns.values()} <= {"completed", "interrupted", "failed", "superseded", "cancelled"}
    reply = await chat.send("and now?")
    assert reply.text == "thought"


async def at_every_wait(store: AsyncStore, name: str, verb: str, out: Callable[[], int]) -> int:
    """Cancel ``verb`` at its first wait, its second, … until it is through; return how many there are."""
    act, backend = VERBS[verb]
    for number in range(MOST):
        chat = await store.open(f"{name}-{number}", backend=backend)
        await chat.append("hello")
        reached = await cancelled_at(act(chat), number)
        assert out() == 0
        await is_clean(store, f"{name}-{number}")
        if not reached:
            return number
    raise AssertionError(f"{verb} still waits after {MOST} waits")


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_cancelled_at_any_wait_leaves_everything_free_and_whole(database_url: str, name: str, verb: str) -> None:
    async def scenario() -> int:
        async with AsyncStore(database_url) as store:
            with connections_out() as out:
                return await at_every_wait(store, name, verb, out)

    assert asyncio.run(scenario()) >= 1


def test_a_turn_cancelled_while_the_model_thinks_can_be_resumed_on_the_same_handle(
    database_url: str, name: str
) -> None:
    asked = asyncio.Event()

    async def forever(request: CompletionRequest) -> str:
        asked.set()
        await asyncio.Event().wait()
        return ""

    async def scenario() -> list[str]:
        async with AsyncStore(database_url) as store:
            chat = await store.open(name, backend=forever)
            with connections_out() as out:
                task = asyncio.create_task(chat.send("question"))
                await asked.wait()
                assert out() == 0
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await chat.turns())[-1].status == "interrupted"
            await chat.resume(backend=thinking)
            return [entry.text for entry in await chat.history()]

    assert asyncio.run(scenario()) == ["question", "thought"]


def test_a_cancellation_that_comes_with_the_answer_leaves_the_answer_or_a_turn_to_resume(
    database_url: str, name: str
) -> None:
    async def scenario() -> None:
        async with AsyncStore(database_url) as store:
            for ticks in range(0, 40, 4):
                chat = await store.open(f"{name}-{ticks}", backend=thinking)
                task = asyncio.create_task(chat.send("question"))
                for _ in range(ticks):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await is_clean(store, f"{name}-{ticks}")

    asyncio.run(scenario())


def test_a_loop_that_ends_with_turns_under_way_leaves_them_to_resume(database_url: str, name: str) -> None:
    async def forever(request: CompletionRequest) -> str:
        await asyncio.Event().wait()
        return ""

    async def abandon() -> None:
        chats = [await AsyncConversation.open(database_url, f"{name}-{number}", backend=forever) for number in range(4)]
        tasks: list[Awaitable[Any]] = [asyncio.create_task(chat.send("question")) for chat in chats]
        assert tasks
        await asyncio.sleep(0.2)

    async def go_on() -> list[str]:
        chats = [
            await AsyncConversation.open(database_url, f"{name}-{number}", backend=thinking) for number in range(4)
        ]
        return [(await chat.send("again")).text for chat in chats]

    asyncio.run(abandon())
    assert asyncio.run(go_on()) == ["thought"] * 4
