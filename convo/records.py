"""What the store gives back: frozen records of conversations, branches, turns, calls and stored messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from convo.completions import Usage
from convo.frozen import dataclass
from convo.messages import Message

TurnStatus = Literal["running", "completed", "awaiting_tools", "failed", "interrupted", "cancelled", "superseded"]
UNFINISHED: frozenset[TurnStatus] = frozenset({"awaiting_tools", "failed", "interrupted"})
"""Left by a later message (superseded) or by a verb that takes the turn up again."""

CLOSED: frozenset[TurnStatus] = frozenset({"completed", "cancelled", "superseded"})
"""Nothing more can be written to such a turn."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A message in its place. ``seq`` counts from 1 along the path; ``branch_no`` is the branch that owns it.

    ``tokens`` is the neutral estimate made when it was stored. ``prefix`` is the part of an answer that was given
    to the model; ``incomplete`` marks a text that was cut off; ``finish_reason`` is the answer's.
    """

    id: UUID
    conversation_id: UUID
    branch_no: int
    seq: int
    message: Message
    tokens: int
    turn_id: UUID | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime
    finish_reason: str | None = None
    prefix: str = ""
    incomplete: bool = False
    erased: bool = False

    @property
    def role(self) -> str:
        """The message's role."""
        return self.message.role

    @property
    def text(self) -> str:
        """The message's text chunks, joined."""
        return self.message.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to a backend, with the recipe of what was sent and the hash that proves it.

    ``kind`` is ``complete``, ``stream`` or ``summary``.
    """

    turn_id: UUID
    call_no: int
    kind: str
    backend: str
    model: str | None
    recipe: Mapping[str, Any]
    request_hash: str
    wire_hash: str | None
    usage: Usage | None
    finish_reason: str | None
    error: Mapping[str, Any] | None
    started_at: datetime
    ended_at: datetime

    @property
    def answers(self) -> bool:
        """Whether it asked for an answer of the turn: not for a summary of what its window had cut away."""
        return self.kind != "summary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One exchange, from an input to the answer that ends it. Ranges are ``(first seq, last seq)``, None if empty.

    ``calls`` counts the requests to a backend that have ended; ``choice_of`` is the turn whose other choice it is.
    """

    id: UUID
    conversation_id: UUID
    branch_no: int
    status: TurnStatus
    attempt: int
    input: tuple[int, int] | None
    output: tuple[int, int] | None = None
    calls: int = 0
    error: Mapping[str, Any] | None = None
    choice_of: UUID | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    started_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A run of messages after ``fork_seq`` of its parent. ``parent_no`` owns the fork message.

    ``shown_parent_no`` is the branch the user forked from; it differs where that message lies further back.
    """

    no: int
    name: str
    parent_no: int | None
    fork_seq: int
    shown_parent_no: int | None
    head_seq: int
    created_at: datetime

    @property
    def tip(self) -> tuple[int, int] | None:
        """The number of the branch that owns the newest message of the path, and its seq; None for an empty path."""
        owner = self.no if self.head_seq > self.fork_seq else self.parent_no
        return None if owner is None or not self.head_seq else (owner, self.head_seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationInfo:
    """A conversation as it is listed. ``external_id`` is the application's own name for it."""

    id: UUID
    owner: str
    external_id: str | None
    title: str | None
    metadata: Mapping[str, Any]
    active_branch_no: int
    created_at: datetime
    active_at: datetime


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that holds the text searched for, and its conversation."""

    conversation: ConversationInfo
    entry: Entry


@dataclass(frozen=True, slots=True)
class Hits:
    """What one search found, the conversations most recently active first, the newest messages of each first.

    ``last`` is the last conversation that was looked through, to go on ``before``; None when there are no more. To
    iterate over it gives what was ``found``.
    """

    found: tuple[Hit, ...]
    last: ConversationInfo | None

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a store that is not as it must be. ``detail`` names rows by number and id, never what they hold.

    ``kind`` is one word for what is wrong; ``conversation_id`` is where.
    """

    kind: str
    conversation_id: UUID
    detail: str
