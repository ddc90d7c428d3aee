"""A store with a replica: lists and shows from it, composes and writes without it, and does without it where it fails.

The replica is a copy of an SQLite file, which is behind as soon as the original goes on; PostgreSQL's own replication
is tried by ``benchmarks/pg_cluster.py``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convo.errors import BackendFailed
from support.databases import Databases, sqlite_url


def echo(request: Any) -> str:
    return f"heard {[message.text for message in request.messages]}"


@pytest.fixture
def url(databases: Databases, tmp_path: Path) -> str:
    return databases.migrated("sqlite", tmp_path)


@pytest.fixture
def replicate(url: str, tmp_path: Path) -> Callable[[], str]:
    """Make the replica what the original is now; return its URL."""

    def copied() -> str:
        with sqlite3.connect(tmp_path / "chat.db") as source, sqlite3.connect(tmp_path / "replica.db") as target:
            source.backup(target)
        source.close()
        target.close()
        return sqlite_url(tmp_path / "replica.db")

    return copied


def test_it_lists_searches_and_shows_from_the_replica(
    face: Any, url: str, replicate: Callable[[], str], tmp_path: Path
) -> None:
    with face.Store(url) as store:
        first = store.start(["cheese"]).id
    replica = replicate()
    with face.Store(url) as store:
        store.start(["newer cheese"])
        other = store.load(first)
        other.append("and wine")
    with face.Store(url, read_url=replica) as store:
        assert [info.id for info in store.conversations()] == [first]
        assert [hit.entry.text for hit in store.search("cheese").found] == ["cheese"]
        with sqlite3.connect(tmp_path / "replica.db") as db:
            db.execute("UPDATE convo_messages SET body = replace(body, 'cheese', 'replica')")
        db.close()
        replicated = store.load(first)
        assert [entry.text for entry in replicated.history()] == ["cheese", "and wine"]  # the handle knows of two


def test_a_history_is_shown_from_a_replica_that_is_not_behind_the_handle(
    face: Any, url: str, replicate: Callable[[], str], tmp_path: Path
) -> None:
    with face.Store(url) as store:
        first = store.start(["cheese"]).id
    replica = replicate()
    with sqlite3.connect(tmp_path / "replica.db") as db:
        db.execute("UPDATE convo_messages SET body = replace(body, 'cheese', 'replica')")
    db.close()
    with face.Store(url, read_url=replica) as store:
        chat = store.load(first, backend=echo)
        assert [entry.text for entry in chat.history()] == ["replica"]
        assert [message.text for message in chat.compose().messages] == ["cheese"]
        assert chat.send("and?").text == "heard ['cheese', 'and?']"
        assert [entry.text for entry in chat.history()][:2] == ["cheese", "and?"]


def fails(request: Any) -> str:
    raise ConnectionError("gone")


def test_turns_are_shown_as_the_handle_left_them(face: Any, url: str, replicate: Callable[[], str]) -> None:
    with face.Store(url) as store:
        made = store.start(backend=echo)
        made.send("one")
        with pytest.raises(BackendFailed):
            made.send("two", backend=fails)
    replica = replicate()
    with face.Store(url, read_url=replica) as store:
        chat = store.load(made.id, backend=echo)
        assert [turn.status for turn in chat.turns()] == ["completed", "failed"]
        chat.resume()
        assert [turn.status for turn in chat.turns()] == ["completed", "completed"]
        chat.send("three")
        assert [turn.status for turn in chat.turns()] == ["completed"] * 3
        assert [turn.status for turn in chat.turns(1, before=chat.history()[2])] == ["completed"]


def test_a_turn_that_failed_is_not_shown_running(face: Any, url: str, replicate: Callable[[], str]) -> None:
    with face.Store(url) as store:
        first = store.start(backend=echo).id
    taken: list[str] = []

    def fails_late(request: Any) -> str:
        taken.append(replicate())
        raise ConnectionError("gone")

    replicate()
    with face.Store(url, read_url=replicate()) as store:
        chat = store.load(first, backend=fails_late)
        with pytest.raises(BackendFailed):
            chat.send("one")
        assert taken
        assert [turn.status for turn in chat.turns()] == ["failed"]


def test_a_note_that_the_handle_made_is_shown(face: Any, url: str, replicate: Callable[[], str]) -> None:
    with face.Store(url) as store:
        first = store.start(["one", "two"]).id
    with face.Store(url, read_url=replicate()) as store:
        chat = store.load(first)
        chat.annotate(chat.history()[0], {"liked": True})
        assert [dict(entry.metadata) for entry in chat.history()] == [{"liked": True}, {}]


def test_a_turn_after_the_replica_fell_behind_is_composed_of_everything(
    face: Any, url: str, replicate: Callable[[], str]
) -> None:
    with face.Store(url) as store:
        first = store.start(["one"]).id
    replica = replicate()
    with face.Store(url) as store:
        store.load(first).append("two")
    with face.Store(url, read_url=replica) as store:
        chat = store.load(first, backend=echo)
        assert chat.send("three").text == "heard ['one', 'two', 'three']"


def test_where_the_replica_is_not_there_or_of_another_schema_the_database_serves(
    face: Any, url: str, tmp_path: Path
) -> None:
    for replica in (
        sqlite_url(tmp_path / "empty.db"),
        "sqlite:////nowhere/at/all.db",
        "postgresql://nobody@127.0.0.1:1/x",
    ):
        with face.Store(url, read_url=replica) as store:
            chat = store.start(["cheese"])
            assert chat.id in [info.id for info in store.conversations()]
            assert [entry.text for entry in chat.history()] == ["cheese"]
    with sqlite3.connect(tmp_path / "empty.db") as db:
        assert db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)  # nothing is made on a replica
    db.close()
