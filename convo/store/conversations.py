"""Conversations: made, found, listed, changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Select, and_, bindparam, insert, or_, select, update
from sqlalchemy.engine import Connection

from convo.frozen import dataclass
from convo.records import ConversationInfo
from convo.store.chain import Write
from convo.store.clock import now
from convo.store.prepared import Prepared
from convo.store.rows import CONVERSATION_COLUMNS, conversation_from
from convo.store.tables import TABLES

MAIN = 0
MAIN_NAME = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConversation:
    """What a conversation is made with; the id is made by the client before the first try."""

    id: UUID
    owner: str
    external_id: str | None = None
    title: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def create(connection: Connection, new: NewConversation, head: int = 0) -> None:
    """Write a conversation with its main branch, whose ``head`` messages are written with it; three statements at most.

    Raises sqlalchemy's IntegrityError where the external id is taken; the port runs the work again, which then
    finds the other's conversation.
    """
    moment = now()
    if new.external_id is not None:
        key = {"owner": new.owner, "external_id": new.external_id, "conversation_id": new.id}
        connection.execute(insert(TABLES.keys), key)
    connection.execute(
        insert(TABLES.conversations),
        {
            "id": new.id,
            "owner": new.owner,
            "external_id": new.external_id,
            "title": new.title,
            "metadata": dict(new.metadata),
            "settings": dict(new.settings),
            "active_branch": MAIN,
            "branch_counter": MAIN,
            "revision": 0,
            "created_at": moment,
            "active_at": moment,
        },
    )
    branch = {"conversation_id": new.id, "branch_no": MAIN, "name": MAIN_NAME, "fork_seq": 0, "head_seq": head}
    connection.execute(insert(TABLES.branches), {**branch, "created_at": moment})


def find(connection: Connection, owner: str, external_id: str) -> UUID | None:
    """Return the id of the owner's conversation of that name."""
    return connection.execute(_FIND, {"of": owner, "called": external_id}).scalar()


_FIND = select(TABLES.keys.c.conversation_id).where(
    TABLES.keys.c.owner == bindparam("of"), TABLES.keys.c.external_id == bindparam("called")
)


def info(connection: Connection, owner: str | None, conversation_id: UUID) -> ConversationInfo | None:
    """Return the conversation when it is the owner's (None: whoever's)."""
    row = _INFO.run(connection, {"conversation": conversation_id}).one_or_none()
    found = None if row is None else conversation_from(row)
    return found if found is not None and owner in (None, found.owner) else None


_C = TABLES.conversations.c
_COLUMNS = [_C[name] for name in CONVERSATION_COLUMNS]
_INFO = Prepared(select(*_COLUMNS).where(_C.id == bindparam("conversation")))


def page(
    connection: Connection, owner: str | None, limit: int, before: tuple[datetime, UUID] | None
) -> list[ConversationInfo]:
    """Return the owner's conversations (None: everybody's), most recently active first.

    O(limit) by the index, O(conversations) for everybody's. ``before`` is ``(active_at, id)`` of the last one of the
    page before.
    """
    query = _page(owner is not None, before is not None)
    return [conversation_from(row) for row in query.run(connection, page_given(owner, limit, before)).fetchall()]


@lru_cache
def _page(owned: bool, follows: bool) -> Prepared:
    return Prepared(newest(owned, follows))


def newest(owned: bool, follows: bool) -> Select[Any]:
    """Return the SELECT of a page of the ``CONVERSATION_COLUMNS``: of one owner's, of those that follow one."""
    limit = bindparam("page", type_=Integer)
    wanted = select(*_COLUMNS).order_by(_C.active_at.desc(), _C.id.desc()).limit(limit)
    if owned:
        wanted = wanted.where(_C.owner == bindparam("of"))
    if follows:
        moment, last = bindparam("moment", type_=_C.active_at.type), bindparam("last", type_=_C.id.type)
        after = or_(_C.active_at < moment, and_(_C.active_at == moment, _C.id < last))
        wanted = wanted.where(_C.active_at <= moment, after)
    return wanted


def page_given(owner: str | None, limit: int, before: tuple[datetime, UUID] | None) -> dict[str, Any]:
    """Return the parameters of ``newest``."""
    given: dict[str, Any] = {"page": limit} | ({} if owner is None else {"of": owner})
    return given if before is None else {**given, "moment": before[0], "last": before[1]}


def touching_write(conversation_id: UUID) -> Write:
    """The write that notes that the conversation was active now."""
    return Write(_TOUCH, [{"conversation": conversation_id, "now": now()}])


def touch(connection: Connection, conversation_id: UUID) -> None:
    """Note that the conversation was active now."""
    touching_write(conversation_id).run(connection)


_TOUCH = Prepared(
    update(TABLES.conversations)
    .where(TABLES.conversations.c.id == bindparam("conversation"))
    .values(active_at=bindparam("now"))
)


def change(connection: Connection, owner: str, conversation_id: UUID, **values: Any) -> bool:
    """Set title, metadata, settings or active_branch; return whether the conversation is the owner's."""
    table = TABLES.conversations
    where = table.c.id == conversation_id, table.c.owner == owner
    return connection.execute(update(table).where(*where).values(**values)).rowcount == 1
