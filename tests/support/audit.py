"""What must hold of every conversation at every moment, read off the tables: no verb may leave it otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool

from convo.flows.record import rebuild
from convo.records import Call, Entry, Turn
from convo.store import history, ledger
from convo.store.engine import parse_url, sync_engine
from convo.store.rows import turn_from
from convo.store.tables import TABLES

ENDED_AFTER_AN_ERROR = ("superseded", "cancelled")
"""Such a turn may have failed before, and says so."""


@cache
def _engine(url: str) -> Engine:
    """An engine that knows its server, and holds no connection between two uses."""
    return sync_engine(parse_url(url), poolclass=NullPool)


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection of the audit's own."""
    with _engine(url).connect() as connection, connection.begin():
        yield connection


def audit(url: str, since: datetime) -> int:
    """Check every conversation made since then; return how many calls were rebuilt to their hashes."""
    with connected(url) as connection:
        made = select(TABLES.conversations.c.id).where(TABLES.conversations.c.created_at >= since)
        return sum(_conversation(connection, each) for each in connection.execute(made).scalars().all())


def turns_of(connection: Connection, conversation: UUID) -> list[Turn]:
    """Every turn of a conversation, oldest first."""
    table = TABLES.turns
    found = connection.execute(select(table).where(table.c.conversation_id == conversation).order_by(table.c.turn_id))
    return [turn_from(row) for row in found]


def _conversation(connection: Connection, conversation: UUID) -> int:
    turns = {turn.id: turn for turn in turns_of(connection, conversation)}
    entries, freed = _branches(connection, conversation, turns)
    for turn in turns.values():
        if not any(last > freed.get(turn.branch_no, last) for _, last in filter(None, (turn.input, turn.output))):
            _ranges(turn, entries)
    _partials(connection, conversation, turns)
    calls = ledger.calls(connection, conversation, list(turns))
    for turn in turns.values():
        of_turn = [call for call in calls if call.turn_id == turn.id]
        assert [call.call_no for call in of_turn] == [*range(1, turn.calls + 1)]
        if turn.branch_no not in freed:  # what a deleted branch sent may have gone with it
            _calls(connection, turn, of_turn)
    return len(calls)


def _branches(
    connection: Connection, conversation: UUID, turns: dict[UUID, Turn]
) -> tuple[dict[tuple[int, int], Entry], dict[int, int]]:
    """Each branch holds its messages without a hole, and is held by a turn exactly while that one is running.

    Returns the messages by branch and seq, and behind which one a branch that was deleted has been freed.
    """
    table, entries, freed = TABLES.branches, dict[tuple[int, int], Entry](), dict[int, int]()
    running = {turn.id for turn in turns.values() if turn.status == "running"}
    for row in connection.execute(select(table).where(table.c.conversation_id == conversation)):
        span = history.Span(row.branch_no, 0, 2**62)
        found = history.read(connection, conversation, [span])
        assert [entry.seq for entry in found] == [*range(row.fork_seq + 1, row.head_seq + 1)], "a branch has a hole"
        entries |= {(entry.branch_no, entry.seq): entry for entry in found}
        freed |= {row.branch_no: row.head_seq} if row.hidden_at else {}
        assert (row.open_turn is None) == (row.lease_until is None) == (row.open_attempt is None)
        if row.open_turn is not None:
            assert row.open_attempt == turns[row.open_turn].attempt
            running.remove(row.open_turn)
    assert not running, "a turn is running that holds no branch"
    return entries, freed


def _ranges(turn: Turn, entries: dict[tuple[int, int], Entry]) -> None:
    """A turn's input and output are messages of its own; what ended it is an assistant's."""
    for first, last in filter(None, (turn.input, turn.output)):
        assert {entries[turn.branch_no, seq].turn_id for seq in (first, last)} == {turn.id}
    if turn.status in ("completed", "awaiting_tools"):
        assert turn.output is not None
    if turn.output is not None:
        last_answer = entries[turn.branch_no, turn.output[1]]
        assert last_answer.role == "assistant"
        assert not (last_answer.finish_reason and last_answer.incomplete)
    assert (turn.ended_at is None) == (turn.status == "running")
    assert (turn.error is not None) == (turn.status in ("failed", "interrupted")) or turn.status in ENDED_AFTER_AN_ERROR


def _partials(connection: Connection, conversation: UUID, turns: dict[UUID, Turn]) -> None:
    """Parts of an answer are kept only while it may be continued, calls that were started until they have results.

    Those of an attempt that could not be continued, so that the model was asked again, stay on record.
    """
    table = TABLES.partials
    for row in connection.execute(select(table).where(table.c.conversation_id == conversation)):
        allowed = ("running", "awaiting_tools") if _marks_calls(row.body) else ("running", "failed", "interrupted")
        turn = turns[row.turn_id]
        assert turn.status in allowed or row.attempt < turn.attempt, "a part was left behind"
        assert row.attempt <= turn.attempt


def _marks_calls(pieces: list[dict[str, Any]]) -> bool:
    return {piece["kind"] for piece in pieces} == {"started"}


def _calls(connection: Connection, turn: Turn, calls: list[Call]) -> None:
    """Every call is counted, and what it sent is rebuilt from the record to the hash of what was sent."""
    pending = ledger.pending(connection, turn.conversation_id, turn.id)
    assert pending is None or turn.status == "running"  # while its tools are called a turn has no call in flight
    for call in calls:
        assert rebuild(connection, turn, call.recipe).hash == call.request_hash
        assert call.error is None or call.finish_reason is None
    if pending is not None:
        assert rebuild(connection, turn, pending["recipe"]).hash == pending["hash"]
