"""The record of turns and calls.

A call in flight stands in its turn's ``pending`` column, committed together with the input before the backend is
asked; when it ends it becomes a row of ``convo_calls``, which is only ever appended to. So a crash leaves the record
of what was being asked, and a whole turn needs no statement more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Insert, and_, bindparam, delete, func, insert, select, update
from sqlalchemy.engine import Connection

from convo.records import UNFINISHED, Call, Entry, Turn, TurnStatus
from convo.store.chain import Write
from convo.store.clock import now
from convo.store.prepared import Prepared
from convo.store.rows import call_from, call_row, rows_of, turn_from, turn_row
from convo.store.tables import TABLES

RECENT = 16
"""Conversations looked at for what is known of a model."""

_T = TABLES.turns.c
_IS = _T.conversation_id == bindparam("conversation"), _T.turn_id == bindparam("turn")
_ENDED = ("status", "calls", "error", "output_first", "output_last", "ended_at")

_ADD_MESSAGE = Prepared(insert(TABLES.messages))
_ADD_TURN = Prepared(insert(TABLES.turns))
_ADD_CALL = Prepared(insert(TABLES.calls))
_END_TURN = Prepared(
    update(TABLES.turns)
    .where(*_IS, _T.attempt == bindparam("at"), _T.status == bindparam("was"))
    .values(pending=None, **{name: bindparam(f"new_{name}") for name in _ENDED})
)
_TURN = select(TABLES.turns).where(*_IS)


def messages_write(entries: Sequence[Entry]) -> Write:
    """The write of at least one message; the head must have been moved before."""
    return Write(_ADD_MESSAGE, rows_of(entries))


def add_messages(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write ``entries``; one statement, none for no entries. The head must have been moved before."""
    if entries:
        messages_write(entries).run(connection)


def has_message(connection: Connection, entry: Entry) -> bool:
    """Return whether this very message (its id, in its place) is stored."""
    m = TABLES.messages.c
    place = m.conversation_id == entry.conversation_id, m.branch_no == entry.branch_no, m.seq == entry.seq
    return connection.execute(select(m.id).where(*place)).scalar() == entry.id


def turn_write(turn: Turn, pending: Mapping[str, Any] | None) -> Write:
    """The write of a new turn, with the call it is about to make."""
    return Write(_ADD_TURN, [{**turn_row(turn), "pending": pending}])


def add_turn(connection: Connection, turn: Turn, pending: Mapping[str, Any] | None) -> None:
    """Write a new turn, with the call it is about to make."""
    turn_write(turn, pending).run(connection)


def reopen_turn(connection: Connection, turn: Turn, pending: Mapping[str, Any] | None) -> bool:
    """Set an unfinished turn running again as ``turn``; return whether it still was at the attempt before."""
    statement = update(TABLES.turns).where(
        *_is(turn.conversation_id, turn.id), _T.attempt == turn.attempt - 1, _T.status.in_((*UNFINISHED, "running"))
    )
    row = turn_row(turn)
    values = {name: row[name] for name in ("attempt", "calls", "input_first", "input_last")}
    values |= {"status": "running", "pending": pending}
    return connection.execute(statement.values(**values, error=None, ended_at=None)).rowcount == 1


def next_call(connection: Connection, turn: Turn, pending: Mapping[str, Any]) -> bool:
    """Replace the call in flight of a running turn, whose call has been recorded; return whether it is running."""
    same = *_is(turn.conversation_id, turn.id), _T.attempt == turn.attempt, _T.status == "running"
    statement = update(TABLES.turns).where(*same).values(pending=pending, calls=turn.calls + 1)
    return connection.execute(statement).rowcount == 1


def ending_write(turn: Turn, was: TurnStatus = "running") -> Write:
    """The write of how this attempt ended, as ``turn`` says, where it still stands as it ``was``."""
    row = turn_row(turn)
    given = {f"new_{name}": row[name] for name in _ENDED}
    given |= {"conversation": turn.conversation_id, "turn": turn.id, "at": turn.attempt, "was": was}
    return Write(_END_TURN, [given])


def end_turn(connection: Connection, turn: Turn, was: TurnStatus = "running") -> bool:
    """Write how this attempt ended, as ``turn`` says; return whether it still stood as it ``was``."""
    return ending_write(turn, was).run(connection).rowcount == 1


def _is(conversation_id: UUID, turn_id: UUID) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _T.conversation_id == conversation_id, _T.turn_id == turn_id


def call_write(conversation_id: UUID, call: Call) -> Write:
    """The write of a call that has ended."""
    return Write(_ADD_CALL, [call_row(conversation_id, call)])


def add_call(connection: Connection, conversation_id: UUID, call: Call) -> None:
    """Append a call that has ended."""
    call_write(conversation_id, call).run(connection)


def turn(connection: Connection, conversation_id: UUID, turn_id: UUID) -> Turn | None:
    """Return the turn, None where there is none."""
    row = connection.execute(_TURN, {"conversation": conversation_id, "turn": turn_id}).one_or_none()
    return None if row is None else turn_from(row)


def turn_counts(connection: Connection, conversation_id: UUID) -> dict[int, int]:
    """Return how many turns each branch has, by its number; branches without any are left out. O(turns)."""
    table = TABLES.turns
    counted = select(table.c.branch_no, func.count()).where(table.c.conversation_id == conversation_id)
    rows = connection.execute(counted.group_by(table.c.branch_no))
    return {row[0]: row[1] for row in rows}


def turns(connection: Connection, conversation_id: UUID, turn_ids: Iterable[UUID]) -> list[Turn]:
    """Return the turns with these ids, in no order."""
    wanted = select(TABLES.turns).where(_T.conversation_id == conversation_id, _T.turn_id.in_(list(turn_ids)))
    return [turn_from(row) for row in connection.execute(wanted)]


def choices(connection: Connection, conversation_id: UUID, turn_ids: Iterable[UUID]) -> list[Turn]:
    """Return the turns that hold other choices of these turns' answers, in the order of their branches. O(turns)."""
    other = select(TABLES.turns).where(_T.conversation_id == conversation_id, _T.choice_of.in_(list(turn_ids)))
    return [turn_from(row) for row in connection.execute(other.order_by(_T.branch_no))]


def pending(connection: Connection, conversation_id: UUID, turn_id: UUID) -> Mapping[str, Any] | None:
    """Return the call of a turn that is in flight, or was when its process died; None for none."""
    found: Mapping[str, Any] | None = connection.execute(
        select(_T.pending).where(*_is(conversation_id, turn_id))
    ).scalar()
    return found


def calls(connection: Connection, conversation_id: UUID, turn_ids: Iterable[UUID]) -> list[Call]:
    """Return the calls of these turns, by turn and number."""
    table = TABLES.calls
    wanted = select(table).where(table.c.conversation_id == conversation_id, table.c.turn_id.in_(list(turn_ids)))
    return [call_from(row) for row in connection.execute(wanted.order_by(table.c.turn_id, table.c.call_no))]


def recent_recipes(
    connection: Connection, conversation_id: UUID, owner: str, turn_id: UUID | None
) -> list[Mapping[str, Any]]:
    """Return the recipes of the calls of a turn, newest first.

    Without a turn, those of the last turns on the active branches of the owner's most recent conversations. One
    statement, O(RECENT).
    """
    k, c, b = TABLES.calls.c, TABLES.conversations.c, TABLES.branches.c
    if turn_id is not None:
        of_turn = select(k.recipe).where(k.conversation_id == conversation_id, k.turn_id == turn_id)
        return list(connection.execute(of_turn.order_by(k.call_no.desc())).scalars())
    newest = select(c.id, c.active_branch, c.active_at).where(c.owner == owner)
    recent = newest.order_by(c.active_at.desc(), c.id.desc()).limit(RECENT).subquery()
    branch = and_(b.conversation_id == recent.c.id, b.branch_no == recent.c.active_branch)
    call = and_(k.conversation_id == b.conversation_id, k.turn_id == b.last_turn)
    found = select(k.recipe).select_from(recent).join(TABLES.branches, branch).join(TABLES.calls, call)
    return list(connection.execute(found.order_by(recent.c.active_at.desc(), k.call_no.desc())).scalars())


def add_part(connection: Connection, fence: tuple[UUID, UUID, int], part_no: int, body: Any) -> None:
    """Append a part of what streams to an attempt (conversation, turn, attempt)."""
    row = dict(zip(("conversation_id", "turn_id", "attempt"), fence, strict=True))
    connection.execute(insert(TABLES.partials), {**row, "part_no": part_no, "body": body, "created_at": now()})


def parts(connection: Connection, fence: tuple[UUID, UUID, int], after: int = -1) -> list[tuple[int, Any]]:
    """Return the parts of an attempt with a number greater than ``after``, in order: (number, body)."""
    p = TABLES.partials.c
    where = p.conversation_id == fence[0], p.turn_id == fence[1], p.attempt == fence[2], p.part_no > after
    found = connection.execute(select(p.part_no, p.body).where(*where).order_by(p.part_no))
    return [(row.part_no, row.body) for row in found]


def count_parts(connection: Connection, fence: tuple[UUID, UUID, int]) -> int:
    """Return how many parts of an attempt there are; they are numbered from 0 without a hole."""
    p = TABLES.partials.c
    where = p.conversation_id == fence[0], p.turn_id == fence[1], p.attempt == fence[2]
    return connection.execute(select(func.count()).where(*where)).scalar_one()


def drop_parts(connection: Connection, fence: tuple[UUID, UUID, int]) -> None:
    """Remove the parts of an attempt: its answer is stored as a message, or a later attempt holds them."""
    p = TABLES.partials.c
    where = p.conversation_id == fence[0], p.turn_id == fence[1], p.attempt == fence[2]
    connection.execute(delete(TABLES.partials).where(*where))


def keep_blob(connection: Connection, conversation_id: UUID, digest: str, body: Any) -> None:
    """Store a piece of JSON under its hash, once."""
    row = {"conversation_id": conversation_id, "hash": digest, "body": body}
    connection.execute(_insert_once(connection.dialect.name), row)


@lru_cache
def _insert_once(dialect: str) -> Insert:
    """The insert of a blob that may be there already; each database has its own words for that."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(TABLES.blobs).on_conflict_do_nothing()
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(TABLES.blobs).on_conflict_do_nothing()
    from sqlalchemy.dialects import mysql

    same = mysql.insert(TABLES.blobs)
    return same.on_duplicate_key_update(hash=same.inserted.hash)


def blobs(connection: Connection, conversation_id: UUID, digests: Iterable[str]) -> dict[str, Any]:
    """Return the JSON stored under these hashes, by hash; what is not there is left out. One statement."""
    table = TABLES.blobs
    wanted = select(table.c.hash, table.c.body).where(table.c.conversation_id == conversation_id)
    return {row.hash: row.body for row in connection.execute(wanted.where(table.c.hash.in_(list(digests))))}


def kept(connection: Connection, conversation_id: UUID, digests: Iterable[str]) -> set[str]:
    """Return those of these hashes under which JSON is stored. One statement for every 500."""
    table, wanted, found = TABLES.blobs, list(digests), set[str]()
    for start in range(0, len(wanted), 500):
        some = table.c.hash.in_(wanted[start : start + 500])
        held = select(table.c.hash).where(table.c.conversation_id == conversation_id, some)
        found.update(connection.execute(held).scalars())
    return found


def blob(connection: Connection, conversation_id: UUID, digest: str) -> Any:
    """Return the JSON stored under ``digest``, None where there is none."""
    table = TABLES.blobs
    wanted = select(table.c.body).where(table.c.conversation_id == conversation_id, table.c.hash == digest)
    return connection.execute(wanted).scalar()
