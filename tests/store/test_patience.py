"""Locks: waited for, tried again and said when it has been too long; a checkpoint does not wait at all."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import Pool

from convo import Store
from convo.errors import StoreBusy, StoreFull, StoreUnavailable
from convo.ports import SyncPort, drive, transactions
from convo.store import branches, engine
from convo.store.branches import Place
from convo.store.engine import LOCK_WAIT, parse_url, sync_engine
from convo.store.faults import at_commit
from convo.store.schema import HEAD, upgrade
from convo.store.tables import TABLES
from support.databases import Databases, kinds
from support.stored import Database


@contextmanager
def write_locked(path: Path) -> Iterator[None]:
    """Another program's transaction, in the midst of writing to an SQLite file."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.fixture
def path(databases: Databases, tmp_path: Path) -> Path:
    databases.migrated("sqlite", tmp_path)
    return tmp_path / "chat.db"


def test_a_checkpoint_does_not_wait_for_a_busy_database(path: Path) -> None:
    port = SyncPort(parse_url(f"sqlite:///{path}"))
    seen: list[object] = []
    assert port.begin_write(seen.append).done
    with write_locked(path):
        before = time.monotonic()
        for _ in range(5):
            port.begin_write(seen.append)
        assert time.monotonic() - before < LOCK_WAIT
    assert len(seen) == 1
    port.close()


def test_a_write_waits_for_a_busy_database_as_usual_after_a_checkpoint(path: Path) -> None:
    with Store(f"sqlite:///{path}") as store:
        chat = store.open("x")
        chat._handle.port.begin_write(lambda connection: None)
        with write_locked(path):
            writer = threading.Thread(target=chat.append, args=("patient",))
            writer.start()
            writer.join(0.3)
            assert writer.is_alive()
        writer.join()
        assert chat.history()[0].text == "patient"


def test_other_statements_of_a_connection_are_as_patient_after_a_write(path: Path) -> None:
    with Store(f"sqlite:///{path}") as store:
        chat = store.open("x")
        chat.append("patient")
        patience = chat._handle.port._database.transact(  # type: ignore[attr-defined]
            lambda connection: connection.exec_driver_sql("PRAGMA busy_timeout").scalar(), "write"
        )
        assert patience == LOCK_WAIT * 1000


def test_a_new_file_that_another_process_is_making_too_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    with ExitStack() as other:
        other.enter_context(write_locked(path))  # not in WAL yet: SQLite's own patience does not hold here
        threading.Timer(0.3, other.pop_all().close).start()
        assert upgrade(f"sqlite:///{path}") == HEAD


def test_a_reader_does_not_wait_for_a_writer(path: Path) -> None:
    with Store(f"sqlite:///{path}") as store:
        chat = store.open("x")
        chat.append("seen")
        with write_locked(path):
            assert chat.history()[0].text == "seen"
            assert store.open("x").id == chat.id


def test_a_disk_that_is_full_is_said_and_leaves_no_half_turn(path: Path) -> None:
    def limited(connection: Any, record: Any) -> None:
        connection.execute("PRAGMA max_page_count=64")

    event.listen(Pool, "connect", limited)
    try:
        with Store(f"sqlite:///{path}") as store:
            chat = store.open("x", backend=lambda request: "y" * 1000)
            chat.send("small")
            with pytest.raises(StoreFull, match=r"no room left.*wrote nothing"):
                chat.append("x" * 1_000_000)
            assert [entry.text for entry in chat.history()] == ["small", "y" * 1000]
            with pytest.raises(StoreFull):
                chat.send("a large answer", backend=lambda request: "z" * 1_000_000)
            assert [entry.text for entry in chat.history()[2:]] == ["a large answer"]
            assert chat.resume().text == "y" * 1000
    finally:
        event.remove(Pool, "connect", limited)


@contextmanager
def row_locked(url: str, place: Place) -> Iterator[Callable[[], None]]:
    """Another session that has changed the branch's row; gives the word to commit."""
    engine = sync_engine(parse_url(url))
    b = TABLES.branches.c
    here = b.conversation_id == place.conversation_id, b.branch_no == place.branch_no
    with engine.connect() as connection:
        connection.execute(update(TABLES.branches).where(*here).values(head_seq=b.head_seq))
        yield connection.commit
    engine.dispose()


IMPATIENT = {
    "postgresql": ["SET lock_timeout = '50ms'"],
    "mariadb": ["SET SESSION innodb_lock_wait_timeout = 1"],
}


@pytest.mark.parametrize("database_url", [kind for kind in kinds() if kind != "sqlite"], indirect=True)
def test_a_lock_waited_for_in_vain_is_tried_again(database: Database) -> None:
    place = database.create()
    tried: list[int] = []

    def work(connection: Connection) -> bool:
        for statement in IMPATIENT[database.kind] if not tried else []:
            connection.execute(text(statement))
        tried.append(1)
        if len(tried) == 2:
            let_go()
        return branches.move(connection, place, 0, 1, last_turn=None)

    with row_locked(database.url, place) as let_go:
        assert database.write(work)
    assert len(tried) >= 2
    assert database.state(place).branch.head_seq == 1


def test_transactions_that_lock_each_other_out_are_both_done(database_url: str) -> None:
    """Two transactions take two rows in opposite orders: one is broken off by the database, and run again."""
    database = Database(database_url, "sync")
    first, second = database.create(), database.create()
    both_hold = threading.Barrier(2, timeout=30)
    complaints: list[object] = []

    def crossing(places: list[Place]) -> Callable[[Connection], bool]:
        tries: list[int] = []

        def work(connection: Connection) -> bool:
            tries.append(1)
            done = []
            for place in places:
                head = database_head(connection, place)
                done.append(branches.move(connection, place, head, 1, last_turn=None))
                if len(tries) == 1 and len(done) == 1 and database.kind != "sqlite":
                    both_hold.wait()
            return all(done)

        return work

    def note(context: Any) -> None:
        complaints.append(context.original_exception)

    event.listen(Engine, "handle_error", note)
    ports = [Database(database_url, "sync") for _ in range(2)]
    threads = [
        threading.Thread(target=port.write, args=(crossing(order),))
        for port, order in zip(ports, ([first, second], [second, first]), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    event.remove(Engine, "handle_error", note)
    assert [database.state(place).branch.head_seq for place in (first, second)] == [2, 2]
    assert bool(complaints) == (database.kind != "sqlite")
    for port in (*ports, database):
        port.close()


def database_head(connection: Connection, place: Place) -> int:
    found = branches.state(connection, place.conversation_id, place.branch_no)
    assert found is not None
    return found.branch.head_seq


def test_a_database_that_stays_locked_is_said_and_nothing_was_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LOCK_WAIT", 0.01)
    monkeypatch.setattr(transactions, "TRIES", 3)
    with Store(f"sqlite:///{path}") as store:
        chat = store.open("x")
        with write_locked(path), pytest.raises(StoreBusy, match=r"SQLITE_BUSY.*wrote nothing"):
            chat.append("never")
        assert chat.history() == []
        chat.append("now")


def test_a_commit_that_was_lost_stays_in_doubt_whatever_the_next_tries_meet() -> None:
    broken = OperationalError("", {}, ConnectionError(), connection_invalidated=True)
    gone = OperationalError("", {}, ConnectionRefusedError())
    for errors, kind, in_doubt in (
        ([at_commit(broken), gone], StoreUnavailable, True),
        ([at_commit(broken), PoolTimeout()], StoreBusy, True),
        ([broken, gone], StoreUnavailable, False),
        ([broken, at_commit(gone)], StoreUnavailable, True),
        ([at_commit(IntegrityError("", {}, ValueError())), gone], StoreUnavailable, False),
    ):
        attempts = iter(errors)

        async def attempt(attempts: Iterator[Exception] = attempts) -> None:
            raise next(attempts)

        async def at_once(seconds: float) -> None:
            pass

        with pytest.raises(kind) as told:
            drive(transactions.again(attempt, at_once))
        assert told.value.in_doubt is in_doubt
        assert ("is not known" in str(told.value)) is in_doubt
