"""What leaves is what the dialect lists, and nothing of convo's own."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convo.backends.dialects import (
    DEEPSEEK,
    DIALECTS,
    GENERIC,
    LLAMACPP,
    MISTRAL_DIALECT,
    OLLAMA,
    OPENAI_DIALECT,
    VLLM,
    Dialect,
)
from convo.backends.encode import encode
from convo.completions import CompletionRequest
from convo.errors import InvalidMessage, InvalidOption
from convo.messages import assistant, system, tool_call, tool_result, user
from convo.options import CompletionOptions
from convo.testing.mistral_schema import violations
from support.asking import request

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}, "description": "d"}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True}}
EVERY_OPTION: dict[str, Any] = {
    "model": "m",
    "temperature": 0.7,
    "top_p": 0.9,
    "top_k": 40,
    "max_tokens": 100,
    "min_tokens": 1,
    "stop": ["."],
    "random_seed": 7,
    "response_format": SCHEMA,
    "tools": [TOOL],
    "tool_choice": "any",
    "parallel_tool_calls": False,
    "n": 2,
    "prediction": {"type": "content", "content": "x"},
    "presence_penalty": 0.1,
    "frequency_penalty": 0.1,
    "repetition_penalty": 1.1,
    "logprobs": True,
    "top_logprobs": 2,
    "prompt_logprobs": True,
    "top_prompt_logprobs": 2,
    "prompt_mode": "reasoning",
    "reasoning_effort": "high",
    "safe_prompt": True,
    "guardrails": [{"block_on_error": True, "moderation_llm_v2": {"action": "block"}}],
    "prompt_cache_key": "k",
    "service_tier": "auto",
    "request_metadata": {"a": 1},
}


def body(dialect: Dialect, asked: CompletionRequest, *, streamed: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode(dialect, asked, "default-model", streamed=streamed))
    return found


RICH = (
    system("Be brief.", metadata={"mine": 1}),
    user(
        [
            {"type": "text", "text": "Look:", "cache_control": {"type": "ephemeral"}},
            {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low", "width": 7}},
            {"type": "image_url", "image_url": "data:image/png;base64,AAAA"},
            {"type": "document_url", "document_url": "https://x/y.pdf", "document_name": "y"},
            {"type": "file", "file_id": "f-1"},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        ],
        name="ann",
    ),
    assistant(
        [
            {
                "type": "thinking",
                "thinking": [{"type": "text", "text": "hm"}, {"type": "reference", "reference_ids": [1]}],
            },
            {"type": "text", "text": "It is "},
            {"type": "reference", "reference_ids": [1, "b"]},
            {"type": "text", "text": "a cat."},
        ],
        reasoning_content="hm",
        refusal="no",
    ),
    user("And the weather?"),
    assistant("", tool_calls=[tool_call("weather", {"city": "Paris"}, id="abcdefghi")]),
    tool_result(tool_call("weather", id="abcdefghi"), {"sky": "blue"}, metadata={"took": 3}),
)


def test_every_option_and_message_of_mistrals_passes_its_closed_schema() -> None:
    asked = CompletionRequest(RICH, CompletionOptions(**EVERY_OPTION), conversation_id="mine")
    for streamed in (False, True):
        sent = body(MISTRAL_DIALECT, asked, streamed=streamed)
        assert violations(sent) == []
        assert sent["metadata"] == {"a": 1}
    assert set(EVERY_OPTION) == set(CompletionOptions.model_fields) - {"extra"}


def test_the_schema_of_the_tests_is_closed_everywhere() -> None:
    good = body(MISTRAL_DIALECT, CompletionRequest(RICH, CompletionOptions(**EVERY_OPTION)))
    for path in _objects(good):
        changed = json.loads(json.dumps(good))
        _at(changed, path)["unheard_of"] = 1
        free = {"metadata", "parameters", "schema", "moderation_llm_v2", "moderation_llm_v1"} & set(map(str, path))
        assert bool(violations(changed)) != bool(free), path


def _objects(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, list):
        return [found for place, item in enumerate(value) for found in _objects(item, (*path, place))]
    if not isinstance(value, dict):
        return []
    return [path, *(found for name, item in value.items() for found in _objects(item, (*path, name)))]


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


WORDS = st.text(max_size=12)
EXTRA = st.dictionaries(st.sampled_from(["name", "metadata", "id", "seq", "created_at", "tokens"]), WORDS, max_size=3)


@given(st.lists(st.tuples(st.sampled_from([system, user, assistant]), WORDS, EXTRA), min_size=1, max_size=6))
def test_nothing_of_convos_own_leaves_for_mistral(parts: list[Any]) -> None:
    messages = tuple(make(text, **extra) for make, text, extra in parts)
    assert violations(body(MISTRAL_DIALECT, CompletionRequest(messages, conversation_id="c"))) == []


def test_mistral_is_sent_its_own_shapes() -> None:
    sent = body(MISTRAL_DIALECT, CompletionRequest(RICH, CompletionOptions(tool_choice="required", tools=[])))
    chunks = sent["messages"][1]["content"]
    assert chunks[1] == {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}}
    assert chunks[2] == {"type": "image_url", "image_url": "data:image/png;base64,AAAA"}
    assert chunks[5] == {"type": "input_audio", "input_audio": "AAAA"}
    assert sent["messages"][2]["content"][0]["thinking"] == [
        {"type": "text", "text": "hm"},
        {"type": "reference", "reference_ids": [1]},
    ]
    assert sent["messages"][5] == {
        "role": "tool",
        "content": '{"sky":"blue"}',
        "tool_call_id": "abcdefghi",
        "name": "weather",
    }
    assert "tools" not in sent
    assert sent["model"] == "default-model"


def test_openai_is_sent_its_own_shapes_and_no_thoughts() -> None:
    messages = (
        user(
            [
                {"type": "image_url", "image_url": "https://x/y.png"},
                {"type": "input_audio", "input_audio": "data:audio/wav;base64,AAAA"},
                {"type": "file", "file_id": "f-1"},
                {"type": "document_url", "document_url": "data:application/pdf;base64,AAAA"},
            ],
            name="ann",
        ),
        *RICH[2:],
    )
    sent = body(OPENAI_DIALECT, CompletionRequest(messages, CompletionOptions(tool_choice="any", tools=[TOOL])))
    assert sent["messages"][0] == {
        "role": "user",
        "name": "ann",
        "content": [
            {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            {"type": "file", "file": {"file_id": "f-1"}},
            {"type": "file", "file": {"filename": "document", "file_data": "data:application/pdf;base64,AAAA"}},
        ],
    }
    assert sent["messages"][1] == {"role": "assistant", "content": "It is a cat.", "refusal": "no"}
    assert sent["tool_choice"] == "required"
    assert sent["messages"][4]["tool_call_id"] == "abcdefghi"
    assert "name" not in sent["messages"][4]


def test_options_are_spelt_as_the_server_has_them() -> None:
    asked = request("Hello", random_seed=1, max_tokens=2, request_metadata={"a": 1})
    sent = body(OPENAI_DIALECT, asked)
    assert {"seed": 1, "max_completion_tokens": 2, "metadata": {"a": 1}}.items() <= sent.items()
    assert body(LLAMACPP, request("Hello", random_seed=1, max_tokens=2)).items() >= {"seed": 1, "max_tokens": 2}.items()


@pytest.mark.parametrize(
    "dialect", [item for item in DIALECTS.values() if item.name != "mistral"], ids=lambda d: d.name
)
def test_what_only_mistral_knows_is_left_out(dialect: Dialect) -> None:
    sent = body(dialect, request("Hello", safe_prompt=True, prompt_mode="reasoning", guardrails=[{}]))
    assert set(sent) == {"model", "messages"}


def test_an_option_that_would_change_the_answer_is_refused_where_it_cannot_be_said() -> None:
    with pytest.raises(InvalidOption, match="top_k") as caught:
        body(OPENAI_DIALECT, request("Hello", top_k=5))
    assert caught.value.field == "top_k"


def test_a_range_narrower_than_the_neutral_one_is_kept_before_sending() -> None:
    with pytest.raises(InvalidOption, match=r"0 to 1\.5"):
        body(MISTRAL_DIALECT, request("Hello", temperature=1.8))
    assert body(OPENAI_DIALECT, request("Hello", temperature=1.8))["temperature"] == 1.8


def test_extra_goes_out_as_it_is() -> None:
    sent = body(GENERIC, request("Hello", extra={"brand_new": {"a": [1]}, "stream_options": None}), streamed=True)
    assert sent["brand_new"] == {"a": [1]}
    assert sent["stream_options"] is None


def test_usage_is_asked_for_where_the_server_must_be_asked() -> None:
    for dialect in DIALECTS.values():
        sent = body(dialect, request("Hello"), streamed=True)
        assert sent["stream"] is True
        assert ("stream_options" in sent) == dialect.usage_in_streams
    assert not MISTRAL_DIALECT.usage_in_streams


def test_a_prefix_is_asked_for_as_each_server_has_it() -> None:
    asked = request("Hello", assistant("Bon", prefix=True))
    assert body(MISTRAL_DIALECT, asked)["messages"][-1] == {"role": "assistant", "content": "Bon", "prefix": True}
    assert body(DEEPSEEK, asked)["messages"][-1]["prefix"] is True
    for dialect in (LLAMACPP, OLLAMA, VLLM):
        assert body(dialect, asked)["messages"][-1] == {"role": "assistant", "content": "Bon"}
    vllm = body(VLLM, asked)
    assert (vllm["continue_final_message"], vllm["add_generation_prompt"]) == (True, False)
    assert "continue_final_message" not in body(VLLM, request("Hello"))


def test_thoughts_are_sent_as_each_server_reads_them() -> None:
    asked = CompletionRequest(RICH[2:4])
    assert body(VLLM, asked)["messages"][0]["reasoning"] == "hm"
    assert body(LLAMACPP, asked)["messages"][0]["reasoning_content"] == "hm"
    assert body(GENERIC, asked)["messages"][0] == {"role": "assistant", "content": "It is a cat."}


def test_what_a_server_cannot_take_is_refused_before_sending() -> None:
    for chunk in (
        {"type": "resource_link", "uri": "x:y"},
        {"type": "document_url", "document_url": "https://x/y.pdf"},
        {"type": "input_audio", "input_audio": "AAAA"},
    ):
        with pytest.raises(InvalidMessage):
            body(OPENAI_DIALECT, request({"role": "user", "content": [chunk]}))


def test_a_chunk_newer_than_this_release_goes_out_as_it_came() -> None:
    chunk = {"type": "hologram", "depth": {"z": 1}}
    for dialect in DIALECTS.values():
        assert body(dialect, request({"role": "user", "content": [chunk]}))["messages"][0]["content"] == [chunk]


def test_a_model_is_asked_for_where_the_server_needs_one() -> None:
    with pytest.raises(InvalidOption, match="which model"):
        encode(MISTRAL_DIALECT, request("Hello"), None, streamed=False)
    assert "model" not in json.loads(encode(LLAMACPP, request("Hello"), None, streamed=False))
    assert body(GENERIC, request("Hello", model="mine"))["model"] == "mine"


def test_arguments_leave_as_text_and_index_only_where_it_is_known() -> None:
    call = {"id": "abcdefghi", "function": {"name": "f", "arguments": {"a": 1}}, "index": 2}
    asked = request("Hello", assistant(tool_calls=[call]))
    assert body(MISTRAL_DIALECT, asked)["messages"][1]["tool_calls"] == [
        {"id": "abcdefghi", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}, "index": 2}
    ]
    assert "index" not in body(OPENAI_DIALECT, asked)["messages"][1]["tool_calls"][0]


def test_half_a_character_leaves_as_the_replacement_character_and_nothing_else_changes() -> None:
    asked = CompletionRequest((user("a \ud800 \\ud800 😀 \0"),))
    raw = encode(GENERIC, asked, "m", streamed=False)
    assert json.loads(raw)["messages"][0]["content"] == "a \ufffd \\ud800 😀 \0"
    assert asked.messages[0].text == "a \ud800 \\ud800 😀 \0"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_leaves_as_utf8_that_json_reads_back(text: str) -> None:
    messages = (user(text),)
    raw = encode(GENERIC, CompletionRequest(messages), "m", streamed=False)
    assert json.loads(raw.decode("utf-8"))["messages"][0]["content"] == messages[0].text


def test_a_new_server_is_described_in_a_few_lines() -> None:
    mine = replace(
        GENERIC,
        name="mine",
        options={**GENERIC.options, "top_k": "k", "max_tokens": "budget"},
        tool_choices={"any": "must"},
        system_role="developer",
        usage_in_streams=True,
    )
    asked = CompletionRequest((system("s"), user("u")), CompletionOptions(top_k=3, max_tokens=5, tool_choice="any"))
    sent = body(mine, asked, streamed=True)
    assert sent["messages"][0] == {"role": "developer", "content": "s"}
    assert {
        "k": 3,
        "budget": 5,
        "tool_choice": "must",
        "stream_options": {"include_usage": True},
    }.items() <= sent.items()
