"""Statements prepared once: compiled for a driver, then run as text with nothing but their parameters.

To find the compiled form of an expression again, and what each of its parameters needs, takes SQLAlchemy longer at
every run than the statement takes a database that is near.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from sqlalchemy.engine import Connection, CursorResult, Dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from convo.frozen import dataclass


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as one driver takes it. ``parts``: of each parameter its name, its own value, what makes it ready."""

    text: str
    positional: bool
    parts: tuple[tuple[str, Any, Callable[[Any], Any] | None], ...]

    def bound(self, given: Mapping[str, Any]) -> Any:
        """Return the parameters as the driver takes them."""
        if self.positional:
            return tuple([_ready(given.get(name, own), make) for name, own, make in self.parts])
        return {name: _ready(given.get(name, own), make) for name, own, make in self.parts}


def _ready(value: Any, make: Callable[[Any], Any] | None) -> Any:
    return value if make is None else make(value)


class Prepared:
    """A statement with its parameters by name; an INSERT takes the columns that a row holds. Serves threads.

    Rows that it gives come as the driver gives them. A list of any length cannot be a parameter (``IN``).
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
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
            form = self._forms[key] = _compiled(self._statement, dialect, [*row])
        return form


def _compiled(statement: ClauseElement, dialect: Dialect, names: list[str]) -> _Form:
    compiled = cast(SQLCompiler, statement.compile(dialect=dialect, column_keys=names))
    own, positional = compiled.params, compiled.positiontup is not None
    return _Form(
        text=compiled.string,
        positional=positional,
        parts=tuple(
            (name, own.get(name), compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in (compiled.positiontup if compiled.positiontup is not None else compiled.binds)
        ),
    )
