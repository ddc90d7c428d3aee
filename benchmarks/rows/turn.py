"""A whole turn of a warm handle: the input stored, the backend (it answers at once) asked, the answer stored."""

from __future__ import annotations

import asyncio

from sqlalchemy import Engine, event

from benchmarks.databases import Scratch, scratch
from benchmarks.floor import ASYNC_DRIVERS, AsyncFloor
from benchmarks.histories import GIVEN, POLICY, TEXT, convo_history, floor_history, instant
from benchmarks.measure import Line, against, interleaved, interleaved_async
from benchmarks.rows import Settings
from convo import AsyncStore, Conversation

LENGTH = 1_000


def run(settings: Settings) -> list[Line]:
    with scratch(settings.server) as database:
        return [*_sync(database, settings), _async(database, settings)]


def _sync(database: Scratch, settings: Settings) -> list[Line]:
    with database.store() as store:
        floor = database.floor()
        chat, plain = convo_history(store, LENGTH), floor_history(floor, LENGTH)
        jobs = {"convo": lambda: chat.send(TEXT), "floor": lambda: floor.turn(plain, GIVEN, instant)}
        costs = interleaved(jobs, settings.rounds, warm_up=20)
        statements, commits = _counted(chat)
        floor.close()
    count = Line(
        "a whole turn: statements, commits", f"{statements}, {commits}", "8, 2", None, None, "≤ 8 statements, 2 commits"
    )
    return [against("a whole turn, warm, sync", costs["convo"], costs["floor"], "≤ 2"), count]


def _counted(chat: Conversation) -> tuple[int, int]:
    """What one turn sends to the driver."""
    statements: list[str] = []
    commits = 0

    def statement(connection: object, cursor: object, text: str, *rest: object) -> None:  # noqa: ARG001
        if not text.startswith("BEGIN"):
            statements.append(text)

    def commit(connection: object) -> None:  # noqa: ARG001
        nonlocal commits
        commits += 1

    listeners = {"before_cursor_execute": statement, "commit": commit}
    for name, listener in listeners.items():
        event.listen(Engine, name, listener)
    chat.send(TEXT)
    for name, listener in listeners.items():
        event.remove(Engine, name, listener)
    return len(statements), commits


def _async(database: Scratch, settings: Settings) -> Line:
    with database.store() as store:
        conversation = convo_history(store, LENGTH).id
    floor = database.floor()
    plain = floor_history(floor, LENGTH)
    floor.close()

    async def measured() -> Line:
        async_floor = AsyncFloor(database.url)
        async with AsyncStore(database.convo_url) as store:
            chat = await store.load(conversation, backend=instant, policy=POLICY)
            jobs = {"convo": lambda: chat.send(TEXT), "floor": lambda: async_floor.turn(plain, GIVEN, instant)}
            costs = await interleaved_async(jobs, settings.rounds, warm_up=20)
        await async_floor.close()
        driver = ASYNC_DRIVERS[database.kind].partition("+")[2]
        limit = "≤ 1" if database.kind == "sqlite" else "≤ 2"
        return against(f"a whole turn, warm, async (floor: {driver})", costs["convo"], costs["floor"], limit)

    return asyncio.run(measured())
