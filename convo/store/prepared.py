"""Statements prepared once: compiled for a driver, then run as text with nothing but their parameters.

To find the compiled form of an expression again, and what each of its parameters needs, takes SQLAlchemy longer at
every run than the statement takes a database that is near.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from sqlalchemy import Insert
from sqlalchemy.engine import Connection, CursorResult, Dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from convo.frozen import dataclass


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as one driver takes it.

    ``order`` are the names of its parameters as they stand in the text, None where the driver takes them by name;
    ``own`` are the values that it came with, ``make`` makes ready for the driver what it does not take as it is.
    """

    text: str
    order: tuple[str, ...] | None
    own: Mapping[str, Any]
    make: tuple[tuple[str, Callable[[Any], Any]], ...]

    def bound(self, given: Mapping[str, Any]) -> Any:
        """Return the parameters as the driver takes them."""
        ready = {**self.own, **given}
        for name, make in self.make:
            ready[name] = make(ready[name])
        return ready if self.order is None else tuple([ready[name] for name in self.order])


class Prepared:
    """A statement with its parameters by name; an INSERT takes the columns that a row holds. Serves threads.

    Rows that it gives come as the driver gives them. A list of any length cannot be a parameter (``IN``).
    """

    def __init__(self, statement: ClauseElement) -> None:
        self.statement = statement
        self._forms: dict[tuple[str, ...], _Form] = {}

    def run(self, connection: Connection, *rows: Mapping[str, Any]) -> CursorResult[Any]:
        """Run the statement with the parameters in the one mapping of ``rows``, or once with each of several."""
        form = self._form(connection.dialect, rows[0])
        bound = [form.bound(row) for row in rows]
        return connection.exec_driver_sql(form.text, bound if len(bound) > 1 else bound[0])

    def _form(self, dialect: Dialect, row: Mapping[str, Any]) -> _Form:
        key = (dialect.name, dialect.driver, *row)
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = _compiled(self.statement, dialect, [*row])
        return form


def _compiled(statement: ClauseElement, dialect: Dialect, names: list[str]) -> _Form:
    columns = names if isinstance(statement, Insert) else None
    compiled = cast(SQLCompiler, statement.compile(dialect=dialect, column_keys=columns))
    own, order = compiled.params, compiled.positiontup
    kinds = {name: compiled.binds[name].type for name in (own if order is None else order)}
    makers = {name: kind.dialect_impl(dialect).bind_processor(dialect) for name, kind in kinds.items()}
    return _Form(
        text=compiled.string,
        order=None if order is None else tuple(order),
        own={name: own.get(name) for name in kinds},
        make=tuple((name, make) for name, make in makers.items() if make is not None),
    )
