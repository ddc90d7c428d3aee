"""One chat completions request, sent once: its answer, whole or as it comes, or one typed error."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import cached_property
from typing import Any

from convo.backends.answers import deltas_of
from convo.backends.base import BackendIO, HttpResponse
from convo.backends.decode import decode
from convo.backends.fold import StreamFold
from convo.backends.policy import ClientOptions, Timer
from convo.backends.refusals import Complaints, is_refusal, request_id
from convo.backends.secret import Secret
from convo.backends.wire import DONE, MAX_BODY, EventDecoder, load_json
from convo.completions import Completion, Delta
from convo.errors import BackendError, BackendUnavailable, MalformedResponse, StreamInterrupted
from convo.frozen import dataclass

_MAX_ERROR_BODY = 2**20
_HEAD = 2**16


@dataclass(frozen=True)
class Exchange:
    """A request ready to go out: where, by which client, with what, until when, and whose words to show."""

    method: str
    url: str
    headers: Mapping[str, str | Secret]
    client: ClientOptions
    body: bytes | None
    timer: Timer
    complaints: Complaints

    @cached_property
    def wire_hash(self) -> str:
        """The SHA-256 (hex) of the body as sent."""
        return hashlib.sha256(self.body or b"").hexdigest()

    async def json(self, io: BackendIO) -> Any:
        """Send it; return the JSON that is its answer."""
        async with self._answered(io) as response:
            return self.parsed(await _read(response, MAX_BODY))

    async def complete(self, io: BackendIO) -> Completion:
        """Send it; return the completion that is its answer."""
        async with self._answered(io) as response:
            return await self._completion(response)

    async def stream(self, io: BackendIO) -> AsyncGenerator[Delta, None]:
        """Send it; yield the deltas of its answer, which may also come whole."""
        async with self._answered(io) as response:
            if _is_whole(response):
                for delta in deltas_of(await self._completion(response)):
                    yield delta
                return
            events = _Events(self)
            async with aclosing(response.chunks()) as chunks:
                async for chunk in chunks:
                    for delta in events.take(chunk):
                        yield delta
                    if events.done:
                        await response.drain()
                        break
            for delta in events.end():
                yield delta

    @asynccontextmanager
    async def _answered(self, io: BackendIO) -> AsyncIterator[HttpResponse]:
        sending = io.request(self.client, self.method, self.url, self.headers, self.body, self.timer)
        async with sending as response:
            if response.status >= 300:
                raise self.complaints.response(
                    response.status, response.headers, await _read(response, _MAX_ERROR_BODY)
                )
            try:
                yield response
            except BackendError as problem:
                problem.status = problem.status or response.status
                problem.request_id = problem.request_id or request_id(response.headers)
                raise

    async def _completion(self, response: HttpResponse) -> Completion:
        body = self.parsed(await _read(response, MAX_BODY))
        return decode(body, self.wire_hash)

    def parsed(self, body: bytes) -> Any:
        """Return the JSON in ``body``; raises what the server says where that is an error, MalformedResponse else."""
        if not body.strip():
            raise MalformedResponse("the backend's answer is empty")
        if body.lstrip()[:1] == b"<":
            raise MalformedResponse("the backend's answer is a page, not JSON: does its base URL point at the API?")
        value = load_json(body)
        if is_refusal(value):
            raise self.complaints.event(value)
        return value


def _is_whole(response: HttpResponse) -> bool:
    kind = response.headers.get("content-type", "").lower()
    return "json" in kind or "html" in kind


async def _read(response: HttpResponse, limit: int) -> bytes:
    parts, size = [], 0
    try:
        async with aclosing(response.chunks()) as chunks:
            async for chunk in chunks:
                parts.append(chunk)
                size += len(chunk)
                if size > limit:
                    raise MalformedResponse(f"the backend's answer is larger than {limit} bytes")
    except StreamInterrupted:
        raise BackendUnavailable("the connection broke while the backend's answer came") from None
    return b"".join(parts)


class _Events:
    """The events of one streamed answer. ``done``: the end marker has come."""

    def __init__(self, exchange: Exchange) -> None:
        self.done = False
        self._exchange = exchange
        self._timer = exchange.timer
        self._decoder = EventDecoder()
        self._fold = StreamFold(exchange.wire_hash)
        self._head = b""

    def take(self, chunk: bytes) -> Iterator[Delta]:
        """Yield what the events in ``chunk`` add; what comes before a malformed one is given."""
        if not self._decoder.events and len(self._head) < _HEAD:
            self._head += chunk
        for data in self._decoder.feed(chunk):
            yield from self._folded(data)
            self._timer.event()  # after the yield: the reader's own time is not the server's silence

    def _folded(self, data: str) -> list[Delta]:
        if self.done or data == DONE:
            self.done = True
            return []
        event = load_json(data)
        if is_refusal(event):
            raise self._exchange.complaints.event(event)
        return self._fold.fold(event)

    def end(self) -> Iterator[Delta]:
        """Yield what an event adds that only the end of the body closes; raises where that is not the answer's end."""
        try:
            for data in [] if self.done else self._decoder.end():
                yield from self._folded(data)
        except MalformedResponse:  # a part of an event, cut off with the rest
            if not self._decoder.events:
                raise
        self._check_end()

    def _check_end(self) -> None:
        if self._fold.finished or (self.done and self._fold.said):
            return
        if self.done:
            raise MalformedResponse("the backend's stream ended without an answer in it")
        if not self._fold.begun:
            self._exchange.parsed(self._head)
        raise StreamInterrupted("the backend's stream ended before its end marker or finish reason")
