"""Ways in which a chat server misbehaves: functions from an ``Answer`` to the one that is sent instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any, TypeAlias

from convo.frozen import dataclass


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer as it is written: parts of the body, and between them pauses (a number of seconds).

    ``cut``: break the connection after the last part. ``header_pause``: seconds before each byte of the headers.
    ``headers`` of None: no answer at all.
    """

    status: int = 200
    headers: Mapping[str, str] | None = field(default_factory=dict)
    parts: Iterable[bytes | float] = ()
    cut: bool = False
    header_pause: float = 0.0


Fault: TypeAlias = "Callable[[Answer], Answer]"


def status(code: int, body: Any = None, **headers: str) -> Fault:
    """Answer with ``code``; ``body`` is bytes or JSON data, by default Mistral's generic error object."""
    if body is None:
        body = {"object": "error", "message": f"status {code}", "type": "server_error", "param": None, "code": None}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"content-type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
    return lambda _: Answer(status=code, headers=sent, parts=[raw])


def html(code: int = 200) -> Fault:
    """Answer with a page, as a proxy does."""
    page = b"<!DOCTYPE html><html><body><h1>Bad gateway</h1></body></html>"
    return lambda _: Answer(status=code, headers={"content-type": "text/html"}, parts=[page])


def empty(code: int = 200) -> Fault:
    """Answer with no body."""
    return lambda answer: replace(answer, status=code, parts=[])


def no_answer() -> Fault:
    """Break the connection before anything is sent."""
    return lambda _: Answer(headers=None, cut=True)


def disconnect(after: int) -> Fault:
    """Break the connection after that many events."""
    return lambda answer: replace(answer, parts=list(answer.parts)[:after], cut=True)


def truncate(after: int) -> Fault:
    """End the body in due form after that many events: no finish reason, no end marker."""
    return lambda answer: replace(answer, parts=list(answer.parts)[:after])


def without_end_marker() -> Fault:
    """Leave out ``[DONE]``."""
    return lambda answer: replace(answer, parts=list(answer.parts)[:-1])


def insert(after: int, data: bytes) -> Fault:
    """Send ``data`` in between, after that many events."""

    def change(answer: Answer) -> Answer:
        parts = list(answer.parts)
        return replace(answer, parts=[*parts[:after], data, *parts[after:]])

    return change


def malformed(after: int) -> Fault:
    """Send an event that is no JSON after that many."""
    return insert(after, b'data: {"choices": [{"ind\n\n')


def error_event(after: int, error: Any) -> Fault:
    """Send an error object as an event after that many, and end."""
    data = b"data: " + json.dumps(error).encode() + b"\n\n"
    return lambda answer: replace(answer, parts=[*list(answer.parts)[:after], data])


def giant_event(after: int, size: int) -> Fault:
    """Send an event of ``size`` bytes after that many."""
    return insert(after, b'data: {"choices":[{"index":0,"delta":{"content":"' + b"x" * size + b'"}}]}\n\n')


def stall(after: int, seconds: float) -> Fault:
    """Fall silent for ``seconds`` after that many events."""

    def change(answer: Answer) -> Answer:
        parts = list(answer.parts)
        return replace(answer, parts=[*parts[:after], seconds, *parts[after:]])

    return change


def slow_headers(seconds: float) -> Fault:
    """Send the headers a byte at a time, with a pause before each."""
    return lambda answer: replace(answer, header_pause=seconds)


def drip(seconds: float) -> Fault:
    """Send the body a byte at a time, with a pause before each."""

    def change(answer: Answer) -> Answer:
        return replace(answer, parts=_dripped(answer.parts, seconds))

    return change


def _dripped(parts: Iterable[bytes | float], seconds: float) -> Iterator[bytes | float]:
    for part in parts:
        if isinstance(part, bytes):
            for number in range(len(part)):
                yield seconds
                yield part[number : number + 1]


def rewritten(rewrite: Callable[[bytes], bytes]) -> Fault:
    """Change the bytes of the whole body: other line ends, a byte order mark ..."""

    def change(answer: Answer) -> Answer:
        return replace(answer, parts=[rewrite(b"".join(part for part in answer.parts if isinstance(part, bytes)))])

    return change


def split(size: int) -> Fault:
    """Send the body in pieces of ``size`` bytes."""

    def change(answer: Answer) -> Answer:
        body = b"".join(part for part in answer.parts if isinstance(part, bytes))
        return replace(answer, parts=[body[start : start + size] for start in range(0, len(body), size)])

    return change
