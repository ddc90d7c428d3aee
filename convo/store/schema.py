"""The schema's version: checked on first use, brought up to date on SQLite, by command on servers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, text
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from convo.errors import SchemaMismatch, StoreUnavailable
from convo.store.engine import WRITE, is_sqlite, parse_url, sync_engine
from convo.store.faults import translate

HEAD = "0001"
"""The newest revision in ``migrations/versions``; a test holds the two together."""

VERSION_TABLE = "convo_schema_version"
_LOCK_NAME = "convo_schema"
_PG_LOCK = 0x636F6E766F
_LOCK_WAIT = 120
_alembic_is_not_thread_safe = threading.Lock()


def current(connection: Connection) -> str | None:
    """Return the schema's revision in this database, None when it has no convo tables."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return str(found) if found is not None else None


def require_head(connection: Connection, url: URL) -> None:
    """Raise SchemaMismatch, naming the command to type, unless the schema is this release's."""
    found = current(connection)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise SchemaMismatch(
            f"this database has schema {found}, this convo knows up to {HEAD}: upgrade the convo-sql package"
        )
    shown = url.render_as_string(hide_password=True)
    state = "has no convo tables" if found is None else f"has schema {found}, this convo needs {HEAD}"
    raise SchemaMismatch(f"this database {state}: run  convo db upgrade {shown}")


def ensure(engine: Engine, url: URL) -> None:
    """Check the schema; on SQLite create or upgrade it. True afterwards: the schema is ``HEAD``.

    Raises SchemaMismatch, StoreUnavailable. One read when nothing is to be done; safe in several processes at once.
    """
    with engine.connect() as connection:
        found = current(connection)
        if found == HEAD:
            return
        if not is_sqlite(url) or (found is not None and found > HEAD):
            require_head(connection, url)
    migrate(engine)


def migrate(engine: Engine) -> str:
    """Bring the database to ``HEAD`` under a lock; return the revision. Two processes at once are safe."""
    with _alembic_is_not_thread_safe, engine.connect().execution_options(**{WRITE: True}) as connection:
        with connection.begin():
            _lock(connection)
            _run_alembic(connection)
        return current(connection) or ""


@contextmanager
def _opened(url: URL) -> Iterator[Engine]:
    """Give an engine for this one errand, its errors made convo's."""
    engine = sync_engine(url)
    try:
        yield engine
    except SQLAlchemyError as problem:
        raise translate(problem) from None
    finally:
        engine.dispose()


def upgrade(url: str | URL) -> str:
    """Bring the database at ``url`` to this release's schema and return the revision.

    Raises InvalidSetting for a wrong URL, SchemaMismatch when the database is newer, StoreError when it is down.
    """
    parsed = parse_url(url)
    with _opened(parsed) as engine:
        with engine.connect() as connection:
            found = current(connection)
            if found is not None and found > HEAD:
                require_head(connection, parsed)
        return migrate(engine)


def revision(url: str | URL) -> str | None:
    """Return the schema's revision in the database at ``url``, None without convo tables; changes nothing."""
    with _opened(parse_url(url)) as engine, engine.connect() as connection:
        return current(connection)


def check(url: str | URL) -> None:
    """Raise SchemaMismatch, naming the command to type, unless the database at ``url`` has this release's schema."""
    parsed = parse_url(url)
    with _opened(parsed) as engine, engine.connect() as connection:
        require_head(connection, parsed)


def _lock(connection: Connection) -> None:
    """Hold other upgraders off until this one ends (SQLite: the transaction's own write lock does)."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _PG_LOCK})
    elif connection.dialect.name != "sqlite":
        got = connection.execute(text("SELECT GET_LOCK(:name, :wait)"), {"name": _LOCK_NAME, "wait": _LOCK_WAIT})
        if got.scalar() != 1:
            raise StoreUnavailable("another process has been upgrading this database for too long; try again")


def _run_alembic(connection: Connection) -> None:
    from alembic import command
    from alembic.util import CommandError

    config = alembic_config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise SchemaMismatch(
            f"this database has schema {current(connection)!r:.20}, which no release of convo has made: it cannot be "
            "upgraded"
        ) from None


def alembic_config() -> Any:
    """Return the Alembic configuration of convo's own migrations (``alembic.config.Config``)."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_path()).replace("%", "%%"))
    return config


def migrations_path() -> Path:
    """Return where the migrations are: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "migrations"
    return shipped if shipped.is_dir() else package.parent / "migrations"
