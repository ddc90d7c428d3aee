"""The databases that tests run on: SQLite always, a server where the environment names one.

``CONVO_TEST_POSTGRES_URL`` and ``CONVO_TEST_MARIADB_URL`` name a database on a server whose user may create others.
With ``CONVO_TEST_REQUIRE_SERVERS`` set, a server that is not named or not reached is a failure.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from uuid import uuid4

import psycopg
import pymysql
from sqlalchemy.engine import URL, make_url

from convo.store.schema import upgrade

SERVER_VARIABLES = {"postgresql": "CONVO_TEST_POSTGRES_URL", "mariadb": "CONVO_TEST_MARIADB_URL"}


def kinds() -> list[str]:
    """Return the kinds of database to test on; SQLite is first."""
    required = bool(os.environ.get("CONVO_TEST_REQUIRE_SERVERS"))
    return ["sqlite", *(kind for kind, variable in SERVER_VARIABLES.items() if required or os.environ.get(variable))]


def execute_on_postgresql(url: URL, statement: str) -> None:
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True) as db:
        db.execute(statement.encode())


def execute_on_mariadb(url: URL, statement: str) -> None:
    with pymysql.connect(
        host=url.host,
        port=url.port or 3306,
        user=url.username,
        password=url.password or "",
        database=url.database,
        autocommit=True,
    ) as db:
        db.cursor().execute(statement)


EXECUTE: dict[str, Callable[[URL, str], None]] = {"postgresql": execute_on_postgresql, "mariadb": execute_on_mariadb}
DROP = {"postgresql": "DROP DATABASE {} WITH (FORCE)", "mariadb": "DROP DATABASE {}"}


@dataclass
class Server:
    """A database server, and the databases made on it by this process."""

    kind: str
    made: list[str] = field(default_factory=list)

    @cached_property
    def url(self) -> URL:
        variable = SERVER_VARIABLES[self.kind]
        if not os.environ.get(variable):
            raise RuntimeError(f"CONVO_TEST_REQUIRE_SERVERS is set, and {variable} does not name a database")
        return make_url(os.environ[variable])

    def create(self) -> str:
        """Make an empty database and return its URL."""
        name = f"convo_test_{uuid4().hex}"
        EXECUTE[self.kind](self.url, f"CREATE DATABASE {name}")
        self.made.append(name)
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop_all(self) -> None:
        """Remove the databases made by this process, whoever may still be connected."""
        while self.made:
            EXECUTE[self.kind](self.url, DROP[self.kind].format(self.made.pop()))

    @cached_property
    def shared(self) -> str:
        """The URL of the one migrated database that the tests of this process share."""
        url = self.create()
        upgrade(url)
        return url


@dataclass
class Databases:
    """Everything tests get their databases from; one for a process."""

    folder: Path
    servers: dict[str, Server] = field(default_factory=lambda: {kind: Server(kind) for kind in SERVER_VARIABLES})

    @cached_property
    def template(self) -> Path:
        """An SQLite file, migrated and empty."""
        path = self.folder / "template.db"
        upgrade(sqlite_url(path))
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        return path

    def migrated(self, kind: str, folder: Path) -> str:
        """Return the URL of a migrated database: on SQLite a new one, on a server the one that is shared."""
        if kind == "sqlite":
            return sqlite_url(Path(shutil.copy(self.template, folder / "chat.db")))
        return self.servers[kind].shared

    def empty(self, kind: str, folder: Path) -> str:
        """Return the URL of a new database without tables."""
        return sqlite_url(folder / f"{uuid4().hex}.db") if kind == "sqlite" else self.servers[kind].create()

    def close(self) -> None:
        """Remove what was made on the servers."""
        for server in self.servers.values():
            server.drop_all()


def sqlite_url(path: Path) -> str:
    """Return the URL of the SQLite file at ``path``."""
    return URL.create("sqlite", database=str(path)).render_as_string()
