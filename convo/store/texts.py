"""The JSON texts of a conversation, each read again as it is stored, and judged by who knows what it must say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, LargeBinary, Select, Text, bindparam, cast, select, type_coerce
from sqlalchemy.engine import Connection, Row

from convo.errors import ConvoError
from convo.frozen import dataclass
from convo.records import Finding
from convo.store.tables import TABLES
from convo.store.types import Id, JsonText

PAGE = 500
"""Rows read at a time."""

Judge = Callable[[Any, Any], "tuple[str, str] | None"]
"""Given what a text says, and its row's key and ``_BESIDE``: the kind of damage and a sentence, or None for none.

It raises one of ``ODD`` for what cannot be read at all.
"""

ODD = (ConvoError, KeyError, TypeError, AttributeError, ValueError, RecursionError)
"""What reading a text may end with, since it may hold anything by now."""

_T, _B = TABLES, TABLES.branches.c
_HELD = (_T.conversations, _T.branches, _T.messages, _T.turns, _T.calls, _T.partials, _T.blobs)
_BESIDE: Mapping[str, Sequence[ColumnElement[Any]]] = {
    _T.messages.name: [_T.messages.c.role],
    _T.branches.name: [_B.fork_seq, _B.head_seq, _B.hidden_at.is_(None).label("shown")],
}
"""Columns that a judge is given beside the key."""


def judged(connection: Connection, conversation_id: UUID, judges: Mapping[str, Judge]) -> Iterator[Finding]:
    """Yield what is wrong with the texts of one conversation. O(its rows) in time, a page of them in memory.

    ``judges`` are found by table and column; a text whose column has none has to be JSON, no more.
    """
    for reading in _readings(connection.dialect.name):
        rows = reading.rows.execution_options(yield_per=PAGE)
        for row in connection.execute(rows, {"id": conversation_id}):
            for kind, said in reading.wrong(row, judges):
                yield Finding(kind, conversation_id, said)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The texts of one table: ``rows`` give the key of a row (``keys`` columns), and then its texts as stored."""

    table: str
    keys: int
    columns: Sequence[Column[Any]]
    rows: Select[Any]

    def wrong(self, row: Row[Any], judges: Mapping[str, Judge]) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with the texts of a row: a kind of damage, and a sentence."""
        for column, text in zip(self.columns, row[-len(self.columns) :], strict=True):
            if text is None:
                continue
            try:
                value, judge = json.loads(text), judges.get(str(column))
                found = None if judge is None else judge(value, row)
            except ODD:
                key = ", ".join(str(part) for part in row[: self.keys])
                found = "unreadable", f"{column.name} of row ({key}) of {self.table} cannot be read back"
            if found is not None:
                yield found


@cache
def _readings(dialect: str) -> Sequence[_Reading]:
    readings = []
    for table in _HELD:
        columns = [column for column in table.c if isinstance(column.type, JsonText)]
        keys = [column for column in table.primary_key if column.name not in ("id", "conversation_id")]
        owner = table.c.id if table is _T.conversations else table.c.conversation_id
        texts = (_as_stored(column, dialect) for column in columns)
        rows = select(*keys, *_BESIDE.get(table.name, ()), *texts).where(owner == bindparam("id", type_=Id))
        readings.append(_Reading(table.name, len(keys), columns, rows))
    return readings


def _as_stored(column: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """The stored text, not decoded; on SQLite its bytes, which need not be text at all."""
    raw = cast(column, LargeBinary) if dialect == "sqlite" else type_coerce(column, Text)
    return raw.label(column.name)
