"""Writes that stand or fall with a head's compare-and-set, in as few round trips as the database permits.

PostgreSQL takes all of them as one statement, which is a transaction by itself: the compare-and-set is its first part,
and the others write only where that has met the row. So a begin or a finish is one round trip instead of five or seven.
Elsewhere they are run one after the other, in the transaction they are given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Exists, Insert, Text, Update, bindparam, cast, exists, func, insert, literal_column, select
from sqlalchemy.engine import Connection, CursorResult
from sqlalchemy.types import TypeEngine

from convo.store.prepared import Prepared
from convo.store.types import Name

CHAINED = 4
"""Messages that are written in a chain; every number of them is a statement of its own."""

SHAPES = 64
"""Chains that are kept compiled: they differ in their statements and in the columns of their rows."""


class Write(NamedTuple):
    """A statement and its parameters, or an INSERT and its rows, all of the same columns."""

    statement: Prepared
    given: Sequence[Mapping[str, Any]]

    def run(self, connection: Connection) -> CursorResult[Any]:
        """Run it by itself."""
        return self.statement.run(connection, *self.given)


def chained(connection: Connection, guard: Write, rest: Sequence[Write]) -> bool:
    """Run the ``guard``, an UPDATE, and the ``rest`` where it meets a row; return whether it did.

    What the statements of ``rest`` give back is not looked at. Parameters of the same name have the same value.
    """
    if rest and is_one_statement(connection.dialect.name):
        return _as_one(connection, guard, rest)
    if guard.run(connection).rowcount != 1:
        return False
    for write in rest:
        write.run(connection)
    return True


def is_one_statement(dialect: str) -> bool:
    """Return whether a chain is one statement, which needs no transaction around it."""
    return dialect == "postgresql"


def _as_one(connection: Connection, guard: Write, rest: Sequence[Write]) -> bool:
    given = dict(guard.given[0])
    parts = [(write.statement, row) for write in rest for row in write.given]
    for number, (statement, row) in enumerate(parts):
        if isinstance(statement.statement, Insert):
            given |= {_name(number, name): value for name, value in row.items()}
            continue
        assert all(given.get(name, value) == value for name, value in row.items())  # noqa: S101 - one name, one value
        given |= row
    shape = tuple((statement, tuple(row)) for statement, row in parts)
    met: int = _fused(guard.statement, shape).run(connection, given).scalar_one()
    return met == 1


@lru_cache(maxsize=SHAPES)
def _fused(guard: Prepared, rest: tuple[tuple[Prepared, tuple[str, ...]], ...]) -> Prepared:
    assert isinstance(guard.statement, Update)  # noqa: S101 - a compare-and-set
    moved = guard.statement.returning(literal_column("1").label("met")).cte("moved")
    met = exists(select(literal_column("1")).select_from(moved))
    parts = [_part(number, each.statement, names, met) for number, (each, names) in enumerate(rest)]
    ctes = [part.cte(f"part{number}") for number, part in enumerate(parts)]
    return Prepared(select(func.count()).select_from(moved).add_cte(*ctes))


def _part(number: int, statement: Any, names: Sequence[str], met: Exists) -> Insert | Update:
    """Return ``statement`` so that it writes only where ``met``."""
    if not isinstance(statement, Insert):
        guarded: Update = statement.where(met)
        return guarded
    columns = [statement.table.c[name] for name in names]
    values = (cast(bindparam(_name(number, column.name), type_=column.type), _uncut(column.type)) for column in columns)
    return insert(statement.table).from_select(names, select(*values).where(met), include_defaults=False)


def _uncut(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return what a value is cast to: a cast to a length would cut silently what an INSERT refuses."""
    return Text() if isinstance(kind, Name) else kind


def _name(number: int, column: str) -> str:
    return f"row{number}_{column}"
