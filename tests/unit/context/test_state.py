"""What a branch remembers of its composing."""

from __future__ import annotations

import pytest

from convo.context.state import MAX_PINS, MAX_POLICIES, ComposeState
from convo.errors import InvalidSetting
from convo.values import dump_json


def test_a_new_branch_remembers_nothing() -> None:
    assert ComposeState.from_json(None) == ComposeState.from_json({}) == ComposeState()
    assert ComposeState().to_json() == {"cuts": {}, "pins": []}


def test_it_comes_back_from_json_as_it_was() -> None:
    state = ComposeState().cut_at("policy", 7, 9).pinned(3, 2)
    assert state.to_json() == {"cuts": {"policy": [7, 9]}, "pins": [2, 3]}
    assert ComposeState.from_json(state.to_json()) == state


def test_pins_are_ascending_and_single() -> None:
    assert ComposeState().pinned(5).pinned(1, 5, 3).pins == (1, 3, 5)
    assert ComposeState().pinned(5, 3).unpinned(5, 9).pins == (3,)


def test_pins_are_bounded() -> None:
    full = ComposeState().pinned(*range(1, MAX_PINS + 1))
    assert full.pinned(1) == full
    with pytest.raises(InvalidSetting, match=f"33 messages pinned; at most {MAX_PINS}") as caught:
        full.pinned(99)
    assert caught.value.field == "pins"


def test_a_cut_takes_the_place_of_the_older_one() -> None:
    state = ComposeState().pinned(4).cut_at("a", 2, 3).cut_at("b", 5, 6).cut_at("a", 8, 9)
    assert (state.cuts, state.marks, state.pins) == ({"a": 8, "b": 5}, {"a": 9, "b": 6}, (4,))


def test_the_policy_cut_longest_ago_is_forgotten_first() -> None:
    state = ComposeState()
    for number in range(MAX_POLICIES):
        state = state.cut_at(f"policy {number}", number, number)
    state = state.cut_at("policy 0", 90, 91).cut_at("one more", 92, 93)
    assert set(state.cuts) == {f"policy {number}" for number in range(MAX_POLICIES) if number != 1} | {"one more"}
    assert set(state.marks) == set(state.cuts)
    assert len(dump_json(state.to_json())) < 1_000


def test_a_fork_takes_the_pins_up_to_its_message_and_the_cuts_before_it() -> None:
    state = ComposeState().pinned(3, 4, 5).cut_at("old", 3, 6).cut_at("at", 4, 6).cut_at("new", 5, 6)
    forked = state.before(4)
    assert (forked.cuts, forked.marks, forked.pins) == ({"old": 3}, {"old": 4}, (3, 4))
    assert state.before(9) == state


def test_a_policy_for_one_call_starts_from_the_pins_alone() -> None:
    assert ComposeState().pinned(3).cut_at("a", 1, 2).without_cuts() == ComposeState(pins=(3,))
