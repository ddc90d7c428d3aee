"""Forking: one row of bounded size and about one append's time, at any length of the history and depth of forks."""

from __future__ import annotations

from sqlalchemy import func, select

from benchmarks.databases import scratch
from benchmarks.histories import GIVEN, cold, convo_history, floor_history
from benchmarks.measure import Line, against, flatness, interleaved
from benchmarks.rows import Settings
from convo import Conversation, Store
from convo.store.engine import parse_url, sync_engine
from convo.store.tables import METADATA, TABLES

DEPTH = 100


def run(settings: Settings) -> list[Line]:
    with scratch(settings.server) as database, database.store() as store:
        floor = database.floor()
        chats = {f"{length:,} messages": convo_history(store, length) for length in settings.lengths}
        chats[f"{DEPTH} forks deep"] = _deep(store)
        plain = floor_history(floor, settings.lengths[0])
        appended = convo_history(store, settings.lengths[0])
        jobs = {what: chat.fork for what, chat in chats.items()}
        jobs |= {"floor": lambda: floor.append(plain, GIVEN), "append": lambda: appended.append(GIVEN)}
        costs = interleaved(jobs, settings.rounds)
        floor.close()
        size = _written_by_a_fork(database.convo_url, chats[f"{DEPTH} forks deep"])
    lines = [
        against(f"fork at {what}, to convo's append", costs[what], costs["append"], "≤ 1 append") for what in chats
    ]
    shallow = against(
        f"fork at {settings.lengths[0]:,} messages, to the floor's append", costs[next(iter(chats))], costs["floor"], ""
    )
    flat = flatness("fork: largest over smallest", [costs[what] for what in chats], "flat")
    return [*lines, shallow, flat, Line("fork: rows, bytes", size, "", None, None, "1 row, ≤ 1 kB")]


def _deep(store: Store) -> Conversation:
    chat = convo_history(store, 10)
    for _ in range(DEPTH):
        chat = chat.fork()
        chat.append(GIVEN)
    return cold(store, chat.id) if chat.branch.no == 0 else store.load(chat.id, branch=chat.branch.no)


def _written_by_a_fork(url: str, chat: Conversation) -> str:
    engine = sync_engine(parse_url(url))
    with engine.connect() as connection:
        before = [connection.execute(select(func.count()).select_from(t)).scalar_one() for t in METADATA.sorted_tables]
        connection.rollback()
        branch = chat.fork().branch
        after = [connection.execute(select(func.count()).select_from(t)).scalar_one() for t in METADATA.sorted_tables]
        b = TABLES.branches
        wanted = select(b).where(b.c.conversation_id == chat.id, b.c.branch_no == branch.no)
        row = connection.execute(wanted).one()
    engine.dispose()
    return f"{sum(after) - sum(before)}, {sum(len(str(value)) for value in row if value is not None)}"
