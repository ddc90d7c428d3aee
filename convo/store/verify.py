"""Looking for damage: what must hold of every conversation, read off the tables. Nothing is changed.

Laws of this file:
- What a healthy store holds is never a finding, whatever is written meanwhile: a conversation is looked at in one
  snapshot.
- Memory is bounded: rows are counted by the database, or read in pages; a finding names rows by number and id,
  never by what they hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, Table, Text, and_, cast, exists, func, not_, or_, select, type_coerce
from sqlalchemy.engine import Connection, Row

from convo.errors import InvalidMessage
from convo.messages import message_from
from convo.records import UNFINISHED, Finding
from convo.store.tables import TABLES
from convo.store.types import JsonText

PAGE = 500
"""Rows read, and conversations listed, at a time."""

STATUSES = frozenset({"running", "completed", "cancelled", "superseded"}) | UNFINISHED
MAY_HAVE_PARTS = frozenset({"running", "awaiting_tools", "failed", "interrupted"})

_C, _B, _M, _T = TABLES.conversations.c, TABLES.branches.c, TABLES.messages.c, TABLES.turns.c
_K, _L, _P, _R = TABLES.keys.c, TABLES.calls.c, TABLES.partials.c, TABLES.requests.c
_OWNED = (TABLES.branches, TABLES.messages, TABLES.turns, TABLES.calls, TABLES.requests, TABLES.partials, TABLES.blobs)

Found = Iterator[tuple[str, str]]


def page(connection: Connection, owner: str | None, after: UUID | None) -> list[UUID]:
    """Return the ids of up to ``PAGE`` conversations of the owner (None: everybody's) that follow ``after``."""
    wanted = select(_C.id).order_by(_C.id).limit(PAGE)
    if owner is not None:
        wanted = wanted.where(_C.owner == owner)
    if after is not None:
        wanted = wanted.where(_C.id > after)
    return list(connection.execute(wanted).scalars())


def turns_page(connection: Connection, conversation_id: UUID, after: UUID | None) -> list[UUID]:
    """Return the ids of up to ``PAGE`` turns on branches that are not hidden, which follow ``after``."""
    shown = exists().where(
        _B.conversation_id == _T.conversation_id, _B.branch_no == _T.branch_no, _B.hidden_at.is_(None)
    )
    beyond = () if after is None else (_T.turn_id > after,)
    return _turns_where(connection, conversation_id, shown, *beyond)


def strays(connection: Connection, owner: str | None) -> Iterator[Finding]:
    """Yield rows that belong to no conversation, and names that lead to none. Reads every table once.

    Of one ``owner`` only names are looked at: other rows tell their owner by their conversation alone.
    """
    for table in _OWNED if owner is None else ():
        lost = select(table.c.conversation_id).where(not_(exists().where(_C.id == table.c.conversation_id)))
        for found in connection.execute(lost.distinct().execution_options(yield_per=PAGE)).scalars():
            yield Finding("orphan", found, f"{table.name} has rows of a conversation that is not there")
    named = exists().where(_C.id == _K.conversation_id, _C.owner == _K.owner, _C.external_id == _K.external_id)
    wrong = select(_K.conversation_id).where(not_(named), *(() if owner is None else (_K.owner == owner,)))
    for found in connection.execute(wrong.execution_options(yield_per=PAGE)).scalars():
        yield Finding("name", found, "a name leads to a conversation that is not there, or is called otherwise")


def conversation(connection: Connection, conversation_id: UUID) -> Iterator[Finding]:
    """Yield what is wrong with one conversation. O(its rows) in time; the transaction should be a snapshot."""
    for check in CHECKS:
        for kind, detail in check(connection, conversation_id):
            yield Finding(kind, conversation_id, detail)


def _conversation(connection: Connection, id: UUID) -> Found:
    row = connection.execute(
        select(_C.owner, _C.external_id, _C.active_branch, _C.branch_counter).where(_C.id == id)
    ).one_or_none()
    if row is None:
        return
    shown = _B.conversation_id == id, _B.branch_no == row.active_branch, _B.hidden_at.is_(None)
    if not _any(connection, *shown):
        yield "active-branch", f"the active branch {row.active_branch} is not there"
    if _any(connection, _B.conversation_id == id, _B.branch_no > row.branch_counter):
        yield "branch-counter", f"the counter stands at {row.branch_counter}, and there are branches beyond it"
    key = select(_K.conversation_id).where(_K.owner == row.owner, _K.external_id == row.external_id)
    if row.external_id is not None and connection.execute(key).scalar() != id:
        yield "name", "the conversation cannot be found by its name"


def _any(connection: Connection, *where: ColumnElement[bool]) -> bool:
    return connection.execute(select(_B.branch_no).where(*where).limit(1)).first() is not None


def _branches(connection: Connection, id: UUID) -> Found:
    parent = TABLES.branches.alias()
    above = parent.c.conversation_id == _B.conversation_id, parent.c.branch_no == _B.parent_no
    columns = _B.branch_no, _B.parent_no, _B.fork_seq, _B.head_seq, parent.c.fork_seq, parent.c.head_seq
    both = TABLES.branches.outerjoin(parent, and_(*above))
    rows = connection.execute(select(*columns).select_from(both).where(_B.conversation_id == id))
    held = _held_messages(connection, id)
    for number, parent_no, fork, head, parent_fork, parent_head in rows:
        where = f"branch {number}"
        if not 0 <= fork <= head:
            yield "head", f"{where} is said to hold messages {fork + 1} to {head}"
        if held.pop(number, (0, None, None)) != _expected(fork, head):
            yield "range", f"{where} does not hold each of the messages {fork + 1} to {head} once, and no other"
        if (parent_no is None) != (fork == 0):
            yield "parent", f"{where} stands on message {fork} of branch {parent_no}"
        elif parent_no is not None and (parent_fork is None or not parent_fork < fork <= parent_head):
            yield "parent", f"{where} stands on message {fork}, which branch {parent_no} does not hold"
        elif parent_no is not None and parent_no >= number:
            yield "parent", f"{where} stands on branch {parent_no}, which is younger"
    for number, (count, _, _) in held.items():
        yield "orphan", f"branch {number} is not there, and has {count} messages"


def _held_messages(connection: Connection, id: UUID) -> dict[int, tuple[int, int | None, int | None]]:
    """How many messages each branch holds, the first seq and the last; the primary key keeps a seq from repeating."""
    counted = select(_M.branch_no, func.count(), func.min(_M.seq), func.max(_M.seq))
    rows = connection.execute(counted.where(_M.conversation_id == id).group_by(_M.branch_no))
    return {number: (count, first, last) for number, count, first, last in rows}


def _expected(fork: int, head: int) -> tuple[int, int | None, int | None]:
    return (head - fork, fork + 1, head) if head > fork else (0, None, None)


def _open_turns(connection: Connection, id: UUID) -> Found:
    """A turn is running exactly while it holds its branch."""
    joined = TABLES.branches.outerjoin(TABLES.turns, _turn_of(_B.conversation_id, _B.open_turn))
    columns = _B.branch_no, _B.open_turn, _B.open_attempt, _B.lease_until, _T.branch_no, _T.status, _T.attempt
    rows = connection.execute(select(*columns).select_from(joined).where(_B.conversation_id == id))
    for number, turn_id, attempt, lease, turn_branch, status, turn_attempt in rows:
        if len({turn_id is None, attempt is None, lease is None}) > 1:
            yield "open-turn", f"branch {number} is held by half: turn {turn_id}, attempt {attempt}, lease {lease}"
        elif turn_id is not None and (turn_branch, status, turn_attempt) != (number, "running", attempt):
            yield "open-turn", f"branch {number} is held by turn {turn_id}, attempt {attempt}, which is not running"
    holds = exists().where(_B.conversation_id == _T.conversation_id, _B.open_turn == _T.turn_id)
    for turn_id in _turns_where(connection, id, _T.status == "running", not_(holds)):
        yield "open-turn", f"turn {turn_id} is running and holds no branch"


def _turn_of(conversation: ColumnElement[Any], turn: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(_T.conversation_id == conversation, _T.turn_id == turn)


def _turns_where(connection: Connection, id: UUID, *where: ColumnElement[bool]) -> list[UUID]:
    wanted = select(_T.turn_id).where(_T.conversation_id == id, *where).order_by(_T.turn_id).limit(PAGE)
    return list(connection.execute(wanted).scalars())


def _last_turns(connection: Connection, id: UUID) -> Found:
    """An unfinished turn is the last of its branch: whoever writes on supersedes it."""
    same = exists().where(_turn_of(_B.conversation_id, _B.last_turn), _T.branch_no == _B.branch_no)
    lost = select(_B.branch_no).where(_B.conversation_id == id, _B.last_turn.is_not(None), not_(same))
    for number in connection.execute(lost).scalars():
        yield "last-turn", f"the last turn of branch {number} is not one of its turns"
    beyond = exists().where(
        _B.conversation_id == _T.conversation_id,
        _B.branch_no == _T.branch_no,
        _B.hidden_at.is_(None),
        or_(_B.last_turn.is_(None), _B.last_turn != _T.turn_id),
    )
    for turn_id in _turns_where(connection, id, _T.status.in_(UNFINISHED), beyond):
        yield "last-turn", f"turn {turn_id} is unfinished, and its branch went on without it"


def _turns(connection: Connection, id: UUID) -> Found:
    here = exists().where(_B.conversation_id == _T.conversation_id, _B.branch_no == _T.branch_no)
    running = _T.status == "running"
    wrong: Mapping[str, ColumnElement[bool]] = {
        "is on a branch that is not there": not_(here),
        "has a status nobody knows": _T.status.not_in(STATUSES),
        "is running and has ended, or neither": running == _T.ended_at.is_not(None),
        "has a call in flight without running": and_(not_(running), _T.pending.is_not(None)),
        "has neither begun nor gone on": or_(_T.attempt < 1, _T.calls < 0),
        "has half of a range": or_(
            _T.input_first.is_(None) != _T.input_last.is_(None), _T.output_first.is_(None) != _T.output_last.is_(None)
        ),
        "ends before it begins": or_(_T.input_first > _T.input_last, _T.output_first > _T.output_last),
    }
    for said, where in wrong.items():
        for turn_id in _turns_where(connection, id, where):
            yield "turn", f"turn {turn_id} {said}"
    for end in (_T.input_first, _T.input_last, _T.output_first, _T.output_last):
        place = _M.conversation_id == _T.conversation_id, _M.branch_no == _T.branch_no, _M.seq == end
        own = exists().where(*place, _M.turn_id == _T.turn_id)
        for turn_id in _turns_where(connection, id, end.is_not(None), not_(own)):
            yield "turn-range", f"turn {turn_id}: {end.name} is not one of its messages"


def _orphans(connection: Connection, id: UUID) -> Found:
    """Whatever names a turn names one that is there; a message one of its own branch."""
    known = exists().where(_turn_of(_M.conversation_id, _M.turn_id), _T.branch_no == _M.branch_no)
    lost = select(_M.branch_no, _M.seq).where(_M.conversation_id == id, _M.turn_id.is_not(None), not_(known))
    for number, seq in connection.execute(lost.limit(PAGE)):
        yield "orphan", f"message {seq} of branch {number} belongs to a turn that is not there"
    for table in (TABLES.calls, TABLES.partials, TABLES.requests):
        column = table.c.turn_id
        there = exists().where(_turn_of(table.c.conversation_id, column))
        missing = select(column).where(table.c.conversation_id == id, column.is_not(None), not_(there)).distinct()
        for turn_id in connection.execute(missing.limit(PAGE)).scalars():
            yield "orphan", f"{table.name} has rows of turn {turn_id}, which is not there"


def _repeated(connection: Connection, id: UUID) -> Found:
    counted = select(_M.id).where(_M.conversation_id == id).group_by(_M.id).having(func.count() > 1)
    for message_id in connection.execute(counted.limit(PAGE)).scalars():
        yield "doubled", f"message {message_id} is stored more than once"


def _calls(connection: Connection, id: UUID) -> Found:
    """A turn's calls are numbered from 1 to as many as it counts."""
    numbers = func.count().label("n"), func.min(_L.call_no).label("low"), func.max(_L.call_no).label("high")
    held = select(_L.turn_id, *numbers).where(_L.conversation_id == id).group_by(_L.turn_id).subquery()
    n, low, high = held.c.n, held.c.low, held.c.high
    wrong = or_(and_(n.is_(None), _T.calls != 0), n != _T.calls, low != 1, high != _T.calls)
    joined = TABLES.turns.outerjoin(held, held.c.turn_id == _T.turn_id)
    wanted = select(_T.turn_id, _T.calls).select_from(joined).where(_T.conversation_id == id, wrong)
    for turn_id, calls in connection.execute(wanted.limit(PAGE)):
        yield "calls", f"the calls of turn {turn_id} are not numbered from 1 to {calls}"


def _parts(connection: Connection, id: UUID) -> Found:
    """Parts of an answer, and calls that were started, are kept only while it may be continued, numbered from 0."""
    numbers = func.count(), func.min(_P.part_no), func.max(_P.part_no)
    groups = _P.turn_id, _P.attempt, _T.status, _T.attempt.label("now")
    joined = TABLES.partials.join(TABLES.turns, _turn_of(_P.conversation_id, _P.turn_id))
    counted = select(*groups, *numbers).select_from(joined).where(_P.conversation_id == id).group_by(*groups)
    for turn_id, attempt, status, now, count, low, high in connection.execute(counted):
        if attempt > now or (attempt == now and status not in MAY_HAVE_PARTS):
            yield "parts", f"turn {turn_id} is {status}, at attempt {now}, and has parts of attempt {attempt}"
        elif (low, high) != (0, count - 1):
            yield "parts", f"parts of turn {turn_id}, attempt {attempt}, are missing"


def _undecodable(connection: Connection, id: UUID) -> Found:
    for table in (TABLES.conversations, *_OWNED):
        columns = [column for column in table.c if isinstance(column.type, JsonText)]
        keys = [column for column in table.primary_key if column.name not in ("id", "conversation_id")]
        if columns:
            owner = table.c.id if table is TABLES.conversations else table.c.conversation_id
            wanted = select(*keys, *(_raw(connection, column) for column in columns)).where(owner == id)
            yield from _unreadable_rows(connection, table, wanted)


def _raw(connection: Connection, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The stored text, not decoded; on SQLite its bytes, which need not be text at all."""
    raw = cast(column, LargeBinary) if connection.dialect.name == "sqlite" else type_coerce(column, Text)
    return raw.label(f"raw_{column.name}")


def _unreadable_rows(connection: Connection, table: Table, wanted: Any) -> Found:
    if table is TABLES.messages:
        wanted = wanted.add_columns(_M.role)
    for row in connection.execute(wanted.execution_options(yield_per=PAGE)):
        named = ", ".join(str(value) for name, value in row._mapping.items() if name in table.primary_key.columns)
        for name, raw in row._mapping.items():
            if name.startswith("raw_") and raw is not None and not _is_readable(row, name, raw):
                yield "unreadable", f"{table.name}.{name.removeprefix('raw_')} of row ({named}) cannot be read back"


def _is_readable(row: Row[Any], name: str, raw: Any) -> bool:
    try:
        value = json.loads(raw)
        return name != "raw_body" or "role" not in row._mapping or message_from(value).role == row.role
    except (ValueError, RecursionError, InvalidMessage, TypeError):
        return False


CHECKS: tuple[Callable[[Connection, UUID], Found], ...] = (
    _conversation,
    _branches,
    _open_turns,
    _last_turns,
    _turns,
    _orphans,
    _repeated,
    _calls,
    _parts,
    _undecodable,
)
