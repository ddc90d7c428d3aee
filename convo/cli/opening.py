"""From what was typed to a store and a handle."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from convo.errors import InvalidSetting, NotFound
from convo.messages import AssistantMessage
from convo.store.engine import is_memory, is_sqlite, parse_url

if TYPE_CHECKING:
    from convo import Conversation, Store
    from convo.records import ConversationInfo, Entry, Hit

PAGE = 1000
"""Conversations read at once."""

SOMETHING = "…"
"""Stands for what the user would say next."""

_TYPED_AS_IT_IS = re.compile(r"[\w@%+=:,./-]+")
"""What no shell reads as anything but a word."""


def database_url(typed: str, *, exists: bool = False) -> str:
    """Return the URL of the database ``typed``: a URL, or the path of an SQLite file.

    With ``exists``, raises NotFound for an SQLite file that is not there, which opening would make.
    """
    if not typed:
        raise InvalidSetting("no database is named: give the path of an SQLite file, or a URL", field="url")
    text = typed if "://" in typed else f"sqlite:///{typed}"
    file = _file(text)
    if exists and file and not Path(file).is_file():
        raise NotFound(f"there is no database file {file}")
    return text


def known_database(typed: str) -> str:
    """Return the URL of a database that has convo's tables.

    Raises NotFound for an SQLite file without them: opening it as a store would make them, and it may belong to another
    application. A server without them is refused when it is first used.
    """
    text = database_url(typed, exists=True)
    if not has_tables(text):
        name = _file(text) or typed
        raise NotFound(f"there are no tables of convo in {name}; 'convo db upgrade {name}' makes them")
    return text


def has_tables(url: str) -> bool:
    """Return whether an SQLite file has convo's tables, without a change to it; True for what cannot be looked into."""
    if not is_sqlite(parse_url(url)):
        return True
    try:
        with closing(sqlite3.connect(f"file:{quote(_file(url))}?mode=ro", uri=True)) as db:
            found = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'convo_schema_version'").fetchone()
    except sqlite3.Error:  # the store's own words for it are better
        return True
    return found is not None


def printable(typed: str) -> str:
    """Return the database as it was ``typed``, for a command to be typed next; ``URL`` where it holds a password."""
    return "URL" if "://" in typed and parse_url(typed).password else typed


def _file(url: str) -> str:
    """Return the path of an SQLite file; nothing for a server and for a database in memory."""
    parsed = parse_url(url)
    return (parsed.database or "") if is_sqlite(parsed) and not is_memory(parsed) else ""


def open_store(typed: str, owner: str | None) -> Store:
    """Return the store that was ``typed``, as ``owner`` sees it (None: with everybody's conversations)."""
    from convo import Store

    return Store(known_database(typed), owner=owner)


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
    """Return the ``ID``s, or ``ID@BRANCH``es where there is an @, that begin with ``incomplete``.

    A branch whose name a shell would read as more than a word is left out: it would be put into the line as it stands.
    """
    with open_store(typed, None) as store:
        id, at, _ = incomplete.partition("@")
        if at:
            known = [f"{id}@{branch.name}" for branch in store.load(id).branches()]
        else:
            known = [str(info.id) for info in newest(store, PAGE)]
    return [one for one in known if one.startswith(incomplete) and _TYPED_AS_IT_IS.fullmatch(one)]


def turn_reference(typed: str | None) -> int | str | None:
    """Return the turn that was ``typed``: its number, or its id."""
    if typed is None:
        return None
    return int(typed) if re.fullmatch(r"-?\d{1,9}", typed) else typed


def next_message(typed: str | None, last: Sequence[Entry]) -> str | None:
    """Return what an explanation is for: the message ``typed``, ``SOMETHING`` for one that is not known yet, or None.

    None is for what waits at the end of the branch, whose ``last`` entries are given. Where an answer ends it nothing
    waits, and many a provider would refuse the list as it is.
    """
    if typed:
        return typed
    message = last[-1].message if last else None
    waits = message is not None and not (isinstance(message, AssistantMessage) and not message.calls)
    return None if waits else SOMETHING


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
