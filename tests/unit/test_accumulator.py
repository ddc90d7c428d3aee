"""Gathering a stream: the answer is what its deltas say, however they are cut."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convo.backends.answers import deltas_of
from convo.chunks import ReferenceChunk
from convo.completions import Choice, Completion, Delta, ToolCallDelta, Usage
from convo.errors import MalformedResponse
from convo.messages import assistant, tool_call
from convo.turns import Accumulator
from support.json_values import ANY_TEXT


def gathered(*deltas: Delta) -> Completion:
    accumulator = Accumulator()
    for delta in deltas:
        accumulator.add(delta)
    return accumulator.completion()


WORDS = st.text(max_size=8)
CHUNK_LISTS = st.lists(
    st.one_of(
        WORDS.filter(bool).map(lambda text: {"type": "text", "text": text}),
        WORDS.filter(bool).map(lambda text: {"type": "thinking", "thinking": [{"type": "text", "text": text}]}),
        st.just({"type": "reference", "reference_ids": [1, "b"]}),
        st.just({"type": "hologram", "beam": 3}),
    ),
    max_size=4,
).filter(lambda chunks: all(a["type"] != b["type"] or a["type"] == "reference" for a, b in pairwise(chunks)))
CALLS = st.lists(st.builds(tool_call, WORDS.filter(bool), WORDS.filter(bool), WORDS.filter(bool)), max_size=3)


@st.composite
def completions(draw: st.DrawFn) -> Completion:
    """An answer of one or two choices, in the form that a stream's answer has."""
    choices = []
    for index in range(draw(st.integers(1, 2))):
        chunks: list[dict[str, Any]] = draw(CHUNK_LISTS)
        calls = draw(CALLS)
        plain = all(chunk["type"] == "text" for chunk in chunks)
        content: Any = "".join(chunk["text"] for chunk in chunks) if plain else chunks
        numbered = [call.replace(index=number) if number else call for number, call in enumerate(calls)]
        message = assistant(content, tool_calls=numbered) if numbered else assistant(content)
        choices.append(Choice(message, draw(st.sampled_from(["stop", "length"])), index))
    usage = draw(st.sampled_from([None, Usage(1, 2, 3)]))
    return Completion(tuple(choices), usage, model="m", id="i", backend="b", wire_hash="00" * 32)


def cut(delta: Delta, draw: Any) -> list[Delta]:
    """The same as several deltas: texts and arguments cut anywhere."""
    for name in ("text", "thinking"):
        text = getattr(delta, name)
        if len(text) > 1:
            at = draw(st.integers(1, len(text) - 1))
            return [replace(delta, **{name: text[:at]}), Delta(**{name: text[at:]}, index=delta.index)]
    if delta.tool_calls:
        pieces = []
        for call in delta.tool_calls:
            at = draw(st.integers(0, len(call.arguments)))
            pieces.append(Delta(tool_calls=(replace(call, arguments=call.arguments[:at]),), index=delta.index))
            rest = ToolCallDelta(position=call.position, arguments=call.arguments[at:])
            pieces.append(Delta(tool_calls=(rest,), index=delta.index))
        return pieces
    return [delta]


@given(completions(), st.data())
def test_the_deltas_of_an_answer_add_up_to_it_however_they_are_cut(answer: Completion, data: st.DataObject) -> None:
    deltas = [piece for delta in deltas_of(answer) for piece in cut(delta, data.draw)]
    assert gathered(*deltas) == answer


@given(completions(), st.data())
def test_choices_may_come_interleaved(answer: Completion, data: st.DataObject) -> None:
    lanes = [[delta for delta in deltas_of(answer) if delta.index == index] for index in range(len(answer.choices))]
    mixed = []
    while any(lanes):
        mixed.append(data.draw(st.sampled_from([lane for lane in lanes if lane])).pop(0))
    assert gathered(*mixed) == answer


@given(st.lists(st.builds(Delta, text=ANY_TEXT, thinking=st.sampled_from(["", "", "hm"])), max_size=8))
def test_the_text_is_that_of_the_deltas_joined(deltas: list[Delta]) -> None:
    joined = assistant("".join(delta.text for delta in deltas)).text
    assert assistant(gathered(*deltas).text).text == joined


def test_halves_of_a_character_that_come_apart_are_joined() -> None:
    assert gathered(Delta(text="\ud83d"), Delta(text="\ude00")).text == "😀"


def test_nothing_gathered_is_an_empty_answer_without_a_finish_reason() -> None:
    accumulator = Accumulator()
    assert accumulator.empty
    assert not accumulator.finished
    assert accumulator.completion() == Completion((Choice(assistant("")),))


@pytest.mark.parametrize(
    "delta",
    [
        Delta(text="a"),
        Delta(thinking="a"),
        Delta(chunk=ReferenceChunk(reference_ids=(1,))),
        Delta(tool_calls=(ToolCallDelta(0, name="f"),)),
    ],
)
def test_something_gathered_is_not_empty(delta: Delta) -> None:
    accumulator = Accumulator()
    accumulator.add(Delta(model="m"))
    assert accumulator.empty
    accumulator.add(delta)
    assert not accumulator.empty


def test_an_answer_is_finished_when_each_choice_has_its_finish_reason() -> None:
    accumulator = Accumulator()
    for index in (0, 1):
        accumulator.add(Delta(text="a", index=index))
    accumulator.add(Delta(finish_reason="stop", index=1))
    assert not accumulator.finished
    accumulator.add(Delta(finish_reason="length", index=0))
    assert accumulator.finished
    assert [choice.finish_reason for choice in accumulator.completion().choices] == ["length", "stop"]


def test_gathering_may_go_on_after_a_look() -> None:
    accumulator = Accumulator()
    texts = []
    for text in ("ha ", "ha ", "ha"):
        accumulator.add(Delta(text=text))
        texts.append(accumulator.completion().text)
    assert texts == ["ha ", "ha ha ", "ha ha ha"]


def test_thinking_and_text_stand_in_the_order_in_which_they_came() -> None:
    deltas = [Delta(thinking="h"), Delta(thinking="m"), Delta(signature="c2ln"), Delta(text="so"), Delta(thinking="?")]
    assert gathered(*deltas).message.to_json()["content"] == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "signature": "c2ln"},
        {"type": "text", "text": "so"},
        {"type": "thinking", "thinking": [{"type": "text", "text": "?"}]},
    ]


def test_calls_are_told_apart_by_position_whatever_the_order() -> None:
    pieces = [
        ToolCallDelta(1, id="b", name="second", arguments='{"x"'),
        ToolCallDelta(0, id="a", name="first"),
        ToolCallDelta(1, arguments=":1}"),
        ToolCallDelta(0, id="ignored", name="ignored", arguments="{}"),
    ]
    calls = gathered(*(Delta(tool_calls=(piece,)) for piece in pieces)).message.calls
    assert [(call.id, call.name, call.arguments) for call in calls] == [
        ("a", "first", "{}"),
        ("b", "second", '{"x":1}'),
    ]


def test_a_call_without_an_id_has_the_id_that_stands_for_none() -> None:
    (call,) = gathered(Delta(tool_calls=(ToolCallDelta(0, name="f"),))).message.calls
    assert call.to_json() == {"id": "null", "type": "function", "function": {"name": "f", "arguments": ""}}


def test_fields_without_a_name_in_convo_are_kept_on_the_message() -> None:
    message = gathered(Delta(extra={"refusal": "no"}), Delta(text="a"), Delta(extra={"audio": {"id": 1}})).message
    assert message.to_json() == {"refusal": "no", "audio": {"id": 1}, "role": "assistant", "content": "a"}


def test_what_adds_up_to_no_message_is_the_backends_fault() -> None:
    with pytest.raises(MalformedResponse, match="score: inf is not a JSON number"):
        gathered(Delta(text="a"), Delta(extra={"score": float("inf")}))


def test_the_last_facts_count() -> None:
    answer = gathered(Delta(model="a", usage=Usage(1)), Delta(text="x"), Delta(model="b", usage=Usage(2), id="i"))
    assert (answer.model, answer.id, answer.usage) == ("b", "i", Usage(2))
