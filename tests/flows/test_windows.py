"""What leaves as a conversation grows: cut rarely, grown only at its end between cuts, and explained."""

from __future__ import annotations

from typing import Any

import pytest

from convo import MISTRAL, LastTurns, Window
from convo.completions import CompletionRequest
from convo.errors import ContextOverflow
from convo.messages import Message
from support.embedded import database_url
from support.statements import captured

__all__ = ["database_url"]

POLICY = [Window(300, 150)]
TURNS = 60


class Answers:
    """A backend that reports no usage, so that nothing is learnt about how it counts tokens."""

    name, profile = "answers", MISTRAL

    def __init__(self) -> None:
        self.requests: list[CompletionRequest] = []

    def complete(self, request: CompletionRequest) -> str:
        self.requests.append(request)
        return f"A fairly long answer to {request.messages[-1].text!r}, in several words."


def talk(chat: Any, turns: int = TURNS) -> None:
    for number in range(turns):
        chat.send(f"question number {number}")


@pytest.fixture
def backend() -> Answers:
    return Answers()


def sent(backend: Answers) -> list[list[Message]]:
    return [list(request.messages) for request in backend.requests]


def grown_at_its_end(before: list[Message], after: list[Message]) -> bool:
    return after[: len(before)] == before and len(after) == len(before) + 2


def test_between_cuts_the_list_grows_only_at_its_end_and_cuts_are_rare(store: Any, backend: Answers) -> None:
    talk(store.start(backend=backend, policy=POLICY, system="Be terse."))
    lists = sent(backend)
    cuts = [number for number in range(1, TURNS) if not grown_at_its_end(lists[number - 1], lists[number])]
    assert 3 <= len(cuts) <= TURNS / 6
    assert max(map(len, lists)) < 30
    assert {messages[0].text for messages in lists} == {"Be terse."}
    assert all(messages[1].role == "user" for messages in lists)
    assert [messages[-1].text for messages in lists] == [f"question number {number}" for number in range(TURNS)]


def test_handles_that_take_turns_send_what_one_would(store: Any, backend: Answers) -> None:
    talk(store.start(backend=backend, policy=POLICY))
    alone = sent(backend)
    backend.requests.clear()
    chat = store.start(backend=backend, policy=POLICY)
    for number in range(TURNS):
        handle = chat if number % 3 else store.load(chat.id, backend=backend)
        handle.send(f"question number {number}")
    assert sent(backend) == alone


def test_a_fork_starts_from_its_parents_cut(store: Any, backend: Answers) -> None:
    chat = store.start(backend=backend, policy=POLICY)
    talk(chat)
    side = chat.fork()
    chat.send("on the main branch")
    side.send("on the side")
    main, beside = sent(backend)[-2:]
    assert main[:-1] == beside[:-1]
    assert len(main) < TURNS


def test_a_fork_from_long_ago_has_no_cut_behind_its_end(store: Any, backend: Answers) -> None:
    chat = store.start(backend=backend, policy=POLICY)
    talk(chat)
    side = chat.fork(at=chat.history(limit=2 * TURNS)[3])
    side.send("and then?")
    assert [message.text for message in sent(backend)[-1]] == [entry.text for entry in side.history()][:-1]
    talk(chat, 5)
    assert len(sent(backend)[-1]) < 30


def test_a_policy_given_with_a_call_neither_reads_nor_writes_the_cut(store: Any, backend: Answers) -> None:
    chat = store.start(backend=backend, policy=POLICY)
    talk(chat, 20)
    before = chat._handle.state
    chat.send("all of it?", policy=[Window(100_000, 90_000)])
    assert len(sent(backend)[-1]) == 41
    chat.send("the last two?", policy=[LastTurns(2)])
    assert len(sent(backend)[-1]) == 3
    chat.send("a small one?", policy=[Window(120, 60)])
    assert store.load(chat.id)._handle.state == before
    chat.send("and as usual?")
    usual = sent(backend)[-1]
    assert usual[: len(sent(backend)[19])] == sent(backend)[19] or len(usual) < len(sent(backend)[19])


def test_what_would_be_sent_is_what_is_sent_and_looking_writes_nothing(store: Any, backend: Answers) -> None:
    chat = store.start(backend=backend, policy=POLICY, system="Be terse.")
    for number in range(30):
        with captured() as statements:
            composed = chat.compose(f"question number {number}")
            explained = chat.explain(f"question number {number}")
        assert {statement.split()[0] for statement in statements} <= {"SELECT", "WITH"}
        chat.send(f"question number {number}")
        assert list(composed.messages) == sent(backend)[-1]
        assert explained.decisions[-1].seq == 2 * number + 1
        assert explained.tokens == composed.tokens
    assert [entry.seq for entry in chat.history(limit=100)] == list(range(1, 61))
    assert len(backend.requests) == 30


def test_a_warm_handle_reads_nothing_to_compose_its_next_turn(store: Any, backend: Answers) -> None:
    chat = store.start(backend=backend, policy=POLICY)
    talk(chat, 20)
    with captured() as statements:
        chat.send("one more")
    assert [statement for statement in statements if "FROM convo_messages" in statement] == []


def test_what_cannot_fit_is_refused_with_the_numbers_and_nothing_is_stored(store: Any, backend: Answers) -> None:
    chat = store.start(backend=backend, policy=POLICY)
    chat.send("hello")
    for verb in (lambda text: chat.send(text), lambda text: list(chat.stream(text)), lambda text: chat.compose(text)):
        with pytest.raises(ContextOverflow) as caught:
            verb("word " * 1000)
        assert caught.value.needed > caught.value.budget == 300
    assert [entry.seq for entry in chat.history()] == [1, 2]
    assert chat.send("short").turn.status == "completed"


def test_a_message_too_long_that_was_appended_does_not_brick_the_branch(store: Any, backend: Answers) -> None:
    chat = store.start(["word " * 1000], backend=backend, policy=POLICY)
    with pytest.raises(ContextOverflow):
        chat.complete()
    assert chat.complete(policy=[Window(10_000, 9_000)]).turn.status == "completed"
    assert chat.send("and now?").turn.status == "completed"
