"""Eight processes that write at once: conversations of their own, branches of their own, one branch."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.engine import URL

from benchmarks.databases import Scratch, scratch
from benchmarks.floor import Chat, Floor, new_chat_steps
from benchmarks.histories import GIVEN, POLICY, TEXT, instant
from benchmarks.measure import Line
from benchmarks.rows import Settings

WAIT = 60.0
WARM_UP = 5
"""Turns that each writer makes before the clock starts: what a process does once is not what writers do at once."""

REPEATS = 3
"""Rounds of each kind; the median throughput counts."""

KINDS = {
    "own": ("own conversations", 0.8),
    "branches": ("one conversation, branches of their own", 0.8),
    "one": ("one branch, with wait=", 0.5),
}


@dataclass(frozen=True)
class Errand:
    """What one writer does: ``turns`` turns on a branch of a conversation of one side."""

    url: URL
    side: str
    kind: str
    conversation: Any
    branch: int
    turns: int


def run(settings: Settings) -> list[Line]:
    return [_line(settings, kind) for kind in KINDS]


def _line(settings: Settings, kind: str) -> Line:
    what, least = KINDS[kind]
    speeds: dict[str, list[float]] = {"convo": [], "floor": []}
    with scratch(settings.server) as database:
        for _ in range(REPEATS):
            for side in speeds:
                speeds[side].append(_speed(database, settings, side, kind))
    ours, theirs = (sorted(speeds[side])[REPEATS // 2] for side in ("convo", "floor"))
    label = f"{settings.writers} writers, {what}"
    return Line(label, f"{ours:.0f} turns/s", f"{theirs:.0f} turns/s", ours / theirs, None, f"≥ {least}")


def _speed(database: Scratch, settings: Settings, side: str, kind: str) -> float:
    errands = (_convo_errands if side == "convo" else _floor_errands)(database, settings, kind)
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(len(errands)), context.Queue()
    workers = [context.Process(target=_run, args=(errand, barrier, results)) for errand in errands]
    for worker in workers:
        worker.start()
    times = [results.get(timeout=600) for _ in workers]
    for worker in workers:
        worker.join()
    stored = sum({(e.conversation, e.branch): _stored(database, e) for e in errands}.values())
    if stored != 2 * settings.writers * (WARM_UP + settings.writer_turns):
        raise RuntimeError(f"{side}, {kind}: {stored} messages are stored")
    return settings.writers * settings.writer_turns / (max(end for _, end in times) - min(start for start, _ in times))


def _convo_errands(database: Scratch, settings: Settings, kind: str) -> list[Errand]:
    with database.store() as store:
        first = store.start()
        places = []
        for _ in range(settings.writers):
            chat = store.start() if kind == "own" else first.fork() if kind == "branches" else first
            places.append((chat.id, chat.branch.no))
    return [Errand(database.url, "convo", kind, *place, settings.writer_turns) for place in places]


def _floor_errands(database: Scratch, settings: Settings, kind: str) -> list[Errand]:
    floor = database.floor()
    first = floor.start()
    places = []
    for number in range(settings.writers):
        chat = floor.start() if kind == "own" else first
        if kind == "branches":
            chat = Chat(first.id, number + 1)
            (_, row) = new_chat_steps(chat)[1]
            floor.write([(new_chat_steps(chat)[1][0], {**row, "branch_no": chat.branch, "name": f"b{number}"})])
        places.append((chat.id, chat.branch))
    floor.close()
    return [Errand(database.url, "floor", kind, *place, settings.writer_turns) for place in places]


def _run(errand: Errand, barrier: Any, results: Any) -> None:
    turn, close = (_convo_writer if errand.side == "convo" else _floor_writer)(errand)
    for _ in range(WARM_UP):
        turn()
    barrier.wait(120)
    start = time.time()
    for _ in range(errand.turns):
        turn()
    results.put((start, time.time()))
    close()


Writer = tuple[Callable[[], object], Callable[[], None]]


def _convo_writer(errand: Errand) -> Writer:
    store = Scratch(errand.url).store()
    chat = store.load(errand.conversation, branch=errand.branch, backend=instant, policy=POLICY)
    wait = {"wait": WAIT} if errand.kind == "one" else {}
    return lambda: chat.send(TEXT, **wait), store.close


def _floor_writer(errand: Errand) -> Writer:
    floor = Floor(errand.url)
    chat = Chat(errand.conversation, errand.branch)
    chat.head, _ = floor.head(chat)
    return lambda: floor.turn_when_free(chat, GIVEN, instant), floor.close


def _stored(database: Scratch, errand: Errand) -> int:
    """How many messages the branch has in the end, each in its place."""
    if errand.side == "floor":
        floor = Floor(errand.url)
        head, _ = floor.head(Chat(errand.conversation, errand.branch))
        floor.close()
        return head
    with database.store() as store:
        chat = store.load(UUID(str(errand.conversation)), branch=errand.branch)
        entries = chat.history(limit=10_000)
        if [entry.seq for entry in entries] != list(range(1, len(entries) + 1)):
            raise RuntimeError("a place in the history is missing")
        if any(entry.role == "assistant" for entry in entries[::2]):
            raise RuntimeError("turns are mixed up")
        return len(entries)
