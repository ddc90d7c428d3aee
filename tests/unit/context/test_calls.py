"""Calls and their results: who belongs to whom, and the ids and names under which they leave."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from convo.context import calls
from convo.context.calls import OutboundIds, Place, match_results, portable_name, rounds_of, short_id, together
from convo.messages import Message, assistant, message_from, system, user
from convo.profiles import MISTRAL, OPENAI, PERMISSIVE
from support.histories import path


def asks(*ids: str) -> Message:
    return assistant("", tool_calls=[{"id": id, "function": {"name": "f", "arguments": "{}"}} for id in ids])


def tells(id: str | None) -> Message:
    return message_from({"role": "tool", "content": "r"} | ({} if id is None else {"tool_call_id": id}))


@pytest.mark.parametrize(
    ("messages", "matched"),
    [
        ([asks("a"), tells("a")], {1: (0, 0)}),
        ([asks("a", "b"), tells("b"), tells("a")], {1: (0, 1), 2: (0, 0)}),
        ([asks("a"), tells("b")], {}),
        ([tells("a"), asks("a")], {}),
        ([asks("a"), tells("a"), tells("a")], {1: (0, 0)}),
        ([asks("a"), tells("a"), asks("a"), tells("a")], {1: (0, 0), 3: (2, 0)}),
        ([asks("a"), asks("a"), tells("a"), tells("a")], {2: (1, 0), 3: (0, 0)}),
        ([asks("a", "a"), tells("a"), tells("a"), tells("a")], {1: (0, 0), 2: (0, 1)}),
        ([asks("a"), user("u"), assistant("x"), tells("a")], {3: (0, 0)}),
        ([asks("null"), tells("a")], {1: (0, 0)}),
        ([asks("", "b"), tells("x"), tells("b")], {1: (0, 0), 2: (0, 1)}),
        ([asks("a", "null"), tells("x"), tells("y")], {1: (0, 1)}),
        ([asks("a", "b"), tells(None), tells("null"), tells("")], {1: (0, 0), 2: (0, 1)}),
        ([asks("a"), asks("b"), tells(None), tells(None)], {2: (1, 0)}),
        ([asks("null", "null"), tells("null"), tells(None)], {1: (0, 0), 2: (0, 1)}),
        ([asks("null"), asks("b"), tells("x")], {}),
    ],
)
def test_a_result_belongs_to_the_newest_open_call_with_its_id(messages: list[Message], matched: dict[int, Any]) -> None:
    assert match_results(messages) == {index: Place(*place) for index, place in matched.items()}


def test_a_round_is_a_call_message_and_its_results() -> None:
    messages = [user("u"), asks("a", "b"), tells("b"), user("u"), tells("a"), asks("c"), system("s")]
    assert rounds_of(messages) == [[1, 2, 4], [5]]
    entries = path(*messages)
    assert together(entries, 2) == together(entries, 3) == together(entries, 5) == (2, 3, 5)
    assert together(entries, 6) == (6,)
    assert together(entries, 1) == (1,)


def outbound(profile: Any, *messages: Any) -> tuple[list[list[str]], dict[str, str]]:
    ids = OutboundIds(profile)
    return [ids.of_message(message, str(place)) for place, message in enumerate(messages)], ids.mapped


def test_an_id_the_profile_accepts_leaves_as_it_is() -> None:
    assert outbound(MISTRAL, asks("aaaaaaaa1", "bbbbbbbb2")) == ([["aaaaaaaa1", "bbbbbbbb2"]], {})
    assert outbound(OPENAI, asks("call_1")) == ([["call_1"]], {})
    assert outbound(PERMISSIVE, asks("x" * 99)) == ([["x" * 99]], {})


def test_other_ids_become_nine_alphanumerics_made_of_the_id_alone() -> None:
    (first, again), mapped = outbound(MISTRAL, asks("call_1", "call_2"), asks("call_2"))
    assert first[1] == again[0] == outbound(MISTRAL, asks("call_2"))[0][0][0]
    assert mapped == {first[0]: "call_1", first[1]: "call_2"}
    assert all(MISTRAL.accepts_id(id) for id in first)
    assert first[0] == short_id("id call_1") == "sc7YU2h1O"


def test_ids_that_are_missing_or_double_are_made_from_their_place() -> None:
    (first, other), mapped = outbound(MISTRAL, asks("null", "", "aaaaaaaa1", "aaaaaaaa1"), asks("null"))
    assert first[2] == "aaaaaaaa1"
    assert len({*first, *other}) == 5
    assert sorted(mapped.values()) == ["", "aaaaaaaa1", "null", "null"]
    assert outbound(MISTRAL, asks("null"))[0][0][0] == first[0]


def test_two_ids_never_share_an_outbound_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "short_id", lambda seed: f"aaaaaaa{len(seed):02}")
    (ids, later), mapped = outbound(MISTRAL, asks("call_1", "call_2", "call_33"), asks("aaaaaaa09", "call_2"))
    assert ids == ["aaaaaaa09", "aaaaaaa11", "aaaaaaa10"]
    assert len({*ids, *later}) == 4
    assert later[1] == ids[1]
    assert mapped[later[0]] == "aaaaaaa09"


def test_names_a_profile_does_not_accept_are_made_portable() -> None:
    assert portable_name("get-it_2", MISTRAL) == "get-it_2"
    assert portable_name("get it!", MISTRAL) == "get_it_"
    assert portable_name("naïve", OPENAI) == "na_ve"
    assert portable_name("n" * 70, MISTRAL) == "n" * 64
    assert portable_name("", MISTRAL) == "_"
    assert portable_name("get it!", PERMISSIVE) == "get it!"
    assert portable_name("get-it!", replace(MISTRAL, function_name=None)) == "get-it!"


def test_short_ids_are_the_base_62_digits_of_the_hash() -> None:
    assert short_id("") == "5IxLHpeEW"
    assert short_id("\ud800") != short_id("\ud801")
