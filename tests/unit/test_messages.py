"""Messages: any of them is given back as it came; a bad one names its field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from convo.chunks import ImageURLChunk, InputAudioChunk, ReferenceChunk, ThinkingChunk, UnknownChunk
from convo.errors import InvalidMessage
from convo.messages import (
    AssistantMessage,
    Message,
    ToolCall,
    ToolMessage,
    assistant,
    is_empty,
    message_from,
    system,
    tool_call,
    tool_result,
    user,
)
from support.json_values import ATTRIBUTES, CHUNK_FIELDS, KNOWN_CHUNKS, MESSAGES, exactly, nested


@given(MESSAGES)
def test_any_message_is_given_back_as_it_came_with_the_order_of_its_keys(data: dict[str, Any]) -> None:
    message = message_from(data)
    assert exactly(message.to_json()) == exactly(data)
    assert message_from(message.to_json()) == message


@pytest.mark.parametrize("name", [name for name in ATTRIBUTES if name not in ("role", "content", "type")])
def test_an_unknown_field_may_be_called_like_an_attribute(name: str) -> None:
    data = {"role": "user", name: ["x"], "content": [{name: {"y": 1}, "type": "new"}, {"type": "text", "text": "hi"}]}
    assert exactly(message_from(data).to_json()) == exactly(data)
    assert message_from(data).text == "hi"


@pytest.mark.parametrize("chunk", KNOWN_CHUNKS, ids=lambda chunk: chunk["type"])
def test_a_chunk_of_a_known_type_has_its_fields(chunk: dict[str, Any]) -> None:
    (found,) = message_from({"role": "user", "content": [chunk]}).chunks
    assert not isinstance(found, UnknownChunk)
    assert exactly(found.to_json()) == exactly(chunk)
    assert {*chunk} <= {"type", *CHUNK_FIELDS[chunk["type"]]} <= {*type(found).model_fields}


def test_every_chunk_type_is_listed_here() -> None:
    assert {chunk["type"] for chunk in KNOWN_CHUNKS} == {*CHUNK_FIELDS}


def test_a_chunk_of_an_unknown_type_is_kept() -> None:
    message = user([{"type": "hologram", "beam": [1, 2]}, {"type": "text", "text": "look"}])
    assert isinstance(message.chunks[0], UnknownChunk)
    assert message.text == "look"


def test_an_image_has_its_url_in_either_spelling() -> None:
    plain, fine = "https://images.example/a.png", {"url": "https://images.example/b.png", "detail": "high"}
    urls = [
        chunk.url
        for chunk in user([{"type": "image_url", "image_url": one} for one in (plain, fine)]).chunks
        if isinstance(chunk, ImageURLChunk)
    ]
    assert urls == [plain, fine["url"]]


def test_thinking_may_be_given_as_text() -> None:
    (chunk,) = assistant([{"type": "thinking", "thinking": "hm"}]).chunks
    assert isinstance(chunk, ThinkingChunk)
    assert chunk.text == "hm"
    assert assistant([chunk, {"type": "text", "text": "so"}]).thinking == "hm"
    assert assistant([chunk, {"type": "text", "text": "so"}]).text == "so"


def test_a_message_from_a_text_is_the_users() -> None:
    assert message_from("hi") == user("hi") == message_from({"role": "user", "content": "hi"})


@pytest.mark.parametrize("message", [system("a"), user("a"), assistant("a"), tool_result("id", "a")], ids=type)
def test_a_message_is_itself(message: Message) -> None:
    assert message_from(message) is message


def test_the_words_make_messages() -> None:
    assert system("a").to_json() == {"role": "system", "content": "a"}
    assert user("a", name="Ann").to_json() == {"role": "user", "content": "a", "name": "Ann"}
    assert assistant("a", prefix=True).to_json() == {"role": "assistant", "content": "a", "prefix": True}
    assert assistant().to_json() == {"role": "assistant", "content": None}
    call = tool_call("weather", {"city": "Paris"}, id="c1")
    assert assistant(tool_calls=[call]).to_json() == {"role": "assistant", "tool_calls": [call.to_json()]}
    assert call.to_json()["function"] == {"name": "weather", "arguments": '{"city":"Paris"}'}
    assert tool_call("now").arguments == "{}"


@pytest.mark.parametrize(
    ("content", "stored"),
    [
        ("24", "24"),
        ({"celsius": 24}, '{"celsius":24}'),
        (24, "24"),
        (None, "null"),
        ([1, 2], "[1,2]"),
        ([], "[]"),
        ([{"type": ["no", "chunk"]}], '[{"type":["no","chunk"]}]'),
        ([{"type": "text", "text": "24"}], [{"type": "text", "text": "24"}]),
    ],
    ids=str,
)
def test_a_tool_result_is_a_text_or_chunks_and_everything_else_becomes_json(content: Any, stored: Any) -> None:
    assert tool_result("c1", content).to_json()["content"] == stored


def test_a_tool_result_knows_the_name_of_its_call() -> None:
    result = tool_result(tool_call("weather", id="c1"), "24")
    assert (result.tool_call_id, result.name) == ("c1", "weather")
    assert ToolMessage(content="24").tool_call_id is None


def test_tool_call_arguments_are_json_text_or_an_object() -> None:
    texts = ['{"a": 1}', {"a": 1}, "", {}]
    calls = [ToolCall(function={"name": "f", "arguments": given}) for given in texts]
    assert [call.arguments for call in calls] == ['{"a": 1}', '{"a":1}', "{}", "{}"]
    assert [call.parsed_arguments() for call in calls] == [{"a": 1}, {"a": 1}, {}, {}]
    assert [call.to_json()["function"]["arguments"] for call in calls] == texts


BROKEN_ARGUMENTS = ['{"secret', "[1]", "1", "[" * 100_000, '{"a":NaN}', '{"a":' + "9" * 5000 + "}", '{"a":' * 70]


@pytest.mark.parametrize("arguments", BROKEN_ARGUMENTS, ids=lambda text: text[:10])
def test_broken_arguments_are_kept_and_refused_when_parsed(arguments: str) -> None:
    call = tool_call("f", arguments)
    assert call.arguments == arguments
    with pytest.raises(InvalidMessage, match="the arguments of f are not") as caught:
        call.parsed_arguments()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("wrong", [{1}, float("nan"), nested(65), nested(100_000), {1: 2}, b"x"], ids=type)
def test_arguments_and_results_that_json_cannot_hold_are_refused(wrong: Any) -> None:
    with pytest.raises(InvalidMessage, match="arguments: ") as caught:
        tool_call("f", wrong)
    assert caught.value.field == "arguments"
    with pytest.raises(InvalidMessage, match="content: ") as caught:
        tool_result("id", wrong)
    assert caught.value.field == "content"


@pytest.mark.parametrize(
    ("message", "empty"),
    [
        (user(""), True),
        (user([]), True),
        (user([{"type": "text", "text": ""}]), True),
        (assistant(), True),
        (assistant("", tool_calls=[]), True),
        (user(" "), False),
        (user([{"type": "image_url", "image_url": "https://images.example/a.png"}]), False),
        (assistant(tool_calls=[tool_call("f")]), False),
        (user([{"type": "new"}]), False),
    ],
)
def test_a_message_is_empty_when_it_says_nothing(message: Message, empty: bool) -> None:
    assert is_empty(message) is empty


TEXT = {"type": "text", "text": "a"}
CALL = {"id": "c", "function": {"name": "f"}}
BAD: list[tuple[Any, str]] = [
    ({"role": "user"}, "content"),
    ({"role": "user", "content": None}, "content"),
    ({"role": "user", "content": 3}, "content"),
    ({"role": "user", "content": b"x"}, "content"),
    ({"role": "user", "content": "a", "more": {"b": [float("nan")]}}, "more"),
    ({"role": "user", "content": "a", "a field\nof two lines": {1, 2}}, r"'a field\nof two lines'"),
    ({"role": "user", "content": "a", 3: 4}, ""),
    ({"role": "user", "content": "a", "half \ud83d": 4}, ""),
    ({"role": "user", "content": nested(80)}, "content"),
    ({"role": "user", "content": ["a"]}, "content.0"),
    ({"role": "user", "content": [TEXT, {"type": "text"}]}, "content.1.text"),
    ({"role": "user", "content": [{"text": "a"}]}, "content.0.type"),
    ({"role": "user", "content": [{"type": None}]}, "content.0.type"),
    ({"role": "user", "content": [{"type": ["text"]}]}, "content.0.type"),
    ({"role": "user", "content": [{"type": {"a": 1}}]}, "content.0.type"),
    ({"role": "assistant", "content": [{"type": "thinking", "thinking": [3]}]}, "content.0.thinking.0"),
    ({"role": "assistant", "content": [{"type": "thinking", "thinking": [], "closed": "no"}]}, "content.0.closed"),
    ({"role": "assistant", "prefix": "yes"}, "prefix"),
    ({"role": "assistant", "tool_calls": [{**CALL, "index": "0"}]}, "tool_calls.0.index"),
    ({"role": "assistant", "tool_calls": [CALL, {"id": "d"}]}, "tool_calls.1.function"),
    ({"role": "assistant", "tool_calls": [{"id": "d", "function": {}}]}, "tool_calls.0.function.name"),
    ({"role": "tool", "tool_call_id": "c"}, "content"),
    ({"role": "tool", "content": "a", "tool_call_id": 3}, "tool_call_id"),
    ({"role": "nobody", "content": "a"}, "role"),
    ({"role": None, "content": "a"}, "role"),
    ({"role": ["user"], "content": "a"}, "role"),
    ({"content": "a"}, "role"),
    ({}, "role"),
    (None, ""),
    (3, ""),
    ([TEXT], ""),
]


@pytest.mark.parametrize(("data", "field"), BAD, ids=[str(data)[:60] for data, _ in BAD])
def test_a_bad_message_is_refused_where_it_is_made_with_its_field_named(data: Any, field: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        message_from(data)
    assert caught.value.field == field
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).startswith(field)
    assert "\n" not in str(caught.value)


def test_a_bad_message_made_by_a_word_is_refused_alike() -> None:
    with pytest.raises(InvalidMessage, match="content"):
        user(3)
    with pytest.raises(InvalidMessage, match="role"):
        AssistantMessage(role="user", content="a")  # type: ignore[arg-type]


def test_an_error_does_not_quote_the_message() -> None:
    wrong = [
        {"role": "user", "content": ["secret"]},
        {"role": "user", "content": [{"type": "text", "text": ["secret"]}]},
    ]
    for data in wrong:
        with pytest.raises(InvalidMessage) as caught:
            message_from(data)
        assert "secret" not in repr(caught.value)
        assert caught.value.__cause__ is None


def test_references_and_audio_keep_their_kinds() -> None:
    message = assistant([{"type": "reference", "reference_ids": [1, "1"]}, {"type": "input_audio", "input_audio": "a"}])
    reference, audio = message.chunks
    assert isinstance(reference, ReferenceChunk)
    assert reference.reference_ids == (1, "1")
    assert isinstance(audio, InputAudioChunk)
