"""A thousand forks, each on the one before: reading a window and forking again cost what they cost at thirty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy import text as sql

from convo import Conversation, LastMessages, Store, assistant
from convo.store.clock import new_id
from convo.store.engine import parse_url, sync_engine
from convo.store.schema import upgrade
from convo.store.tables import TABLES
from support.databases import Databases, kinds
from support.meters import STATISTICS, Cost, metered

FEW, MANY = 30, 1_000
WINDOW = [LastMessages(10)]
SLACK = 10
"""Pages, and rows of a table so small that a server reads all of it: far less than the 970 forks more."""


def nested(store: Store, url: str, depth: int) -> UUID:
    """A conversation whose every branch stands on the one before, and holds one message of its own."""
    chat = store.start("a question about cheese", backend=lambda request: "Yes.", policy=WINDOW)
    chat.fork(name="1").append(assistant("an answer about cheese"))
    engine = sync_engine(parse_url(url))
    branch, message = TABLES.branches, TABLES.messages
    with engine.begin() as connection:
        (row,) = connection.execute(select(branch).where(branch.c.conversation_id == chat.id, branch.c.branch_no == 1))
        said = connection.execute(select(message).where(message.c.conversation_id == chat.id)).all()
        by_role = {text.role: text._mapping for text in said}
        numbers = range(2, depth + 1)
        opening = [[number, number + 1] for number in range(4)]  # whose the first four messages are
        forks: list[dict[str, Any]] = []
        for n in numbers:
            stands = {"branch_no": n, "parent_no": n - 1, "shown_parent_no": n - 1, "fork_seq": n, "head_seq": n + 1}
            state = {"cuts": {}, "opening": opening[:n]}
            forks.append({**row._mapping, **stands, "name": str(n), "compose_state": state})
        roles = ("user", "assistant")
        texts = [{**by_role[roles[n % 2]], "branch_no": n, "seq": n + 1, "id": new_id()} for n in numbers]
        connection.execute(insert(branch), forks)
        connection.execute(insert(message), texts)
        counted = update(TABLES.conversations).where(TABLES.conversations.c.id == chat.id)
        connection.execute(counted.values(branch_counter=depth))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in STATISTICS[engine.dialect.name]:
            connection.execute(sql(statement))
    engine.dispose()
    return chat.id


@pytest.fixture(scope="module", params=kinds())
def stored(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, str, UUID, UUID]]:
    url = databases.empty(request.param, tmp_path_factory.mktemp("nested"))
    upgrade(url)
    with Store(url, pool_size=1) as store:
        yield store, url, nested(store, url, FEW), nested(store, url, MANY)


def opened(store: Store, conversation: UUID, depth: int) -> Conversation:
    return store.load(conversation, branch=depth, backend=lambda request: "Yes.")


def cost_of(act: Callable[[], Any]) -> list[Cost]:
    with metered() as found:
        act()
    return list(found)


ACTS: dict[str, Callable[[Conversation], Any]] = {
    "a window is composed": lambda chat: chat.compose("And now?"),
    "the last page is read": lambda chat: chat.history(limit=10),
    "a fork": lambda chat: chat.fork(),
    "a turn": lambda chat: chat.send("And now?"),
}


@pytest.mark.parametrize("act", ACTS)
def test_it_costs_the_same_on_a_thousand_nested_forks(stored: tuple[Store, str, UUID, UUID], act: str) -> None:
    """By a handle that knows its window."""
    store, _, few, many = stored
    found: list[list[Cost]] = []
    for id, depth in ((few, FEW), (many, MANY)):
        chat = opened(store, id, depth).fork()
        chat.send("And here?")
        ACTS[act](chat)
        found.append(cost_of(lambda chat=chat: ACTS[act](chat)))  # type: ignore[misc]
    shallow, deep = found
    assert [cost.text for cost in deep] == [cost.text for cost in shallow]
    for less, more in zip(shallow, deep, strict=True):
        for unit, count in less.units.items():
            assert more.units[unit] <= count + SLACK, (less.shape, unit)


def test_a_cold_handle_reads_its_window_as_if_there_were_few(stored: tuple[Store, str, UUID, UUID]) -> None:
    """The messages that open a path are always looked at, and nobody walks there: every fork knows whose they are."""
    store, _, few, many = stored
    handles = opened(store, few, FEW), opened(store, many, MANY)
    shallow, deep = (cost_of(lambda chat=chat: chat.compose("x")) for chat in handles)  # type: ignore[misc]
    assert [cost.text for cost in deep] == [cost.text for cost in shallow]
    for less, more in zip(shallow, deep, strict=True):
        assert all(more.units[unit] <= count + SLACK for unit, count in less.units.items()), less.shape
    sent = [entry.seq for entry in handles[1]._handle.entries]
    assert sent[-1] == MANY + 1
    assert sorted(handles[1]._handle.strays) == [1, 2, 3, 4]


def test_a_fork_writes_as_many_bytes_however_deep(stored: tuple[Store, str, UUID, UUID]) -> None:
    store, url, few, many = stored
    engine, sizes = sync_engine(parse_url(url)), []
    for id, depth in ((few, FEW), (many, MANY)):
        made = store.load(id, branch=depth, policy=WINDOW).fork(name="x" * 20).branch.no
        branch = TABLES.branches
        with engine.connect() as connection:
            (row,) = connection.execute(
                select(branch).where(branch.c.conversation_id == id, branch.c.branch_no == made)
            )
        sizes.append(sum(len(str(value)) for name, value in row._mapping.items() if not name.endswith(("_no", "_seq"))))
    engine.dispose()
    assert sizes[0] == sizes[1]


def test_the_whole_path_is_read_in_statements_of_hundreds_of_forks(stored: tuple[Store, str, UUID, UUID]) -> None:
    store, _, _, many = stored
    chat = store.load(many, branch=MANY)
    with metered() as found:
        entries = chat.history(limit=10_000)
    assert [entry.seq for entry in entries] == [*range(1, MANY + 2)]
    assert len(list(found)) <= 1 + 3 + MANY // 100 + 1
