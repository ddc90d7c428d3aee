"""The floor: the same job in plain SQLAlchemy Core, as little of it as does the job.

It writes and reads the rows that convo writes and reads, in as many transactions, with the same durability, and
nothing else: no values, no checks, no windows by policy, no forks, no retries, no sync and async from one source. So a
ratio to it is what convo costs beside the database and its driver.

What makes it quick, in fairness to it:
- Every statement is built once; ids are bytes, times are integers, JSON is text, so no column has a Python type.
- A chat remembers its head and its window, so a turn reads nothing.
- The head moves by compare-and-set as the first statement; two writers of one chat lose nothing.
- SQLite: WAL, BEGIN IMMEDIATE, synchronous=FULL, secure_delete; servers: READ COMMITTED; as convo sets them.

What it leaves to convo, so that a ratio may be below 1 and says nothing of how dear the rest is:
- No window outlives a chat: ``compose`` reads it where convo's store may remember it.
- PostgreSQL gets each statement by itself, where convo sends a begin or a finish as one.
- SQLite's write lock is waited for as SQLite waits, where convo looks for it sooner.
- The tail is read as whole rows, as convo reads it; the two columns that the list needs take a sixth less time.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    create_engine,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

Step = tuple[Any, Any]
"""A statement and its parameters."""

STEP = 64
LEASE_MS = 70_000
ID = LargeBinary(16).with_variant(mysql.BINARY(16), "mysql", "mariadb")
DIGEST = LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
JSON = Text().with_variant(mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
ASYNC_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "mariadb": "mariadb+aiomysql"}

METADATA = MetaData()
CONVERSATIONS = Table(
    "floor_conversations",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("active_at", BigInteger, nullable=False),
    Index(None, "owner", "active_at", "id"),
)
BRANCHES = Table(
    "floor_branches",
    METADATA,
    Column("conversation_id", ID, primary_key=True),
    Column("branch_no", Integer, primary_key=True, autoincrement=False),
    Column("name", String(255)),
    Column("head_seq", BigInteger, nullable=False),
    Column("last_turn", ID),
    Column("open_turn", ID),
    Column("lease_until", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("conversation_id", "name"),
)
MESSAGES = Table(
    "floor_messages",
    METADATA,
    Column("conversation_id", ID, primary_key=True),
    Column("branch_no", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", ID, nullable=False),
    Column("turn_id", ID),
    Column("role", String(16), nullable=False),
    Column("body", JSON, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
TURNS = Table(
    "floor_turns",
    METADATA,
    Column("conversation_id", ID, primary_key=True),
    Column("turn_id", ID, primary_key=True),
    Column("branch_no", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("input_seq", BigInteger, nullable=False),
    Column("output_seq", BigInteger),
    Column("pending", JSON),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
)
CALLS = Table(
    "floor_calls",
    METADATA,
    Column("conversation_id", ID, primary_key=True),
    Column("turn_id", ID, primary_key=True),
    Column("call_no", Integer, primary_key=True, autoincrement=False),
    Column("backend", String(255), nullable=False),
    Column("recipe", JSON, nullable=False),
    Column("request_hash", DIGEST, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
)

_HERE = (BRANCHES.c.conversation_id == bindparam("chat"), BRANCHES.c.branch_no == bindparam("branch"))
MOVE = update(BRANCHES).where(*_HERE, BRANCHES.c.head_seq == bindparam("head"), BRANCHES.c.open_turn.is_(None))
MOVE_HEAD = MOVE.values(head_seq=bindparam("new_head"), last_turn=None)
OPEN_TURN = MOVE.values(
    head_seq=bindparam("new_head"),
    last_turn=bindparam("turn"),
    open_turn=bindparam("turn"),
    lease_until=bindparam("lease"),
)
CLOSE_TURN = (
    update(BRANCHES)
    .where(*_HERE, BRANCHES.c.open_turn == bindparam("turn"))
    .values(head_seq=bindparam("new_head"), open_turn=None, lease_until=None)
)
END_TURN = (
    update(TURNS)
    .where(TURNS.c.conversation_id == bindparam("chat"), TURNS.c.turn_id == bindparam("turn"))
    .values(status="completed", output_seq=bindparam("output"), pending=None, ended_at=bindparam("ended"))
)
TOUCH = update(CONVERSATIONS).where(CONVERSATIONS.c.id == bindparam("chat")).values(active_at=bindparam("now"))
ADD_CONVERSATION, ADD_BRANCH, ADD_MESSAGE = insert(CONVERSATIONS), insert(BRANCHES), insert(MESSAGES)
ADD_TURN, ADD_CALL = insert(TURNS), insert(CALLS)
HEAD = (
    select(BRANCHES.c.head_seq, BRANCHES.c.open_turn, CONVERSATIONS.c.settings)
    .join_from(BRANCHES, CONVERSATIONS, CONVERSATIONS.c.id == BRANCHES.c.conversation_id)
    .where(*_HERE)
)
TAIL = (
    select(MESSAGES)
    .where(
        MESSAGES.c.conversation_id == bindparam("chat"),
        MESSAGES.c.branch_no == bindparam("branch"),
        MESSAGES.c.seq > bindparam("after"),
        MESSAGES.c.seq <= bindparam("upto"),
    )
    .order_by(MESSAGES.c.seq.desc())
)
NEWEST = (
    select(CONVERSATIONS)
    .where(CONVERSATIONS.c.owner == bindparam("owner"))
    .order_by(CONVERSATIONS.c.active_at.desc(), CONVERSATIONS.c.id.desc())
    .limit(bindparam("limit"))
)


class Lost(Exception):
    """Another writer has moved the head, or holds the turn."""


@dataclass
class Chat:
    """What the floor remembers of a conversation's branch: its head and the messages in its window."""

    id: bytes
    branch: int = 0
    head: int = 0
    window: list[dict[str, str]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


def micros() -> int:
    return time.time_ns() // 1000


def message_row(chat: Chat, seq: int, message: dict[str, str], turn: bytes | None) -> dict[str, Any]:
    return {
        "conversation_id": chat.id,
        "branch_no": chat.branch,
        "seq": seq,
        "id": os.urandom(16),
        "turn_id": turn,
        "role": message["role"],
        "body": json.dumps(message, ensure_ascii=False),
        "tokens": tokens_of(message),
        "created_at": micros(),
    }


def tokens_of(message: dict[str, str]) -> int:
    return len(message["content"]) // 4 + 4


def new_chat_steps(chat: Chat, owner: str = "") -> list[Step]:
    now = micros()
    conversation = {"id": chat.id, "owner": owner, "metadata": "{}", "settings": "{}"}
    branch = {"conversation_id": chat.id, "branch_no": 0, "name": "main", "head_seq": 0, "created_at": now}
    return [(ADD_CONVERSATION, {**conversation, "created_at": now, "active_at": now}), (ADD_BRANCH, branch)]


def append_steps(chat: Chat, messages: Sequence[dict[str, str]]) -> list[Step]:
    place = {"chat": chat.id, "branch": chat.branch}
    rows = [message_row(chat, chat.head + 1 + number, message, None) for number, message in enumerate(messages)]
    return [
        (MOVE_HEAD, {**place, "head": chat.head, "new_head": chat.head + len(messages)}),
        (ADD_MESSAGE, rows),
        (TOUCH, {"chat": chat.id, "now": micros()}),
    ]


def begin_steps(chat: Chat, turn: bytes, message: dict[str, str], pending: str) -> list[Step]:
    place = {"chat": chat.id, "branch": chat.branch, "turn": turn, "head": chat.head, "new_head": chat.head + 1}
    row = {"conversation_id": chat.id, "turn_id": turn, "branch_no": chat.branch, "status": "running"}
    return [
        (OPEN_TURN, {**place, "lease": micros() // 1000 + LEASE_MS}),
        (ADD_TURN, {**row, "input_seq": chat.head + 1, "pending": pending, "started_at": micros()}),
        (ADD_MESSAGE, message_row(chat, chat.head + 1, message, turn)),
    ]


def finish_steps(chat: Chat, turn: bytes, message: dict[str, str], recipe: str, digest: bytes) -> list[Step]:
    now, seq = micros(), chat.head + 1
    call = {"conversation_id": chat.id, "turn_id": turn, "call_no": 1, "backend": "instant", "recipe": recipe}
    return [
        (CLOSE_TURN, {"chat": chat.id, "branch": chat.branch, "turn": turn, "new_head": seq}),
        (ADD_MESSAGE, message_row(chat, seq, message, turn)),
        (END_TURN, {"chat": chat.id, "turn": turn, "output": seq, "ended": now}),
        (ADD_CALL, {**call, "request_hash": digest, "started_at": now, "ended_at": now}),
        (TOUCH, {"chat": chat.id, "now": now}),
    ]


def remember(chat: Chat, messages: Iterable[dict[str, str]], budget: int) -> None:
    """Note what was written, and let go of what no longer fits ``budget`` tokens."""
    for message in messages:
        chat.head += 1
        chat.window.append(message)
        chat.sizes.append(tokens_of(message))
    while sum(chat.sizes) > budget:
        del chat.window[0], chat.sizes[0]


def call_record(chat: Chat, message: dict[str, str]) -> tuple[str, bytes, str]:
    """What is recorded of a call before it is made: its recipe, the hash of what is sent, both as JSON."""
    sent = json.dumps({"messages": [*chat.window, message]}).encode()
    recipe = json.dumps({"from": chat.head + 1 - len(chat.window), "to": chat.head + 1})
    digest = hashlib.sha256(sent)
    return recipe, digest.digest(), json.dumps({"recipe": recipe, "hash": digest.hexdigest()})


class Floor:
    """The floor on one database, sync."""

    def __init__(self, url: URL, budget: int = 4_000) -> None:
        self.budget = budget
        self.engine = create_engine(url, **engine_options(url))
        self.reader = self.engine
        if url.get_backend_name() == "sqlite":
            _as_convo_sets_sqlite(self.engine)
            self.reader = create_engine(url)

    def make_tables(self) -> None:
        METADATA.create_all(self.engine)

    def write(self, steps: Sequence[Step]) -> None:
        with self.engine.begin() as connection:
            if connection.execute(*steps[0]).rowcount == 0:
                raise Lost
            for step in steps[1:]:
                connection.execute(*step)

    def start(self, owner: str = "") -> Chat:
        chat = Chat(os.urandom(16))
        self.write(new_chat_steps(chat, owner))
        return chat

    def append(self, chat: Chat, *messages: dict[str, str]) -> None:
        self.write(append_steps(chat, messages))
        remember(chat, messages, self.budget)

    def turn(self, chat: Chat, message: dict[str, str], backend: Callable[[list[Any]], str]) -> None:
        turn = os.urandom(16)
        recipe, digest, pending = call_record(chat, message)
        self.write(begin_steps(chat, turn, message, pending))
        remember(chat, [message], self.budget)
        answer = {"role": "assistant", "content": backend(chat.window)}
        self.write(finish_steps(chat, turn, answer, recipe, digest))
        remember(chat, [answer], self.budget)

    def turn_when_free(self, chat: Chat, message: dict[str, str], backend: Callable[[list[Any]], str]) -> None:
        """A turn on a branch that others write too: the head is read anew until nobody is in the way."""
        while True:
            try:
                return self.turn(chat, message, backend)
            except Lost:
                chat.head, busy = self.head(chat)
                if busy:
                    time.sleep(0.005)

    def head(self, chat: Chat) -> tuple[int, bool]:
        with self.reader.connect() as connection:
            head, turn, _ = connection.execute(HEAD, {"chat": chat.id, "branch": chat.branch}).one()
        return head, turn is not None

    def compose(self, chat_id: bytes, message: dict[str, str]) -> list[dict[str, str]]:
        """The list to send next, read with nothing remembered: settings and head, then the tail that fits."""
        left, found = self.budget - tokens_of(message), []
        place = {"chat": chat_id, "branch": 0}
        with self.reader.connect() as connection:
            head, _, settings = connection.execute(HEAD, place).one()
            json.loads(settings)
            while head > 0:
                rows = connection.execute(TAIL, {**place, "after": head - STEP, "upto": head}).all()
                for row in rows:
                    left -= row.tokens
                    if left < 0:
                        return [*reversed(found), message]
                    found.append(json.loads(row.body))
                head -= STEP
        return [*reversed(found), message]

    def load(self, chat_id: bytes) -> tuple[int, Any]:
        """Head and settings of a conversation, by its id."""
        with self.reader.connect() as connection:
            head, _, settings = connection.execute(HEAD, {"chat": chat_id, "branch": 0}).one()
        return head, json.loads(settings)

    def newest(self, owner: str, limit: int) -> list[dict[str, Any]]:
        with self.reader.connect() as connection:
            rows = connection.execute(NEWEST, {"owner": owner, "limit": limit}).mappings().all()
        return [{**row, "metadata": json.loads(row["metadata"])} for row in rows]

    def close(self) -> None:
        self.engine.dispose()
        self.reader.dispose()


class AsyncFloor:
    """The floor's turn over the async drivers: aiosqlite, psycopg, aiomysql; every statement awaited."""

    def __init__(self, url: URL, budget: int = 4_000) -> None:
        self.budget = budget
        name = url.get_backend_name()
        self.engine: AsyncEngine = create_async_engine(url.set(drivername=ASYNC_DRIVERS[name]), **engine_options(url))
        if name == "sqlite":
            _as_convo_sets_sqlite(self.engine.sync_engine)

    async def write(self, steps: Sequence[Step]) -> None:
        async with self.engine.begin() as connection:
            if (await connection.execute(*steps[0])).rowcount == 0:
                raise Lost
            for step in steps[1:]:
                await connection.execute(*step)

    async def turn(self, chat: Chat, message: dict[str, str], backend: Callable[[list[Any]], str]) -> None:
        turn = os.urandom(16)
        recipe, digest, pending = call_record(chat, message)
        await self.write(begin_steps(chat, turn, message, pending))
        remember(chat, [message], self.budget)
        answer = {"role": "assistant", "content": backend(chat.window)}
        await self.write(finish_steps(chat, turn, answer, recipe, digest))
        remember(chat, [answer], self.budget)

    async def close(self) -> None:
        await self.engine.dispose()


def engine_options(url: URL) -> dict[str, Any]:
    return {} if url.get_backend_name() == "sqlite" else {"isolation_level": "READ COMMITTED"}


def _as_convo_sets_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:  # noqa: ARG001 - the event's signature
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
