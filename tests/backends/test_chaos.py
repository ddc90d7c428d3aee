"""A chaos server's verdict on convo, in both wire formats and both faces.

Needs ``llmock serve --stream-chunk-delay-ms 20`` (0.2.2), its URL in CONVO_TEST_CHAOS_URL; ``benchmarks/chaos.sh``
does it all. The delay lets the server see when a client stops reading: without it the whole stream is in the socket
before the client has met the malformed event.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from convo.backends.dialects import DIALECTS
from convo.backends.http import HttpBackend
from convo.backends.policy import Deadlines, Retries
from convo.completions import Completion
from convo.errors import (
    AuthenticationFailed,
    BackendError,
    DeadlineExceeded,
    MalformedResponse,
    RequestRefused,
    StreamInterrupted,
)
from support.asking import Asker, gathered, request

pytestmark = pytest.mark.chaos

QUICK = Retries(attempts=4, first_wait=0.1, longest_wait=2)
PATIENCE = Deadlines(first_event=8, idle=0.6, total=30)
LONG = " ".join(f"word{number}" for number in range(30))
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]


class ChaosServer:
    """The server's controls."""

    def __init__(self) -> None:
        self.url = os.environ["CONVO_TEST_CHAOS_URL"].rstrip("/")
        self._http = httpx.Client(base_url=self.url)
        self._http.post("/_llmock/reset").raise_for_status()

    def expect(self, *behaviors: dict[str, Any]) -> None:
        self._http.post("/_llmock/scenario", json={"behaviors": behaviors}).raise_for_status()

    def verdict(self) -> dict[str, Any]:
        found: dict[str, Any] = self._http.get("/_llmock/verdict").json()
        return found

    def close(self) -> None:
        self._http.close()


@pytest.fixture
def chaos() -> Iterator[ChaosServer]:
    server = ChaosServer()
    yield server
    server.close()


@pytest.fixture(params=["openai", "mistral"])
def backend(request: pytest.FixtureRequest, chaos: ChaosServer) -> HttpBackend:
    path = "/v1" if request.param == "openai" else "/mistral/v1"
    return HttpBackend(
        DIALECTS[request.param],
        base_url=chaos.url + path,
        api_key="k",
        model="mistral-small-latest",
        retries=QUICK,
        deadlines=PATIENCE,
    )


def taken_up(asker: Asker, backend: HttpBackend, question: str) -> Completion:
    """The streamed answer; one that broke in the midst is asked for again, as ``resume`` does."""
    for _ in range(3):
        try:
            return gathered(asker.stream(backend, request(question)))
        except (StreamInterrupted, MalformedResponse, DeadlineExceeded):
            time.sleep(0.2)  # the server must have seen the end of this attempt to know the next for its repetition
    raise AssertionError("every attempt broke")


def clean(verdict: dict[str, Any]) -> bool:
    return verdict["findings"] == [] and verdict["faults_injected"] > 0


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_failures_are_waited_out(asker: Asker, chaos: ChaosServer, backend: HttpBackend, status: int) -> None:
    chaos.expect({"type": "fail", "status": status, "retry_after": 0.4, "times": 2})
    assert asker.complete(backend, request(f"whole {status}")).text
    chaos.expect({"type": "fail", "status": status, "times": 3})
    assert gathered(asker.stream(backend, request(f"streamed {status}"))).text
    assert clean(chaos.verdict())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RequestRefused),
        (401, AuthenticationFailed),
        (403, AuthenticationFailed),
        (404, RequestRefused),
        (422, RequestRefused),
    ],
)
def test_refusals_are_not_sent_again(
    asker: Asker, chaos: ChaosServer, backend: HttpBackend, status: int, kind: type[BackendError]
) -> None:
    for ask in (asker.complete, asker.stream):
        chaos.expect({"type": "fail", "status": status})
        with pytest.raises(kind) as caught:
            ask(backend, request(f"refused {status}"))
        assert type(caught.value) is kind
    assert clean(chaos.verdict())


@pytest.mark.parametrize("kind", ["disconnect", "truncate", "malformed", "stall"])
@pytest.mark.parametrize("after", [0, 1, 3])
def test_broken_streams_are_never_taken_for_answers(
    asker: Asker, chaos: ChaosServer, backend: HttpBackend, kind: str, after: int
) -> None:
    chaos.expect({"type": "reply", "text": LONG, "times": None})
    chaos.expect({"type": "stream_fault", "kind": kind, "after_chunks": after, "stall_seconds": 30})
    completion = taken_up(asker, backend, f"{kind} {after}")
    assert (completion.text, completion.finish_reason) == (LONG, "stop")
    assert clean(chaos.verdict())


def test_a_slow_first_token_is_waited_for(asker: Asker, chaos: ChaosServer, backend: HttpBackend) -> None:
    chaos.expect({"type": "slow_first_token", "seconds": 1.0}, {"type": "delay", "seconds": 0.5})
    assert gathered(asker.stream(backend, request("slow"))).text
    assert chaos.verdict()["findings"] == []


@pytest.mark.parametrize("streamed", [False, True])
def test_broken_tool_arguments_are_kept_as_they_came(
    asker: Asker, chaos: ChaosServer, backend: HttpBackend, streamed: bool
) -> None:
    chaos.expect({"type": "tool_fault", "kind": "malformed_arguments"})
    asked = request("call it", tools=TOOLS)
    completion = gathered(asker.stream(backend, asked)) if streamed else asker.complete(backend, asked)
    (call,) = completion.message.calls
    assert call.name == "weather"
    assert completion.finish_reason == "tool_calls"
    assert chaos.verdict()["findings"] == []


def test_scripted_calls_come_whole(asker: Asker, chaos: ChaosServer, backend: HttpBackend) -> None:
    calls = [{"name": "weather", "arguments": {"city": "Paris"}}, {"name": "weather", "arguments": {"city": "Lyon"}}]
    chaos.expect({"type": "reply", "tool_calls": calls, "times": 2})
    asked = request("two calls", tools=TOOLS)
    for completion in (asker.complete(backend, asked), gathered(asker.stream(backend, asked))):
        assert [call.parsed_arguments() for call in completion.message.calls] == [{"city": "Paris"}, {"city": "Lyon"}]
        assert len({call.id for call in completion.message.calls}) == 2
    assert chaos.verdict()["findings"] == []
