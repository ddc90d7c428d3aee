"""What calls used, summed over a turn, a branch, a path or a conversation; a shared prefix counts once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.engine import Connection

from convo.frozen import dataclass
from convo.store.history import Span
from convo.store.tables import TABLES

_T, _K = TABLES.turns.c, TABLES.calls.c


@dataclass(frozen=True, slots=True)
class Used:
    """What one call used, as its backend reported it."""

    backend: str
    model: str | None
    usage: dict[str, Any]


def of_turn(connection: Connection, conversation_id: UUID, turn_id: UUID) -> Iterator[Used]:
    """Yield what the calls of one turn used."""
    return _used(connection, conversation_id, _T.turn_id == turn_id)


def of_conversation(connection: Connection, conversation_id: UUID) -> Iterator[Used]:
    """Yield what all calls of a conversation used, branches that are hidden too. O(calls)."""
    return _used(connection, conversation_id, None)


def of_spans(connection: Connection, conversation_id: UUID, spans: Sequence[Span]) -> Iterator[Used]:
    """Yield what the turns that left a message in these ranges used. O(calls of their branches)."""
    first = func.coalesce(_T.input_first, _T.output_first)
    last = func.coalesce(_T.output_last, _T.input_last)
    inside = [and_(_T.branch_no == span.branch_no, first <= span.hi, last > span.lo) for span in spans]
    return _used(connection, conversation_id, or_(*inside)) if inside else iter(())


def _used(connection: Connection, conversation_id: UUID, where: ColumnElement[bool] | None) -> Iterator[Used]:
    joined = and_(_T.conversation_id == _K.conversation_id, _T.turn_id == _K.turn_id)
    statement = select(_K.backend, _K.model, _K.usage).join(TABLES.turns, joined)
    statement = statement.where(_K.conversation_id == conversation_id, _K.usage.is_not(None))
    rows = connection.execute(statement if where is None else statement.where(where))
    return (Used(row.backend, row.model, row.usage) for row in rows)
