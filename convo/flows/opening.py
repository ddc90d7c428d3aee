"""Opening, starting, loading and listing conversations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.engine import Connection

from convo.backends.models import ModelInfo
from convo.backends.registry import resolve
from convo.errors import InvalidSetting, NotFound
from convo.flows.handle import Handle, handle_from, refresh
from convo.flows.idempotency import Key, key_for, record
from convo.flows.outbound import make_entries
from convo.flows.settings import (
    Settings,
    checked_branch,
    checked_metadata,
    checked_name,
    checked_owner,
    checked_title,
    named,
    uuid_from,
)
from convo.flows.verbs import messages_from
from convo.frozen import dataclass
from convo.harmless import brief
from convo.messages import MessageLike
from convo.ports import Port
from convo.records import ConversationInfo, Entry, Hits
from convo.store import branches, conversations, ledger, requests, searching
from convo.store.branches import BranchState
from convo.store.clock import new_id
from convo.store.conversations import NewConversation

PAGE = 50
SEARCHED = 1000
"""Characters that a text searched for may have."""

_STARTED = UUID("5b0a2c3e-7a44-5f0b-9d55-6f1c3b6f7a10")
"""The namespace of the ids of conversations started under an idempotency key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What a conversation is made with, beyond its settings."""

    title: str | None = None
    metadata: Mapping[str, Any] | None = None


def conversation_id_from(given: Any) -> UUID:
    """Return ``given`` (a UUID or its text) as a conversation's id; raises NotFound for what is none."""
    found = uuid_from(given)
    if found is None:
        raise NotFound(f"{named(given)} is no conversation id: they are UUIDs; open() takes names of your own")
    return found


def new_conversation(owner: str, external_id: str | None, settings: Settings, making: Making) -> NewConversation:
    """Return what a conversation is made with, checked; its id is made here."""
    return NewConversation(
        id=new_id(),
        owner=owner,
        external_id=external_id,
        title=checked_title(making.title),
        metadata=checked_metadata(making.metadata),
        settings=settings.stored.to_json(),
    )


async def open_named(
    port: Port, owner: str, external_id: str, settings: Settings, backend: Any, making: Making
) -> Handle:
    """Return a handle on the owner's conversation of that name, made now if it is new.

    Two processes that open the same new name at once get one conversation. What it is made with is stored only when
    it is new; an existing one keeps its own, and ``settings`` hold for this handle alone.
    """
    new = new_conversation(checked_owner(owner), checked_name(external_id, "external_id"), settings, making)
    answering = resolve(backend) if backend is not None else None
    known = await port.read(lambda c: _known(c, new))
    found = known if known is not None else await port.write(lambda c: _known(c, new) or _made(c, new))
    own = settings.unstored if found[0] == new.id else settings
    return handle_from(port, found[1], found[0], own, answering)


def _known(connection: Connection, new: NewConversation) -> tuple[UUID, BranchState] | None:
    known = conversations.find(connection, new.owner, new.external_id or "")
    found = branches.state(connection, known, None) if known is not None else None
    return None if known is None or found is None else (known, found)


def _made(
    connection: Connection, new: NewConversation, entries: Sequence[Entry] = (), key: Key | None = None
) -> tuple[UUID, BranchState]:
    conversations.create(connection, new, head=len(entries))
    ledger.add_messages(connection, entries)
    record(connection, new.id, key, None, 1)
    found = branches.state(connection, new.id, None)
    assert found is not None  # noqa: S101 - written in this transaction
    return new.id, found


async def start(
    port: Port,
    owner: str,
    messages: MessageLike | Iterable[MessageLike],
    settings: Settings,
    backend: Any,
    making: Making,
    idempotency_key: str | None = None,
) -> Handle:
    """Return a handle on a new conversation without a name, holding ``messages``; one transaction.

    The same ``idempotency_key`` of the same owner gives the same conversation; raises IdempotencyMismatch where it
    was used for other messages.
    """
    new = new_conversation(checked_owner(owner), None, settings, making)
    answering = resolve(backend) if backend is not None else None
    brought = messages_from(messages, allow_empty=True)
    key = key_for(idempotency_key, "start", owner, brought)
    if key is not None:
        new = replace(new, id=uuid5(_STARTED, f"{owner}\0{key.key}"))
    entries = make_entries(new.id, conversations.MAIN, brought, None, 0)

    def work(connection: Connection) -> BranchState:
        found = branches.state(connection, new.id, conversations.MAIN)
        if found is None:
            return _made(connection, new, entries, key)[1]
        done = requests.find(connection, new.id, key.key) if key is not None else None
        if key is not None and done is not None:
            key.check(done)
        return found

    return handle_from(port, await port.write(work), new.id, settings.unstored, answering)


async def load(
    port: Port, owner: str | None, conversation_id: Any, branch: str | int | None, settings: Settings, backend: Any
) -> Handle:
    """Return a handle on a branch (None: the active one) of an existing conversation; raises NotFound."""
    wanted = conversation_id_from(conversation_id)
    named = None if branch is None else checked_branch(branch)
    answering = resolve(backend) if backend is not None else None
    found = await port.read(lambda c: branches.state(c, wanted, named))
    if found is None or owner not in (None, found.owner):
        where = "" if branch is None else f" with a branch {brief(branch)}"
        raise NotFound(f"there is no conversation {wanted}{where} in this store")
    return handle_from(port, found, wanted, settings, answering)


async def configure(handle: Handle, settings: Settings, title: str | None, metadata: Mapping[str, Any] | None) -> None:
    """Change what is stored with the conversation: the settings given, title and metadata where not None.

    What this handle had been given otherwise counts no longer; profile and lease, which are not stored, are its own.
    """
    found = await refresh(handle)
    values: dict[str, Any] = {"settings": settings.over(Settings.from_json(found.settings)).to_json()}
    if title is not None:
        values["title"] = checked_title(title)
    if metadata is not None:
        values["metadata"] = checked_metadata(metadata)
    place = handle.place
    if not await handle.port.write(lambda c: conversations.change(c, place.owner, place.conversation_id, **values)):
        raise NotFound("this conversation is no longer there")
    handle.given = settings.unstored.over(handle.given.without(settings))
    await refresh(handle)


async def listing(port: Port, owner: str | None, limit: int, before: ConversationInfo | None) -> list[ConversationInfo]:
    """Return up to ``limit`` conversations, most recently active first, after ``before``; O(limit)."""
    _check_page(limit, before)
    after = None if before is None else (before.active_at, before.id)
    return await port.read(lambda c: conversations.page(c, owner, limit, after), replica=True)


async def search(port: Port, owner: str | None, text: str, limit: int, before: ConversationInfo | None) -> Hits:
    """Return where ``text`` stands in the newest messages of ``limit`` conversations, after ``before``."""
    if not isinstance(text, str) or not text or len(text) > SEARCHED:
        raise InvalidSetting(f"text: must be a text of 1 to {SEARCHED} characters", field="text")
    _check_page(limit, before)
    found, last = await port.read(lambda c: searching.search(c, text, owner, limit, before), replica=True)
    return Hits(tuple(found), last)


def _check_page(limit: int, before: ConversationInfo | None) -> None:
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= 1000:
        raise InvalidSetting("limit: must be a whole number from 1 to 1000", field="limit")
    if before is not None and not isinstance(before, ConversationInfo):
        raise InvalidSetting("before: must be one of conversations(), the last already seen", field="before")


async def forget_keys(port: Port, owner: str | None, before: datetime) -> int:
    """Remove the idempotency keys recorded before ``before``; return how many."""
    if not isinstance(before, datetime) or before.tzinfo is None:
        raise InvalidSetting("before: must be a datetime with a time zone", field="before")
    return await port.write(lambda c: requests.sweep(c, owner, before))


async def models(port: Port, backend: Any) -> tuple[ModelInfo, ...]:
    """Return the models that the server of ``backend`` offers; raises Unsupported where there is no such list."""
    return await port.models(resolve(backend))
