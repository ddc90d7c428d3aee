"""How many statements each verb takes, counted at the driver in both faces: the figures that docs may quote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from convo.completions import CompletionRequest
from support.faces import AsyncFace, SyncFace
from support.statements import captured, shape

BEGIN = ["UPDATE convo_branches", "INSERT convo_turns", "INSERT convo_messages"]
FINISH = [
    "UPDATE convo_branches",
    "INSERT convo_messages",
    "UPDATE convo_turns",
    "INSERT convo_calls",
    "UPDATE convo_conversations",
]
APPEND = ["UPDATE convo_branches", "INSERT convo_messages", "UPDATE convo_conversations"]
ONE = ["WITH convo_branches"]
STATE = ["SELECT convo_branches", "SELECT convo_turns"]
WINDOW = ["WITH convo_branches", "SELECT convo_messages"]
TELLS_WHAT_IT_CHANGED = ("sqlite", "postgresql")


def echo(request: CompletionRequest) -> str:
    return f"heard {request.messages[-1].text}"


@pytest.fixture
def store(face: SyncFace | AsyncFace, database_url: str) -> Iterator[Any]:
    with face.Store(database_url) as made:
        yield made


@pytest.fixture
def chat(store: Any, name: str) -> Any:
    """A handle that has sent once."""
    made = store.open(name, backend=echo)
    made.send("once")
    return made


@dataclass(frozen=True)
class Chains:
    """What the database is sent for the writes that stand or fall with the head: PostgreSQL takes them as one."""

    begin: list[str]
    finish: list[str]
    append: list[str]


@pytest.fixture
def chains(database_url: str) -> Chains:
    return Chains(ONE, ONE, ONE) if database_url.startswith("postgresql") else Chains(BEGIN, FINISH, APPEND)


def statements(act: Callable[[], Any]) -> list[str]:
    with captured() as seen:
        act()
    return [shape(text) for text in seen]


def test_a_warm_turn_takes_eight_statements_or_two_and_reads_nothing(chat: Any, chains: Chains) -> None:
    for text in ("twice", "three times"):
        assert statements(lambda text=text: chat.send(text)) == chains.begin + chains.finish  # type: ignore[misc]


def test_a_warm_streamed_turn_takes_eight_statements_or_two(chat: Any, chains: Chains) -> None:
    assert statements(lambda: list(chat.stream("twice"))) == chains.begin + chains.finish


def test_the_first_turn_of_a_new_conversation_reads_nothing_once_its_model_is_known(
    store: Any, name: str, chains: Chains
) -> None:
    store.open(f"{name} before", backend=echo).send("once")
    made = store.open(name, backend=echo)
    assert statements(lambda: made.send("once")) == chains.begin + chains.finish


def test_a_cold_turn_reads_its_window_in_one_statement_on_one_branch_and_in_two_over_forks(
    face: Any, database_url: str, store: Any, chat: Any, name: str, chains: Chains
) -> None:
    with face.Store(database_url) as elsewhere:
        elsewhere.open(f"{name} before", backend=echo).send("once")
        cold = elsewhere.open(name, backend=echo)
        assert statements(lambda: cold.send("twice")) == ["SELECT convo_messages", *chains.begin, *chains.finish]
    chat.append("a", "b", "c")
    forked = store.load(chat.id, branch=chat.fork().branch.no, backend=echo)
    assert statements(lambda: forked.send("twice")) == WINDOW + chains.begin + chains.finish


def test_a_cold_turn_reads_nothing_where_its_store_remembers_the_window(
    store: Any, chat: Any, name: str, chains: Chains
) -> None:
    cold = store.open(name, backend=echo)
    assert statements(lambda: cold.send("twice")) == [*chains.begin, *chains.finish]
    assert statements(lambda: store.open(name, backend=echo).compose("x")) == ["SELECT convo_keys", *STATE, STATE[0]]


def test_composing_cold_looks_at_the_branch_and_reads_its_window_in_one_statement(
    face: SyncFace | AsyncFace, database_url: str, chat: Any
) -> None:
    with face.Store(database_url, memory=0) as forgetful:
        forgetful.load(chat.id, backend=echo).compose("x")  # by which it knows what is recorded of the model
        cold = forgetful.load(chat.id, backend=echo)
        with captured() as seen:
            cold.compose("x")
        (text,) = seen
        assert "convo_branches" in text
        assert "convo_messages" in text


def test_a_cold_turn_on_a_fork_near_the_beginning_reads_its_window_in_one_statement(
    store: Any, chat: Any, chains: Chains
) -> None:
    """Every fork knows who owns the first messages of its path."""
    forked = store.load(chat.id, branch=chat.fork().branch.no, backend=echo)
    assert statements(lambda: forked.send("twice")) == ["SELECT convo_messages", *chains.begin, *chains.finish]


def test_an_append_takes_three_statements_or_one_warm_or_cold(store: Any, chat: Any, name: str, chains: Chains) -> None:
    assert statements(lambda: chat.append("a")) == chains.append
    assert statements(lambda: chat.append("b", "c", "d")) == chains.append
    assert statements(lambda: store.open(name).append("e"))[-len(chains.append) :] == chains.append


def test_a_conversation_that_exists_is_opened_in_three_statements(store: Any, chat: Any, name: str) -> None:
    assert statements(lambda: store.open(name)) == ["SELECT convo_keys", *STATE]
    assert statements(lambda: store.load(chat.id)) == STATE


def test_a_new_conversation_is_made_in_six_statements(store: Any, chat: Any, name: str) -> None:
    made = statements(lambda: store.open(name + " 2"))
    inserts = ["INSERT convo_keys", "INSERT convo_conversations", "INSERT convo_branches"]
    assert made == ["SELECT convo_keys", "SELECT convo_keys", *inserts, "SELECT convo_branches"]


def test_a_page_of_history_is_read_in_one_statement_after_the_head(chat: Any) -> None:
    assert statements(lambda: chat.history(10)) == [*STATE, "SELECT convo_messages"]


def test_a_fork_writes_one_row_in_two_statements_or_one(store: Any, chat: Any, name: str, database_url: str) -> None:
    in_two = ["UPDATE convo_conversations", "INSERT convo_branches"]
    at_once = ["WITH convo_conversations"] if database_url.startswith("postgresql") else in_two
    assert statements(chat.fork) == at_once
    first = chat.history(limit=10)[0]
    assert statements(lambda: chat.fork(at=first)) == at_once
    assert statements(lambda: chat.fork(name="side")) == at_once
    chat.send("twice")
    assert statements(chat.fork) == at_once


def test_a_fork_where_others_have_been_locks_the_conversation_and_looks(
    store: Any, chat: Any, name: str, database_url: str
) -> None:
    new = ["UPDATE convo_conversations", "SELECT convo_conversations"]
    new = new[: 1 if database_url.startswith(TELLS_WHAT_IT_CHANGED) else 2]
    store.open(name).append("meanwhile")
    missed = statements(chat.fork)
    assert missed[1:] == [*new, STATE[0], "INSERT convo_branches"]
    first = chat.history(limit=10)[0]
    side = chat.fork()
    looked = [*new, STATE[0], "WITH convo_branches", "INSERT convo_branches"]
    assert statements(lambda: side.fork(at=first)) == looked


def test_a_branch_that_others_moved_is_read_once_more_and_then_written(
    store: Any, chat: Any, name: str, chains: Chains
) -> None:
    store.open(name).append("meanwhile")
    sent = statements(lambda: chat.send("twice"))
    missed = [chains.begin[0], "SELECT convo_branches"]
    assert sent[: len(missed)] == missed
    written = chains.begin + chains.finish
    assert sent[-len(written) :] == written
    assert len(sent) <= len(missed) + len(WINDOW) + 10


def test_composing_and_explaining_write_nothing(chat: Any) -> None:
    for act in (lambda: chat.compose("x"), lambda: chat.explain("x")):
        assert {text.split()[0] for text in statements(act)} <= {"SELECT", "WITH"}
