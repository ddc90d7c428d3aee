"""Engines: one URL, the driver and the settings that each database needs to keep convo's promises.

Laws of this file:
- SQLite: WAL, ``BEGIN IMMEDIATE`` for writes, ``synchronous=FULL`` unless asked for less, ``secure_delete=ON``.
- Servers run READ COMMITTED, set explicitly, in UTC; MariaDB waits for a lock shorter than any lease.
- A statement's parameters never reach an error or a log (``hide_parameters``).
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import StaticPool

from convo.errors import InvalidSetting, MissingExtra

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

E = TypeVar("E")
WRITE = "convo_write"
"""Execution option of a connection whose transaction will write: SQLite takes the write lock at its BEGIN."""

LOCK_WAIT = 5
"""Seconds a statement waits for a lock; shorter than any lease (design: a lease is at least 10 s)."""

_USUAL_TIMEOUT = f"PRAGMA busy_timeout={LOCK_WAIT * 1000}"

READ = "convo_read"
"""Execution option of a connection that only reads, each statement by itself: SQLite is spared BEGIN and ROLLBACK."""

PATIENCE = "convo_patience"
"""Execution option: seconds that SQLite's BEGIN waits for the write lock, where not ``LOCK_WAIT``."""

_FIRST_LOOK, _LOOKS_RARER, _RAREST_LOOK = 0.0002, 1.3, 0.005
"""Seconds between two looks for SQLite's write lock, how they grow, and how far."""

CONNECT_TIMEOUT = 10
_SYNC_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql"}
_ASYNC_DRIVERS = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+aiomysql"}
_SPELLINGS = {"postgres": "postgresql", "mysql": "mariadb"}
_EXTRAS = {"postgresql": "postgres", "mariadb": "mariadb"}
_EXAMPLES = "sqlite:///chat.db, postgresql://user@host/db or mariadb://user@host/db"


def parse_url(url: str | URL) -> URL:
    """Return ``url`` with the database's plain name (sqlite, postgresql, mariadb); raises InvalidSetting."""
    try:
        parsed = make_url(url if isinstance(url, str | URL) else "")
    except (ArgumentError, ValueError, AttributeError):
        raise InvalidSetting(f"this is no database URL; write one like {_EXAMPLES}", field="url") from None
    plain = parsed.drivername.partition("+")[0]
    plain = _SPELLINGS.get(plain, plain)
    if plain not in _SYNC_DRIVERS:
        raise InvalidSetting(f"there is no support for {plain!r:.40} databases; use {_EXAMPLES}", field="url")
    if plain == "sqlite" and parsed.host:
        raise InvalidSetting(
            "an SQLite URL has three slashes before the file: sqlite:///chat.db (four before an absolute path)",
            field="url",
        )
    return parsed.set(drivername=plain)


def is_sqlite(url: URL) -> bool:
    """Return whether ``url`` names an embedded SQLite database."""
    return url.drivername == "sqlite"


def is_memory(url: URL) -> bool:
    """Return whether ``url`` names an SQLite database that lives in this process's memory only."""
    return is_sqlite(url) and (url.database in (None, "", ":memory:") or "mode=memory" in str(url))


def sync_engine(url: URL, *, synchronous: str = "FULL", **options: Any) -> Engine:
    """Return a new engine for ``url`` (see ``parse_url``); ``options`` go to SQLAlchemy. Opens no connection."""
    settings = _settings(url, options)
    engine = _made(url, lambda: create_engine(url.set(drivername=_SYNC_DRIVERS[url.drivername]), **settings))
    if is_sqlite(url):
        _keep_sqlite_promises(engine, synchronous)
    return engine


def async_engine(url: URL, **options: Any) -> AsyncEngine:
    """Return a new async engine for a server's ``url``; SQLite has none, its transactions run in a worker thread."""
    from sqlalchemy.ext.asyncio import create_async_engine

    settings = _settings(url, options)
    return _made(url, lambda: create_async_engine(url.set(drivername=_ASYNC_DRIVERS[url.drivername]), **settings))


def _made(url: URL, make: Callable[[], E]) -> E:
    try:
        return make()
    except ImportError as problem:
        extra = _EXTRAS.get(url.drivername, "")
        raise MissingExtra(
            f"{url.drivername} needs a driver that is not installed ({problem.name}): pip install 'convo-sql[{extra}]'",
            extra=extra,
        ) from None
    except (ArgumentError, NoSuchModuleError, TypeError, ValueError, AttributeError) as problem:
        said = " ".join(str(problem).split())
        raise InvalidSetting(f"the database settings cannot be used: {said}"[:200], field="url") from None


def _settings(url: URL, options: dict[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {"hide_parameters": True, **options}
    if is_memory(url):
        return {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}, **settings}
    if is_sqlite(url):
        return {"connect_args": {"check_same_thread": False}, **settings}
    connect = _SERVER_CONNECT[url.drivername] | dict(settings.pop("connect_args", {}))
    return {"isolation_level": "READ COMMITTED", "connect_args": connect, **settings}


_SERVER_CONNECT: dict[str, dict[str, Any]] = {
    "postgresql": {
        "connect_timeout": CONNECT_TIMEOUT,
        "tcp_user_timeout": 30_000,
        # what is one statement has no BEGIN that names its isolation level
        "options": f"-c lock_timeout={LOCK_WAIT}s -c timezone=UTC -c default_transaction_isolation=read\\ committed",
    },
    "mariadb": {
        "connect_timeout": CONNECT_TIMEOUT,
        "charset": "utf8mb4",
        "init_command": f"SET SESSION innodb_lock_wait_timeout={LOCK_WAIT}, time_zone='+00:00', "
        "sql_mode='STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO'",
    },
}


def waiting_at_most(connection: Connection, patience: int) -> Connection:
    """Have the next transaction of this connection wait ``patience`` milliseconds for SQLite's lock; else as usual."""
    return connection.execution_options(**{PATIENCE: patience / 1000})


def reading_options(url: URL, snapshot: bool = False) -> dict[str, Any]:
    """Return an engine's execution options for transactions that write nothing.

    Each statement sees what is committed when it begins; with ``snapshot`` all of a transaction see the same state.
    """
    if is_sqlite(url):
        return {READ: not snapshot}
    if snapshot:
        return {"isolation_level": "REPEATABLE READ"}
    # PostgreSQL is spared the two round trips that begin and end a transaction.
    return {"isolation_level": "AUTOCOMMIT"} if url.drivername == "postgresql" else {}


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Switch the file to WAL; waits here, as SQLite itself does not where another process is switching it too."""
    _run_when_free(cursor, "PRAGMA journal_mode=WAL", LOCK_WAIT)


def _run_when_free(runner: sqlite3.Connection | sqlite3.Cursor, statement: str, patience: float) -> None:
    """Run ``statement``, again and again while the database is busy; raises SQLITE_BUSY after ``patience`` seconds."""
    give_up, pause = time.monotonic() + patience, _FIRST_LOOK
    while True:
        try:
            runner.execute(statement)
            return
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
        time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - so that waiters do not look all at once
        pause = min(pause * _LOOKS_RARER, _RAREST_LOOK)


def _keep_sqlite_promises(engine: Engine, synchronous: str) -> None:
    if synchronous not in ("FULL", "NORMAL", "OFF", "EXTRA"):
        raise InvalidSetting("synchronous must be FULL, NORMAL, OFF or EXTRA", field="synchronous")

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:  # noqa: ARG001 - the event's signature
        connection.isolation_level = None  # SQLAlchemy's "begin" below decides, not the driver
        cursor = connection.cursor()
        cursor.execute(_USUAL_TIMEOUT)
        _write_ahead(cursor)
        for pragma in (f"synchronous={synchronous}", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - the driver of SQLite
        options = connection.get_execution_options()
        try:
            if options.get(WRITE):
                _take_write_lock(raw, options.get(PATIENCE, LOCK_WAIT))
            elif not options.get(READ):
                raw.execute("BEGIN")
        except sqlite3.Error as problem:
            raise OperationalError("BEGIN", None, problem, hide_parameters=True) from None


def _take_write_lock(raw: sqlite3.Connection, patience: float) -> None:
    """Begin a transaction that holds the database's write lock; raises SQLITE_BUSY where it is not free in time.

    SQLite itself looks for a free lock at intervals that soon are a hundred times as long as a transaction of ours, so
    that under several writers it lies idle most of the time: here is looked again sooner.
    """
    raw.execute("PRAGMA busy_timeout=0")
    try:
        _run_when_free(raw, "BEGIN IMMEDIATE", patience)
    finally:
        raw.execute(_USUAL_TIMEOUT)
