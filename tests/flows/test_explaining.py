"""What would be sent, what changed since the last turn, and what the model saw in an earlier one."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from convo import (
    MISTRAL,
    ClearToolResults,
    KeepFirst,
    LastTurns,
    Pinned,
    Redact,
    Summarize,
    Window,
    assistant,
    tool_call,
)
from convo.errors import CorruptRecord, NotFound
from convo.store.tables import TABLES
from convo.testing import ScriptedBackend
from support.audit import connected
from support.embedded import database_url

__all__ = ["database_url"]

POLICY = [KeepFirst(1), ClearToolResults(1), Window(260, 160)]


def answers(profile: Any = MISTRAL) -> ScriptedBackend:
    return ScriptedBackend(["A fairly long answer, in several words."], forever=True, profile=profile)


def talk(chat: Any, turns: int, first: int = 0) -> None:
    for number in range(first, first + turns):
        chat.send(f"question number {number}")


def texts_of(chat: Any, account: Any) -> list[str]:
    stored = {entry.seq: entry.text for entry in chat.history(limit=1000)}
    return [stored[line.seq] for line in account.decisions if line.included and line.seq]


def test_it_says_what_changed_since_the_last_turn(store: Any) -> None:
    chat = store.start(backend=answers(), policy=POLICY, system="Be terse.")
    assert chat.explain("question number 0").changes == ()
    talk(chat, 1)
    said = [chat.explain("?").changes]
    for number in range(1, 20):
        talk(chat, 1, number)
        said.append(chat.explain("question").changes)
    assert said[0] == ("Since the last list: 2 messages added at the end, nothing else changed.",)
    cuts = [changes for changes in said if len(changes) == 2]
    assert 1 <= len(cuts) <= 5
    assert cuts[0][0] == "Since the last list: the first 1 message as before, the rest not."
    assert cuts[0][1].startswith("No longer in: seq 2 to ")
    assert str(chat.explain("question")).endswith(said[-1][-1])


def test_what_was_sent_before_and_is_gone_is_said(store: Any, database_url: str) -> None:
    chat = store.start(backend=answers())
    talk(chat, 1)
    spoilt = TABLES.calls
    with connected(database_url) as connection:
        row = connection.execute(spoilt.select().where(spoilt.c.conversation_id == chat.id)).one()
        here = spoilt.c.conversation_id == chat.id
        connection.execute(update(spoilt).where(here).values(recipe={**row.recipe, "m": [[1, 7]]}))
    assert chat.explain("?").changes[0].startswith("What the last turn sent is not known: message 3 was sent")
    with pytest.raises(CorruptRecord):
        chat.explain(turn=-1)
    with connected(database_url) as connection:
        connection.execute(update(spoilt).where(here).values(recipe=row.recipe))


@pytest.mark.parametrize(
    "policy",
    [
        POLICY,
        None,
        [LastTurns(2), Redact(r"number \d", "[number]")],
        [Summarize(260, 160, "scripted:Cheese.", max_tokens=60)],
    ],
    ids=["window", "default", "redacted", "summarised"],
)
def test_what_the_model_saw_in_a_turn_is_explained_as_it_was_then(store: Any, policy: Any) -> None:
    backend = answers()
    chat = store.start(backend=backend, policy=policy, system="Be terse.")
    then = []
    for number in range(12):
        chat.pin(chat.history()[0]) if number == 5 else None
        then.append(chat.explain(f"question number {number}"))
        talk(chat, 1, number)
    requests = [request for request in backend.requests if request.messages[0].text == "Be terse."]
    later = store.load(chat.id)
    for number, (account, request) in enumerate(zip(then, requests, strict=True), 1):
        for turn in (number, number - 13, chat.turns()[number - 1], str(chat.turns()[number - 1].id)):
            again = later.explain(turn=turn)
            assert again.proof.startswith("This is what the model saw in call ")
            assert request.hash[:16] in again.proof
            assert str(again).endswith(again.proof)
            due = any("to be summarised" in line.note for line in account.decisions)
            assert due or again.tokens == account.tokens
            assert due or [line for line in again.decisions if line.included] == [
                line for line in account.decisions if line.included
            ]


def test_messages_that_a_rule_pins_are_read_again_for_a_turn_behind_its_cut(store: Any) -> None:
    chat = store.start(backend=answers(), policy=[Pinned(8), Window(260, 160)], system="Be terse.")
    talk(chat, 20)
    then = chat.explain("question")
    chat.send("question")
    again = chat.explain(turn=-1)
    assert [line for line in again.decisions if line.included] == [line for line in then.decisions if line.included]
    assert (8, "Pinned") in [(line.seq, line.rule) for line in again.decisions]


def test_a_turn_of_another_policy_is_explained_by_what_is_on_record(store: Any) -> None:
    backend = answers()
    chat = store.start(backend=backend, system="Be terse.")
    talk(chat, 4)
    chat.send("the last two?", policy=[LastTurns(2)])
    account = chat.explain(turn=-1)
    assert [(line.seq, line.role) for line in account.decisions] == [
        (None, "system"),
        (7, "user"),
        (8, "assistant"),
        (9, "user"),
    ]
    assert account.decisions[0].note == "put in, merged or changed"
    assert account.budget is None
    assert account.proof


def test_the_last_request_of_a_turn_with_tools_is_explained(store: Any) -> None:
    def look() -> str:
        """Look something up."""
        return "found"

    script = [assistant(tool_calls=[tool_call("look", {}, id="call00001")]), "There it is."]
    chat = store.start(backend=ScriptedBackend(script, profile=MISTRAL))
    chat.run("Where?", tools=[look])
    account = chat.explain(turn=1)
    assert [line.role for line in account.decisions] == ["tools", "user", "assistant", "tool"]
    assert "call 2 of turn" in account.proof


def test_a_prefix_that_was_given_is_part_of_what_the_model_saw(store: Any) -> None:
    chat = store.start(backend=answers())
    chat.send("One cheese?", prefix="Sure: ")
    account = chat.explain(turn=1)
    assert [(line.seq, line.role) for line in account.decisions] == [(1, "user"), (2, "assistant")]
    assert account.proof


def test_without_a_backend_it_is_explained_for_the_one_asked_last(store: Any) -> None:
    chat = store.start(["hm", "and", "so"], backend=answers(), policy=POLICY)
    talk(chat, 3)
    other = store.load(chat.id)
    assert other.explain("?") == chat.explain("?")
    assert other.compose("?").messages == chat.compose("?").messages
    assert [message.role for message in other.compose("?").messages[:2]] == ["user", "assistant"]


@pytest.mark.parametrize("turn", [0, 4, -4, "no id", True, 3.5])
def test_a_turn_that_is_not_there_is_not_found(store: Any, turn: Any) -> None:
    chat = store.start(backend=answers())
    talk(chat, 3)
    with pytest.raises(NotFound):
        chat.explain(turn=turn)


def test_a_turn_that_asked_nobody_saw_nothing(store: Any) -> None:
    chat = store.start(backend=ScriptedBackend([]))
    chat.append("hello")
    side = chat.fork()
    with pytest.raises(NotFound):
        side.explain(turn=1)
