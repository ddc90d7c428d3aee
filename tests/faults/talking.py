"""What a child does until it is killed. Everything follows from a question's number, so that nothing need be noted.

A child reports what was acknowledged to it, once it was: that, its parent must find.
"""

from __future__ import annotations

import asyncio
import random
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from itertools import count
from multiprocessing.connection import Connection
from typing import Any

from convo import (
    AsyncConversation,
    AsyncStore,
    Conversation,
    Store,
    ToolFunction,
    assistant,
    tool,
    tool_call,
)
from convo.completions import CompletionRequest
from convo.profiles import PERMISSIVE, PrefixSupport, Profile
from convo.records import UNFINISHED

LEASE = 0.25
"""Seconds: so that a killed child's turn can be taken over soon."""

PIECES, PIECE = 12, 400
"""A streamed answer comes in so many pieces of so many characters; a part is kept about every fifth."""

PAUSE = 0.001
CONTINUES = PrefixSupport(style="flag", echoes_whole=False, echoes_stream=False)


def question(number: int) -> str:
    return f"question {number}"


def answer_to(asked: str) -> str:
    """A long answer that repeats itself, so that a seam in the wrong place would show."""
    number = int(re.findall(r"\d+", asked)[-1])
    return "".join(f"{number}.{piece} " + "ha " * (PIECE // 3) for piece in range(PIECES))


class Answers:
    """Answers the last question; continues the beginning that it is given."""

    name = "answers"
    profile: Profile = replace(PERMISSIVE, prefix=CONTINUES)

    def complete(self, request: CompletionRequest) -> str:
        time.sleep(PAUSE)
        return self._rest(request)

    def stream(self, request: CompletionRequest) -> Iterator[str]:
        rest = self._rest(request)
        for start in range(0, len(rest), PIECE):
            time.sleep(PAUSE)
            yield rest[start : start + PIECE]

    def _rest(self, request: CompletionRequest) -> str:
        asked = [message.text for message in request.messages if message.role == "user"]
        return answer_to(asked[-1])[len(request.prefix) :]


class AsyncAnswers(Answers):
    """The same without a thread."""

    async def complete(self, request: CompletionRequest) -> str:  # type: ignore[override]
        await asyncio.sleep(PAUSE)
        return self._rest(request)

    async def stream(self, request: CompletionRequest) -> AsyncIterator[str]:  # type: ignore[override]
        rest = self._rest(request)
        for start in range(0, len(rest), PIECE):
            await asyncio.sleep(PAUSE)
            yield rest[start : start + PIECE]


def opened(store: Store, **given: Any) -> Conversation:
    return store.open("talk", backend=Answers(), lease=LEASE, **given)


def take_up(chat: Conversation) -> None:
    """Bring to its end what the one before left unfinished, if he did."""
    last = chat.turns()[-1:]
    if last and last[0].status in ("running", "interrupted", "failed"):
        chat.resume(wait=30)


def next_number(chat: Conversation) -> int:
    """The number of questions on the path; a question and its answer are two messages."""
    last = chat.history(limit=1)
    return last[0].seq // 2 if last else 0


def sends(pipe: Connection, url: str, owner: str, seed: int) -> None:
    with Store(url, owner=owner) as store:
        chat = opened(store)
        take_up(chat)
        pipe.send("ready")
        for number in count(next_number(chat)):
            chat.send(question(number))
            pipe.send(number)


def streams(pipe: Connection, url: str, owner: str, seed: int) -> None:
    with Store(url, owner=owner) as store:
        chat = opened(store)
        take_up(chat)
        pipe.send("ready")
        for number in count(next_number(chat)):
            seen = 0
            for delta in chat.stream(question(number)):
                seen += len(delta.text)
                pipe.send((number, seen))
            pipe.send(number)


def streams_async(pipe: Connection, url: str, owner: str, seed: int) -> None:
    async def talk() -> None:
        async with AsyncStore(url, owner=owner) as store:
            chat = await store.open("talk", backend=AsyncAnswers(), lease=LEASE)
            last = (await chat.turns())[-1:]
            if last and last[0].status in ("running", "interrupted", "failed"):
                await chat.resume(wait=30)
            pipe.send("ready")
            history = await chat.history(limit=1)
            for number in count(history[0].seq // 2 if history else 0):
                await _stream(chat, number)

    async def _stream(chat: AsyncConversation, number: int) -> None:
        seen = 0
        async for delta in chat.stream(question(number)):
            seen += len(delta.text)
            pipe.send((number, seen))
        pipe.send(number)

    asyncio.run(talk())


def forks(pipe: Connection, url: str, owner: str, seed: int) -> None:
    """Fork anywhere on main, and ask on the fork."""
    chance = random.Random(seed)
    with Store(url, owner=owner) as store:
        chat = opened(store)
        entries = chat.history()
        pipe.send("ready")
        while True:
            at = chance.choice(entries)
            side = chat.fork(at=at)
            pipe.send((side.branch.no, at.seq))
            side.send(question(side.branch.no))
            pipe.send(side.branch.no)


ROUND = 5
"""Messages of a run: question, answer with two calls, their results, answer."""


def books(request: CompletionRequest) -> Any:
    """Want something paid and something looked up for the last question, then answer it."""
    asked = [message.text for message in request.messages if message.role == "user"][-1]
    if request.messages[-1].role != "user":
        return answer_to(asked)
    wanted = ("pay", "c00000001"), ("look", "c00000002")
    return assistant(tool_calls=[tool_call(name, {"what": asked}, id=call_id) for name, call_id in wanted])


def booking(note: Callable[[tuple[str, str]], Any]) -> list[ToolFunction]:
    """The tools: ``pay`` must not be called twice for one thing, ``look`` may be; each call is noted as it is made."""

    def pay(what: str) -> str:
        note(("pay", what))
        time.sleep(PAUSE)
        return f"paid {what}"

    def look(what: str) -> str:
        note(("look", what))
        time.sleep(PAUSE)
        return f"looked {what}"

    return [tool(pay, repeat="never"), tool(look, repeat="safe")]


def runs(pipe: Connection, url: str, owner: str, seed: int) -> None:
    lock = threading.Lock()

    def note(made: Any) -> None:
        with lock:
            pipe.send(made)

    with Store(url, owner=owner) as store:
        chat = store.open("talk", backend=books, lease=LEASE)
        run_on(chat, note)
        note("ready")
        history = chat.history(limit=1)
        for number in count(history[0].seq // ROUND if history else 0):
            chat.run(question(number), tools=booking(note))
            note(number)


def run_on(chat: Conversation, note: Callable[[tuple[str, str]], Any]) -> None:
    """Bring a run to its end that the one before left unfinished, if he did."""
    last = chat.turns()[-1:]
    if last and last[0].status in (*UNFINISHED, "running"):
        chat.run(None, tools=booking(note), wait=30)


VERBS: dict[str, tuple[Callable[[Connection, str, str, int], None], int]] = {
    "send": (sends, 5),
    "stream": (streams, 3 * PIECES),
    "stream, async": (streams_async, 3 * PIECES),
    "run": (runs, 12),
    "fork": (forks, 6),
}
"""What children do, and after how many reports they are killed at the latest."""
