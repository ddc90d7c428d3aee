"""From what was typed to a store and a handle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from convo.errors import NotFound
from convo.store.engine import is_memory, is_sqlite, parse_url

if TYPE_CHECKING:
    from convo import Conversation, Store


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


def load(store: Store, typed: str) -> Conversation:
    """Return the conversation ``typed`` as ``ID`` (its active branch) or ``ID@BRANCH``; raises NotFound."""
    id, _, branch = typed.partition("@")
    return store.load(id, branch=branch or None)
