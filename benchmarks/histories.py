"""Histories for both sides: the same texts, as many messages, stored without counting the time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from benchmarks.floor import ADD_BRANCH, ADD_CONVERSATION, ADD_MESSAGE, Chat, Floor, message_row, micros
from convo import Conversation, Store, Window
from convo.messages import Message, assistant, user
from convo.store.clock import new_id, now
from convo.store.engine import parse_url, sync_engine
from convo.store.tables import TABLES

BUDGET = 4_000
POLICY = [Window(BUDGET)]
BATCH = 1_000
_SENTENCE = (
    "The cheese was carried down the valley before the first snow, and what was left stayed with the shepherds. "
)
TEXT = (_SENTENCE * 4)[:378]
"""What every message says: 378 characters."""

GIVEN = {"role": "user", "content": TEXT}
ANSWERED = {"role": "assistant", "content": TEXT}


def instant(request: Any) -> str:  # noqa: ARG001 - a backend's signature
    """The backend of both sides: it answers at once."""
    return TEXT


def messages(count: int) -> list[Message]:
    return [user(TEXT) if number % 2 == 0 else assistant(TEXT) for number in range(count)]


def plain_messages(count: int) -> list[dict[str, str]]:
    return [GIVEN if number % 2 == 0 else ANSWERED for number in range(count)]


def _batches(count: int) -> Iterator[int]:
    for start in range(0, count, BATCH):
        yield min(BATCH, count - start)


def convo_history(store: Store, count: int) -> Conversation:
    """A conversation with ``count`` messages, as a handle that is cold but for its head."""
    chat = store.start(backend=instant, policy=POLICY)
    for size in _batches(count):
        chat.append(*messages(size))
    return cold(store, chat.id)


def cold(store: Store, conversation: UUID) -> Conversation:
    return store.load(conversation, backend=instant, policy=POLICY)


def floor_history(floor: Floor, count: int) -> Chat:
    """The same for the floor."""
    chat = floor.start()
    for size in _batches(count):
        floor.append(chat, *plain_messages(size))
    return chat


def add_convo_crowd(url: str, owner: str, count: int, length: int) -> None:
    """Store ``count`` conversations of ``owner`` with ``length`` messages each, in one transaction."""
    engine = sync_engine(parse_url(url))
    with engine.begin() as connection:
        for size in _batches(count):
            ids = [new_id() for _ in range(size)]
            connection.execute(insert(TABLES.conversations), [_conversation(each, owner) for each in ids])
            connection.execute(insert(TABLES.branches), [_branch(each, length) for each in ids])
            if length:
                rows = [_message(each, seq) for each in ids for seq in range(1, length + 1)]
                connection.execute(insert(TABLES.messages), rows)
    engine.dispose()


def _conversation(conversation: UUID, owner: str) -> dict[str, Any]:
    moment = now()
    row = {"id": conversation, "owner": owner, "metadata": {}, "settings": {}, "active_branch": 0}
    return {**row, "branch_counter": 0, "revision": 0, "created_at": moment, "active_at": moment}


def _branch(conversation: UUID, head: int) -> dict[str, Any]:
    row = {"conversation_id": conversation, "branch_no": 0, "name": "main", "fork_seq": 0}
    return {**row, "head_seq": head, "created_at": now()}


def _message(conversation: UUID, seq: int) -> dict[str, Any]:
    body = GIVEN if seq % 2 else ANSWERED
    row = {"conversation_id": conversation, "branch_no": 0, "seq": seq, "id": new_id(), "role": body["role"]}
    return {**row, "body": body, "tokens": 95, "created_at": now()}


def add_floor_crowd(floor: Floor, owner: str, count: int, length: int) -> None:
    """The same for the floor."""
    with floor.engine.begin() as connection:
        for size in _batches(count):
            chats = [Chat(os.urandom(16)) for _ in range(size)]
            rows = [{"id": chat.id, "owner": owner, "metadata": "{}", "settings": "{}"} for chat in chats]
            times = {"created_at": micros(), "active_at": micros()}
            connection.execute(ADD_CONVERSATION, [{**row, **times} for row in rows])
            place = {"branch_no": 0, "name": "main", "head_seq": length, "created_at": micros()}
            connection.execute(ADD_BRANCH, [{"conversation_id": chat.id, **place} for chat in chats])
            if length:
                bodies = plain_messages(length)
                rows = [message_row(chat, seq + 1, body, None) for chat in chats for seq, body in enumerate(bodies)]
                connection.execute(ADD_MESSAGE, rows)
