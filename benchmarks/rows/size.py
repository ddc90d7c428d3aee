"""Bytes stored per message of 378 characters, its share of turns, calls, branches and indexes included."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, text

from benchmarks.databases import Scratch, scratch
from benchmarks.histories import GIVEN, POLICY, TEXT, instant
from benchmarks.measure import Line
from benchmarks.rows import Settings
from convo import Store

TURNS = 2_000

_SERVER_SIZE = {
    "postgresql": "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relname LIKE :prefix",
    "mariadb": "SELECT sum(file_size) FROM information_schema.innodb_sys_tablespaces WHERE name LIKE :prefix",
}


def run(settings: Settings) -> list[Line]:
    with scratch(settings.server) as database:
        before = _bytes(database, "convo")
        store = Store(database.convo_url, **({"synchronous": "OFF"} if database.kind == "sqlite" else {}))
        chat = store.start(backend=instant, policy=POLICY)
        for _ in range(TURNS):
            chat.send(TEXT)
        store.close()
        ours = (_bytes(database, "convo") - before) / (2 * TURNS)
    whole, alone = _floor(settings, with_turns=True), _floor(settings, with_turns=False)
    return [
        _line("bytes per message, turns and calls included", ours, whole, "≤ 1.4"),
        _line("bytes per message, to a floor of messages alone", ours, alone, ""),
    ]


def _line(what: str, ours: float, theirs: float, limit: str) -> Line:
    return Line(what, f"{ours:.0f}", f"{theirs:.0f}", ours / theirs, None, limit)


def _floor(settings: Settings, with_turns: bool) -> float:
    with scratch(settings.server) as database:
        before, floor = _bytes(database, "floor"), database.floor()
        if database.kind == "sqlite":
            with floor.engine.connect() as connection:
                connection.connection.cursor().execute("PRAGMA synchronous=OFF")
        chat = floor.start()
        for _ in range(TURNS):
            if with_turns:
                floor.turn(chat, GIVEN, instant)
            else:
                floor.append(chat, GIVEN)
                floor.append(chat, {"role": "assistant", "content": TEXT})
        floor.close()
        return (_bytes(database, "floor") - before) / (2 * TURNS)


def _bytes(database: Scratch, whose: str) -> int:
    """What the tables of one side take on the disk; in an SQLite file, all that is in it."""
    if database.kind == "sqlite":
        engine = create_engine(database.url)
        with engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        engine.dispose()
        return Path(database.url.database or "").stat().st_size
    engine = create_engine(database.url, isolation_level="AUTOCOMMIT")
    prefix = f"{whose}!_%" if database.kind == "postgresql" else f"{database.url.database}/{whose}!_%"
    with engine.connect() as connection:
        if database.kind == "postgresql":
            connection.execute(text("VACUUM"))
        size = connection.execute(text(_SERVER_SIZE[database.kind] + " ESCAPE '!'"), {"prefix": prefix}).scalar_one()
    engine.dispose()
    return int(size)
