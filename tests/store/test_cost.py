"""Laws of cost: what a verb costs follows the window, not the history, nor the branches off the path.

Compared are two conversations in one database, one of 100 messages and one of 100,000, which has 50,000 turns and
10,000 branches that the path does not touch besides; and what is compared is what the database itself counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table, func, insert, literal, literal_column, null, select, text, update
from sqlalchemy.engine import Connection

from convo import Conversation, LastMessages, Store, Window
from convo.completions import CompletionRequest
from convo.store.engine import parse_url, sync_engine
from convo.store.schema import upgrade
from convo.store.tables import TABLES
from support.databases import Databases, kinds
from support.meters import STATISTICS, Cost, metered
from support.plans import planned

SHORT, LONG, TURNS, BRANCHES = 100, 100_000, 50_000, 10_000


def answer(request: CompletionRequest) -> str:
    return "Yes."


@dataclass(frozen=True)
class Histories:
    """A store with a short and a long conversation, and what to open them with."""

    store: Store
    short: UUID
    long: UUID

    def open(self, which: str, **settings: Any) -> Conversation:
        return self.store.load(getattr(self, which), backend=answer, **settings)


def doubled(connection: Connection, table: Table, key: str, own: UUID, first: int, total: int, **changed: Any) -> None:
    """Copy a conversation's rows onto the numbers behind them until there are ``total``; all else stays the same."""
    number = table.c[key]
    while first < total:
        count = min(first, total - first)
        others = [changed.get(column.name, column) for column in table.c if column is not number]
        names = [key, *(column.name for column in table.c if column is not number)]
        copied = select(number + literal(first), *others).where(table.c.conversation_id == own, number <= count)
        connection.execute(insert(table).from_select(names, copied.where(number > 0)))
        first += count


def filled(store: Store, url: str) -> Histories:
    talk = [f"message {number} of a talk about cheese" for number in range(SHORT)]
    roles = ("user", "assistant")
    messages = [{"role": roles[number % 2], "content": text} for number, text in enumerate(talk)]
    short, long = (store.start(messages, backend=answer) for _ in range(2))
    for chat in (short, long):
        chat.fork().send("a turn beside the path")
    engine = sync_engine(parse_url(url))
    branch, message = TABLES.branches, TABLES.messages
    with engine.begin() as connection:
        doubled(connection, message, "seq", long.id, SHORT, LONG)
        doubled(connection, branch, "branch_no", long.id, 1, BRANCHES, name=null())
        new_id: Any = literal_column(NEW_ID[engine.dialect.name])
        doubled(connection, TABLES.turns, "attempt", long.id, 1, TURNS, turn_id=new_id)
        of_main = branch.c.conversation_id == long.id, branch.c.branch_no == 0
        connection.execute(update(branch).where(*of_main).values(head_seq=LONG))
        its_row = update(TABLES.conversations).where(TABLES.conversations.c.id == long.id)
        connection.execute(its_row.values(branch_counter=BRANCHES))
        for table, rows in ((message, LONG), (TABLES.turns, TURNS), (branch, BRANCHES)):
            counted = select(func.count()).where(table.c.conversation_id == long.id)
            assert connection.execute(counted).scalar_one() >= rows
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in STATISTICS[engine.dialect.name]:
            connection.execute(text(statement))
    engine.dispose()
    return Histories(store, short.id, long.id)


NEW_ID = {
    "sqlite": "randomblob(16)",
    "postgresql": "gen_random_uuid()",
    "mariadb": "unhex(replace(uuid(), '-', ''))",
}


@pytest.fixture(scope="module", params=kinds())
def histories(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Histories]:
    url = databases.empty(request.param, tmp_path_factory.mktemp("histories"))
    upgrade(url)  # of its own: where other tests left holes, the rows of a history are scattered over pages
    with Store(url, pool_size=1) as store:
        yield filled(store, url)


def cost_of(act: Callable[[], Any]) -> list[Cost]:
    with metered() as costs:
        act()
    return costs


RUNS = 3
"""Times that a cost is taken; the least counts: a page that is full has its rows moved, and its index split, once."""


def least(runs: list[list[Cost]]) -> list[Cost]:
    """What each statement cost when it cost least; the statements are the same each time."""
    assert len({tuple(cost.text for cost in run) for run in runs}) == 1
    return [
        Cost(same[0].text, {unit: min(cost.units[unit] for cost in same) for unit in same[0].units})
        for same in zip(*runs, strict=True)
    ]


def compare(short: list[Cost], long: list[Cost]) -> None:
    """The same statements, and no more work for them; a few pages more where rows happen to lie across two."""
    assert [cost.text for cost in short] == [cost.text for cost in long]
    for few, many in zip(short, long, strict=True):
        for unit, count in few.units.items():
            slack = 3 if unit == "pages" else 0
            assert many.units[unit] <= count + slack, (few.shape, unit, count, many.units[unit])


def compared(histories: Histories, act: Callable[[Conversation], Any], **settings: Any) -> list[Cost]:
    """Do the same in the short and in the long conversation, once to warm up; return what it cost in the long one."""
    costs = []
    for which in ("short", "long"):
        act(histories.open(which, **settings))
        runs = []
        for _ in range(RUNS):
            chat = histories.open(which, **settings)
            runs.append(cost_of(lambda chat=chat: act(chat)))  # type: ignore[misc]
        costs.append(least(runs))
    compare(*costs)
    return costs[1]


POLICIES = {"window": [Window(400, 300)], "last messages": [LastMessages(10)]}


@pytest.mark.parametrize("policy", POLICIES)
def test_reading_a_window_costs_what_the_window_holds(histories: Histories, policy: str) -> None:
    compared(histories, lambda chat: chat.compose("And now?"), policy=POLICIES[policy])


def test_reading_a_page_of_history_costs_what_the_page_holds(histories: Histories) -> None:
    compared(histories, lambda chat: chat.history(20))


def test_appending_costs_the_same_after_however_many_messages(histories: Histories) -> None:
    compared(histories, lambda chat: [chat.append("cold"), chat.append("warm")])


@pytest.mark.parametrize("policy", POLICIES)
def test_a_turn_costs_the_same_after_however_many_messages(histories: Histories, policy: str) -> None:
    compared(histories, lambda chat: [chat.send("cold"), chat.send("warm")], policy=POLICIES[policy])


def test_a_fork_at_the_head_costs_the_same_whatever_it_stands_on(histories: Histories) -> None:
    compared(histories, lambda chat: chat.fork())


def test_a_fork_further_back_costs_the_same_and_so_does_reading_it(histories: Histories) -> None:
    compared(histories, lambda chat: chat.fork(chat.history(60)[0]).compose("And now?"), policy=[LastMessages(10)])


HISTORY = {"convo_messages", "convo_branches", "convo_turns"}


def test_no_plan_reads_a_history_through_or_sorts_it(histories: Histories) -> None:
    chat = histories.open("long", policy=[LastMessages(10)])
    first = chat.history(60)[0]
    verbs: list[Callable[[], Any]] = [
        lambda: histories.open("long", policy=[LastMessages(10)]).send("cold"),
        lambda: chat.send("warm"),
        lambda: list(chat.stream("streamed")),
        lambda: chat.append("appended"),
        lambda: chat.compose("And now?"),
        lambda: chat.history(20, before=first),
        lambda: chat.fork(at=first).compose("And now?"),
        lambda: chat.siblings(first),
        lambda: chat.turns(20),
        lambda: histories.store.search("cheese"),
        lambda: histories.store.conversations(),
    ]
    for verb in verbs:
        with planned() as plans:
            verb()
        assert plans
        for plan in plans:
            assert not HISTORY & {*plan.scans}, plan
            assert not HISTORY & {*plan.sorts}, plan
