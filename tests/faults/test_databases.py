"""Databases on their bad days: a full disk, a lock that another process holds, a backend that the server ends."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.engine import make_url

from convo import Store
from convo.errors import StoreBusy, StoreFull
from convo.ports import drive, transactions
from convo.store import engine
from convo.store.engine import parse_url, sync_engine
from faults.nursery import children
from faults.scenes import SERVERS, VERBS, Model, Scene, Verb, is_between, is_thorough
from support.databases import kinds

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_servers = pytest.mark.parametrize("database_url", kinds()[1:], indirect=True)
each_verb = pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
WRITERS = [verb for verb in VERBS if verb.name in ("append under a key", "send", "stream", "run", "resume", "fork")]


@contextmanager
def listening(name: str, function: Callable[..., None]) -> Iterator[None]:
    event.listen(Engine, name, function)
    try:
        yield
    finally:
        event.remove(Engine, name, function)


async def acted(store: Any, scene: Scene, verb: Verb) -> None:
    """Run the verb on a fresh handle."""
    own = store.for_owner(scene.owner)
    await verb.act(own, own.load(scene.id, backend=Model(), lease=0.5))


def clean_run(keeper: Store, verb: Verb) -> tuple[list[Any], list[Any]]:
    """The paths before and after the verb."""
    scene = Scene.made(keeper, verb)
    before = scene.paths()
    drive(acted(keeper, scene, verb))
    return before, scene.paths()


def pages(url: str) -> int:
    """The size of an SQLite database in pages."""
    raw = sqlite3.connect(make_url(url).database or "")
    try:
        return int(raw.execute("PRAGMA page_count").fetchone()[0])
    finally:
        raw.close()


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let SQLite databases opened meanwhile have no more than ``size`` pages."""
    with listening("connect", lambda raw, record: raw.execute(f"PRAGMA max_page_count={size}")):
        yield


@sqlite_only
@each_verb
def test_a_full_disk_leaves_no_half_turn(verb: Verb, face: Any, database_url: str, keeper: Store) -> None:
    before, after = clean_run(keeper, verb)
    for room in range(4):
        scene = Scene.made(keeper, verb)
        full = False
        with disk_of(pages(database_url) + room), face.Store(database_url) as store:
            try:
                drive(acted(store, scene, verb))
            except StoreFull:
                full = True
        found = scene.paths()
        assert is_between(found, before, after) if full else found == after, f"with room for {room}: {found}"
        scene.check(wait=10)


@sqlite_only
def test_a_message_that_does_not_fit_the_disk_is_refused_and_fits_once_there_is_room(
    face: Any, database_url: str, keeper: Store
) -> None:
    chat_id = keeper.start(["hello"]).id
    with disk_of(pages(database_url)), face.Store(database_url) as store:
        chat = store.load(chat_id)
        with pytest.raises(StoreFull):
            chat.append("x" * 100_000)
        assert [entry.text for entry in chat.history()] == ["hello"]
    with face.Store(database_url) as store:
        assert store.load(chat_id).append("x" * 100_000)[0].seq == 2
    assert list(keeper.verify()) == []


def hold_lock(pipe: Pipe, path: str) -> None:
    """Hold the write lock of an SQLite database until told to let it go."""
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("BEGIN IMMEDIATE")
    pipe.send("held")
    pipe.recv()
    raw.execute("ROLLBACK")
    raw.close()


@sqlite_only
@each_verb
def test_a_lock_that_another_process_holds_is_waited_for(
    verb: Verb, face: Any, database_url: str, keeper: Store
) -> None:
    _, after = clean_run(keeper, verb)
    scene = Scene.made(keeper, verb)
    with children(hold_lock, (make_url(database_url).database,)) as (holder,), face.Store(database_url) as store:
        store.conversations()
        assert holder.told() == "held"
        letting_go = threading.Timer(0.05, holder.tell, ["let go"])
        letting_go.start()
        drive(acted(store, scene, verb))
        letting_go.join()
    assert scene.paths() == after
    scene.check()


@sqlite_only
def test_a_lock_that_is_never_let_go_is_store_busy(
    face: Any, database_url: str, keeper: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LOCK_WAIT", 0)
    chat_id = keeper.start(["hello"]).id
    with children(hold_lock, (make_url(database_url).database,)) as (holder,), face.Store(database_url) as store:
        chat = store.load(chat_id)
        assert holder.told() == "held"
        with pytest.raises(StoreBusy, match="wrote nothing") as told:
            chat.append("and?")
        assert not told.value.in_doubt
        holder.tell("let go")
        holder.end()
        assert chat.append("and?")[0].seq == 2


IMPATIENT = {
    "postgresql": {"options": "-c lock_timeout=20ms -c timezone=UTC"},
    "mariadb": {"init_command": "SET SESSION innodb_lock_wait_timeout=1, time_zone='+00:00'"},
}


@on_servers
def test_a_row_that_is_locked_for_ever_is_store_busy(
    face: Any, database_url: str, keeper: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "TRIES", 2)
    chat_id = keeper.start(["hello"]).id
    parsed = parse_url(database_url)
    other, kind = sync_engine(parsed), parsed.drivername
    with face.Store(database_url, connect_args=IMPATIENT[kind]) as store:
        chat = store.load(chat_id)
        with other.connect() as connection:
            connection.execute(text("SELECT head_seq FROM convo_branches FOR UPDATE"))
            with pytest.raises(StoreBusy, match="wrote nothing") as told:
                chat.append("and?")
            assert not told.value.in_doubt
        assert chat.append("and?")[0].seq == 2
    other.dispose()


END = {"postgresql": "SELECT pg_terminate_backend({})", "mariadb": "KILL CONNECTION {}"}
ALIVE = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE pid = {}",
    "mariadb": "SELECT count(*) FROM information_schema.processlist WHERE id = {}",
}


class Ending:
    """Has the server end the connection of the ``at``-th statement (0: of none) of this process, right before it."""

    def __init__(self, url: str, at: int) -> None:
        parsed = parse_url(url)
        self.statements = 0
        self._kind, self._at = parsed.drivername, at
        self._admin = sync_engine(parsed, isolation_level="AUTOCOMMIT")

    def statement(self, connection: Any, *_: Any) -> None:
        if connection.engine is self._admin:
            return
        self.statements += 1
        if self.statements == self._at:
            raw = connection.connection.driver_connection
            own = raw.info.backend_pid if self._kind == "postgresql" else raw.thread_id()
            with self._admin.connect() as admin:
                admin.execute(text(END[self._kind].format(own)))
                while admin.execute(text(ALIVE[self._kind].format(own))).scalar():
                    time.sleep(0.001)

    def close(self) -> None:
        self._admin.dispose()


def run_ending(url: str, store: Any, scene: Scene, verb: Verb, at: int) -> int:
    ending = Ending(url, at)
    with listening("before_cursor_execute", ending.statement):
        drive(acted(store, scene, verb))
    ending.close()
    return ending.statements


@pytest.mark.parametrize(("database_url", "face"), SERVERS, indirect=True)
@pytest.mark.parametrize("verb", WRITERS, ids=lambda verb: verb.name)
def test_a_connection_that_the_server_ends_is_made_anew_and_the_verb_has_its_effect_once(
    verb: Verb, face: Any, database_url: str, keeper: Store
) -> None:
    with face.Store(database_url) as store:
        clean = Scene.made(keeper, verb)
        statements = run_ending(database_url, store, clean, verb, at=0)
        for at in range(1, statements + 1):
            scene = Scene.made(keeper, verb)
            run_ending(database_url, store, scene, verb, at)
            assert scene.paths() == clean.paths(), f"after its connection was ended at {at} of {statements}"
            scene.check(thorough=is_thorough(database_url, at))
