"""A database of the benchmark's own, made for one run and removed after it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from benchmarks.floor import Floor
from convo import Store
from convo.store.schema import upgrade

DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}


@dataclass(frozen=True)
class Scratch:
    """A database that holds convo's tables and the floor's, both empty."""

    url: URL

    @property
    def kind(self) -> str:
        return self.url.get_backend_name()

    @property
    def convo_url(self) -> str:
        return self.url.set(drivername=self.kind).render_as_string(hide_password=False)

    def floor(self) -> Floor:
        return Floor(self.url)

    def store(self, **how: Any) -> Store:
        return Store(self.convo_url, **how)


@contextmanager
def scratch(server: URL) -> Iterator[Scratch]:
    """Make a database: for ``sqlite://`` a file (in the folder that the URL may name), else one on the server."""
    kind = server.get_backend_name()
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(dir=server.database) as folder:
            yield _with_tables(URL.create("sqlite", database=str(Path(folder) / "bench.db")))
        return
    name = f"convo_bench_{uuid4().hex[:12]}"
    admin = create_engine(server.set(drivername=DRIVERS[kind]), isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield _with_tables(server.set(drivername=DRIVERS[kind], database=name))
        finally:
            with admin.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name}" + (" WITH (FORCE)" if kind == "postgresql" else "")))
    finally:
        admin.dispose()


def _with_tables(url: URL) -> Scratch:
    made = Scratch(url)
    upgrade(made.convo_url)
    floor = made.floor()
    floor.make_tables()
    floor.close()
    return made


def described(server: URL) -> str:
    """The database's name and version."""
    engine = create_engine(server.set(drivername=DRIVERS[server.get_backend_name()], database=server.database))
    question = "SELECT sqlite_version()" if server.get_backend_name() == "sqlite" else "SELECT version()"
    if server.get_backend_name() == "sqlite":
        engine = create_engine("sqlite://")
    with engine.connect() as connection:
        version = str(connection.execute(text(question)).scalar()).partition(" on ")[0]
    engine.dispose()
    return f"SQLite {version}" if server.get_backend_name() == "sqlite" else version


def parse(url: str) -> URL:
    """``sqlite``, ``sqlite:////folder`` or a server's URL whose user may create databases."""
    return make_url("sqlite://") if url == "sqlite" else make_url(url)
