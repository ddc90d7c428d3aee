"""Every recorded exchange with a hosted server replays through convo: the same answer, and the same request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from convo.backends.dialects import DIALECTS
from convo.backends.http import HttpBackend
from convo.completions import Completion, Usage
from convo.errors import MalformedResponse, RequestRefused, StreamInterrupted
from convo.testing import ChatServer
from convo.testing.faults import Answer
from support.asking import Asker, gathered
from support.canned import text_of
from support.recordings import RECORDINGS, STREAMS, Recording

ANSWERED = [recording for recording in RECORDINGS if recording.status == 200]


def replayed(recording: Recording) -> Answer:
    return Answer(status=recording.status, headers=recording.headers, parts=[recording.body])


def backend_for(recording: Recording, server: ChatServer) -> HttpBackend:
    return HttpBackend(DIALECTS[recording.style], base_url=server.base_url, api_key="k")


def asked(asker: Asker, recording: Recording) -> tuple[Completion, Any]:
    """The answer to the recorded request, and the body that convo sent for it."""
    with ChatServer(style=recording.style) as server:  # type: ignore[arg-type]
        server.misbehave(lambda _: replayed(recording))
        backend = backend_for(recording, server)
        if recording.streamed:
            return gathered(asker.stream(backend, recording.neutral())), server.bodies[0]
        return asker.complete(backend, recording.neutral()), server.bodies[0]


def recorded_events(recording: Recording) -> list[dict[str, Any]]:
    lines = recording.body.decode().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


@pytest.mark.parametrize("recording", ANSWERED, ids=lambda recording: recording.name)
def test_the_request_is_the_recorded_one(asker: Asker, recording: Recording) -> None:
    _, sent = asked(asker, recording)
    sent.pop("stream_options", None)  # asks for usage; the recorded client did not
    expected = dict(recording.request)
    if expected.get("stream") is False:
        del expected["stream"]  # the default
    assert sent == expected


@pytest.mark.parametrize("recording", [item for item in ANSWERED if not item.streamed], ids=lambda item: item.name)
def test_a_whole_answer_is_the_recorded_one(asker: Asker, recording: Recording) -> None:
    completion, _ = asked(asker, recording)
    body = json.loads(recording.body)
    message = body["choices"][0]["message"]
    assert completion.text == (message["content"] or "")
    assert completion.finish_reason == body["choices"][0]["finish_reason"]
    assert completion.usage == Usage.from_json(body["usage"])
    assert (completion.id, completion.model) == (body["id"], body["model"])
    assert completion.message.model_extra.get("refusal") == message.get("refusal")  # type: ignore[union-attr]
    old = message.get("function_call")
    calls = [call["function"] for call in message.get("tool_calls") or []] or ([old] if old else [])
    assert [(call.name, call.arguments) for call in completion.message.calls] == [
        (call["name"], call["arguments"]) for call in calls
    ]


@pytest.mark.parametrize("recording", STREAMS, ids=lambda recording: recording.name)
def test_a_streamed_answer_is_the_recorded_one(asker: Asker, recording: Recording) -> None:
    completion, _ = asked(asker, recording)
    events = recorded_events(recording)
    deltas = [choice["delta"] for event in events for choice in event["choices"]]
    assert completion.text == "".join(delta.get("content") or "" for delta in deltas)
    arguments: dict[int, str] = {}
    for call in (call for delta in deltas for call in delta.get("tool_calls") or []):
        arguments[call["index"]] = arguments.get(call["index"], "") + call["function"]["arguments"]
    assert [call.arguments for call in completion.message.calls] == list(arguments.values())
    reasons = [choice["finish_reason"] for event in events for choice in event["choices"] if choice["finish_reason"]]
    assert [completion.finish_reason] == reasons
    usage = [Usage.from_json(event["usage"]) for event in events if event.get("usage")]
    assert completion.usage == (usage[-1] if usage else None)
    assert completion.id == events[0]["id"]


def test_a_recorded_refusal_is_typed_and_does_not_repeat_what_was_sent(asker: Asker) -> None:
    recording = next(item for item in RECORDINGS if item.status == 400)
    with pytest.raises(RequestRefused) as caught:
        asked(asker, recording)
    assert (caught.value.status, caught.value.code) == (400, "invalid_image_url")
    assert "unsplash" not in str(caught.value)


@pytest.mark.parametrize("recording", STREAMS, ids=lambda recording: recording.name)
def test_a_recorded_stream_cut_anywhere_is_never_taken_for_whole(recording: Recording) -> None:
    """What came is a beginning of the answer; only a cut behind the finish reason leaves it complete."""
    whole, _ = text_of(recording.body)
    finish = max(recording.body.rindex(reason) for reason in (b'"finish_reason":"', b'"finish_reason":'))
    complete = recording.body.index(b"}", finish)
    step = 1 if len(recording.body) < 12_000 else 13
    for cut in range(0, len(recording.body), step):
        text, error = text_of(recording.body[:cut])
        assert whole.startswith(text)
        assert error is not None or (cut > complete and text == whole)
        assert error is None or type(error) in (StreamInterrupted, MalformedResponse)
        assert error is None or cut < recording.body.index(b"data: [DONE]")
