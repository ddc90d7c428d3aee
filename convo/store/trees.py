"""What stands beside what: siblings, branches freed and hidden, paths copied."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Connection

from convo.records import Entry
from convo.store.branch_updates import BY_KEY
from convo.store.clock import now
from convo.store.history import Span, read
from convo.store.tables import TABLES
from convo.store.types import Id

_B, _M, _T = TABLES.branches.c, TABLES.messages.c, TABLES.turns.c


def siblings(connection: Connection, conversation_id: UUID, parent_no: int | None, seq: int) -> list[Entry]:
    """Return the messages that stand at ``seq`` right after the same message, by branch number; two statements.

    ``parent_no`` is the branch that owns the message before (None: there is none). O(siblings), by the index.
    """
    beside = _B.parent_no.is_(None) if parent_no is None else _B.parent_no == parent_no
    stands = and_(beside, _B.fork_seq == seq - 1)
    if parent_no is not None:
        stands = or_(stands, _B.branch_no == parent_no)
    numbers = select(_B.branch_no).where(_B.conversation_id == conversation_id, stands, _B.hidden_at.is_(None))
    spans = [Span(number, seq - 1, seq) for number in connection.execute(numbers).scalars()]
    return sorted(read(connection, conversation_id, spans), key=lambda entry: entry.branch_no)


def rename(connection: Connection, conversation_id: UUID, number: int, name: str) -> bool:
    """Give a branch another name; return whether it is there. IntegrityError where the name is taken."""
    where = _B.conversation_id == conversation_id, _B.branch_no == number, _B.hidden_at.is_(None)
    return connection.execute(update(TABLES.branches).where(*where).values(name=name)).rowcount == 1


def hide(connection: Connection, conversation_id: UUID, number: int) -> bool:
    """Hide a branch on which no turn is open, and free its name; return whether it was so."""
    where = (
        _B.conversation_id == conversation_id,
        _B.branch_no == number,
        _B.hidden_at.is_(None),
        _B.open_turn.is_(None),
    )
    hidden = update(TABLES.branches).with_hint(BY_KEY, dialect_name="mariadb").where(*where)
    return connection.execute(hidden.values(hidden_at=now(), name=None, last_turn=None)).rowcount == 1


def free(connection: Connection, conversation_id: UUID, number: int) -> None:
    """Remove of a hidden branch what no other branch stands on, and of its hidden ancestors what then is free.

    Messages go with their turns, calls, parts and keys. O(what is removed, and keys of the conversation).
    """
    branch: int | None = number
    while branch is not None:
        branch = _free_one(connection, conversation_id, branch)


def _free_one(connection: Connection, conversation_id: UUID, number: int) -> int | None:
    """Free one branch; return its parent when the branch is gone and the parent is hidden too."""
    kept = connection.execute(
        select(func.max(_B.fork_seq)).where(_B.conversation_id == conversation_id, _B.parent_no == number)
    ).scalar()
    _remove_after(connection, conversation_id, number, kept or 0)
    here = _B.conversation_id == conversation_id, _B.branch_no == number
    if kept is not None:
        connection.execute(update(TABLES.branches).where(*here).values(head_seq=kept))
        return None
    parent = connection.execute(select(_B.parent_no).where(*here)).scalar()
    connection.execute(delete(TABLES.branches).where(*here))
    if parent is None:
        return None
    hidden = select(_B.hidden_at).where(_B.conversation_id == conversation_id, _B.branch_no == parent)
    return parent if connection.execute(hidden).scalar() is not None else None


def _remove_after(connection: Connection, conversation_id: UUID, number: int, kept: int) -> None:
    gone = _turns_after(conversation_id, number, kept)
    for table in (TABLES.calls, TABLES.partials, TABLES.requests):
        turns = table.c.turn_id.in_(gone)
        connection.execute(delete(table).where(table.c.conversation_id == conversation_id, turns))
    ids = list(connection.execute(gone).scalars())
    connection.execute(delete(TABLES.turns).where(_T.conversation_id == conversation_id, _T.turn_id.in_(ids)))
    after = _M.conversation_id == conversation_id, _M.branch_no == number, _M.seq > kept
    connection.execute(delete(TABLES.messages).where(*after))


def _turns_after(conversation_id: UUID, number: int, kept: int) -> Select[tuple[UUID]]:
    """The turns of a branch that left nothing at or before ``kept``."""
    first = func.coalesce(_T.input_first, _T.output_first, kept + 1)
    here = _T.conversation_id == conversation_id, _T.branch_no == number
    return select(_T.turn_id).where(*here, first > kept)


def copy_span(connection: Connection, source: UUID, target: UUID, span: Span) -> int:
    """Copy the messages of a range into the main branch of another conversation, in one statement; return how many.

    Ids, texts, marks and times stay; turns do not come along, so the copies belong to none.
    """
    same = [column for column in TABLES.messages.c if column.name not in ("conversation_id", "branch_no", "turn_id")]
    given: list[ColumnElement[Any]] = [bindparam("target", target, type_=Id), literal(0), null()]
    picked = select(*given, *same).where(
        _M.conversation_id == source, _M.branch_no == span.branch_no, _M.seq > span.lo, _M.seq <= span.hi
    )
    names = ["conversation_id", "branch_no", "turn_id", *(column.name for column in same)]
    copied = insert(TABLES.messages).from_select(names, picked).execution_options(preserve_rowcount=True)
    return connection.execute(copied).rowcount


def set_head(connection: Connection, conversation_id: UUID, head: int) -> None:
    """Set the head of a conversation's new main branch, which nobody else knows yet."""
    where = _B.conversation_id == conversation_id, _B.branch_no == 0
    connection.execute(update(TABLES.branches).where(*where).values(head_seq=literal(head, BigInteger)))
