"""What servers say when they refuse: every shape of body is one typed error that tells whose fault it is."""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from convo.backends.dialects import DIALECTS
from convo.backends.http import HttpBackend
from convo.backends.policy import ClientOptions, Retries
from convo.backends.refusals import Complaints, retry_after, withheld
from convo.backends.secret import Secret
from convo.errors import (
    AuthenticationFailed,
    BackendError,
    BackendUnavailable,
    ContextTooLong,
    ConvoError,
    InvalidSetting,
    RateLimited,
    RequestRefused,
)
from convo.messages import assistant, tool_call, user
from convo.testing import ChatServer, faults
from convo.values import dump_json
from support.asking import Asker, request

KEY = "sk-a-key-that-nobody-may-see-0123456789"


def error_for(status: int, body: Any, **headers: str) -> BackendError:
    raw = body if isinstance(body, bytes) else dump_json(body).encode()
    sent = {name.replace("_", "-"): text for name, text in headers.items()}
    return Complaints("mistral", lambda said: said).response(status, sent, raw)


BODIES: list[tuple[int, Any, type[BackendError], str | None, str]] = [
    (
        400,
        {"object": "error", "message": "Unexpected role", "type": "invalid_request_message_order", "code": "3230"},
        RequestRefused,
        "3230",
        "Unexpected role",
    ),
    (
        400,
        {"object": "error", "message": "Invalid model", "type": "invalid_request_error", "param": None, "code": None},
        RequestRefused,
        "invalid_request_error",
        "Invalid model",
    ),
    (401, {"detail": "Unauthorized"}, AuthenticationFailed, None, "Unauthorized"),
    (401, {"message": "Unauthorized", "request_id": "r"}, AuthenticationFailed, None, "Unauthorized"),
    (403, b"", AuthenticationFailed, None, ""),
    (402, {"error": "pay first"}, AuthenticationFailed, None, "pay first"),
    (404, {"detail": "Not Found"}, RequestRefused, None, "Not Found"),
    (
        422,
        {"detail": [{"loc": ["body", "messages", 0, "name"], "msg": "Extra inputs", "type": "extra_forbidden"}]},
        RequestRefused,
        None,
        "body.messages.0.name: Extra inputs",
    ),
    (
        422,
        {
            "object": "error",
            "message": {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs", "type": "extra_forbidden"}]},
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        },
        RequestRefused,
        "invalid_request_error",
        "body.seed: Extra inputs",
    ),
    (
        422,
        {"object": "Error", "detail": [], "message": [{"loc": ["a"], "msg": "b"}], "type": "t", "code": 3001},
        RequestRefused,
        "3001",
        "a: b",
    ),
    (422, {"message": '{"detail": "a JSON string"}'}, RequestRefused, None, "a JSON string"),
    (429, {"message": "Requests rate limit exceeded"}, RateLimited, None, "Requests rate limit exceeded"),
    (
        429,
        {"object": "error", "message": "Rate limit", "type": "rate_limited", "code": "1300", "raw_status_code": 429},
        RateLimited,
        "1300",
        "Rate limit",
    ),
    (500, b"Internal Server Error", BackendUnavailable, None, ""),
    (502, b"<html>Bad gateway</html>", BackendUnavailable, None, "a page"),
    (503, b"", BackendUnavailable, None, ""),
    (504, b"\xff\xfe", BackendUnavailable, None, ""),
    (408, {"error": {"message": "timeout"}}, BackendUnavailable, None, "timeout"),
    (529, {"type": "error", "error": {"type": "overloaded_error"}}, BackendUnavailable, "overloaded_error", ""),
    (307, b"", RequestRefused, None, ""),
    (400, [{"error": {"code": 400, "message": "in a list"}}], RequestRefused, None, ""),
    (400, {"error": {"message": "bad", "type": "e", "param": None, "code": "c"}}, RequestRefused, "c", "bad"),
    (400, b"null", RequestRefused, None, ""),
    (400, b'"just words"', RequestRefused, None, "just words"),
    (400, b"[" * 10_000, RequestRefused, None, ""),
]


@pytest.mark.parametrize(("status", "body", "kind", "code", "words"), BODIES)
def test_every_shape_of_body_is_one_typed_error(
    status: int, body: Any, kind: type[BackendError], code: str | None, words: str
) -> None:
    error = error_for(status, body, x_request_id="req-1")
    assert type(error) is kind
    assert (error.status, error.code, error.request_id, error.backend) == (status, code, "req-1", "mistral")
    assert words in str(error)
    assert f"HTTP {status}" in str(error)
    assert error.fault == "backend"


OVERFLOWS: list[tuple[Any, int | None, int | None]] = [
    (
        {
            "error": {
                "code": 400,
                "message": "the request exceeds the available context size, try increasing it",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 5011,
                "n_ctx": 2048,
            }
        },
        5011,
        2048,
    ),
    (
        {
            "error": {
                "message": "This model's maximum context length is 4097 tokens. However, your messages resulted in "
                "7575 tokens. Please reduce the length of the messages.",
                "type": "invalid_request_error",
                "code": "context_length_exceeded",
            }
        },
        7575,
        4097,
    ),
    (
        {
            "error": {
                "message": "This model's maximum context length is 65536 tokens. However, you requested 66343 tokens "
                "(62247 in the messages, 4096 in the completion).",
                "code": "invalid_request_error",
            }
        },
        66343,
        65536,
    ),
    (
        {
            "object": "error",
            "message": "Prompt contains 40001 tokens and 0 draft tokens, too large for model with 32768 maximum "
            "context length",
            "type": "invalid_request_error",
        },
        40001,
        32768,
    ),
    ({"error": {"message": "too long", "code": "context_length_exceeded"}}, None, None),
    ({"error": "input length exceeds the context length"}, None, None),
]


@pytest.mark.parametrize(("body", "needed", "limit"), OVERFLOWS)
def test_an_overflow_is_recognised_with_its_numbers(body: Any, needed: int | None, limit: int | None) -> None:
    error = error_for(400, body)
    assert isinstance(error, ContextTooLong)
    assert (error.needed, error.limit) == (needed, limit)


def test_a_server_error_is_no_overflow_whatever_it_says() -> None:
    assert type(error_for(500, {"error": "maximum context length"})) is BackendUnavailable


def test_what_may_succeed_later_says_so() -> None:
    assert error_for(429, b"").retryable
    assert error_for(503, b"").retryable
    assert not error_for(400, b"").retryable
    assert not error_for(401, b"").retryable
    assert not error_for(429, {"error": {"code": "insufficient_quota", "message": "pay"}}).retryable
    assert not error_for(503, b"", x_should_retry="false").retryable
    assert error_for(400, b"", x_should_retry="true").retryable


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "in a while"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "1e99"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({}, None),
    ],
)
def test_the_wait_a_server_asks_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_a_wait_until_a_date_is_the_seconds_until_then() -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    seconds = retry_after({"retry-after": then})
    assert seconds is not None
    assert 20 < seconds <= 30


SAID = "a very private sentence about cheese"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Invalid model: mistral-enormous", True),
        (f"input was '{SAID}'", False),
        ("input was 'y private sentence a...'", False),
        ("arguments were {'city': 'Clermont-Ferrand'}", False),
        ("the word password is not allowed", False),
        (f"wrong key {KEY}", False),
    ],
)
def test_a_servers_words_are_shown_unless_they_repeat_the_conversation_or_the_key(words: str, shown: bool) -> None:
    call = tool_call("weather", {"city": "Clermont-Ferrand"}, id="abcdefghi")
    messages = (user(SAID), assistant(tool_calls=[call]), user("password"))
    assert withheld(words, messages, Secret(KEY)) == (words if shown else "")


def test_a_servers_words_are_shown_in_part_when_they_are_long() -> None:
    assert len(withheld("word " * 1000, (), Secret(""))) == 300


@pytest.mark.parametrize("status", [400, 401, 422, 429, 500])
@pytest.mark.parametrize("streamed", [False, True])
def test_neither_key_nor_conversation_shows_in_error_log_or_repr(
    asker: Asker, server: ChatServer, caplog: pytest.LogCaptureFixture, status: int, streamed: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    server.misbehave(faults.status(status, {"detail": [{"msg": f"{SAID} {KEY}", "input": SAID, "loc": ["body"]}]}))
    backend = HttpBackend(
        DIALECTS["mistral"], base_url=server.base_url, model="m", api_key=KEY, retries=Retries(attempts=1)
    )
    with pytest.raises(ConvoError) as caught:
        (asker.stream if streamed else asker.complete)(backend, request(SAID))
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = "".join(line for line in shown.format() if "support/" not in line and "test_refusals" not in line)
    for place in (str(caught.value), repr(caught.value), repr(vars(caught.value)), repr(backend), caplog.text):
        assert KEY not in place
        assert SAID not in place
    assert KEY not in ours
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_secrets_do_not_show() -> None:
    assert KEY not in f"{Secret(KEY)} {Secret(KEY)!r} {[Secret(KEY)]}"
    assert Secret(KEY).reveal() == KEY
    assert not Secret("")
    assert "hunter2" not in repr(ClientOptions(proxy="http://me:hunter2@127.0.0.1:1"))


@pytest.mark.parametrize("key", ["line\nbreak", "schlüssel"])
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        HttpBackend(DIALECTS["openai"], base_url="http://127.0.0.1", api_key=key)
    assert key not in str(caught.value)


def test_a_password_in_the_base_url_is_refused_without_showing_it() -> None:
    with pytest.raises(InvalidSetting, match="password") as caught:
        HttpBackend(DIALECTS["openai"], base_url="http://me:hunter2@127.0.0.1/v1")
    assert "hunter2" not in str(caught.value)


def test_headers_of_ones_own_go_with_every_request_and_do_not_show(asker: Asker, server: ChatServer) -> None:
    backend = HttpBackend(DIALECTS["mistral"], base_url=server.base_url, model="m", headers={"Api-Key": KEY})
    asker.complete(backend)
    asker.stream(backend)
    assert [sent.headers["api-key"] for sent in server.requests] == [KEY, KEY]
    assert KEY not in repr(vars(backend))


@pytest.mark.parametrize("url", ["ftp://x/v1", "127.0.0.1:80", "", "http://", "/v1"])
def test_a_base_url_that_cannot_be_one_is_refused(url: str) -> None:
    with pytest.raises(InvalidSetting, match="base_url"):
        HttpBackend(DIALECTS["openai"], base_url=url)
