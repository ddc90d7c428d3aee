"""Requests, answers, usage: their hashes, their sums, their JSON."""

from __future__ import annotations

import pickle
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convo.completions import Choice, Completion, CompletionRequest, Delta, Usage, text_delta
from convo.messages import assistant, message_from, user
from convo.options import CompletionOptions
from support.json_values import MESSAGES

COUNTS = st.one_of(st.integers(-1, 10**9), st.sampled_from([None, "3", True, 1.5]))
USAGES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            ("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "reasoning_tokens"), COUNTS
        ),
        "prompt_tokens_details": st.fixed_dictionaries({}, optional={"cached_tokens": COUNTS}),
        "completion_tokens_details": st.fixed_dictionaries({}, optional={"reasoning_tokens": COUNTS}),
        "prompt_audio_seconds": st.sampled_from([None, 3]),
    },
)


@given(USAGES)
def test_a_reported_usage_is_stored_and_read_back_equal(data: dict[str, Any]) -> None:
    usage = Usage.from_json(data)
    assert Usage.from_json(usage.to_json()) == usage
    counts = (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens, usage.cached_tokens)
    assert all(type(count) is int and count >= 0 for count in (*counts, usage.reasoning_tokens))


@pytest.mark.parametrize(
    "data",
    [
        {"cached_tokens": 4},
        {"cached_tokens": None, "prompt_tokens_details": {"cached_tokens": 4}},
        {"prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0}},
        {"cached_tokens": 4, "prompt_tokens_details": None},
    ],
)
def test_cached_tokens_are_found_in_either_spelling(data: dict[str, Any]) -> None:
    assert Usage.from_json({"prompt_tokens": 10, **data}).cached_tokens == 4


def test_usages_add_up() -> None:
    one, two = Usage(1, 2, 3, 4, 5, {"seconds": 1}), Usage(10, 20, 30, 40, 50)
    assert one + two == Usage(11, 22, 33, 44, 55)
    assert sum([one, two], Usage()) == one + two


@given(st.lists(MESSAGES, max_size=3))
def test_equal_requests_have_equal_hashes(messages: list[dict[str, Any]]) -> None:
    options = CompletionOptions(temperature=0.5)
    request = CompletionRequest(tuple(map(message_from, messages)), options, "one")
    again = CompletionRequest(tuple(map(message_from, messages)), options, "another")
    reversed_keys = [dict(reversed(message.items())) for message in messages]
    reordered = CompletionRequest(tuple(map(message_from, reversed_keys)), options)
    assert request.hash == again.hash == reordered.hash
    assert len(request.hash) == 64


def test_a_hash_changes_with_a_message_its_place_and_an_option() -> None:
    a, b = user("a"), assistant("b")
    requests = [
        CompletionRequest((a, b)),
        CompletionRequest((b, a)),
        CompletionRequest((a,)),
        CompletionRequest((a, b.replace(content="c"))),
        CompletionRequest((a, b), CompletionOptions(n=1)),
        CompletionRequest((a, b), CompletionOptions(n=2)),
    ]
    assert len({request.hash for request in requests}) == len(requests)


def test_the_prefix_is_the_text_of_a_last_message_marked_so() -> None:
    assert CompletionRequest((user("a"), assistant("{", prefix=True))).prefix == "{"
    assert CompletionRequest((user("a"), assistant("{"))).prefix == ""
    assert CompletionRequest((assistant("{", prefix=True), user("a"))).prefix == ""
    assert CompletionRequest(()).prefix == ""


def test_a_completion_speaks_for_its_first_choice() -> None:
    answer = Completion((Choice(assistant("a"), "stop"), Choice(assistant("b"), "length", 1)))
    assert (answer.text, answer.message, answer.finish_reason) == ("a", assistant("a"), "stop")


def test_a_quickly_made_text_delta_is_like_any_other() -> None:
    quick, slow = text_delta("a", 2), Delta(text="a", index=2)
    assert quick == slow
    assert hash(quick) == hash(slow)
    assert (repr(quick), asdict(quick)) == (repr(slow), asdict(slow))
    assert replace(quick, backend="b") == replace(slow, backend="b")
    assert pickle.loads(pickle.dumps(quick)) == slow
    with pytest.raises(AttributeError):
        quick.text = "b"  # type: ignore[misc]
