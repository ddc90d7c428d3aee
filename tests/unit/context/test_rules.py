"""Rules as values: what they take, their key, and the JSON they are stored as."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest

from convo.context import rules
from convo.context.rules import (
    DEFAULT_POLICY,
    ClearToolResults,
    Draft,
    DropImages,
    DropThinking,
    Insert,
    KeepFirst,
    LastMessages,
    LastTurns,
    MergeConsecutive,
    Pinned,
    Redact,
    Summarize,
    SystemIntoUser,
    TruncateToolResults,
    Window,
    check_policy,
    dump_policy,
    load_policy,
    policy_key,
    rule_name,
    the_window,
)
from convo.errors import InvalidMessage, InvalidSetting
from convo.messages import system, user

EVERY_RULE = [
    Window(8_000, 6_000),
    Window(0.5),
    LastTurns(3),
    LastMessages(4),
    KeepFirst(2),
    Pinned(),
    Pinned(3, 9),
    ClearToolResults(keep=3),
    TruncateToolResults(500),
    DropThinking(),
    DropThinking(keep=2),
    DropImages(keep=1),
    SystemIntoUser(),
    MergeConsecutive(),
    Insert("one"),
    Insert([system("a"), {"role": "user", "content": [{"type": "text", "text": "b"}]}], at="start"),
    Redact(r"\d{16}", "[card]"),
    Summarize(8_000, 4_000, "mistral:mistral-small-latest", instruction="In French."),
]


def own(draft: Draft) -> None:
    return None


class Own:
    def __call__(self, draft: Draft) -> Draft:
        return draft


def test_every_rule_comes_back_from_its_json() -> None:
    for rule in EVERY_RULE:
        stored = json.loads(json.dumps(dump_policy([rule])))
        assert load_policy(stored) == (rule,)
        assert stored[0]["rule"] == rule_name(rule)


def test_the_json_of_a_rule_is_its_name_and_parameters() -> None:
    assert dump_policy([Window(8_000, 6_000)]) == [{"rule": "Window", "max_tokens": 8_000, "refill_to": 6_000}]
    assert dump_policy([Window(9), SystemIntoUser(), Pinned(4)]) == [
        {"rule": "Window", "max_tokens": 9},
        {"rule": "SystemIntoUser"},
        {"rule": "Pinned", "seqs": [4]},
    ]


def test_every_rule_of_the_package_can_be_stored() -> None:
    kinds = {name for name in rules.__all__ if hasattr(getattr(rules, name), "phase")} - {"Rule"}
    assert kinds == {rule_name(rule) for rule in EVERY_RULE}


@pytest.mark.parametrize("function", [own, Own(), functools.partial(own), lambda draft: draft])
def test_a_function_cannot_be_stored(function: Any) -> None:
    with pytest.raises(InvalidSetting, match="is a function, which cannot be stored") as caught:
        dump_policy([LastTurns(2), function])
    assert caught.value.field == "policy"


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        ([{"rule": "Fortune"}], "there is no rule 'Fortune'"),
        ([{"max_tokens": 3}], "there is no rule None"),
        ([{"rule": 3}], "there is no rule 3"),
        ([{"rule": "Window", "max_tokens": 3, "colour": 1}], "Window does not take the parameters"),
        ([{"rule": "Window"}], "Window does not take the parameters"),
        ([{"rule": "Pinned", "colour": 1}], "Pinned does not take the parameters"),
        ([{"rule": "LastTurns", "n": "many"}], "LastTurns: n must be a whole number"),
        ([{"rule": "Window", "max_tokens": 3}, {"rule": "Window", "max_tokens": 4}], "more than one Window"),
    ],
)
def test_a_stored_rule_nobody_knows_is_named(stored: Any, problem: str) -> None:
    with pytest.raises(InvalidSetting, match=problem):
        load_policy(stored)


def test_loading_leaves_the_stored_data_as_it_is() -> None:
    stored = dump_policy([LastTurns(2)])
    load_policy(stored)
    assert stored == [{"rule": "LastTurns", "n": 2}]


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "3", None])
@pytest.mark.parametrize(
    ("make", "field"),
    [
        (LastTurns, "n"),
        (LastMessages, "n"),
        (KeepFirst, "n"),
        (Pinned, "seqs"),
        (ClearToolResults, "keep"),
        (TruncateToolResults, "max_tokens"),
    ],
)
def test_counts_are_whole_numbers_of_at_least_one(make: Any, field: str, value: Any) -> None:
    with pytest.raises(
        InvalidSetting, match=f"{make.__name__}: {field} must be a whole number of at least 1"
    ) as caught:
        make(value)
    assert caught.value.field == field


@pytest.mark.parametrize("make", [DropThinking, DropImages])
def test_nothing_may_be_kept_by_the_rules_that_drop(make: Any) -> None:
    assert make(0) == make()
    for value in (-1, True, False, 0.5, "1"):
        with pytest.raises(InvalidSetting, match="keep must be"):
            make(value)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((0,), "max_tokens"),
        ((0.0,), "max_tokens"),
        ((1.1,), "max_tokens"),
        (("8k",), "max_tokens"),
        ((10, 0), "refill_to"),
        ((10, 11), "refill_to"),
        ((0.5, 0.6), "refill_to"),
        ((10, True), "refill_to"),
    ],
)
def test_a_window_has_a_size(arguments: Any, field: str) -> None:
    with pytest.raises(InvalidSetting, match="Window: ") as caught:
        Window(*arguments)
    assert caught.value.field == field


def test_a_window_as_tokens() -> None:
    assert Window(100).limits(None) == (100, 75)
    assert Window(100, 40).limits(None) == (100, 40)
    assert Window(10, 10).limits(None) == (10, 10)
    assert Window(0.5).limits(1_000) == (500, 375)
    assert Window(1.0, 0.25).limits(1_000) == (1_000, 250)
    assert Window(100, 0.5).limits(1_000) == (100, 100)
    assert Window(0.5, 400).limits(1_000) == (500, 400)
    with pytest.raises(InvalidSetting, match="needs the model's context length"):
        Window(0.5).limits(None)


def test_a_pattern_must_be_one() -> None:
    for arguments in (("(",), ("a", r"\1"), (3,)):
        with pytest.raises(InvalidSetting, match="Redact: ") as caught:
            Redact(*arguments)
        assert caught.value.field == "pattern"


def test_inserted_messages_have_a_place_and_are_messages() -> None:
    assert Insert({"role": "system", "content": "x"}).messages == (system("x"),)
    assert Insert(user("x")).messages == Insert("x").messages == Insert(["x"]).messages == (user("x"),)
    assert Insert("x").at == "before_question"
    with pytest.raises(InvalidSetting, match="Insert: at must be start"):
        Insert("x", at="middle")  # type: ignore[arg-type]
    with pytest.raises(InvalidMessage):
        Insert([{"role": "poet", "content": "x"}])


def test_the_key_of_a_policy_is_made_of_its_rules() -> None:
    keys = {
        policy_key(policy)
        for policy in (
            [],
            [Window(9)],
            [Window(9, 8)],
            [Window(9), LastTurns(1)],
            [LastTurns(1), Window(9)],
            [own],
            [Own()],
        )
    }
    assert len(keys) == 7
    assert policy_key([Window(9), own]) == policy_key((Window(9), own))
    assert policy_key([Own()]) == policy_key([Own()])
    assert policy_key(DEFAULT_POLICY) == "7ef0f4e524ea8294"
    assert all(len(key) == 16 for key in keys)


def test_the_default_policy_is_a_window() -> None:
    assert len(DEFAULT_POLICY) == 1
    assert the_window(DEFAULT_POLICY) == Window(32_000, 24_000)
    assert the_window([LastTurns(1)]) is None


def test_rules_go_by_their_class_and_functions_by_their_name() -> None:
    assert rule_name(LastTurns(1)) == "LastTurns"
    assert rule_name(own) == "own"
    assert rule_name(Own()) == "Own"
    assert rule_name(functools.partial(own)) == "partial"


@pytest.mark.parametrize("policy", ["Window", Window(9), [Window], [3], [Window(9), Window(8)], None])
def test_what_is_no_policy_is_refused(policy: Any) -> None:
    with pytest.raises(InvalidSetting, match="policy: ") as caught:
        check_policy(policy)
    assert caught.value.field == "policy"
