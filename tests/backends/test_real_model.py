"""A real model behind a real server (llama.cpp's): what it does with convo's requests, in both faces.

Needs CONVO_TEST_MODEL_URL, a llama.cpp server with a small context (1,024 tokens a slot); tool calls need one with a
tool template, its URL in CONVO_TEST_TOOL_MODEL_URL (by default the same). Words are never pinned.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from convo import Store
from convo.backends.models import list_models
from convo.backends.openai import llamacpp
from convo.backends.policy import Deadlines
from convo.completions import Completion
from convo.errors import ContextTooLong, DeadlineExceeded, RequestRefused
from convo.messages import assistant, system, tool_call, tool_result, user
from convo.testing import BackendContract
from support.asking import Asker, gathered, request

pytestmark = pytest.mark.real_model

URL = os.environ.get("CONVO_TEST_MODEL_URL", "")
TOOL_URL = os.environ.get("CONVO_TEST_TOOL_MODEL_URL", URL)


def model(url: str = URL, **settings: Any) -> Any:
    return llamacpp("smollm2-135m", base_url=url, **settings)


def both(asker: Asker, asked: Any, url: str = URL) -> tuple[Completion, Completion]:
    """The whole answer and the streamed one."""
    return asker.complete(model(url), asked), gathered(asker.stream(model(url), asked))


class TestContract(BackendContract):
    def backend(self) -> Any:
        return model()

    def request(self) -> Any:
        return request("Say hello.", max_tokens=24, temperature=0)


def test_whole_and_streamed_agree_at_temperature_0(asker: Asker) -> None:
    whole, streamed = both(asker, request("Name a colour.", max_tokens=16, temperature=0))
    assert whole.text == streamed.text
    assert whole.usage is not None
    assert streamed.usage is not None
    assert whole.usage.completion_tokens == streamed.usage.completion_tokens
    assert whole.finish_reason == streamed.finish_reason


def test_a_prefix_is_exact_in_both_modes(asker: Asker) -> None:
    prefix = "The capital of France is"
    asked = request("What is the capital of France?", assistant(prefix, prefix=True), max_tokens=12, temperature=0)
    whole, streamed = both(asker, asked)
    assert whole.text == prefix + streamed.text
    assert not streamed.text.startswith(prefix)
    assert whole.text.count(prefix) == 1


def test_a_stop_sequence_ends_the_answer_and_is_left_out(asker: Asker) -> None:
    for completion in both(asker, request("Count: one, two, three, four", stop=["two"], max_tokens=40, temperature=0)):
        assert "two" not in completion.text
        assert completion.finish_reason in ("stop", "length")


def test_an_answer_is_cut_at_max_tokens(asker: Asker) -> None:
    for completion in both(asker, request("Tell me a long story.", max_tokens=5)):
        assert completion.finish_reason == "length"
        assert completion.usage is not None
        assert completion.usage.completion_tokens == 5


def test_a_schema_is_kept(asker: Asker) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer", "maximum": 120}},
        "required": ["name", "age"],
    }
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": schema, "strict": True}}
    for completion in both(asker, request("Describe a person.", response_format=form, max_tokens=80)):
        answer = json.loads(completion.text)
        assert isinstance(answer["name"], str)
        assert isinstance(answer["age"], int)


def test_an_overflow_is_typed_with_its_numbers(asker: Asker) -> None:
    for ask in (asker.complete, asker.stream):
        with pytest.raises(ContextTooLong) as caught:
            ask(model(), request("word " * 3000, max_tokens=5))
        assert caught.value.needed is not None
        assert caught.value.limit is not None
        assert caught.value.needed > 3000 > caught.value.limit


def test_the_models_context_length_is_listed(asker: Asker) -> None:
    (listed,) = asker.run(lambda io: list_models(io, model()))
    assert listed.id == "smollm2-135m"
    assert listed.context_length is not None
    with pytest.raises(ContextTooLong) as caught:
        asker.complete(model(), request("word " * 3000, max_tokens=5))
    assert listed.context_length == caught.value.limit


def test_a_tool_choice_the_server_spells_otherwise_is_translated(asker: Asker) -> None:
    """Its word is ``required``; it answers 400 to ``any``. Whether so small a model then calls is another matter."""
    asked = request("Hello", tools=[WEATHER], tool_choice="any", max_tokens=20)
    assert asker.complete(model(TOOL_URL), asked).finish_reason
    with pytest.raises(RequestRefused):
        asker.complete(model(TOOL_URL), request("Hello", extra={"tool_choice": "any"}, max_tokens=20))


def test_leaving_a_stream_ends_the_generation(asker: Asker) -> None:
    asker.stream(model(), request("Tell me a very long story.", max_tokens=800, temperature=0), stop_after=3)
    until = time.monotonic() + 10
    while _busy() and time.monotonic() < until:
        time.sleep(0.1)
    assert not _busy()


def _busy() -> bool:
    slots = httpx.get(URL.removesuffix("/v1") + "/slots").json()
    return any(slot["is_processing"] for slot in slots)


def test_a_deadline_ends_the_generation(asker: Asker) -> None:
    hurried = model(deadlines=Deadlines(total=4))
    with pytest.raises(DeadlineExceeded):
        asker.stream(hurried, request("Tell me a very long story.", max_tokens=800, temperature=0))
    until = time.monotonic() + 10
    while _busy() and time.monotonic() < until:
        time.sleep(0.1)
    assert not _busy()


def test_a_second_configuration_replays_a_conversation_and_the_difference_is_told(tmp_path: Path) -> None:
    questions = ("Name a French cheese.", "Where does it come from?", "Thank you!")
    with Store(f"sqlite:///{tmp_path}/chat.db") as store:
        given: Any = {"system": "Answer in one short sentence.", "temperature": 0.0, "max_tokens": 24}
        chat = store.open("real", backend=model(), **given)
        for question in questions:
            chat.send(question)
        other: Any = {"system": "You are a pirate. Talk like a pirate.", "options": {"temperature": 1.0}}
        replay = chat.replay(name="pirate", **other)
        found = chat.diff("main", "pirate")
        assert [pair.b and pair.b.asked for pair in found.pairs] == [*questions]
        assert found.pairs[0].options() == {"temperature": (0.0, 1.0)}
        assert all(usage.completion_tokens for usage in found.usage())
        assert all(seconds > 0 for seconds in found.seconds())
        assert replay.usage.calls == len(questions)
        print(found.markdown())
        again = store.open("offline", backend=chat.recorded(), **given)
        for question in questions:
            again.send(question)
        assert [entry.message for entry in again.history()] == [entry.message for entry in chat.history()]
        assert list(store.verify()) == []


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def _round(city: str, weather: str, call_id: str) -> list[Any]:
    call = tool_call("get_weather", {"city": city}, id=call_id)
    return [
        user(f"What is the weather in {city}?"),
        assistant("", tool_calls=[call]),
        tool_result(call, {"weather": weather}),
        assistant(f"It is {weather} in {city}."),
    ]


def test_tool_calls_round_trip_whole_and_streamed(asker: Asker) -> None:
    history = [
        system("You call tools."),
        *_round("Paris", "sunny", "aaaaaaaaa"),
        *_round("Rome", "rainy", "bbbbbbbbb"),
        user("What is the weather in London?"),
    ]
    asked = request(*history, tools=[WEATHER], tool_choice="auto", max_tokens=80, temperature=0)
    for completion in both(asker, asked, TOOL_URL):
        (call,) = completion.message.calls
        assert call.name == "get_weather"
        assert isinstance(call.parsed_arguments()["city"], str)
        assert completion.finish_reason == "tool_calls"
        answered = request(*history, completion.message, tool_result(call, {"weather": "foggy"}), max_tokens=20)
        for answer in both(asker, answered, TOOL_URL):
            assert answer.text
