"""Looking for damage: what must hold of every conversation, read off the tables. Nothing is changed.

Laws of this file:
- What a healthy store holds is never a finding, whatever is written meanwhile: a conversation is looked at in one
  snapshot.
- Memory is bounded: the database picks the rows that are wrong.
- A finding names rows by number and id, never by what they hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.engine import Connection

from convo.frozen import dataclass
from convo.records import UNFINISHED, Finding
from convo.store.tables import TABLES
from convo.store.types import Id

PAGE = 500
"""Rows given, and conversations listed, at a time."""

STATUSES = frozenset({"running", "completed", "cancelled", "superseded"}) | UNFINISHED
CALL_KINDS = frozenset({"complete", "stream", "summary"})
MAY_HAVE_PARTS = UNFINISHED | {"running"}

_C, _B, _M, _T = TABLES.conversations.c, TABLES.branches.c, TABLES.messages.c, TABLES.turns.c
_K, _L, _P = TABLES.keys.c, TABLES.calls.c, TABLES.partials.c
_ID = bindparam("id", type_=Id)
_OWNED = (TABLES.branches, TABLES.messages, TABLES.turns, TABLES.calls, TABLES.requests, TABLES.partials, TABLES.blobs)


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
    shown = exists().where(*_branch_of_turn(), _B.hidden_at.is_(None))
    wanted = select(_T.turn_id).where(_T.conversation_id == conversation_id, shown)
    if after is not None:
        wanted = wanted.where(_T.turn_id > after)
    return list(connection.execute(wanted.order_by(_T.turn_id).limit(PAGE)).scalars())


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
    """Yield what is wrong with the rows of one conversation, whatever their texts say; see ``texts``.

    O(its rows) in time; the transaction should be a snapshot.
    """
    given = {"id": conversation_id}
    for check in _checks():
        for row in connection.execute(check.wrong, given):
            yield Finding(check.kind, conversation_id, check.said.format(*row))


@dataclass(frozen=True, slots=True)
class Check:
    """What must not be: rows that are ``wrong``, of the conversation ``:id``; ``said`` of their columns."""

    kind: str
    wrong: Select[Any]
    said: str


@cache
def _checks() -> Sequence[Check]:
    """Every check, made once: to make a statement costs several times what it costs to run it."""
    made = (*_of_conversation(), *_of_branches(), *_of_held_branches(), *_of_turns(), *_of_ranges(), *_of_the_rest())
    return [Check(kind, wrong.limit(PAGE), said) for kind, wrong, said in made]


Made = Iterator[tuple[str, Select[Any], str]]


def _of_conversation() -> Made:
    here = _C.id == _ID
    active = exists().where(_B.conversation_id == _C.id, _B.branch_no == _C.active_branch, _B.hidden_at.is_(None))
    yield "active-branch", select(_C.active_branch).where(here, not_(active)), "the active branch {} is not there"
    beyond = exists().where(_B.conversation_id == _C.id, _B.branch_no > _C.branch_counter)
    yield "branch-counter", select(_C.branch_counter).where(here, beyond), "there are branches beyond the counter, {}"
    named = exists().where(_K.owner == _C.owner, _K.external_id == _C.external_id, _K.conversation_id == _C.id)
    lost = select(literal(1)).where(here, _C.external_id.is_not(None), not_(named))
    yield "name", lost.select_from(TABLES.conversations), "the conversation cannot be found by its name"


def _of_branches() -> Made:
    held = (
        select(_M.branch_no, func.count().label("n"), func.min(_M.seq).label("low"), func.max(_M.seq).label("high"))
        .where(_M.conversation_id == _ID)
        .group_by(_M.branch_no)
        .subquery()
    )
    n, low, high = func.coalesce(held.c.n, 0), held.c.low, held.c.high
    joined = TABLES.branches.outerjoin(held, held.c.branch_no == _B.branch_no)
    shown = select(_B.branch_no, _B.fork_seq, _B.head_seq).where(_B.conversation_id == _ID)
    holes = or_(n != _B.head_seq - _B.fork_seq, low != _B.fork_seq + 1, high != _B.head_seq)
    said = "branch {} does not hold each message after {} up to {} once, and no other"
    yield "range", shown.select_from(joined).where(holes), said
    yield "range", shown.where(or_(_B.fork_seq < 0, _B.head_seq < _B.fork_seq)), "branch {} is said to hold {} to {}"
    up = TABLES.branches.alias()
    owns = exists().where(
        up.c.conversation_id == _B.conversation_id,
        up.c.branch_no == _B.parent_no,
        up.c.branch_no < _B.branch_no,
        up.c.fork_seq < _B.fork_seq,
        up.c.head_seq >= _B.fork_seq,
    )
    stands = select(_B.branch_no, _B.fork_seq, _B.parent_no).where(_B.conversation_id == _ID)
    wrong = or_((_B.parent_no.is_(None)) != (_B.fork_seq == 0), and_(_B.parent_no.is_not(None), not_(owns)))
    yield "parent", stands.where(wrong), "branch {} stands on message {} of branch {}, which does not hold it"


def _branch_of_turn() -> tuple[ColumnElement[bool], ...]:
    return _B.conversation_id == _T.conversation_id, _B.branch_no == _T.branch_no


def _turn_of(conversation: ColumnElement[Any], turn: ColumnElement[Any]) -> tuple[ColumnElement[bool], ...]:
    return _T.conversation_id == conversation, _T.turn_id == turn


def _of_held_branches() -> Made:
    """A turn is running exactly while it holds its branch; an unfinished one is its branch's last."""
    shown = select(_B.branch_no, _B.open_turn, _B.open_attempt).where(_B.conversation_id == _ID)
    free = _B.open_turn.is_(None)
    by_half = or_(free != _B.open_attempt.is_(None), free != _B.lease_until.is_(None))
    yield "open-turn", shown.where(by_half), "branch {} is held by half: turn {}, attempt {}"
    runs = exists().where(
        *_turn_of(_B.conversation_id, _B.open_turn), *_branch_of_turn(), _T.status == "running", _is_attempt()
    )
    yield "open-turn", shown.where(not_(free), not_(runs)), "branch {} is held by turn {}, attempt {}, which is over"
    turns = select(_T.turn_id).where(_T.conversation_id == _ID)
    holds = exists().where(*_branch_of_turn(), _B.open_turn == _T.turn_id)
    yield "open-turn", turns.where(_T.status == "running", not_(holds)), "turn {} is running and holds no branch"
    same = exists().where(*_turn_of(_B.conversation_id, _B.last_turn), *_branch_of_turn())
    lost = select(_B.branch_no).where(_B.conversation_id == _ID, _B.last_turn.is_not(None), not_(same))
    yield "last-turn", lost, "the last turn of branch {} is none of its turns"
    went_on = or_(_B.last_turn.is_(None), _B.last_turn != _T.turn_id)
    beyond = exists().where(*_branch_of_turn(), _B.hidden_at.is_(None), went_on)
    left = turns.where(_T.status.in_(UNFINISHED), beyond)
    yield "last-turn", left, "turn {} is unfinished, and its branch went on without it"


def _is_attempt() -> ColumnElement[bool]:
    return _T.attempt == _B.open_attempt


def _of_turns() -> Made:
    turns, running = select(_T.turn_id).where(_T.conversation_id == _ID), _T.status == "running"
    here = exists().where(*_branch_of_turn())
    yield "orphan", turns.where(not_(here)), "turn {} is on a branch that is not there"
    yield "turn", turns.where(_T.status.not_in(STATUSES)), "turn {} has a status nobody knows"
    ended = running == _T.ended_at.is_not(None)
    yield "turn", turns.where(ended), "turn {} is running and has ended, or neither"
    in_flight = and_(not_(running), _T.pending.is_not(None))
    yield "turn", turns.where(in_flight), "turn {} has a call in flight, and is not running"
    yield "turn", turns.where(or_(_T.attempt < 1, _T.calls < 0)), "turn {} counts its attempts or calls below none"


def _of_ranges() -> Made:
    """A turn's input and output begin and end with messages of its own, or with some that went with their branch."""
    turns = select(_T.turn_id).where(_T.conversation_id == _ID)
    for name, first, last in (
        ("input", _T.input_first, _T.input_last),
        ("output", _T.output_first, _T.output_last),
    ):
        half = or_(first.is_(None) != last.is_(None), first > last)
        yield "turn-range", turns.where(half), f"the {name} of turn {{}} ends before it begins"
        for end in (first, last):
            place = _M.conversation_id == _T.conversation_id, _M.branch_no == _T.branch_no, _M.seq == end
            own = exists().where(*place, _M.turn_id == _T.turn_id)
            freed = exists().where(*_branch_of_turn(), _B.hidden_at.is_not(None), _B.head_seq < end)
            lost = turns.where(end.is_not(None), not_(own), not_(freed))
            yield "turn-range", lost, f"turn {{}} does not own its {end.name}"


def _of_the_rest() -> Made:
    """Messages, calls and parts: each once, numbered without a hole, of a turn that is there."""
    messages = select(_M.branch_no, _M.seq).where(_M.conversation_id == _ID)
    known = exists().where(*_turn_of(_M.conversation_id, _M.turn_id), _T.branch_no == _M.branch_no)
    lost = messages.where(_M.turn_id.is_not(None), not_(known))
    yield "orphan", lost, "on branch {}, message {} belongs to a turn that is not there"
    here = exists().where(_B.conversation_id == _M.conversation_id, _B.branch_no == _M.branch_no)
    astray = select(_M.branch_no, func.count()).where(_M.conversation_id == _ID, not_(here)).group_by(_M.branch_no)
    yield "orphan", astray, "branch {} is not there, and has {} messages"
    twice = select(_M.id, func.count()).where(_M.conversation_id == _ID).group_by(_M.id).having(func.count() > 1)
    yield "doubled", twice, "message {} is stored {} times"
    for table in (TABLES.calls, TABLES.partials, TABLES.requests):
        of = table.c.turn_id
        there = exists().where(*_turn_of(table.c.conversation_id, of))
        missing = select(of).where(table.c.conversation_id == _ID, of.is_not(None), not_(there)).distinct()
        yield "orphan", missing, f"{table.name} has rows of turn {{}}, which is not there"
    yield "calls", _miscounted_calls(), "the calls of turn {} are not numbered from 1 to {}"
    calls = select(_L.call_no, _L.turn_id).where(_L.conversation_id == _ID)
    yield "calls", calls.where(_L.kind.not_in(CALL_KINDS)), "call {} of turn {} is of a kind nobody knows"
    yield from _of_parts()


def _miscounted_calls() -> Select[Any]:
    numbers = func.count().label("n"), func.min(_L.call_no).label("low"), func.max(_L.call_no).label("high")
    held = select(_L.turn_id, *numbers).where(_L.conversation_id == _ID).group_by(_L.turn_id).subquery()
    n, low, high = func.coalesce(held.c.n, 0), held.c.low, held.c.high
    joined = TABLES.turns.outerjoin(held, held.c.turn_id == _T.turn_id)
    wanted = select(_T.turn_id, _T.calls).select_from(joined).where(_T.conversation_id == _ID)
    return wanted.where(or_(n != _T.calls, low != 1, high != _T.calls))


def _of_parts() -> Made:
    """Parts are kept while their attempt may be continued; those of an attempt given up may stay."""
    of_turn = TABLES.partials.join(TABLES.turns, and_(*_turn_of(_P.conversation_id, _P.turn_id)))
    group = _P.turn_id, _P.attempt, _T.status
    counted = select(*group).select_from(of_turn).where(_P.conversation_id == _ID).group_by(*group, _T.attempt)
    over = or_(_P.attempt > _T.attempt, and_(_P.attempt == _T.attempt, _T.status.not_in(MAY_HAVE_PARTS)))
    yield "parts", counted.where(over), "turn {} has parts of attempt {}, and is {}"
    holes = or_(func.min(_P.part_no) != 0, func.max(_P.part_no) != func.count() - 1)
    yield "parts", counted.having(holes), "parts of turn {}, attempt {}, are missing; it is {}"
