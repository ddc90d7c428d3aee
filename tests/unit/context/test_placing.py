"""Rules that put something in, and those that change the form in which messages leave."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from convo.context.compose import compose
from convo.context.draft import Item
from convo.context.rules import Draft, Insert, LastTurns, MergeConsecutive, SystemIntoUser
from convo.messages import Message, assistant, system, tool_result, user
from convo.profiles import MISTRAL, OPENAI, PERMISSIVE
from support.histories import path

CALL = assistant("", tool_calls=[{"id": "aaaaaaaa1", "function": {"name": "f"}}])
TALK = [system("s"), user("q1"), assistant("a1"), user("q2"), user("q3")]
IN_A_ROUND = [*TALK, CALL, tool_result("aaaaaaaa1", "r")]


def texts(policy: list[Any], messages: list[Message], profile: Any = PERMISSIVE, **more: Any) -> list[str]:
    return [message.text for message in compose(path(*messages), policy, profile, **more)[0].messages]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("start", ["s", "X", "q1", "a1", "q2", "q3", "", "r"]),
        ("before_question", ["s", "q1", "a1", "X", "q2", "q3", "", "r"]),
        ("after_question", ["s", "q1", "a1", "q2", "q3", "X", "", "r"]),
    ],
)
def test_inserted_messages_go_where_they_are_told(at: Any, expected: list[str]) -> None:
    assert texts([Insert("X", at)], IN_A_ROUND) == expected
    assert texts([Insert("X", at)], TALK) == expected[:6]


@pytest.mark.parametrize(("at", "asked"), [("before_question", "X\n\nq2\n\nq3"), ("after_question", "q2\n\nq3\n\nX")])
def test_an_inserted_system_message_leaves_as_the_users_where_none_may_stand(at: Any, asked: str) -> None:
    assert texts([Insert(system("X"), at)], TALK, MISTRAL, system="t")[-1] == asked
    assert texts([Insert(system("X"), at)], TALK, OPENAI)[-3:].count("X") == 1


def test_inserted_messages_keep_their_order_and_follow_what_is_left() -> None:
    assert texts([Insert(["X", assistant("Y")], "start"), Insert("Z", "start"), LastTurns(1)], TALK) == [
        "s",
        "Z",
        "X",
        "Y",
        "q2",
        "q3",
    ]
    assert texts([Insert("X")], [user("q")], system="given") == ["given", "X", "q"]
    assert texts([Insert("X", "after_question")], [user("q"), system("t"), assistant("a"), user("r")])[-1] == "X"


def test_inserted_messages_have_their_line() -> None:
    composition = compose(path(*TALK), [Insert("X")], MISTRAL)[0]
    assert [(line.seq, line.rule, line.note) for line in composition.decisions][3:] == [
        (None, "Insert", "inserted; one message with seq 4, seq 5"),
        (4, "", "one message with inserted, seq 5"),
        (5, "", "one message with inserted, seq 4"),
    ]
    assert composition.sources == (1, 2, 3, None)


def test_a_function_may_put_in_messages_without_a_note() -> None:
    def remind(draft: Draft) -> Draft:
        return replace(draft, items=(*draft.items, Item(user("X"))))

    composition = compose(path(*TALK), [remind], MISTRAL)[0]
    assert composition.messages[-1].text == "q2\n\nq3\n\nX"
    assert composition.decisions[-2].note == "one message with seq 4, an inserted one"
    assert composition.decisions[-1].rule.endswith("remind")
    assert composition.decisions[-1].tokens > 0


def test_system_messages_go_out_as_the_users() -> None:
    for profile in (MISTRAL, OPENAI, PERMISSIVE):
        composition = compose(path(*TALK[:4]), [SystemIntoUser()], profile, system="given")[0]
        assert [message.to_json() for message in composition.messages] == [
            {"role": "user", "content": "given\n\ns\n\nq1"},
            {"role": "assistant", "content": "a1"},
            {"role": "user", "content": "q2"},
        ]
        assert composition.decisions[0].note == (
            "the conversation's system prompt; system message sent as the user's; one message with seq 1, seq 2"
        )


def test_neighbours_are_merged_where_the_profile_does_not_ask_for_it() -> None:
    messages = [system("s"), system("t"), user("a"), user("b"), assistant("c"), assistant("d"), user("e")]
    assert texts([MergeConsecutive()], messages, OPENAI) == ["s\n\nt", "a\n\nb", "c\n\nd", "e"]
    rounds = [user("q"), assistant("c"), CALL, tool_result("aaaaaaaa1", "r")]
    composition = compose(path(*rounds), [MergeConsecutive()], OPENAI)[0]
    assert composition.messages[1].to_json() == {
        "role": "assistant",
        "content": "c",
        "tool_calls": [call.to_json() for call in CALL.calls],
    }


def test_no_call_is_lost_where_neighbours_are_merged_and_results_may_come_later() -> None:
    other = assistant("d", tool_calls=[{"id": "aaaaaaaa2", "function": {"name": "g"}}])
    messages = [user("q"), CALL, assistant("c"), other, user("and?"), tool_result("aaaaaaaa1", "r")]
    composition = compose(path(*messages), [MergeConsecutive()], PERMISSIVE)[0]
    merged = composition.messages[1]
    assert [call.id for call in merged.calls] == ["aaaaaaaa1", "aaaaaaaa2"]
    assert merged.text == "c\n\nd"
