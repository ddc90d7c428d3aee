"""Options: typed, in range, known by name; what is not set is not sent."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convo.errors import InvalidOption
from convo.options import MAX_TOOLS, CompletionOptions, OptionKwargs
from support.json_values import VALUES, exactly, nested

WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
SCHEMA = {"name": "answer", "schema": {"type": "object"}, "strict": True}
EVERY_OPTION: dict[str, Any] = {
    "model": "mistral-medium-latest",
    "temperature": 0.3,
    "top_p": 0.9,
    "top_k": 40,
    "max_tokens": 100,
    "min_tokens": 1,
    "stop": ["\n\n", "END"],
    "random_seed": 7,
    "response_format": {"type": "json_schema", "json_schema": SCHEMA},
    "tools": [WEATHER, {"type": "web_search"}],
    "tool_choice": {"type": "function", "function": {"name": "weather"}},
    "parallel_tool_calls": False,
    "n": 2,
    "prediction": {"type": "content", "content": "def f"},
    "presence_penalty": -2.0,
    "frequency_penalty": 2.0,
    "repetition_penalty": 1.1,
    "logprobs": True,
    "top_logprobs": 5,
    "prompt_logprobs": True,
    "top_prompt_logprobs": 5,
    "prompt_mode": "reasoning",
    "reasoning_effort": "high",
    "safe_prompt": True,
    "guardrails": [{"block_on_error": True, "moderation_llm_v1": {"threshold": 0.5}}],
    "prompt_cache_key": "a-key",
    "service_tier": "auto",
    "request_metadata": {"customer": 42},
    "extra": {"newer": {"than": "this"}},
}


def test_every_option_is_tried_here_and_is_a_keyword_of_the_verbs() -> None:
    assert list(EVERY_OPTION) == list(CompletionOptions.model_fields)
    assert list(EVERY_OPTION) == list(get_type_hints(OptionKwargs))


def test_every_option_is_given_back_as_it_came() -> None:
    options = CompletionOptions(**EVERY_OPTION)
    assert exactly(options.to_json()) == exactly(EVERY_OPTION)
    assert CompletionOptions.from_json(options.to_json()) == options


@pytest.mark.parametrize("name", EVERY_OPTION)
def test_an_option_that_is_not_set_is_not_sent(name: str) -> None:
    assert CompletionOptions(**{name: None}).to_json() == {}
    assert CompletionOptions(**{name: None}) == CompletionOptions()


@given(st.dictionaries(st.sampled_from(["request_metadata", "extra"]), st.dictionaries(st.text(), VALUES)))
def test_what_is_free_in_form_is_given_back_as_it_came(options: dict[str, Any]) -> None:
    ordered = {name: options[name] for name in EVERY_OPTION if name in options}
    assert exactly(CompletionOptions(**options).to_json()) == exactly(ordered)


RANGES: list[tuple[str, list[Any], list[Any]]] = [
    ("model", ["m"], ["", 3, ["m"]]),
    ("temperature", [0, 0.0, 2], [-0.1, 2.1, "hot", float("nan"), float("inf")]),
    ("top_p", [0.001, 1], [0, -1, 1.1]),
    ("top_k", [0, 100], [-1, 0.5]),
    ("max_tokens", [0, 1_000_000], [-1, 1.5, "many"]),
    ("min_tokens", [0], [-1]),
    ("stop", ["x", ["x"], ["x", "y"], []], ["", ["x", ""], 3, [3]]),
    ("random_seed", [0, 2**31], [-1]),
    (
        "response_format",
        [{"type": "text"}, {"type": "json_object"}],
        [{"type": "xml"}, "json", {"type": "json_schema"}],
    ),
    ("tools", [[], [WEATHER], [{"type": "web_search", "filters": {}}]], [[{"type": "function"}], ["weather"], 3]),
    ("tool_choice", ["auto", "none", "any", "required"], ["maybe", 3, {"type": "function", "function": {"name": "x"}}]),
    ("parallel_tool_calls", [True, False], ["perhaps"]),
    ("n", [1, 5], [0, -1]),
    ("prediction", [{"content": "x"}], ["x", {}]),
    ("presence_penalty", [-2, 2], [-2.1, 2.1]),
    ("frequency_penalty", [-2, 2], [-2.1, 2.1]),
    ("repetition_penalty", [0.1, 5], [0, -1]),
    ("logprobs", [True], [{}]),
    ("top_logprobs", [0, 20], [-1]),
    ("prompt_logprobs", [True], ["some"]),
    ("top_prompt_logprobs", [0], [-1]),
    ("prompt_mode", ["reasoning"], ["thinking"]),
    ("reasoning_effort", ["none", "minimal", "low", "medium", "high", "xhigh", "max"], ["extreme"]),
    ("safe_prompt", [True], ["safe"]),
    ("guardrails", [[{"block_on_error": False}]], [{"block_on_error": "x"}, [3]]),
    ("prompt_cache_key", ["k"], [3]),
    ("service_tier", ["auto", "standard_only", "default", "flex", "priority"], ["gold"]),
    ("request_metadata", [{}, {"a": [1]}], [[1], "x", {1: 2}, nested(65, dict), nested(100_000, dict)]),
    ("extra", [{"new": None}], [{"new": float("nan")}, {"new": {1, 2}}, []]),
]
ALLOWED = [(name, value) for name, allowed, _ in RANGES for value in allowed]
REFUSED = [(name, value) for name, _, refused in RANGES for value in refused]


def shown(value: Any) -> str:
    return repr(value)[:40] if not isinstance(value, dict) else f"dict of {len(value)}"


def test_the_range_of_every_option_is_tried_here() -> None:
    assert [name for name, _, _ in RANGES] == list(EVERY_OPTION)


@pytest.mark.parametrize(("name", "value"), ALLOWED, ids=shown)
def test_a_value_in_range_is_taken(name: str, value: Any) -> None:
    assert CompletionOptions(**{name: value}).to_json() == {name: value}


@pytest.mark.parametrize(("name", "value"), REFUSED, ids=shown)
def test_a_value_out_of_range_is_refused_with_its_option_named(name: str, value: Any) -> None:
    with pytest.raises(InvalidOption, match=name) as caught:
        CompletionOptions(**{name: value})
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


def function(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {}}}


EXCLUSIVE: list[tuple[dict[str, Any], str]] = [
    ({"n": 2, "temperature": 0}, "n greater than 1 needs a temperature greater than 0"),
    ({"min_tokens": 5, "max_tokens": 4}, "min_tokens is greater than max_tokens"),
    ({"tool_choice": {"function": {"name": "f"}}, "tools": [WEATHER]}, "'f', which is not among tools"),
    ({"tools": [function("a"), function("a")]}, "tools: two tools have the same name"),
    ({"tools": [function(f"f{number}") for number in range(MAX_TOOLS + 1)]}, "tools: 129 tools; at most 128"),
    ({"tools": [function("a b")]}, "must be 1 to 64 of"),
    ({"tools": [function("x" * 65)]}, "must be 1 to 64 of"),
    ({"tools": [function("")]}, "must be 1 to 64 of"),
    ({"response_format": {"type": "json_object", "json_schema": SCHEMA}}, "response_format: type json_schema and"),
    ({"temprature": 1}, "there is no option 'temprature'"),
]


@pytest.mark.parametrize(("options", "said"), EXCLUSIVE, ids=[said for _, said in EXCLUSIVE])
def test_options_that_do_not_go_together_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        CompletionOptions(**options)
    assert said in str(caught.value)


def test_options_are_laid_over_others() -> None:
    base = CompletionOptions(temperature=0.2, stop="x", tools=[WEATHER])
    over = CompletionOptions(temperature=0.9, max_tokens=5)
    merged = base.merged(over)
    assert merged.to_json() == {"temperature": 0.9, "max_tokens": 5, "stop": "x", "tools": [WEATHER]}
    assert base.merged(None) is base
    assert base.merged(CompletionOptions()) is base
    with pytest.raises(InvalidOption, match="n greater than 1"):
        CompletionOptions(temperature=0).merged(CompletionOptions(n=2))


def test_the_order_in_which_options_are_given_does_not_matter() -> None:
    first = CompletionOptions(temperature=0.2, stop="x")
    again = CompletionOptions(stop="x", temperature=0.2)
    assert first == again
    assert exactly(first.to_json()) == exactly(again.to_json())


def test_stop_sequences_are_several_however_they_were_given() -> None:
    assert CompletionOptions(stop="x").stops == ("x",)
    assert CompletionOptions(stop=["x", "y"]).stops == ("x", "y")
    assert CompletionOptions().stops == ()


def test_a_json_schema_keeps_its_name_and_unknown_fields() -> None:
    given_format = {"type": "json_schema", "json_schema": {**SCHEMA, "newer": 1, "description": "an answer"}}
    options = CompletionOptions(response_format=given_format)
    assert exactly(options.to_json()["response_format"]) == exactly(given_format)
