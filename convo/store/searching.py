"""Looking for a text in the newest messages of the conversations last active: exact, and bounded in cost.

Laws of this file:
- A call reads so many messages of so many conversations, whatever the database holds besides.
- What is found is the same on every database: the texts are compared here, by Unicode case folding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Integer, and_, bindparam, select, text
from sqlalchemy.engine import Connection

from convo.chunks import TextChunk
from convo.messages import Message
from convo.records import ConversationInfo, Hit
from convo.store import conversations
from convo.store.history import ARMS, Span, clip, spans
from convo.store.prepared import Prepared
from convo.store.rows import ENTRY_COLUMNS, conversation_from, entry_from
from convo.store.tables import TABLES
from convo.store.types import Id
from convo.values import dump_json

DEPTH = 200
"""Messages looked at of a conversation, the newest of its active branch."""

_BODY = ENTRY_COLUMNS.index("body")
_C, _B = TABLES.conversations.c, TABLES.branches.c


@dataclass(frozen=True, slots=True)
class _Head:
    """Where an active branch ends."""

    branch_no: int
    fork_seq: int
    head_seq: int


@dataclass(frozen=True, slots=True)
class _Range:
    """Messages of a conversation that one branch owns."""

    info: ConversationInfo
    span: Span


def search(
    connection: Connection, wanted: str, owner: str | None, limit: int, before: ConversationInfo | None
) -> tuple[list[Hit], ConversationInfo | None]:
    """Return the messages that hold ``wanted`` among the newest ``DEPTH`` of ``limit`` conversations, and the last of
    these conversations, None where there are no more.

    A statement for the conversations, one for each hundred of them, and one for each whose active branch is a fork
    near its end.
    """
    ranges: list[_Range] = []
    infos: list[ConversationInfo] = []
    after = None if before is None else (before.active_at, before.id)
    query = _newest(owner is not None, after is not None)
    page = query.run(connection, conversations.page_given(owner, limit, after)).fetchall()
    placed = [(conversation_from(row[:-3]), _Head(row.branch_no, row.fork_seq, row.head_seq)) for row in page]
    for info, head in sorted(placed, key=lambda each: (each[0].active_at, each[0].id), reverse=True):
        infos.append(info)
        ranges += [_Range(info, span) for span in _tail(connection, info.id, head)]
    sought = wanted.casefold()
    found = [hit for start in range(0, len(ranges), ARMS) for hit in _hits(connection, ranges[start:][:ARMS], sought)]
    order = {info.id: number for number, info in enumerate(infos)}
    found.sort(key=lambda hit: (order[hit.conversation.id], -hit.entry.seq))
    return found, infos[-1] if len(infos) == limit else None


@lru_cache
def _newest(owned: bool, follows: bool) -> Prepared:
    page = conversations.newest(owned, follows).subquery()
    active = and_(_B.conversation_id == page.c.id, _B.branch_no == page.c.active_branch)
    return Prepared(select(page, _B.branch_no, _B.fork_seq, _B.head_seq).join(TABLES.branches, active))


def _tail(connection: Connection, conversation_id: UUID, head: _Head) -> list[Span]:
    low = max(head.head_seq - DEPTH, 0)
    if low >= head.fork_seq:
        path = [Span(head.branch_no, head.fork_seq, head.head_seq)]
    else:
        path = spans(connection, conversation_id, head.branch_no, head.head_seq, low)
    return clip(path, low, head.head_seq)


def _hits(connection: Connection, ranges: Sequence[_Range], sought: str) -> Iterator[Hit]:
    given: dict[str, Any] = {}
    for number, each in enumerate(ranges):
        branch_no, lo, hi = each.span.branch_no, each.span.lo, each.span.hi
        given |= {f"c{number}": each.info.id, f"b{number}": branch_no, f"lo{number}": lo, f"hi{number}": hi}
    stored = dump_json(sought)[1:-1]
    for row in _arms(len(ranges)).run(connection, given).fetchall():
        if stored in row[1 + _BODY].casefold():  # spares reading most of them as messages
            info = ranges[row[0]].info
            entry = entry_from(info.id, row[1:])
            if not entry.erased and _holds(entry.message, sought):
                yield Hit(info, entry)


def _holds(message: Message, sought: str) -> bool:
    return any(sought in chunk.text.casefold() for chunk in message.chunks if isinstance(chunk, TextChunk))


@lru_cache(maxsize=ARMS)
def _arms(count: int) -> Prepared:
    columns = ", ".join(ENTRY_COLUMNS)
    arm = (
        f"SELECT {{0}}, {columns} FROM convo_messages "
        "WHERE conversation_id = :c{0} AND branch_no = :b{0} AND seq > :lo{0} AND seq <= :hi{0}"
    )
    kinds: dict[str, Any] = {}
    for number in range(count):
        kinds |= {f"c{number}": Id, f"b{number}": Integer, f"lo{number}": BigInteger, f"hi{number}": BigInteger}
    statement = text(" UNION ALL ".join(arm.format(number) for number in range(count)))
    return Prepared(statement.bindparams(*(bindparam(key, type_=kind) for key, kind in kinds.items())))
