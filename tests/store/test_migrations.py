"""Migrations: one chain makes every database, the same as the tables say; a wrong schema is told how to be mended."""

from __future__ import annotations

import ast
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Integer, MetaData, Table, inspect, select, text
from sqlalchemy.engine import Connection

from convo import AsyncStore, Store
from convo.errors import InvalidSetting, SchemaMismatch, StoreError, StoreUnavailable
from convo.store import engine as engines
from convo.store import schema
from convo.store.engine import parse_url, sync_engine
from convo.store.schema import HEAD, VERSION_TABLE
from convo.store.tables import METADATA, mount
from support.databases import kinds
from support.faces import AsyncFace, SyncFace

REVISIONS = sorted((schema.migrations_path() / "versions").glob("*.py"))


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = sync_engine(parse_url(url))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def alembic(url: str, act: Callable[..., Any], *arguments: Any) -> None:
    """Run an Alembic command on convo's migrations at ``url``."""
    with connected(url) as connection:
        config = schema.alembic_config()
        config.attributes.update(connection=connection, metadata=METADATA)
        act(config, *arguments)


def tables(url: str) -> set[str]:
    with connected(url) as connection:
        return set(inspect(connection).get_table_names())


def set_revision(url: str, revision: str) -> None:
    with connected(url) as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'"))


def test_the_chain_has_one_end_and_it_is_the_one_this_release_asks_for() -> None:
    script = ScriptDirectory.from_config(schema.alembic_config())
    assert script.get_heads() == [HEAD]
    assert len(script.get_bases()) == 1
    assert [path.name.partition("_")[0] for path in REVISIONS] == sorted(
        one.revision for one in script.walk_revisions()
    )


@pytest.mark.parametrize("path", REVISIONS, ids=lambda path: path.stem)
def test_a_revision_does_not_import_convo_which_changes(path: Path) -> None:
    modules = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add((node.module or ".").partition(".")[0])
    assert modules <= {"sqlalchemy", "alembic"}


def test_a_database_made_by_migrations_is_the_one_the_tables_describe(empty_database_url: str) -> None:
    assert schema.upgrade(empty_database_url) == HEAD
    with connected(empty_database_url) as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []
    alembic(empty_database_url, command.check)


def test_the_schema_goes_down_and_up_again(empty_database_url: str) -> None:
    schema.upgrade(empty_database_url)
    made = tables(empty_database_url)
    alembic(empty_database_url, command.downgrade, "base")
    assert tables(empty_database_url) == {VERSION_TABLE}
    schema.upgrade(empty_database_url)
    assert tables(empty_database_url) == made
    with Store(empty_database_url) as store:
        assert store.open("x").append("hi")[0].seq == 1


def test_an_upgrade_of_what_is_up_to_date_changes_nothing(database_url: str, name: str) -> None:
    with Store(database_url) as store:
        chat = store.open(name)
        chat.append("kept")
        assert schema.upgrade(database_url) == HEAD
        assert chat.history()[0].text == "kept"
    assert schema.revision(database_url) == HEAD
    schema.check(database_url)


def test_an_applications_own_tables_are_left_alone(empty_database_url: str) -> None:
    own = MetaData()
    users = Table("users", own, Column("id", Integer, primary_key=True))
    with connected(empty_database_url) as connection:
        own.create_all(connection)
        connection.execute(users.insert(), [{"id": 7}])
    schema.upgrade(empty_database_url)
    alembic(empty_database_url, command.check)
    alembic(empty_database_url, command.downgrade, "base")
    with connected(empty_database_url) as connection:
        assert connection.execute(select(users.c.id)).scalars().all() == [7]


def test_the_tables_can_be_mounted_in_an_applications_metadata() -> None:
    own = MetaData()
    Table("users", own, Column("id", Integer, primary_key=True))
    mounted = mount(own)
    assert set(own.tables) == {"users", *METADATA.tables}
    assert mounted.messages.metadata is own


def opened(face: SyncFace | AsyncFace, url: str) -> None:
    with face.Store(url) as store:
        store.open("x")


@pytest.mark.parametrize("empty_database_url", ["sqlite"], indirect=True)
def test_an_embedded_database_gets_its_tables_on_first_use(face: SyncFace | AsyncFace, empty_database_url: str) -> None:
    assert schema.revision(empty_database_url) is None
    opened(face, empty_database_url)
    assert schema.revision(empty_database_url) == HEAD


@pytest.mark.parametrize("empty_database_url", [kind for kind in kinds() if kind != "sqlite"], indirect=True)
def test_a_server_without_tables_is_told_the_command_to_type(
    face: SyncFace | AsyncFace, empty_database_url: str
) -> None:
    acts: list[Callable[[], object]] = [
        lambda: opened(face, empty_database_url),
        lambda: schema.check(empty_database_url),
    ]
    for act in acts:
        with pytest.raises(SchemaMismatch, match=r"has no convo tables: run  convo db upgrade \w+://root@127"):
            act()
    assert schema.revision(empty_database_url) is None
    assert tables(empty_database_url) == set()


def test_a_newer_schema_is_left_alone(face: SyncFace | AsyncFace, empty_database_url: str) -> None:
    schema.upgrade(empty_database_url)
    set_revision(empty_database_url, "9999")
    acts: list[Callable[[], object]] = [
        lambda: opened(face, empty_database_url),
        lambda: schema.check(empty_database_url),
        lambda: schema.upgrade(empty_database_url),
    ]
    for act in acts:
        with pytest.raises(SchemaMismatch, match=r"has schema 9999, this convo knows .*upgrade the convo-sql package"):
            act()
    assert schema.revision(empty_database_url) == "9999"


def test_an_older_schema_is_told_the_command_to_type(face: SyncFace | AsyncFace, empty_database_url: str) -> None:
    schema.upgrade(empty_database_url)
    set_revision(empty_database_url, "0000")
    with pytest.raises(SchemaMismatch, match=r"0000.*(run  convo db upgrade|no release of convo)"):
        opened(face, empty_database_url)
    with pytest.raises(SchemaMismatch, match="0000"):
        schema.upgrade(empty_database_url)


def test_a_password_in_the_url_is_not_repeated_in_the_command() -> None:
    url = parse_url("postgresql://me:s3cret@127.0.0.1/db")
    engine = sync_engine(parse_url("sqlite://"))
    with engine.connect() as connection, pytest.raises(SchemaMismatch) as caught:
        schema.require_head(connection, url)
    engine.dispose()
    assert "s3cret" not in str(caught.value)
    assert "convo db upgrade postgresql://me:***@127.0.0.1/db" in str(caught.value)


# MariaDB commits every change of a table by itself.
@pytest.mark.parametrize("empty_database_url", [kind for kind in kinds() if kind != "mariadb"], indirect=True)
def test_an_upgrade_that_fails_leaves_no_half_of_it(empty_database_url: str) -> None:
    with connected(empty_database_url) as connection:
        connection.execute(text("CREATE TABLE convo_blobs (x INTEGER)"))
    with pytest.raises(StoreError):
        schema.upgrade(empty_database_url)
    assert tables(empty_database_url) == {"convo_blobs"}
    with connected(empty_database_url) as connection:
        connection.execute(text("DROP TABLE convo_blobs"))
    assert schema.upgrade(empty_database_url) == HEAD


def test_migrations_work_from_a_folder_with_a_percent_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "100% mine"
    shutil.copytree(schema.migrations_path(), folder)
    monkeypatch.setattr(schema, "migrations_path", lambda: folder)
    assert schema.upgrade(f"sqlite:///{tmp_path}/new.db") == HEAD


def test_threads_may_upgrade_at_once(empty_database_url: str) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(schema.upgrade(empty_database_url))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [HEAD] * 4


# SQLite's upgraders wait for each other by the database's write lock.
@pytest.mark.parametrize("empty_database_url", [kind for kind in kinds() if kind != "sqlite"], indirect=True)
def test_an_upgrade_waits_for_another_longer_than_a_statement_for_a_lock(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = parse_url(empty_database_url).drivername
    impatient = {"options": "-c lock_timeout=50ms"} if kind == "postgresql" else {}
    monkeypatch.setitem(engines._SERVER_CONNECT, kind, engines._SERVER_CONNECT[kind] | impatient)
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with connected(empty_database_url) as connection:
            schema._lock(connection)
            held.set()
            assert let_go.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(30)
    timer = threading.Timer(0.4, let_go.set)
    timer.start()
    assert schema.upgrade(empty_database_url) == HEAD
    holder.join()


def test_a_file_that_is_no_database_is_said_in_one_sentence(tmp_path: Path, face: SyncFace | AsyncFace) -> None:
    (tmp_path / "notes.db").write_text("these are notes, no database " * 100)
    for act in (opened, lambda _face, url: schema.check(url), lambda _face, url: schema.upgrade(url)):
        with pytest.raises(StoreUnavailable, match="cannot be reached or opened"):
            act(face, f"sqlite:///{tmp_path}/notes.db")


def test_a_folder_that_is_not_there_is_said_in_one_sentence(tmp_path: Path, face: SyncFace | AsyncFace) -> None:
    with pytest.raises(StoreUnavailable, match="check the URL"):
        opened(face, f"sqlite:///{tmp_path}/nowhere/chat.db")


def test_a_database_of_somebody_else_keeps_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE orders (id INTEGER)")
        theirs.execute("INSERT INTO orders VALUES (1)")
    theirs.close()
    with Store(f"sqlite:///{path}") as store:
        store.open("x").append("hi")
    with sqlite3.connect(path) as theirs:
        assert theirs.execute("SELECT id FROM orders").fetchall() == [(1,)]
    theirs.close()


@pytest.mark.parametrize(
    "url", ["", "chat.db", "oracle://x/y", "http://127.0.0.1", "sqlite", None, 7, "postgresql+nonsense"]
)
def test_a_wrong_url_is_told_what_one_looks_like(url: Any) -> None:
    for make in (Store, AsyncStore, schema.upgrade, schema.check, schema.revision):
        with pytest.raises(InvalidSetting, match=r"sqlite:///chat\.db"):
            make(url)
