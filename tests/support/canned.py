"""A server that is a list of chunks: how a backend reads its answers, without a socket."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from convo.backends import call
from convo.backends.dialects import GENERIC
from convo.backends.http import HttpBackend
from convo.backends.policy import Retries
from convo.completions import Delta
from convo.errors import ConvoError
from convo.ports import drive_stream
from support.asking import request

EVENT_STREAM = {"content-type": "text/event-stream"}


class CannedResponse:
    """A response whose body is ``chunks``; an exception among them is raised in its place."""

    def __init__(self, chunks: Iterable[bytes | Exception], status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self.headers = headers
        self._chunks = chunks

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        for chunk in self._chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    async def drain(self) -> None:
        """Nothing is left to read."""


class CannedIO:
    """``BackendIO`` whose every answer is the same list of chunks."""

    face = "sync"

    def __init__(self, *chunks: bytes | Exception, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self._response = CannedResponse(chunks, status, EVENT_STREAM if headers is None else headers)

    @asynccontextmanager
    async def request(self, *_: Any) -> AsyncIterator[CannedResponse]:
        yield self._response


BACKEND = HttpBackend(GENERIC, base_url="http://canned", model="m", retries=Retries(attempts=1))


def deltas_of(
    *chunks: bytes | Exception, headers: Mapping[str, str] | None = None
) -> tuple[list[Delta], ConvoError | None]:
    """The deltas that a stream of ``chunks`` gives, and the error it ends with."""
    found: list[Delta] = []
    stream = drive_stream(call.stream(CannedIO(*chunks, headers=headers), BACKEND, request()))  # type: ignore[arg-type]
    try:
        while True:
            found.append(next(stream))
    except StopIteration:
        return found, None
    except ConvoError as problem:
        return found, problem


def text_of(*chunks: bytes | Exception) -> tuple[str, ConvoError | None]:
    """The text that came, and the error the stream ended with."""
    found, problem = deltas_of(*chunks)
    return "".join(delta.text for delta in found), problem
