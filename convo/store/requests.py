"""Idempotency keys: what a writing verb did under a key, recorded in the transaction that did it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.engine import Connection

from convo.frozen import dataclass
from convo.store.clock import now
from convo.store.tables import TABLES

_R = TABLES.requests.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was done under a key: by which verb and input, for which turn.

    ``step`` is the first seq it wrote; of an ``edit`` that asked nobody, and has no turn, the branch that it made.
    """

    verb: str
    fingerprint: str
    turn_id: UUID | None
    step: int


def find(connection: Connection, conversation_id: UUID, key: str) -> Done | None:
    """Return what was done under ``key`` in this conversation, None for nothing."""
    wanted = select(_R.verb, _R.fingerprint, _R.turn_id, _R.step)
    row = connection.execute(wanted.where(_R.conversation_id == conversation_id, _R.key == key)).one_or_none()
    if row is None:
        return None
    return Done(verb=row.verb, fingerprint=row.fingerprint, turn_id=row.turn_id, step=row.step)


def add(connection: Connection, conversation_id: UUID, key: str, done: Done) -> None:
    """Record what is being done under ``key``; sqlalchemy's IntegrityError where another transaction was first."""
    row = {"conversation_id": conversation_id, "key": key, "verb": done.verb, "fingerprint": done.fingerprint}
    connection.execute(
        insert(TABLES.requests), {**row, "turn_id": done.turn_id, "step": done.step, "created_at": now()}
    )


def sweep(connection: Connection, owner: str | None, before: datetime) -> int:
    """Remove the owner's keys (None: everybody's) recorded before ``before``; return how many. Reads every key."""
    statement = delete(TABLES.requests).where(_R.created_at < before)
    if owner is not None:
        c = TABLES.conversations.c
        statement = statement.where(exists().where(c.id == _R.conversation_id, c.owner == owner))
    return connection.execute(statement).rowcount
