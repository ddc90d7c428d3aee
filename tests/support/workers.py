"""What processes do to one database at the same time; run by ``processes.together``."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, event

from convo import AsyncStore, Conversation, Store
from convo.completions import CompletionRequest
from convo.store import clock, schema

Start = Callable[[], Any]
WAIT = 60.0
"""Seconds a turn waits for another one on its branch."""


@dataclass
class Outcome:
    """What one process did: texts or numbers it got back, and what its database driver complained of meanwhile."""

    done: list[Any] = field(default_factory=list)
    complaints: Counter[str] = field(default_factory=Counter)


@contextmanager
def listening(outcome: Outcome) -> Iterator[None]:
    """Count the errors that the driver raises, those that are retried too."""

    def note(context: Any) -> None:
        problem = context.original_exception
        code = getattr(problem, "sqlstate", None) or getattr(problem, "sqlite_errorname", None) or problem.args[:1]
        outcome.complaints[f"{type(problem).__name__} {code}"] += 1

    event.listen(Engine, "handle_error", note)
    try:
        yield
    finally:
        event.remove(Engine, "handle_error", note)


def echo(request: CompletionRequest) -> str:
    return f"re {request.messages[-1].text}"


async def echo_async(request: CompletionRequest) -> str:
    await asyncio.sleep(0)
    return echo(request)


def open_new(start: Start, url: str, names: list[str]) -> list[UUID]:
    """Open conversations by names that are new, in step with the others."""
    with Store(url) as store:
        found = []
        for name in names:
            start()
            found.append(store.open(name).id)
        return found


def open_and_append(start: Start, url: str, names: list[str], label: str) -> None:
    with Store(url) as store:
        for name in names:
            start()
            store.open(name).append(f"{label} on {name}")


def append(start: Start, url: str, conversation: UUID, branch: int, label: str, count: int) -> Outcome:
    outcome = Outcome()
    with Store(url) as store, listening(outcome):
        chat = store.load(conversation, branch=branch)
        start()
        for number in range(count):
            (entry,) = chat.append(f"{label}.{number}", wait=WAIT)
            outcome.done.append((entry.seq, entry.text))
    return outcome


def send(start: Start, url: str, conversation: UUID, branch: int, label: str, count: int) -> Outcome:
    """Turns on one branch, whole and streamed."""
    outcome = Outcome()
    with Store(url) as store, listening(outcome):
        chat = store.load(conversation, branch=branch, backend=echo)
        start()
        for number in range(count):
            outcome.done += _one_turn(chat, f"{label}.{number}", streamed=bool(number % 2))
    return outcome


def send_by_another_clock(
    start: Start, url: str, conversation: UUID, branch: int, label: str, count: int, wrong: timedelta
) -> Outcome:
    """As ``send``, in a process whose clock is ``wrong`` by so much."""
    there = SimpleNamespace(time_ns=lambda: time.time_ns() + wrong // timedelta(microseconds=1) * 1000)
    clock.time = there  # type: ignore[assignment]
    clock.datetime = SimpleNamespace(now=lambda zone: datetime.now(zone) + wrong)  # type: ignore[assignment,misc]
    return send(start, url, conversation, branch, label, count)


def _one_turn(chat: Conversation, text: str, streamed: bool) -> list[tuple[int, str]]:
    if not streamed:
        reply = chat.send(text, wait=WAIT)
    else:
        with chat.stream(text, wait=WAIT) as stream:
            assert "".join(delta.text for delta in stream) == f"re {text}"
            reply = stream.reply
    return [(entry.seq, entry.text) for entry in (*reply.inputs, reply.entry)]


def send_async(start: Start, url: str, conversation: UUID, branch: int, label: str, count: int) -> Outcome:
    outcome = Outcome()

    async def turns() -> None:
        async with AsyncStore(url) as store:
            chat = await store.load(conversation, branch=branch, backend=echo_async)
            await asyncio.to_thread(start)
            for number in range(count):
                reply = await chat.send(f"{label}.{number}", wait=WAIT)
                outcome.done += [(entry.seq, entry.text) for entry in (*reply.inputs, reply.entry)]

    with listening(outcome):
        asyncio.run(turns())
    return outcome


def fork(start: Start, url: str, conversation: UUID, label: str, count: int) -> Outcome:
    """Fork where the path stands, and write on the fork."""
    outcome = Outcome()
    with Store(url) as store, listening(outcome):
        chat = store.load(conversation)
        start()
        for number in range(count):
            side = chat.fork(name=f"{label}.{number}" if number % 2 else None)
            side.append(f"{label}.{number}")
            outcome.done.append(side.branch.no)
    return outcome


def switch(start: Start, url: str, conversation: UUID, branches: int, count: int) -> Outcome:
    """Move the active branch to and fro."""
    outcome = Outcome()
    with Store(url) as store, listening(outcome):
        chat = store.load(conversation)
        start()
        for number in range(count):
            chat.switch(number % branches)
    return outcome


def upgrade(start: Start, url: str) -> str:
    start()
    return schema.upgrade(url)


def do(start: Start, work: str, *arguments: Any) -> Outcome:
    """Do the ``work`` named: ``append``, ``send``, ``fork`` or ``switch``."""
    works: dict[str, Callable[..., Outcome]] = {"append": append, "send": send, "fork": fork, "switch": switch}
    return works[work](start, *arguments)
