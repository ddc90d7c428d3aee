"""Branches: how they stand, and their heads, which move by compare-and-set.

Laws of this file:
- A head moves in one UPDATE that names the expected head and takes or releases the branch's open turn; it is the
  first statement of every write.
- A lease is computed and compared by the database alone.
- What a running turn writes is fenced by (turn, attempt), never by the lease: a lapse only permits a takeover.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Select, bindparam, or_, select, update
from sqlalchemy.engine import Connection

from convo.frozen import dataclass
from convo.records import Branch, Turn
from convo.store import ledger
from convo.store.branch_updates import BY_KEY, branch_update, now_ms
from convo.store.chain import Write, chained
from convo.store.rows import branch_from, compose_state_from
from convo.store.tables import TABLES
from convo.store.types import json_of, moment_of, raw, uuid_of

_B, _C = TABLES.branches.c, TABLES.conversations.c


_CLOSED = {"open_turn": None, "open_attempt": None, "lease_until": None, "cancel_attempt": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A branch of a conversation as its owner reaches it."""

    conversation_id: UUID
    owner: str
    branch_no: int
    revision: int


class Glance(NamedTuple):
    """What decides how a branch is composed, as the driver gives it: the same glance, the same list to send."""

    head: int
    revision: int
    settings: str
    compose_state: str | None
    pins: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchState:
    """A branch as it stands: what a handle must know before it writes.

    ``lease_left`` is in milliseconds by the database's clock, None when no turn is open. ``glance`` is what it was
    read from, None where it was not read. ``counter`` is the highest number given to a branch of the conversation.
    """

    branch: Branch
    glance: Glance | None
    owner: str
    revision: int
    settings: Mapping[str, Any]
    active_branch: int
    counter: int
    compose_state: Mapping[str, Any]
    open_turn: UUID | None
    open_attempt: int | None
    lease_left: int | None
    last: Turn | None

    def forked(self, branch: Branch, new: NewBranch) -> BranchState:
        """Return how ``branch``, just made of ``new`` in the same conversation, stands: no turn has begun on it."""
        return replace(
            self,
            branch=branch,
            glance=None,
            compose_state={**(new.compose_state or {}), "pins": [*new.pins]},
            open_turn=None,
            open_attempt=None,
            lease_left=None,
            last=None,
        )


def state(connection: Connection, conversation_id: UUID, branch: int | str | None) -> BranchState | None:
    """Return the branch by number or name (None: the active one) with its last turn.

    One statement, and one by key for the turn: PostgreSQL reads all turns where it misjudges a join to one.
    """
    by = "active" if branch is None else "name" if isinstance(branch, str) else "number"
    given = {"conversation": conversation_id} | ({} if branch is None else {"branch": branch})
    row = connection.execute(_state_query(connection.dialect.name, by), given).one_or_none()
    if row is None:
        return None
    last = None if row[-1] is None else ledger.turn(connection, conversation_id, uuid_of(row[-1]))
    return _state_from(row, last)


_WANTED = {
    "active": _B.branch_no == _C.active_branch,
    "name": _B.name == bindparam("branch"),
    "number": _B.branch_no == bindparam("branch"),
}


_BOTH = TABLES.branches.join(TABLES.conversations, _C.id == _B.conversation_id)
_THERE = _B.conversation_id == bindparam("conversation"), _B.hidden_at.is_(None)
_BRANCH = (_B.branch_no, _B.name, _B.parent_no, _B.fork_seq, _B.shown_parent_no, _B.head_seq, _B.created_at)
_GLANCED = (_B.head_seq, _C.revision, _C.settings, _B.compose_state, _B.pins)


@lru_cache
def _state_query(dialect: str, by: str) -> Select[Any]:
    """Not ``Prepared``: of so many columns SQLAlchemy remembers what each is, of a text's it asks the driver anew."""
    left = _B.lease_until - now_ms(dialect)
    opened = _B.open_turn, _B.open_attempt, left, _B.last_turn
    columns = (*_BRANCH, *_GLANCED[1:], _C.owner, _C.active_branch, _C.branch_counter, *opened)
    return select(*map(raw, columns)).select_from(_BOTH).where(*_THERE, _WANTED[by])


def _state_from(row: Any, last: Turn | None) -> BranchState:
    """Return what ``row``, as the driver gave it, says of a branch."""
    number, name, parent, fork_seq, shown, head, created_at, *rest = row
    revision, settings, compose_state, pins, owner, active, counter, open_turn, open_attempt, left, _ = rest
    return BranchState(
        branch=Branch(
            no=number,
            name=name,
            parent_no=parent,
            fork_seq=fork_seq,
            shown_parent_no=shown,
            head_seq=head,
            created_at=moment_of(created_at),
        ),
        glance=Glance(head, revision, settings, compose_state, pins),
        owner=owner,
        revision=revision,
        settings=json_of(settings),
        active_branch=active,
        counter=counter,
        compose_state=compose_state_from(compose_state, pins),
        open_turn=None if open_turn is None else uuid_of(open_turn),
        open_attempt=open_attempt,
        lease_left=None if open_turn is None else left,
        last=last,
    )


def listed(connection: Connection, conversation_id: UUID) -> list[Branch]:
    """Return the branches of a conversation that are not hidden, oldest first; O(branches)."""
    statement = select(TABLES.branches).where(_B.conversation_id == conversation_id, _B.hidden_at.is_(None))
    return [branch_from(row) for row in connection.execute(statement.order_by(_B.branch_no))]


def _moved(
    connection: Connection,
    place: Place,
    where: Sequence[str],
    given: Mapping[str, Any],
    then: Sequence[Write] = (),
    **values: Any,
) -> bool:
    """Run the ``branch_update`` with these conditions, parameters and new values; return whether it met the row.

    ``then`` is written where it did.
    """
    statement = branch_update(connection.dialect.name, tuple(where), tuple(values))
    new = {f"new_{name}": value for name, value in values.items()}
    key = {"conversation": place.conversation_id, "branch": place.branch_no}
    return chained(connection, Write(statement, [{**key, **given, **new}]), then)


def lock(connection: Connection, place: Place) -> None:
    """Wait in line for the branch, until this transaction ends; on SQLite a writing transaction has the database."""
    here = _B.conversation_id == place.conversation_id, _B.branch_no == place.branch_no
    by_key = select(_B.head_seq).with_hint(TABLES.branches, BY_KEY, "mariadb")
    connection.execute(by_key.where(*here).with_for_update())


def move(
    connection: Connection,
    place: Place,
    head: int,
    by: int,
    *,
    last_turn: UUID | None,
    opens: tuple[UUID, int] | None = None,
    lease_ms: int = 0,
    over: tuple[UUID, int] | None = None,
    held: tuple[UUID, int] | None = None,
    after: UUID | Literal["any"] | None = "any",
    then: Sequence[Write] = (),
) -> bool:
    """Move the head on by ``by`` messages from ``head``, and open a turn where ``opens`` (id, attempt) names one.

    Returns whether it moved: the head was elsewhere, or another turn is open, if not. ``over`` names an open turn
    (id, attempt) that is to be taken over, which only a lapsed lease permits; ``held`` one that the writer himself
    holds and nobody has asked to stop. ``last_turn`` is the turn the new tail belongs to, ``after`` the one that the
    tail so far must belong to (None: to none). One statement, and ``then`` where it moved.
    """
    turn = over or held
    where = ["head", "shown", "unrevised"]
    where += ["no turn"] if turn is None else ["turn", "unasked" if over is None else "lapsed"]
    given: dict[str, Any] = {"head": head, "owner": place.owner, "revision": place.revision}
    given |= {} if turn is None else {"turn": turn[0], "attempt": turn[1]}
    if after != "any":
        where.append("after none" if after is None else "after")
        given |= {} if after is None else {"after": after}
    values: dict[str, Any] = {"head_seq": head + by, "last_turn": last_turn}
    if opens is not None:
        values |= {**_CLOSED, "open_turn": opens[0], "open_attempt": opens[1], "lease_until": lease_ms}
    elif over is not None:
        values |= _CLOSED
    return _moved(connection, place, where, given, then, **values)


def release(
    connection: Connection,
    place: Place,
    turn: tuple[UUID, int],
    head: int,
    compose_state: Mapping[str, Any] | None,
    at: int | None = None,
    then: Sequence[Write] = (),
) -> bool:
    """Close the open ``turn`` (id, attempt), its head now at ``head``; return whether it was still this one's.

    ``compose_state`` is written where it is not None. ``at``: only where the head is there so far.
    """
    values: dict[str, Any] = {"head_seq": head, **_CLOSED}
    if compose_state is not None:
        values["compose_state"] = compose_state
    where, given = ["turn"], {"turn": turn[0], "attempt": turn[1]}
    if at is not None:
        where, given = [*where, "head"], {**given, "head": at}
    return _moved(connection, place, where, given, then, **values)


def advance(
    connection: Connection,
    place: Place,
    turn: tuple[UUID, int],
    head: int,
    lease_ms: int,
    compose_state: Mapping[str, Any] | None = None,
    then: Sequence[Write] = (),
) -> bool:
    """Move the head on by one message from ``head`` while the open ``turn`` stays open, with a new lease.

    Returns whether it moved: the turn is no longer this one's, or the head is elsewhere, if not. ``compose_state`` is
    written where it is not None.
    """
    values: dict[str, Any] = {"head_seq": head + 1, "lease_until": lease_ms}
    if compose_state is not None:
        values["compose_state"] = compose_state
    given = {"turn": turn[0], "attempt": turn[1], "head": head}
    return _moved(connection, place, ["turn", "head"], given, then, **values)


def renew(connection: Connection, place: Place, turn: tuple[UUID, int], lease_ms: int) -> bool:
    """Give the open ``turn`` a new lease; return whether it is still this one's and nobody asked it to stop."""
    given = {"turn": turn[0], "attempt": turn[1]}
    return _moved(connection, place, ["turn", "unasked"], given, lease_until=lease_ms)


def hold(
    connection: Connection,
    place: Place,
    turn: tuple[UUID, int],
    lease_ms: int,
    compose_state: Mapping[str, Any] | None = None,
) -> bool:
    """Give the open ``turn`` a new lease and, where it is not None, the branch a new ``compose_state``.

    Returns whether the turn is still this one's.
    """
    values: dict[str, Any] = {"lease_until": lease_ms}
    if compose_state is not None:
        values["compose_state"] = compose_state
    return _moved(connection, place, ["turn"], {"turn": turn[0], "attempt": turn[1]}, **values)


def ask_to_stop(connection: Connection, place: Place, turn: tuple[UUID, int]) -> bool:
    """Ask whoever runs the open ``turn`` to stop; return whether it was still open. Learnt at the next checkpoint."""
    given = {"turn": turn[0], "attempt": turn[1]}
    return _moved(connection, place, ["turn"], given, cancel_attempt=turn[1])


def set_pins(connection: Connection, place: Place, old: Sequence[int], new: Sequence[int]) -> bool:
    """Replace the pinned seqs while they are ``old``; return whether they were. A turn's finish leaves them alone."""
    unchanged = _B.pins == list(old) if old else or_(_B.pins.is_(None), _B.pins == [])
    here = _B.conversation_id == place.conversation_id, _B.branch_no == place.branch_no
    statement = update(TABLES.branches).with_hint(BY_KEY, dialect_name="mariadb")
    statement = statement.where(*here, unchanged).values(pins=list(new))
    return connection.execute(statement).rowcount == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBranch:
    """What a fork is made of. ``parent_no`` owns the message ``fork_seq``; None for a fork before the first.

    ``messages`` counts those that are written with it, ``last_turn`` is the turn they belong to.
    """

    name: str
    parent_no: int | None
    fork_seq: int
    shown_parent_no: int
    compose_state: Mapping[str, Any] | None
    pins: Sequence[int] = ()
    messages: int = 0
    last_turn: UUID | None = None
