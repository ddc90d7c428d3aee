"""From what was typed to a store and a handle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from convo.errors import NotFound
from convo.store.engine import is_memory, is_sqlite, parse_url

if TYPE_CHECKING:
    from convo import Conversation, Store
    from convo.records import ConversationInfo, Entry, Hit

PAGE = 1000
"""Conversations read at once."""


def database_url(typed: str, *, exists: bool = False) -> str:
    """Return the URL of the database ``typed``: a URL, or the path of an SQLite file.

    With ``exists``, raises NotFound for an SQLite file that is not there, which opening would make.
    """
    text = typed if "://" in typed else f"sqlite:///{typed}"
    url = parse_url(text)
    if exists and is_sqlite(url) and not is_memory(url) and not Path(url.database or "").is_file():
        raise NotFound(f"there is no database file {url.database}")
    return text


def open_store(typed: str, owner: str | None) -> Store:
    """Return the store that was ``typed``, as ``owner`` sees it (None: with everybody's conversations)."""
    from convo import Store

    return Store(database_url(typed, exists=True), owner=owner)


def newest(store: Store, limit: int) -> Iterator[ConversationInfo]:
    """Yield up to ``limit`` conversations, the most recently active first, read page by page."""
    page: list[ConversationInfo] = []
    while limit > 0:
        page = store.conversations(limit=min(limit, PAGE), before=page[-1] if page else None)
        yield from page
        limit = limit - PAGE if len(page) == PAGE else 0


def searched(store: Store, text: str, limit: int) -> Iterator[Hit]:
    """Yield the messages that hold ``text`` in up to ``limit`` conversations, read page by page."""
    last: ConversationInfo | None = None
    while limit > 0:
        page = store.search(text, limit=min(limit, PAGE), before=last)
        yield from page.found
        last = page.last
        limit = 0 if last is None else limit - PAGE


def known_ids(typed: str, incomplete: str) -> list[str]:
    """Return the ``ID``s, or ``ID@BRANCH``es where there is an @, that begin with ``incomplete``."""
    with open_store(typed, None) as store:
        id, at, _ = incomplete.partition("@")
        if at:
            known = [f"{id}@{branch.name}" for branch in store.load(id).branches()]
        else:
            known = [str(info.id) for info in newest(store, PAGE)]
    return [one for one in known if one.startswith(incomplete)]


def turn_reference(typed: str | None) -> int | str | None:
    """Return the turn that was ``typed``: its number, or its id."""
    if typed is None:
        return None
    return int(typed) if typed.removeprefix("-").isdecimal() else typed


def load(store: Store, typed: str) -> Conversation:
    """Return the conversation ``typed`` as ``ID`` (its active branch) or ``ID@BRANCH``; raises NotFound."""
    id, _, branch = typed.partition("@")
    return store.load(id, branch=branch or None)


def entry_at(chat: Conversation, seq: int) -> Entry:
    """Return the message ``seq`` of a branch; raises NotFound."""
    last = chat.history(limit=1)
    head = last[0].seq if last else 0
    if not 1 <= seq <= head:
        raise NotFound(f"there is no message #{seq} on branch {chat.branch.name!r}; the last is #{head}")
    found = chat.history(limit=1, before=replace(last[0], seq=seq + 1))
    return found[0]
