"""What a database error means: to be tried again, or which typed error. The one place that reads driver codes."""

from __future__ import annotations

from typing import Literal

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from convo.errors import StoreBusy, StoreError, StoreFull, StoreRefused, StoreUnavailable

Verdict = Literal["again", "integrity", "final"]

_TRANSIENT_SQLSTATES = frozenset({"40001", "40P01", "55P03"})
_TRANSIENT_MYSQL = frozenset({1213, 1205, 1020})
_SQLITE_BUSY, _SQLITE_LOCKED, _SQLITE_FULL = 5, 6, 13
_SQLITE_UNAVAILABLE = frozenset({10, 11, 14, 26})
_MYSQL_FULL = frozenset({1021, 1114})
_MYSQL_UNAVAILABLE = frozenset(
    {1040, 1044, 1045, 1047, 1049, 1053, 1129, 1130, 1524, 1698, 1927, 2002, 2003, 2006, 2013, 2014, 2055}
)


NOTHING = "this transaction wrote nothing"
IN_DOUBT = (
    "whether it was committed is not known, for the connection broke meanwhile: look before you try again, or do so "
    "under the same idempotency_key"
)


class LostCommit(SQLAlchemyError):
    """The connection broke while a transaction was being committed: it may have been or not. ``error`` says how."""

    def __init__(self, error: DBAPIError) -> None:
        super().__init__()
        self.error = error


def at_commit(error: DBAPIError) -> SQLAlchemyError:
    """Return what ``error``, met at a COMMIT, means for its transaction: the same, or LostCommit."""
    return LostCommit(error) if error.connection_invalidated or _is_unavailable(error) else error


def verdict(error: SQLAlchemyError) -> Verdict:
    """Return whether the whole transaction may be run again after ``error``."""
    error = error.error if isinstance(error, LostCommit) else error
    if isinstance(error, IntegrityError) and not _is_transient(error):
        return "integrity"
    return "again" if isinstance(error, DBAPIError) and _is_transient(error) else "final"


def _is_transient(error: DBAPIError) -> bool:
    if error.connection_invalidated or _sqlstate(error) in _TRANSIENT_SQLSTATES:
        return True
    return _mysql_code(error) in _TRANSIENT_MYSQL or _sqlite_code(error) in (_SQLITE_BUSY, _SQLITE_LOCKED)


def translate(error: SQLAlchemyError, in_doubt: bool = False) -> StoreError:
    """Return the typed error for ``error``: its code at most, since the database's own message quotes data.

    ``in_doubt``: a try before, or this one, was lost at its COMMIT.
    """
    if isinstance(error, LostCommit):
        error, in_doubt = error.error, True
    kind, said, code = _told(error)
    if in_doubt:
        said = f"{said}; {IN_DOUBT}"
    elif code is not None and kind is not StoreUnavailable:
        said = f"{said}; {NOTHING}"
    return kind(said, code=code, in_doubt=in_doubt)


def _told(error: SQLAlchemyError) -> tuple[type[StoreError], str, str | None]:
    """Return the typed error for ``error``, what is said of it, and its code."""
    if isinstance(error, PoolTimeout):
        said = "no database connection became free in time: raise the pool's size or lower the load"
        return StoreBusy, said, None
    if not isinstance(error, DBAPIError):
        return StoreRefused, f"the database layer refused the statement ({type(error).__name__})", None
    code = str(_sqlstate(error) or _mysql_code(error) or _sqlite_name(error) or type(error.orig).__name__)
    if _is_transient(error):
        return StoreBusy, f"the database stayed locked, in conflict or cut off through every retry ({code})", code
    if _is_full(error):
        return StoreFull, f"the database has no room left ({code})", code
    if _is_unavailable(error):
        said = (
            f"the database cannot be reached or opened ({code}): check the URL, that it runs, and what the user may do"
        )
        return StoreUnavailable, said, code
    return StoreRefused, f"the database refused the statement or the data ({code})", code


def _is_full(error: DBAPIError) -> bool:
    return (
        _sqlite_code(error) == _SQLITE_FULL
        or _mysql_code(error) in _MYSQL_FULL
        or ((_sqlstate(error) or "").startswith("53") and _sqlstate(error) != "53300")
    )


def _is_unavailable(error: DBAPIError) -> bool:
    state = _sqlstate(error)
    if state is not None and state[:2] in ("08", "28", "3D", "57"):
        return True
    if state == "53300" or _mysql_code(error) in _MYSQL_UNAVAILABLE or _sqlite_code(error) in _SQLITE_UNAVAILABLE:
        return True
    never_connected = state is None and _mysql_code(error) is None and _sqlite_code(error) is None
    return never_connected and isinstance(error, OperationalError | InterfaceError)


def _sqlstate(error: DBAPIError) -> str | None:
    state = getattr(error.orig, "sqlstate", None)
    return state if isinstance(state, str) else None


def _mysql_code(error: DBAPIError) -> int | None:
    if not type(error.orig).__module__.startswith(("pymysql", "aiomysql")):
        return None
    args = getattr(error.orig, "args", ())
    return args[0] if args and isinstance(args[0], int) else None


def _sqlite_code(error: DBAPIError) -> int | None:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code & 255 if isinstance(code, int) else None


def _sqlite_name(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlite_errorname", None)
