"""A handle that finds less than it looks for says so, and does not look for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from convo.errors import CorruptRecord, NotFound
from convo.store.tables import TABLES
from support.audit import connected
from support.bots import Bot
from support.embedded import database_url

__all__ = ["database_url"]

VERBS: dict[str, Callable[[Any], Any]] = {
    "send": lambda chat: chat.send("And now?"),
    "complete": lambda chat: chat.complete(),
    "append": lambda chat: chat.append("And now?"),
    "compose": lambda chat: chat.compose("And now?"),
    "history": lambda chat: chat.history(),
    "submit": lambda chat: chat.submit({"x": "y"}),
    "fork": lambda chat: chat.fork(),
    "replay": lambda chat: chat.replay(),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_branch_that_was_deleted_meanwhile_is_not_found(store: Any, name: str, verb: str) -> None:
    chat = store.open(name, backend=Bot("bot"))
    chat.send("one")
    side = chat.fork()
    side.send("two")
    cold, warm = store.load(chat.id, branch=side.branch.no, backend=Bot("bot")), side
    chat.delete_branch(side.branch.no)
    for handle in (cold, warm):
        with pytest.raises(NotFound):
            VERBS[verb](handle)


def test_a_hole_is_said(store: Any, name: str, database_url: str) -> None:
    chat = store.open(name, backend=Bot("bot"))
    chat.append(*"abcdef")
    cold = store.load(chat.id, backend=Bot("bot"))
    with connected(database_url) as connection:
        message = TABLES.messages.c
        connection.execute(TABLES.messages.delete().where(message.conversation_id == chat.id, message.seq == 3))
    for ask in (cold.compose, cold.send):
        with pytest.raises(CorruptRecord, match="missing"):
            ask("And now?")
    with connected(database_url) as connection:
        connection.execute(TABLES.branches.delete().where(TABLES.branches.c.conversation_id == chat.id))
        connection.execute(TABLES.messages.delete().where(message.conversation_id == chat.id))
