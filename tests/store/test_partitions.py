"""PostgreSQL tables partitioned by conversation, as docs/databases.md tells: a verb's statements meet one part each."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convo import LastMessages, Store
from convo.store.engine import parse_url, sync_engine
from convo.store.schema import check, upgrade
from support.databases import Databases, kinds
from support.plans import planned

GUIDE = Path(__file__).parents[2] / "docs" / "databases.md"


def echo(request: Any) -> str:
    return f"heard {request.messages[-1].text}"


@pytest.fixture(scope="module", params=[kind for kind in kinds() if kind == "postgresql"])
def partitioned(request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: Any) -> str:
    """A database with data, whose tables were then partitioned by the guide's own statement."""
    url = databases.empty(request.param, tmp_path_factory.mktemp("partitioned"))
    upgrade(url)
    with Store(url, owner="before") as store:
        store.open("before", backend=echo).send("before it")
    (statement,) = re.findall(r"```text\n(DO .*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    engine = sync_engine(parse_url(url))
    with engine.begin() as connection:
        connection.exec_driver_sql(statement.replace("%", "%%"))
    engine.dispose()
    check(url)
    return url


def test_what_was_stored_before_is_there_and_goes_on(partitioned: str) -> None:
    with Store(partitioned, owner="before") as store:
        chat = store.open("before", backend=echo)
        assert chat.send("after it").text == "heard after it"
        assert [entry.text for entry in chat.history()] == [
            "before it",
            "heard before it",
            "after it",
            "heard after it",
        ]
        assert list(store.verify()) == []


def test_every_statement_of_a_verb_meets_one_partition(partitioned: str) -> None:
    with Store(partitioned, owner="after") as store:
        for number in range(20):
            store.open(f"other {number}", backend=echo).send("hello")
        chat = store.open("after", backend=echo, policy=[LastMessages(4)])
        chat.append(*["one", "two"] * 10)
        verbs: list[Callable[[], Any]] = [
            lambda: chat.send("a turn", idempotency_key="a key"),
            lambda: list(chat.stream("a stream")),
            lambda: store.load(chat.id).compose("cold"),
            lambda: chat.fork(at=chat.history(limit=5)[0]).send("on a branch"),
            lambda: chat.history(),
            lambda: chat.branches(),
        ]
        for verb in verbs:
            with planned() as plans:
                verb()
            for plan in plans:
                parts = {found[1] for table in plan.tables if (found := re.fullmatch(r"convo_\w+_(\d+)", table))}
                of_model = "convo_calls" in plan.text  # once in a process: what was learnt in other conversations
                assert len(parts) <= 1 or of_model, plan
        assert len(store.conversations()) == 21
        assert len(store.search("hello").found) == 40
        assert list(store.verify()) == []
