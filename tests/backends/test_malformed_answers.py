"""A malformed answer is one typed error: never silently empty, never doubled, never a part taken for the whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from convo.backends.dialects import DIALECTS
from convo.backends.http import HttpBackend
from convo.backends.policy import Retries
from convo.backends.wire import MAX_BODY
from convo.completions import Delta
from convo.errors import (
    BackendError,
    BackendUnavailable,
    MalformedResponse,
    RateLimited,
    RequestRefused,
    StreamInterrupted,
)
from convo.testing import ChatServer, ServerReply, faults
from convo.testing.faults import Answer, Fault
from support.asking import Asker, gathered, request

TEXT = "Un, deux, trois; 🧀 et quatre."


def event(choice: dict[str, Any], **more: Any) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {}, **choice}], **more}).encode() + b"\n\n"


STREAM_FAULTS: dict[str, tuple[Fault, type[BackendError]]] = {
    "no end marker and no finish reason": (faults.truncate(4), StreamInterrupted),
    "connection broken in the midst": (faults.disconnect(4), StreamInterrupted),
    "an event that is no JSON": (faults.malformed(3), MalformedResponse),
    "an event that is not UTF-8": (faults.insert(3, b"data: \xff\xff\n\n"), MalformedResponse),
    "an event that is no chat event": (faults.insert(3, b'data: {"hello": 1}\n\n'), MalformedResponse),
    "an event that is a list": (faults.insert(3, b"data: [1, 2]\n\n"), MalformedResponse),
    "a choice that is no object": (faults.insert(3, b'data: {"choices": [7]}\n\n'), MalformedResponse),
    "content of no known shape": (faults.insert(3, event({"delta": {"content": 7}})), MalformedResponse),
    "a giant event": (faults.giant_event(3, 9 * 2**20), MalformedResponse),
    "a deep event": (faults.insert(3, b"data: " + b"[" * 5000 + b"]" * 5000 + b"\n\n"), MalformedResponse),
    "words after the finish reason": (
        faults.rewritten(lambda body: body.replace(b"data: [DONE]", event({"delta": {"content": "more"}}))),
        MalformedResponse,
    ),
    "an error event": (
        faults.error_event(3, {"object": "error", "message": "overloaded", "type": "server_error"}),
        BackendUnavailable,
    ),
    "an error event as OpenAI's": (
        faults.error_event(3, {"error": {"message": "no", "code": 500}}),
        BackendUnavailable,
    ),
    "an error event of rate limiting": (
        faults.error_event(3, {"error": {"message": "slow down", "type": "rate_limit_error"}}),
        RateLimited,
    ),
    "an error event of refusal": (
        faults.error_event(3, {"error": {"message": "no", "type": "invalid_request_error"}}),
        RequestRefused,
    ),
    "the finish reason error": (faults.insert(3, event({"finish_reason": "error"})), StreamInterrupted),
}

WHOLE_FAULTS: dict[str, tuple[Fault, type[BackendError]]] = {
    "a page": (faults.html(), MalformedResponse),
    "nothing": (faults.empty(), MalformedResponse),
    "an error with status 200": (faults.status(200, {"error": {"message": "no", "code": 429}}), RateLimited),
    "Mistral's error with status 200": (faults.status(200), BackendUnavailable),
    "no JSON": (faults.status(200, b'{"choices": ['), MalformedResponse),
    "no object": (faults.status(200, [1]), MalformedResponse),
    "no choices": (faults.status(200, {"id": "x", "choices": []}), MalformedResponse),
    "a choice without a message": (faults.status(200, {"choices": [{"index": 0}]}), MalformedResponse),
    "content of no known shape": (faults.status(200, {"choices": [{"message": {"content": 7}}]}), MalformedResponse),
    "an empty answer without a finish reason": (
        faults.status(200, {"choices": [{"message": {"content": None}}]}),
        MalformedResponse,
    ),
    "a call without a name": (
        faults.status(200, {"choices": [{"message": {"tool_calls": [{"function": {"arguments": "{}"}}]}}]}),
        MalformedResponse,
    ),
    "deep JSON": (faults.status(200, b"[" * 100_000 + b"]" * 100_000), MalformedResponse),
    "huge JSON": (
        lambda _: Answer(headers={"content-type": "application/json"}, parts=[b" " * 2**20] * 64),
        MalformedResponse,
    ),
    "not what its compression says": (
        lambda answer: Answer(headers={"content-encoding": "gzip"}, parts=answer.parts),
        MalformedResponse,
    ),
}


def backend(server: ChatServer) -> HttpBackend:
    return HttpBackend(DIALECTS["mistral"], base_url=server.base_url, model="m", retries=Retries(attempts=1))


@pytest.mark.parametrize("fault", STREAM_FAULTS)
def test_a_malformed_stream_ends_in_a_typed_error_after_a_beginning_of_the_answer(
    asker: Asker, server: ChatServer, fault: str
) -> None:
    server.reply(TEXT)
    change, expected = STREAM_FAULTS[fault]
    server.misbehave(change)
    came: list[Delta] = []
    with pytest.raises(expected) as caught:
        asker.stream_into(came, backend(server))
    assert type(caught.value) is expected
    assert TEXT.startswith(gathered(came).text)
    assert caught.value.backend == "mistral"


@pytest.mark.parametrize("fault", WHOLE_FAULTS)
def test_a_malformed_whole_answer_is_a_typed_error(asker: Asker, server: ChatServer, fault: str) -> None:
    change, expected = WHOLE_FAULTS[fault]
    server.misbehave(change)
    with pytest.raises(expected) as caught:
        asker.complete(backend(server))
    assert type(caught.value) is expected
    assert caught.value.backend == "mistral"


@pytest.mark.parametrize("fault", WHOLE_FAULTS)
def test_a_malformed_whole_answer_where_a_stream_was_asked_for_is_a_typed_error(
    asker: Asker, server: ChatServer, fault: str
) -> None:
    change, expected = WHOLE_FAULTS[fault]
    server.misbehave(change)
    with pytest.raises(expected):
        asker.stream(backend(server))


EVENT_STREAM = {"content-type": "text/event-stream"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b": ping\n\n",
        b"data: [DONE]\n\n",
        b"<html>no</html>",
        b'{"error": {"message": "no", "code": 503}}',
        b'{\n "error": {\n  "message": "no",\n  "code": 503\n }\n}',
    ],
)
def test_an_event_stream_without_an_answer_is_a_typed_error(asker: Asker, server: ChatServer, body: bytes) -> None:
    server.misbehave(lambda _: Answer(headers=EVENT_STREAM, parts=[body]))
    with pytest.raises((MalformedResponse, BackendUnavailable, StreamInterrupted)):
        asker.stream(backend(server))


def test_a_whole_answer_where_a_stream_was_asked_for_is_the_answer(asker: Asker, server: ChatServer) -> None:
    whole = ServerReply(text=TEXT).whole("mistral", {"model": "m", "messages": []})
    server.misbehave(faults.status(200, whole))
    completion = gathered(asker.stream(backend(server)))
    assert completion.text == TEXT
    assert completion.finish_reason == "stop"
    assert completion.usage is not None


HARMLESS: dict[str, Fault] = {
    "a byte order mark": faults.rewritten(lambda body: b"\xef\xbb\xbf" + body),
    "carriage returns only": faults.rewritten(lambda body: body.replace(b"\n", b"\r")),
    "carriage returns and newlines": faults.rewritten(lambda body: body.replace(b"\n", b"\r\n")),
    "single bytes": faults.split(1),
    "pieces of three bytes": faults.split(3),
    "no end marker": faults.without_end_marker(),
    "comments": faults.insert(3, b": ping\n\n"),
    "an event of the server's own": faults.insert(3, b'data: {"choices": [], "timings": {"n": 1}}\n\n'),
    "the finish reason twice": faults.rewritten(
        lambda body: body.replace(b"data: [DONE]", event({"finish_reason": "stop"}) + b"data: [DONE]")
    ),
    "a finish reason that is no text": faults.insert(3, event({"finish_reason": ["stop"]})),
    "a NUL in the text": faults.insert(4, event({"delta": {"content": "\x00"}})),
    "a body that ends behind the end marker without a newline": faults.rewritten(bytes.rstrip),
}


@pytest.mark.parametrize("fault", HARMLESS)
def test_what_does_no_harm_changes_nothing(asker: Asker, server: ChatServer, fault: str) -> None:
    server.reply(TEXT)
    server.misbehave(HARMLESS[fault])
    completion = gathered(asker.stream(backend(server), request("Bonjour")))
    assert completion.text.replace("\x00", "") == TEXT
    assert completion.finish_reason == "stop"
    assert completion.usage is not None


def test_a_large_answer_within_the_bound_is_read(asker: Asker, server: ChatServer) -> None:
    text = "x" * (MAX_BODY // 4)
    server.reply(text)
    assert asker.complete(backend(server)).text == text
