"""Rows to records and back: the one edge between SQL and values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Row

from convo.completions import Usage
from convo.errors import CorruptRecord, InvalidMessage
from convo.messages import stored_message
from convo.records import Branch, Call, ConversationInfo, Entry, Turn
from convo.store.types import NAME_LENGTH, REASON_LENGTH, json_of, moment_of, uuid_of
from convo.values import dump_json

MAX_MESSAGE_BYTES = 15 * 1024 * 1024
"""The largest message stored, as UTF-8 JSON on its way: what fits MariaDB's default packet of 16 MiB."""

_SENT_AS_TWO = ("\\", '"', "'")
"""Signs that MariaDB's drivers put a backslash before."""

_WIDEST = 8
"""Bytes on their way that a character takes at most: one escaped as \\u0000, the backslash sent as two."""

_FOREIGN_NAMES = {"backend": NAME_LENGTH, "model": NAME_LENGTH, "finish_reason": REASON_LENGTH}
"""Columns of a call that hold what a backend says: whatever it says, the answer is not lost over it."""

_NOT_IN_NAMES = re.compile("[\x00\ud800-\udfff]")
_MARKS = ("finish_reason", "prefix", "incomplete", "erased")


def entry_row(entry: Entry) -> dict[str, Any]:
    """Return the row of ``convo_messages`` for ``entry``."""
    marks = {name: getattr(entry, name) for name in _MARKS if getattr(entry, name)}
    return {
        "conversation_id": entry.conversation_id,
        "branch_no": entry.branch_no,
        "seq": entry.seq,
        "id": entry.id,
        "turn_id": entry.turn_id,
        "role": entry.message.role,
        "body": entry.message.to_json(),
        "tokens": entry.tokens,
        "marks": marks or None,
        "metadata": dict(entry.metadata) or None,
        "created_at": entry.created_at,
    }


def check_size(body: Mapping[str, Any]) -> None:
    """Raise InvalidMessage when a message is larger, on its way there, than any supported database takes by default."""
    content = body.get("content")
    if len(body) == 2 and isinstance(content, str) and len(content) * _WIDEST < MAX_MESSAGE_BYTES:
        return
    text = dump_json(body)
    size = (len(text) if text.isascii() else len(text.encode())) + sum(map(text.count, _SENT_AS_TWO))
    if size > MAX_MESSAGE_BYTES:
        raise InvalidMessage(
            f"the message has {size / 2**20:.1f} MiB, at most {MAX_MESSAGE_BYTES // 2**20} MiB can be stored: "
            "give large files by URL or file id",
            field="content",
        )


ENTRY_COLUMNS = ("branch_no", "seq", "id", "turn_id", "body", "tokens", "marks", "metadata", "created_at")
"""The columns of ``convo_messages`` that ``entry_from`` reads, in its order."""


def entry_from(conversation_id: UUID, row: Sequence[Any]) -> Entry:
    """Return the entry that the ``ENTRY_COLUMNS`` hold, as the driver gave them; raises CorruptRecord.

    A window is many rows: decoded here, and the entry made without its constructor (what has not been set is the
    class's default), they cost a quarter of what they do decoded by SQLAlchemy column by column.
    """
    branch_no, seq, entry_id, turn_id, body, tokens, marks, metadata, created_at = row
    entry = object.__new__(Entry)
    held = entry.__dict__
    held["conversation_id"], held["branch_no"], held["seq"], held["tokens"] = conversation_id, branch_no, seq, tokens
    try:
        stored = json_of(body)
        held["message"] = stored_message(stored if isinstance(stored, dict) else {})
        held["id"], held["created_at"] = uuid_of(entry_id), moment_of(created_at)
        held["metadata"] = {} if metadata is None else json_of(metadata)
        if turn_id is not None:
            held["turn_id"] = uuid_of(turn_id)
        if marks is not None:
            held.update(json_of(marks))
    except (InvalidMessage, ValueError, TypeError, AttributeError, OverflowError) as problem:
        where = (problem.field if isinstance(problem, InvalidMessage) else "") or "its row"
        raise CorruptRecord(
            f"message {seq} of branch {branch_no} cannot be read back ({where}): run a check of the store"
        ) from None
    return entry


def branch_from(row: Row[Any]) -> Branch:
    """Return the branch a row of ``convo_branches`` holds."""
    return Branch(
        no=row.branch_no,
        name=row.name,
        parent_no=row.parent_no,
        fork_seq=row.fork_seq,
        shown_parent_no=row.shown_parent_no,
        head_seq=row.head_seq,
        created_at=row.created_at,
    )


def compose_state_from(stored: str | None, pins: str | None) -> Mapping[str, Any]:
    """Return what a branch remembers of how it was composed, its pins with it; raises CorruptRecord."""
    state = json_of(stored) or {}
    if not isinstance(state, dict):
        raise CorruptRecord("the compose state of a branch cannot be read back: run a check of the store")
    return {**state, "pins": json_of(pins) or []}


CONVERSATION_COLUMNS = ("id", "owner", "external_id", "title", "metadata", "active_branch", "created_at", "active_at")
"""The columns of ``convo_conversations`` that ``conversation_from`` reads, in its order."""


def conversation_from(row: Sequence[Any]) -> ConversationInfo:
    """Return the conversation that the ``CONVERSATION_COLUMNS`` hold, as the driver gave them."""
    conversation_id, owner, external_id, title, metadata, active_branch, created_at, active_at = row
    return ConversationInfo(
        id=uuid_of(conversation_id),
        owner=owner,
        external_id=external_id,
        title=json_of(title),
        metadata={} if metadata == "{}" else json_of(metadata),
        active_branch_no=active_branch,
        created_at=moment_of(created_at),
        active_at=moment_of(active_at),
    )


def turn_from(row: Any) -> Turn:
    """Return the turn a row of ``convo_turns`` holds."""
    return Turn(
        id=row.turn_id,
        conversation_id=row.conversation_id,
        branch_no=row.branch_no,
        status=row.status,
        attempt=row.attempt,
        input=_range(row.input_first, row.input_last),
        output=_range(row.output_first, row.output_last),
        calls=row.calls,
        error=row.error,
        choice_of=row.choice_of,
        metadata=row.metadata or {},
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def turn_row(turn: Turn) -> dict[str, Any]:
    """Return the row of ``convo_turns`` for ``turn``, without the call in flight."""
    names = (
        "conversation_id",
        "branch_no",
        "status",
        "attempt",
        "calls",
        "error",
        "choice_of",
        "started_at",
        "ended_at",
    )
    row: dict[str, Any] = {name: getattr(turn, name) for name in names}
    row["input_first"], row["input_last"] = turn.input or (None, None)
    row["output_first"], row["output_last"] = turn.output or (None, None)
    return {**row, "turn_id": turn.id, "metadata": dict(turn.metadata) or None}


def _range(first: int | None, last: int | None) -> tuple[int, int] | None:
    return None if first is None or last is None else (first, last)


def call_from(row: Row[Any]) -> Call:
    """Return the call a row of ``convo_calls`` holds."""
    return Call(
        turn_id=row.turn_id,
        call_no=row.call_no,
        kind=row.kind,
        backend=row.backend,
        model=row.model,
        recipe=row.recipe,
        request_hash=row.request_hash,
        wire_hash=row.wire_hash,
        usage=None if row.usage is None else usage_from(row.usage),
        finish_reason=row.finish_reason,
        error=row.error,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def usage_from(stored: Any) -> Usage:
    """Return the usage ``stored`` with a call; raises CorruptRecord."""
    if not isinstance(stored, dict):
        raise CorruptRecord("the usage of a call cannot be read back: run a check of the store")
    return Usage.from_json(stored)


def call_row(conversation_id: UUID, call: Call) -> dict[str, Any]:
    """Return the row of ``convo_calls`` for ``call``."""
    row: dict[str, Any] = {name: getattr(call, name) for name in Call.__slots__ if name != "usage"}
    row |= {name: _fitting(row[name], length) for name, length in _FOREIGN_NAMES.items()}
    return {**row, "conversation_id": conversation_id, "usage": None if call.usage is None else call.usage.to_json()}


def _fitting(text: str | None, length: int) -> str | None:
    return None if text is None else _NOT_IN_NAMES.sub("\ufffd", text)[:length]


def rows_of(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return the rows for ``entries``."""
    return [entry_row(entry) for entry in entries]
