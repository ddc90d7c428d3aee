"""The base of all values: given back as given, refused with one sentence."""

from __future__ import annotations

import copy
import enum
import json
import pickle
import types
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convo.chunks import TextChunk, UnknownChunk
from convo.errors import InvalidMessage
from convo.messages import message_from, user
from convo.values import MAX_DEPTH, canonical_json, clean_json, dump_json, join_surrogates
from support.json_values import ANY_TEXT, VALUES, exactly, nested


@given(VALUES)
def test_cleaning_keeps_json_data_as_it_is(value: Any) -> None:
    assert exactly(clean_json(value)) == exactly(value)


@given(VALUES)
def test_dumped_json_is_read_back_equal_and_every_database_can_hold_it(value: Any) -> None:
    text = dump_json(clean_json(value))
    text.encode()
    assert not any(ord(sign) < 32 for sign in text)
    assert exactly(json.loads(text)) == exactly(value)


@given(VALUES, st.randoms())
def test_canonical_json_does_not_depend_on_the_order_of_keys(value: Any, random: Any) -> None:
    def shuffled(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: shuffled(part[name]) for name in random.sample(list(part), len(part))}
        return [shuffled(item) for item in part] if isinstance(part, list) else part

    assert canonical_json(shuffled(value)) == canonical_json(value)
    assert canonical_json(value).isascii()


@given(ANY_TEXT)
def test_surrogate_halves_that_stand_together_are_joined_and_lone_ones_stay(text: str) -> None:
    assert join_surrogates(text) == json.loads(json.dumps(text))


def test_halves_of_a_surrogate_pair_become_their_character() -> None:
    assert join_surrogates("a \ud83d\ude00 \ud83d b \ude00") == "a 😀 \ud83d b \ude00"


class Colour(str, enum.Enum):  # noqa: UP042 - the older spelling, whose str() is not its value
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("given_value", "kept"),
    [
        (Colour.RED, "red"),
        ({Colour.RED: 1}, {"red": 1}),
        (Level.HIGH, 3),
        ((1, (2,)), [1, [2]]),
        (types.MappingProxyType({"a": {}}), {"a": {}}),
        (nested(MAX_DEPTH), nested(MAX_DEPTH)),
        (nested(MAX_DEPTH, dict), nested(MAX_DEPTH, dict)),
        (10**4000, 10**4000),
        (-0.0, -0.0),
    ],
    ids=str,
)
def test_what_json_can_hold_is_kept(given_value: Any, kept: Any) -> None:
    assert dump_json(clean_json(given_value)) == dump_json(kept)


@pytest.mark.parametrize("kind", [list, dict])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100, 1_000, 100_000])
def test_what_is_nested_too_deep_is_refused_before_anything_recurses(depth: int, kind: type) -> None:
    with pytest.raises(ValueError, match="nested deeper than 64 levels"):
        clean_json(nested(depth, kind))


@pytest.mark.parametrize(
    "wrong",
    [
        *(float("nan"), float("inf"), -float("inf"), 10**5000, -(10**5000)),
        *({1: 2}, {None: 1}, {("secret", "\n"): 1}),
        *({1, 2}, b"secret", object, range(3), iter("secret")),
    ],
    ids=lambda wrong: type(wrong).__name__,
)
def test_what_json_cannot_hold_is_refused_without_quoting_it(wrong: Any) -> None:
    for value in (wrong, {"a": [wrong]}):
        with pytest.raises(ValueError) as caught:
            clean_json(value)
        assert "secret" not in str(caught.value)
        assert "\n" not in str(caught.value)
        with pytest.raises(InvalidMessage):
            user("x", more=value)


def test_a_value_inside_a_value_counts_towards_the_depth() -> None:
    deep = UnknownChunk.from_json({"type": "new", "data": nested(MAX_DEPTH - 1)})
    with pytest.raises(InvalidMessage, match="nested deeper"):
        user([deep])
    two_levels_less = UnknownChunk.from_json({"type": "new", "data": nested(MAX_DEPTH - 3)})
    message = user([two_levels_less])
    assert message_from(json.loads(dump_json(message))) == message


def test_values_are_equal_when_their_json_is_whatever_they_were_made_from() -> None:
    from_dict = message_from({"role": "user", "content": [{"type": "text", "text": "hi"}], "more": 1})
    from_words = user([TextChunk(text="hi")], more=1)
    assert from_dict == from_words
    assert hash(from_dict) == hash(from_words)
    assert from_dict != user([TextChunk(text="hi")])
    assert user("hi") != "hi"
    assert len({from_dict, from_words}) == 1


def test_a_value_cannot_be_changed_but_replaced() -> None:
    first = user("hi", more=1)
    with pytest.raises(ValueError, match="frozen"):
        first.content = "ho"  # type: ignore[misc]
    assert first.replace(content="ho").to_json() == {"role": "user", "content": "ho", "more": 1}
    assert first.replace(more=None).to_json() == {"role": "user", "content": "hi"}
    assert first.to_json() == {"role": "user", "content": "hi", "more": 1}
    with pytest.raises(InvalidMessage, match="content"):
        first.replace(content=3)


def test_a_plain_text_has_no_unknown_fields_whatever_it_was_made_from() -> None:
    for message in (user("hi"), user([TextChunk(text="hi")]), message_from({"role": "user", "content": "hi"})):
        assert message.model_extra == {}


def test_values_survive_copying_and_pickling() -> None:
    first = user([{"type": "text", "text": "hi"}, {"type": "new", "data": [1]}], text="an unknown field")
    for again in (copy.copy(first), copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
        assert again == first
        assert exactly(again.to_json()) == exactly(first.to_json())


def test_altering_is_replacing_by_what_is_known_to_be_valid() -> None:
    message = message_from({"role": "tool", "content": "r", "tool_call_id": "a", "colour": ["red"]})
    first = message.canonical()
    altered, replaced = message.altered(tool_call_id="b"), message.replace(tool_call_id="b")
    assert altered == replaced
    assert list(altered.to_json()) == list(replaced.to_json())
    assert altered.canonical() == replaced.canonical() != first == message.canonical()
    named = message.altered(name="f")
    assert named.to_json() == {**message.to_json(), "name": "f"}
    assert named.replace(name=None) == message
