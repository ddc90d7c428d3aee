"""Deadlines hold by the clock: against silence, against a drip of headers, against a drip of body, in both faces."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from convo.backends.dialects import DIALECTS
from convo.backends.http import HttpBackend
from convo.backends.policy import Deadlines, Retries
from convo.completions import Delta
from convo.errors import BackendUnavailable, DeadlineExceeded, InvalidSetting
from convo.testing import ChatServer, faults
from convo.testing.faults import Fault
from support.asking import Asker

PATIENCE = Deadlines(connect=5, first_event=0.4, idle=0.3, total=1.0)
GRACE = 1.0  # what a busy machine may add; the faults below would last for minutes


def backend(server: ChatServer, deadlines: Deadlines = PATIENCE) -> HttpBackend:
    once = Retries(attempts=1)
    return HttpBackend(DIALECTS["mistral"], base_url=server.base_url, model="m", retries=once, deadlines=deadlines)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds + GRACE


WHOLE: dict[str, Fault] = {
    "silence": faults.stall(0, 60),
    "headers a byte at a time": faults.slow_headers(0.05),
    "a body a byte at a time": faults.drip(0.05),
}


@pytest.mark.parametrize("fault", WHOLE)
def test_a_whole_answer_is_in_by_the_total_deadline(asker: Asker, server: ChatServer, fault: str) -> None:
    server.misbehave(WHOLE[fault])
    with within(0.5), pytest.raises(DeadlineExceeded) as caught:
        asker.complete(backend(server, Deadlines(total=0.5)))
    assert caught.value.deadline == "total"
    assert caught.value.backend == "mistral"


@pytest.mark.parametrize("fault", WHOLE)
def test_a_stream_has_begun_by_the_first_event_deadline(asker: Asker, server: ChatServer, fault: str) -> None:
    server.misbehave(WHOLE[fault])
    with within(PATIENCE.first_event), pytest.raises(DeadlineExceeded) as caught:
        asker.stream(backend(server))
    assert caught.value.deadline == "first_event"


def test_a_late_stall_ends_by_the_idle_deadline(asker: Asker, server: ChatServer) -> None:
    server.reply("one two three four")
    server.misbehave(faults.stall(3, 60))
    came: list[Delta] = []
    with within(PATIENCE.idle), pytest.raises(DeadlineExceeded) as caught:
        asker.stream_into(came, backend(server))
    assert caught.value.deadline == "idle"
    assert "".join(delta.text for delta in came) == "one two"


def test_a_stream_that_drips_single_bytes_of_an_event_is_idle(asker: Asker, server: ChatServer) -> None:
    drip = faults.drip(0.05)

    def first_event_then_drip(answer: faults.Answer) -> faults.Answer:
        first, *rest = answer.parts
        return faults.Answer(headers=answer.headers, parts=[first, *drip(faults.Answer(parts=rest)).parts])

    server.misbehave(first_event_then_drip)
    with within(PATIENCE.idle), pytest.raises(DeadlineExceeded) as caught:
        asker.stream(backend(server))
    assert caught.value.deadline == "idle"


def test_comments_do_not_keep_a_stream_alive(asker: Asker, server: ChatServer) -> None:
    def pings(answer: faults.Answer) -> faults.Answer:
        return faults.Answer(headers=answer.headers, parts=[part for _ in range(600) for part in (0.05, b": ping\n\n")])

    server.misbehave(pings)
    with within(PATIENCE.first_event), pytest.raises(DeadlineExceeded):
        asker.stream(backend(server))


def test_a_stream_that_never_ends_ends_by_the_total_deadline(asker: Asker, server: ChatServer) -> None:
    server.reply("word " * 2000)

    def slowly(answer: faults.Answer) -> faults.Answer:
        return faults.Answer(headers=answer.headers, parts=[item for part in answer.parts for item in (0.05, part)])

    server.misbehave(slowly)
    with within(PATIENCE.total), pytest.raises(DeadlineExceeded) as caught:
        asker.stream(backend(server))
    assert caught.value.deadline == "total"


def test_retries_and_their_waits_are_within_the_first_event_deadline(asker: Asker, server: ChatServer) -> None:
    server.misbehave(faults.status(503), times=50)
    patient = Retries(attempts=50, first_wait=0.1, longest_wait=0.1)
    impatient = HttpBackend(
        DIALECTS["mistral"], base_url=server.base_url, model="m", retries=patient, deadlines=PATIENCE
    )
    with within(PATIENCE.first_event), pytest.raises(BackendUnavailable):
        asker.stream(impatient)
    assert 1 < len(server.requests) <= 8


def test_the_readers_own_time_is_not_the_servers_silence(asker: Asker, server: ChatServer) -> None:
    server.reply("one two three four")
    waits = iter([2 * PATIENCE.idle])

    class SlowReader(list[Delta]):
        def append(self, delta: Delta) -> None:
            super().append(delta)
            time.sleep(next(waits, 0) if delta.text else 0)

    came = SlowReader()
    asker.stream_into(came, backend(server))
    assert "".join(delta.text for delta in came) == "one two three four"


def test_a_server_that_accepts_no_connection_is_unavailable(asker: Asker) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        closed = HttpBackend(DIALECTS["generic"], base_url=url, model="m", retries=Retries(attempts=1))
        with within(1), pytest.raises(BackendUnavailable) as caught:
            asker.complete(closed)
    assert not isinstance(caught.value, DeadlineExceeded)


def test_a_server_that_never_takes_up_the_connection_is_given_up(asker: Asker) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        waiting = Deadlines(connect=0.5, total=1.0)
        closed = HttpBackend(
            DIALECTS["generic"], base_url=url, model="m", retries=Retries(attempts=1), deadlines=waiting
        )
        with within(1), pytest.raises(DeadlineExceeded):
            asker.complete(closed)


@pytest.mark.parametrize("name", ["connect", "first_event", "idle", "total"])
@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_a_deadline_is_a_number_of_seconds(name: str, seconds: float) -> None:
    with pytest.raises(InvalidSetting, match=name):
        Deadlines(**{name: seconds})


def test_the_longest_silence_bounds_every_kind_of_call() -> None:
    deadlines = Deadlines(connect=1, first_event=20, idle=30, total=100)
    assert deadlines.longest_silence == 100
    assert deadlines.longest_stream_silence == 30
    assert Deadlines(first_event=20, idle=30, total=10).longest_stream_silence == 10
