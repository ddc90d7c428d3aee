"""Making branches: a fork is one row of bounded size, under a number that nobody else gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Text, bindparam, exists, insert, select, update
from sqlalchemy.engine import Connection

from convo.records import Branch
from convo.store.branches import Glance, NewBranch, Place
from convo.store.chain import Write, chained
from convo.store.clock import now
from convo.store.prepared import Prepared
from convo.store.tables import TABLES

_B, _C = TABLES.branches.c, TABLES.conversations.c
_INSERT = Prepared(insert(TABLES.branches))


def next_number(connection: Connection, place: Place) -> int | None:
    """Return a branch number nobody else gets, None where the conversation is gone, revised or another's.

    The counter is a row that two forks share for one short write; ``max + 1`` with retries loses forks.
    """
    given = {"conversation": place.conversation_id, "of": place.owner, "at": place.revision}
    return _OWN_COUNTER.raised(connection, given)


def claim_number(connection: Connection, conversation_id: UUID) -> int:
    """Return a branch number nobody else gets, for a turn that holds a branch of the conversation already."""
    number = _COUNTER.raised(connection, {"conversation": conversation_id})
    assert number is not None  # noqa: S101 - a branch of it is held
    return number


class _Counter:
    """A conversation's counter of branches, raised in one statement where the database tells what it changed."""

    def __init__(self, *conditions: ColumnElement[bool]) -> None:
        here = _C.id == bindparam("conversation")
        raise_it = update(TABLES.conversations).where(here, *conditions).values(branch_counter=_C.branch_counter + 1)
        self._raise, self._read = Prepared(raise_it), Prepared(select(_C.branch_counter).where(here))
        self._raise_and_tell = Prepared(raise_it.returning(_C.branch_counter))

    def raised(self, connection: Connection, given: Mapping[str, Any]) -> int | None:
        """Return the counter, raised by one; None where the conditions do not hold."""
        number: int | None = None
        if connection.dialect.update_returning:
            number = self._raise_and_tell.run(connection, given).scalar()
        elif self._raise.run(connection, given).rowcount == 1:
            number = self._read.run(connection, {"conversation": given["conversation"]}).scalar_one()
        return number


_COUNTER = _Counter()
_OWN_COUNTER = _Counter(_C.owner == bindparam("of"), _C.revision == bindparam("at"))


def take_number(connection: Connection, place: Place, seen: Glance, number: int, then: Sequence[Write]) -> bool:
    """Take the next branch number where it is ``number`` and the branch stands as ``seen``; write ``then`` with it.

    Returns whether it was so: not where somebody else took a number, which who deletes a branch does too.
    """
    given = {"conversation": place.conversation_id, "of": place.owner, "at": place.revision, "number": number}
    branch = {"branch": place.branch_no, "head": seen.head, "state": seen.compose_state, "pinned": seen.pins}
    return chained(connection, Write(_TAKE, [{**given, **branch, "settings": seen.settings}]), then)


_STANDS_SO = exists().where(
    _B.conversation_id == bindparam("conversation"),
    _B.branch_no == bindparam("branch"),
    _B.hidden_at.is_(None),
    _B.head_seq == bindparam("head"),
    _B.compose_state.is_not_distinct_from(bindparam("state", type_=Text())),
    _B.pins.is_not_distinct_from(bindparam("pinned", type_=Text())),
)
_TAKE = Prepared(
    update(TABLES.conversations)
    .where(_C.id == bindparam("conversation"), _C.owner == bindparam("of"), _C.revision == bindparam("at"))
    .where(_C.branch_counter == bindparam("number", type_=Integer) - 1, _STANDS_SO)
    .where(_C.settings == bindparam("settings", type_=Text()))
    .values(branch_counter=bindparam("number", type_=Integer))
)


def made_of(number: int, new: NewBranch) -> Branch:
    """Return the branch that is made of ``new`` now, under this number."""
    return Branch(
        no=number,
        name=new.name,
        parent_no=new.parent_no,
        fork_seq=new.fork_seq,
        shown_parent_no=new.shown_parent_no,
        head_seq=new.fork_seq + new.messages,
        created_at=now(),
    )


def fork_write(conversation_id: UUID, branch: Branch, new: NewBranch) -> Write:
    """The write of the one row of a fork, ``branch`` made of ``new``. Its parent is not touched."""
    row = {
        "conversation_id": conversation_id,
        "branch_no": branch.no,
        "name": branch.name,
        "parent_no": branch.parent_no,
        "fork_seq": branch.fork_seq,
        "shown_parent_no": branch.shown_parent_no,
        "head_seq": branch.head_seq,
        "last_turn": new.last_turn,
        "compose_state": new.compose_state,
        "pins": list(new.pins) or None,
        "created_at": branch.created_at,
    }
    return Write(_INSERT, [row])


def fork(connection: Connection, conversation_id: UUID, number: int, new: NewBranch) -> Branch:
    """Write the one row of a fork and return it.

    Raises sqlalchemy's IntegrityError where the name is taken.
    """
    branch = made_of(number, new)
    fork_write(conversation_id, branch, new).run(connection)
    return branch


def named(connection: Connection, conversation_id: UUID, name: str) -> int | None:
    """Return the number of the branch of that name, None where there is none."""
    number: int | None = _NAMED.run(connection, {"conversation": conversation_id, "wanted": name}).scalar()
    return number


_NAMED = Prepared(
    select(_B.branch_no).where(_B.conversation_id == bindparam("conversation"), _B.name == bindparam("wanted"))
)
