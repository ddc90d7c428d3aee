"""Events of a stream become deltas: content of every shape, fragments of calls, usage wherever it comes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convo.backends.answers import citations
from convo.backends.decode import decode
from convo.backends.fold import StreamFold
from convo.chunks import ReferenceChunk, ThinkingChunk, UnknownChunk
from convo.completions import Completion, Usage
from convo.errors import MalformedResponse
from convo.messages import assistant
from convo.turns import Accumulator


def event(
    delta: dict[str, Any] | None = None, finish: str | None = None, index: int = 0, **more: Any
) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": delta or {}, "finish_reason": finish}], **more}


def folded(*events: dict[str, Any]) -> Completion:
    fold, gathered = StreamFold("hash"), Accumulator()
    for item in events:
        for delta in fold.fold(item):
            gathered.add(delta)
    return gathered.completion()


def calls(completion: Completion) -> list[tuple[str, str, str]]:
    return [(call.id, call.name, call.function.arguments) for call in completion.message.calls]  # type: ignore[misc]


def call(arguments: str = "", **fields: Any) -> dict[str, Any]:
    name = fields.pop("name", None)
    return {**fields, "function": {"arguments": arguments, **({"name": name} if name else {})}}


def test_content_as_chunks_is_kept_in_order() -> None:
    completion = folded(
        event({"role": "assistant", "content": ""}),
        event({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "h"}]}]}),
        event({"content": [{"type": "thinking", "thinking": "m"}, {"type": "text", "text": "It"}]}),
        event({"content": " is"}),
        event({"content": {"type": "reference", "reference_ids": [3, "x", 3]}}),
        event({"content": [{"type": "hologram", "z": 1}]}),
        event({"content": "."}, "stop"),
    )
    thought, said, cited, unknown, rest = completion.message.chunks
    assert isinstance(thought, ThinkingChunk)
    assert (thought.text, said.to_json(), rest.to_json()) == (
        "hm",
        {"type": "text", "text": "It is"},
        {"type": "text", "text": "."},
    )
    assert isinstance(cited, ReferenceChunk)
    assert isinstance(unknown, UnknownChunk)
    assert citations(completion.message) == (3, "x")


def test_citations_of_a_plain_text_are_none() -> None:
    assert citations(assistant("no chunks")) == ()


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thoughts_beside_the_content_are_thinking(name: str) -> None:
    completion = folded(event({name: "h", "content": None}), event({name: "m"}), event({"content": "So."}, "stop"))
    assert (completion.message.thinking, completion.text) == ("hm", "So.")
    whole = decode({"choices": [{"message": {"content": "So.", name: "hm"}, "finish_reason": "stop"}]}, "hash")
    assert whole.message == completion.message


def test_a_call_whole_in_one_delta_without_index_or_type() -> None:
    completion = folded(
        event({"content": None, "tool_calls": [call('{"a": 1}', id="abcdefghi", name="f")]}), event(finish="tool_calls")
    )
    assert calls(completion) == [("abcdefghi", "f", '{"a": 1}')]


def test_several_whole_calls_with_the_default_index_are_told_apart_by_id() -> None:
    first, second = call("{}", id="aaaaaaaaa", name="f", index=0), call("{}", id="bbbbbbbbb", name="g", index=0)
    assert [found[0] for found in calls(folded(event({"tool_calls": [first, second]})))] == ["aaaaaaaaa", "bbbbbbbbb"]
    one_each = folded(event({"tool_calls": [first]}), event({"tool_calls": [second]}))
    assert [found[1] for found in calls(one_each)] == ["f", "g"]


def test_several_whole_calls_without_any_id_are_told_apart_by_name() -> None:
    completion = folded(event({"tool_calls": [call("{}", name="f", id="null"), call("{}", name="f", id="null")]}))
    assert calls(completion) == [("null", "f", "{}"), ("null", "f", "{}")]


def test_fragments_are_joined_by_index_even_when_they_interleave() -> None:
    completion = folded(
        event({"tool_calls": [call("", index=0, id="call_1", name="f")]}),
        event({"tool_calls": [call("", index=1, id="call_2", name="g")]}),
        event({"tool_calls": [call('{"a"', index=0), call('{"b"', index=1)]}),
        event({"tool_calls": [call(": 1}", index=0)]}),
        event({"tool_calls": [call(": 2}", index=1)]}),
    )
    assert calls(completion) == [("call_1", "f", '{"a": 1}'), ("call_2", "g", '{"b": 2}')]


def test_fragments_that_repeat_their_id_are_one_call() -> None:
    parts = [call(text, index=0, id="call_1", name="f") for text in ("{", '"a"', ": 1}")]
    assert calls(folded(*(event({"tool_calls": [part]}) for part in parts))) == [("call_1", "f", '{"a": 1}')]


def test_an_id_that_comes_after_the_first_fragment_is_taken() -> None:
    completion = folded(
        event({"tool_calls": [call("{", index=0, name="f")]}), event({"tool_calls": [call("}", index=0, id="call_1")]})
    )
    assert calls(completion) == [("call_1", "f", "{}")]


def test_fragments_without_an_index_go_to_the_call_begun_last() -> None:
    completion = folded(
        event({"tool_calls": [call("{", name="f", id="call_1")]}),
        event({"tool_calls": [call("}")]}),
        event({"tool_calls": [call("[", name="g", id="call_2")]}),
        event({"tool_calls": [call("]")]}),
    )
    assert calls(completion) == [("call_1", "f", "{}"), ("call_2", "g", "[]")]


def test_arguments_as_an_object_are_json_text() -> None:
    completion = folded(event({"tool_calls": [{"id": "x", "function": {"name": "f", "arguments": {"a": "é"}}}]}))
    assert calls(completion) == [("x", "f", '{"a":"é"}')]


def test_an_old_function_call_is_a_tool_call_without_id() -> None:
    completion = folded(
        event({"function_call": {"name": "f", "arguments": "{"}}), event({"function_call": {"arguments": "}"}})
    )
    assert calls(completion) == [("null", "f", "{}")]


@given(st.lists(st.integers(0, 2), max_size=30), st.booleans())
def test_any_interleaving_of_fragments_gives_the_same_calls(order: list[int], repeat_id: bool) -> None:
    pieces: dict[int, int] = {}
    events = []
    for index in order:
        first = index not in pieces
        pieces[index] = pieces.get(index, 0) + 1
        known = {"id": f"id{index}"} if repeat_id or first else {}
        events.append(
            event({"tool_calls": [call("x", index=index, **known, **({"name": f"f{index}"} if first else {}))]})
        )
    seen = list(dict.fromkeys(order))
    assert calls(folded(*events)) == [(f"id{index}", f"f{index}", "x" * pieces[index]) for index in seen]


@pytest.mark.parametrize("place", ["last", "extra", "each", "none"])
def test_usage_is_taken_wherever_it_comes(place: str) -> None:
    usage = {"usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}
    events = [
        event({"content": "a"}, **(usage if place == "each" else {"usage": None})),
        event({}, "stop", **(usage if place == "last" else {})),
        *([{"choices": [], **usage}] if place == "extra" else []),
    ]
    assert folded(*events).usage == (None if place == "none" else Usage(3, 2, 5))


def test_usage_of_odd_shapes_is_harmless() -> None:
    for usage in ({}, [], "many", {"prompt_tokens": "3"}, {"prompt_tokens": None, "completion_tokens": True}):
        found = folded(event({"content": "a"}, "stop", usage=usage)).usage
        assert found is None or (found.prompt_tokens, found.completion_tokens) == (0, 0)


def test_choices_stream_side_by_side() -> None:
    completion = folded(
        event({"content": "a"}, index=0),
        event({"content": "x"}, index=1),
        event({"content": "b"}, "stop", index=0),
        event({"content": "y"}, "length", index=1),
    )
    assert [(choice.message.text, choice.finish_reason) for choice in completion.choices] == [
        ("ab", "stop"),
        ("xy", "length"),
    ]


def test_a_refusal_in_fragments_is_one_text() -> None:
    completion = folded(event({"content": None, "refusal": "I "}), event({"refusal": "can't."}), event({}, "stop"))
    assert completion.message.model_extra == {"refusal": "I can't."}


def test_a_character_cut_between_two_events_is_whole() -> None:
    fold = StreamFold("hash")
    texts = [
        delta.text
        for item in (event({"content": "a\ud83e"}), event({"content": "\uddc0b"}), event({"content": "\ud83e"}, "stop"))
        for delta in fold.fold(item)
    ]
    assert texts == ["a", "🧀b", "\ud83e"]


def test_padding_and_nulls_leave_no_trace() -> None:
    completion = folded(
        event({"content": "a", "tool_calls": None, "refusal": None, "annotations": []}, p="abcdef"),
        event({"content": ""}, "stop"),
    )
    assert completion.message == assistant("a")


def test_the_first_delta_says_who_answered_to_what() -> None:
    fold = StreamFold("hash")
    first, *_ = fold.fold(event({"content": "a"}, id="1", model="m"))
    second, *_ = fold.fold(event({"content": "b"}, id="1", model="m"))
    assert (first.id, first.model, first.wire_hash) == ("1", "m", "hash")
    assert (second.id, second.model, second.wire_hash) == (None, None, None)


def test_a_choice_that_goes_on_after_its_end_is_refused() -> None:
    with pytest.raises(MalformedResponse, match="went on"):
        folded(event({"content": "a"}, "stop"), event({"content": "b"}))


def test_other_choices_may_go_on_after_one_has_ended() -> None:
    completion = folded(event({"content": "a"}, "stop"), event({"content": "b"}, "stop", index=1))
    assert len(completion.choices) == 2


def test_a_whole_reply_keeps_what_it_has_no_name_for() -> None:
    body = {
        "choices": [{"message": {"content": "a"}, "finish_reason": "stop", "logprobs": {"content": [1]}, "index": 0}],
        "system_fingerprint": "fp",
        "guardrails": [{"x": 1}],
        "service_tier": None,
        "created": 5,
    }
    completion = decode(body, "hash")
    assert completion.details == {
        "system_fingerprint": "fp",
        "guardrails": [{"x": 1}],
        "created": 5,
        "choices": [{"logprobs": {"content": [1]}}],
    }
    assert completion.wire_hash == "hash"


def test_a_prefix_flag_in_an_answer_is_not_kept() -> None:
    completion = decode({"choices": [{"message": {"content": "a", "prefix": True}, "finish_reason": "stop"}]}, "hash")
    assert completion.message == assistant("a")
