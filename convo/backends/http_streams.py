"""Network streams that read and write no longer than a running timer has left, and cut what they read as it is used."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore

from convo.backends.http_clients import running_timer
from convo.backends.http_framing import headers_of, unwrapped
from convo.backends.policy import Timer

_SLICE = 2**16


def _left(timeout: float | None, error: type[Exception], timer: Timer | None = None) -> float | None:
    timer = timer or running_timer.get()
    if timer is None:
        return timeout
    left = timer.left()
    if left <= 0:
        raise error
    return left if timeout is None or left < timeout else timeout


def _slices(buffer: bytes) -> Iterator[bytes]:
    """Yield ``buffer`` in pieces: each is timed anew, lest a slow reader gets the whole time for every few bytes."""
    for start in range(0, len(buffer), _SLICE):
        yield buffer[start : start + _SLICE]


class _Framed:
    """What was read and not given on yet. An answer's headers are given without what follows them."""

    def __init__(self) -> None:
        self._kept = b""
        self._at_body = False  # whether what was given last are an answer's headers, and nothing else

    def _give(self, data: bytes, max_bytes: int) -> bytes:
        headers = headers_of(data)
        self._at_body = headers is not None
        size = min(max_bytes, len(data) if headers is None else len(headers))
        self._kept = data[size:]
        return data[:size]

    def _unwrap(self, data: bytes) -> bytes:
        payload, self._kept, self._at_body = unwrapped(data)
        return payload

    def _after_kept(self, received: bytes) -> bytes:
        """Return what is there once ``received`` came; at the end of the connection h11 judges what is left."""
        self._at_body = bool(received)
        return self._kept + received if self._kept else received


class _BoundedStream(_Framed, httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, *, encrypted: int = 0) -> None:
        super().__init__()
        self._stream = stream
        self._encrypted = encrypted
        # Where TLS goes through TLS only httpcore's stream knows how to read.
        self._socket: socket.socket | None = stream.get_extra_info("socket") if encrypted < 2 else None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._give(self._kept or self._receive(max_bytes, _left(timeout, httpcore.ReadTimeout)), max_bytes)

    def read_plain(self, timer: Timer) -> bytes:
        """Return what the next plain chunks of the body hold, ``b""`` where only ``read`` can tell what follows."""
        data = self._kept
        while self._at_body:
            if data and (payload := self._unwrap(data)):
                return payload
            if self._at_body:
                data = self._after_kept(self._receive(_SLICE, _left(None, httpcore.ReadTimeout, timer)))
        return b""

    def _receive(self, max_bytes: int, timeout: float | None) -> bytes:
        if self._socket is None:
            return self._stream.read(max_bytes, timeout)
        try:
            self._socket.settimeout(timeout)
            return self._socket.recv(max_bytes)
        except TimeoutError:
            raise httpcore.ReadTimeout from None
        except OSError as problem:
            raise httpcore.ReadError(str(problem)) from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for piece in _slices(buffer):
            self._stream.write(piece, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, left), encrypted=self._encrypted + 1)

    def get_extra_info(self, info: str) -> Any:
        return True if info == "is_readable" and self._kept else self._stream.get_extra_info(info)


class BoundedBackend(httpcore.NetworkBackend):
    """Makes the connections of the sync face, by ``backend``."""

    def __init__(self, backend: httpcore.NetworkBackend | None = None) -> None:
        self._backend = backend or httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect, within the timer."""
        left = _left(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self._backend.connect_tcp(host, port, left, local_address, socket_options))


class _AsyncBoundedStream(_Framed, httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        super().__init__()
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's signature
        data = self._kept or await self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))
        return self._give(data, max_bytes)

    async def read_plain(self, timer: Timer) -> bytes:
        """Return what the next plain chunks of the body hold, ``b""`` where only ``read`` can tell what follows."""
        data = self._kept
        while self._at_body:
            if data and (payload := self._unwrap(data)):
                return payload
            if self._at_body:
                data = self._after_kept(await self._stream.read(_SLICE, _left(None, httpcore.ReadTimeout, timer)))
        return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        for piece in _slices(buffer):
            await self._stream.write(piece, _left(timeout, httpcore.WriteTimeout))

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _AsyncBoundedStream(await self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return True if info == "is_readable" and self._kept else self._stream.get_extra_info(info)


class AsyncBoundedBackend(httpcore.AsyncNetworkBackend):
    """Makes the connections of the async face, by ``backend``."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend | None = None) -> None:
        self._backend = backend or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect, within the timer."""
        left = _left(timeout, httpcore.ConnectTimeout)
        return _AsyncBoundedStream(await self._backend.connect_tcp(host, port, left, local_address, socket_options))

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._backend.sleep(seconds)
