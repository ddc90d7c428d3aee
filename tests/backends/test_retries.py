"""What is sent again, how often, and when not; and a server that is down is left in peace."""

from __future__ import annotations

import time

import pytest

from convo.backends.circuit import Breaker, Circuit
from convo.backends.dialects import DIALECTS
from convo.backends.http import HttpBackend
from convo.backends.policy import Deadlines, Retries
from convo.completions import Delta
from convo.errors import (
    AuthenticationFailed,
    BackendError,
    BackendUnavailable,
    InvalidSetting,
    MalformedResponse,
    RateLimited,
    RequestRefused,
    StreamInterrupted,
)
from convo.testing import ChatServer, faults
from convo.testing.faults import Fault
from support.asking import Asker, gathered

QUICK = Retries(attempts=3, first_wait=0.01, longest_wait=0.02)


def backend(server: ChatServer, retries: Retries = QUICK, circuit: Circuit | None = None) -> HttpBackend:
    return HttpBackend(
        DIALECTS["mistral"], base_url=server.base_url, model="m", retries=retries, circuit=circuit or Circuit()
    )


PASSING: dict[str, Fault] = {
    "408": faults.status(408),
    "429": faults.status(429),
    "500": faults.status(500),
    "502 with a page": faults.html(502),
    "503 without a body": faults.empty(503),
    "529": faults.status(529),
    "a connection that breaks before the headers": faults.no_answer(),
    "what asks to be sent again": faults.status(400, {"detail": "later"}, x_should_retry="true"),
    "an overload said with status 200": faults.status(200, {"error": {"message": "overloaded", "code": 503}}),
    "a body that breaks off": faults.disconnect(0),
}


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_what_passes_is_sent_again(asker: Asker, server: ChatServer, fault: str, streamed: bool) -> None:
    server.misbehave(PASSING[fault], times=2)
    asked = backend(server)
    text = gathered(asker.stream(asked)).text if streamed else asker.complete(asked).text
    assert text == "Bonjour, mon ami."
    assert len(server.requests) == 3
    assert len({request.raw for request in server.requests}) == 1


FINAL: dict[str, tuple[Fault, type[BackendError]]] = {
    "400": (faults.status(400), RequestRefused),
    "401": (faults.status(401), AuthenticationFailed),
    "404": (faults.status(404), RequestRefused),
    "422": (faults.status(422), RequestRefused),
    "a quota that is used up": (
        faults.status(429, {"error": {"code": "insufficient_quota", "message": "pay"}}),
        RateLimited,
    ),
    "what asks not to be sent again": (faults.status(503, {}, x_should_retry="false"), BackendUnavailable),
    "a page instead of an answer": (faults.html(), MalformedResponse),
}


@pytest.mark.parametrize("fault", FINAL)
def test_what_does_not_pass_is_sent_once(asker: Asker, server: ChatServer, fault: str) -> None:
    change, expected = FINAL[fault]
    server.misbehave(change)
    with pytest.raises(expected):
        asker.complete(backend(server))
    assert len(server.requests) == 1


def test_the_number_of_requests_is_bounded(asker: Asker, server: ChatServer) -> None:
    server.misbehave(faults.status(503), times=10)
    with pytest.raises(BackendUnavailable):
        asker.complete(backend(server))
    assert len(server.requests) == 3


def test_nothing_is_sent_again_after_the_first_token(asker: Asker, server: ChatServer) -> None:
    server.misbehave(faults.disconnect(3))
    came: list[Delta] = []
    with pytest.raises(StreamInterrupted):
        asker.stream_into(came, backend(server))
    assert gathered(came).text == "Bonjour, mon"
    assert len(server.requests) == 1


def test_a_stream_that_broke_before_its_first_token_is_asked_for_again(asker: Asker, server: ChatServer) -> None:
    server.misbehave(faults.disconnect(1))
    assert gathered(asker.stream(backend(server))).text == "Bonjour, mon ami."
    assert len(server.requests) == 2


@pytest.mark.parametrize("header", ["retry_after", "retry_after_ms"])
def test_a_server_that_asks_for_a_wait_gets_it(asker: Asker, server: ChatServer, header: str) -> None:
    server.misbehave(faults.status(429, None, **{header: "0.3" if header == "retry_after" else "300"}))
    began = time.monotonic()
    asker.complete(backend(server))
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("impatience", ["patience", "deadline"])
def test_a_wait_that_is_too_long_is_not_waited_for(asker: Asker, server: ChatServer, impatience: str) -> None:
    server.misbehave(faults.status(429, None, retry_after="30"))
    asked = backend(server, Retries(attempts=3, patience=10 if impatience == "patience" else 100))
    if impatience == "deadline":
        asked.deadlines = Deadlines(total=5)
    with pytest.raises(RateLimited) as caught:
        asker.complete(asked)
    assert caught.value.retry_after == 30
    assert len(server.requests) == 1


def test_waits_grow_to_their_bound_and_differ_by_chance() -> None:
    retries = Retries(attempts=20, first_wait=0.5, longest_wait=8)
    timer = Deadlines().start(streamed=False)
    waits = [retries.wait(BackendUnavailable(), attempt, timer) for attempt in range(1, 20)]
    for number, wait in enumerate(waits):
        longest = min(0.5 * 2**number, 8)
        assert wait is not None
        assert 0.75 * longest <= wait <= longest
    assert len(set(waits[5:])) > 1


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"longest_wait": 0}, {"patience": float("nan")}])
def test_retries_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidSetting):
        Retries(**wrong)  # type: ignore[arg-type]


def test_a_server_that_is_down_is_left_in_peace_for_a_while(asker: Asker, server: ChatServer) -> None:
    once, circuit = Retries(attempts=1), Circuit(failures=3, rest=0.4)
    asked = backend(server, once, circuit)
    server.misbehave(faults.status(503), times=3)
    for _ in range(3):
        with pytest.raises(BackendUnavailable):
            asker.complete(asked)
    with pytest.raises(BackendUnavailable, match="left alone") as caught:
        asker.stream(asked)
    assert caught.value.retry_after is not None
    assert 0 < caught.value.retry_after <= 0.4
    assert len(server.requests) == 3
    time.sleep(0.45)
    assert asker.complete(asked).text
    assert asker.complete(asked).text


def test_after_its_rest_one_request_tries_and_the_others_wait() -> None:
    breaker = Breaker(Circuit(failures=2, rest=0.05))
    for _ in range(2):
        breaker.report(ok=False)
    time.sleep(0.06)
    breaker.check("it")
    with pytest.raises(BackendUnavailable):
        breaker.check("it")
    breaker.report(ok=True)
    breaker.check("it")


def test_refusals_do_not_open_the_circuit(asker: Asker, server: ChatServer) -> None:
    asked = backend(server, QUICK, Circuit(failures=2))
    server.misbehave(faults.status(400), times=3)
    for _ in range(3):
        with pytest.raises(RequestRefused):
            asker.complete(asked)
    assert asker.complete(asked).text


def test_a_reader_that_leaves_does_not_open_the_circuit(asker: Asker, server: ChatServer) -> None:
    asked = backend(server, QUICK, Circuit(failures=1))
    for _ in range(3):
        asker.stream(asked, stop_after=1)
    assert asker.complete(asked).text
