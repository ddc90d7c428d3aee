"""The world of HTTP for wired backends: ``SyncHttp`` and ``AsyncHttp``, one ``BackendIO`` for each face.

Laws of this file:
- ``SyncHttp`` never suspends: whoever drives its coroutines with ``send(None)`` gets the answer at once.
- Every read is bounded by what its timer has left, so that a drip of bytes, in headers or body, ends in time.
- Leaving a response that was not read to its end closes its connection, so that the server stops.
- Clients are pooled by their options, for each process and, in the async face, for each event loop.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from convo.backends.base import Face
from convo.backends.http_clients import async_client, bounded_by, running_timer, sync_client
from convo.backends.policy import ClientOptions, Timer
from convo.backends.secret import Secret
from convo.errors import BackendUnavailable, InvalidSetting, MalformedResponse, StreamInterrupted, WrongFace

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
C = TypeVar("C", "httpx.Client", "httpx.AsyncClient")
_UNKNOWN_NAME = re.compile(r"\[Errno -\d+\]|getaddrinfo|name resolution", re.IGNORECASE)
_AFTER_THE_END = 0.2  # seconds for the few bytes that close a body whose answer is complete


def _typed(problem: Exception, timer: Timer, *, answering: bool) -> Exception:
    """Return the typed error for one of httpx's; ``answering`` says whether the headers are in."""
    import httpcore
    import httpx

    if isinstance(problem, httpx.ConnectTimeout | httpx.PoolTimeout):
        return timer.exceeded("connect" if timer.left() > 0 else "")
    if isinstance(problem, httpx.TimeoutException | httpcore.TimeoutException | TimeoutError):
        return timer.exceeded()
    if isinstance(problem, httpx.DecodingError):
        return MalformedResponse("the backend's answer cannot be decompressed")
    if isinstance(problem, httpx.ProxyError | httpx.ConnectError):
        server = problem.request.url.netloc.decode()  # httpx keeps user and password out of it
        return BackendUnavailable(f"the backend at {server} cannot be reached: {_why(str(problem))}")
    if isinstance(problem, httpx.TransportError | httpcore.NetworkError | OSError):
        broken = "the connection broke while the backend answered"
        return StreamInterrupted(broken) if answering else BackendUnavailable("the backend broke the connection")
    return problem


def _why(said: str) -> str:
    """Return why there is no connection, by what the operating system or OpenSSL said."""
    if "CERTIFICATE" in said:
        return "its certificate is not trusted"
    if "SSL" in said:
        return "it does not answer in TLS; is it http:// rather than https://?"
    return "its host name is not known" if _UNKNOWN_NAME.search(said) else "check its address and whether it runs"


@contextmanager
def _explained(timer: Timer) -> Iterator[None]:
    """Make typed errors of httpx's, until the headers are in."""
    try:
        yield
    except Exception as problem:
        raise _typed(problem, timer, answering=False) from None


def _revealed(headers: Mapping[str, str | Secret]) -> dict[str, str]:
    return {name: text.reveal() if isinstance(text, Secret) else text for name, text in headers.items()}


def _limits(timer: Timer) -> httpx.Timeout:
    import httpx

    left = max(timer.left(), 0.001)
    return httpx.Timeout(left, connect=min(timer.connect(), left))


def _plain_stream(response: httpx.Response, *, bounded: bool) -> Any:
    """Return the network stream whose plain chunks are the body, None where the body must be read by httpx."""
    stream = response.extensions.get("network_stream") if bounded and not _is_compressed(response) else None
    chunked = response.headers.get("transfer-encoding", "").lower() == "chunked"
    return stream if chunked and hasattr(stream, "read_plain") else None


def _is_compressed(response: httpx.Response) -> bool:
    """Whether the body must go through httpx's decoders, which cost a few microseconds a chunk."""
    return bool(response.headers.get("content-encoding"))


def _open(client: C) -> C:
    if client.is_closed:
        raise InvalidSetting("the httpx client that this backend was given is closed", field="client")
    return client


class _SyncResponse:
    """A response being read by a sync client; its coroutines never suspend."""

    def __init__(self, response: httpx.Response, timer: Timer, *, bounded: bool) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._parts = response.iter_bytes() if _is_compressed(response) else iter(response.stream)  # type: ignore[arg-type]
        self._plain = _plain_stream(response, bounded=bounded)
        self._timer = timer
        self._bounded = bounded

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        while (chunk := self._next()) is not None:
            yield chunk

    def _next(self) -> bytes | None:
        if self._plain is not None:
            try:
                if chunk := self._plain.read_plain(self._timer):
                    return chunk  # type: ignore[no-any-return]
            except Exception as problem:
                raise _typed(problem, self._timer, answering=True) from None
            self._plain = None
        if not self._bounded and self._timer.left() <= 0:
            raise self._timer.exceeded()
        token = running_timer.set(self._timer)
        try:
            return next(self._parts, None)
        except Exception as problem:
            raise _typed(problem, self._timer, answering=True) from None
        finally:
            running_timer.reset(token)

    async def drain(self) -> None:
        """Read to the end, where reads can be bounded: the connection is kept if that is quick."""
        if self._bounded:
            self._timer.hurry(_AFTER_THE_END)
            try:
                while self._next() is not None:
                    pass
            except (BackendUnavailable, StreamInterrupted):
                return


class SyncHttp:
    """``BackendIO`` for the sync face. Safe for threads and after ``os.fork``."""

    face: Face = "sync"

    def __init__(self) -> None:
        self._clients: dict[ClientOptions, httpx.Client] = {}
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._of_parents: list[Any] = []

    @asynccontextmanager
    async def request(
        self,
        client: ClientOptions,
        method: str,
        url: str,
        headers: Mapping[str, str | Secret],
        content: bytes | None,
        timer: Timer,
    ) -> AsyncIterator[_SyncResponse]:
        """Open an exchange, as ``BackendIO.request`` says."""
        found = self._client(client)
        with _explained(timer), bounded_by(timer):
            sent = found.build_request(method, url, headers=_revealed(headers), content=content, timeout=_limits(timer))
            response = found.send(sent, stream=True)
        try:
            yield _SyncResponse(response, timer, bounded=client.sync_client is None)
        finally:
            response.close()

    def _client(self, options: ClientOptions) -> httpx.Client:
        if options.sync_client is not None:
            own: httpx.Client = options.sync_client
            return _open(own)
        if options.async_client is not None:
            raise WrongFace("this backend was given an async client only: give it sync_client= too")
        if self._process != os.getpid():
            # A parent's connections are its own, and its locks may be held for ever: kept, unused, never closed.
            self._of_parents.append(self._clients)
            self._clients, self._lock, self._process = {}, threading.Lock(), os.getpid()
        with self._lock:
            if options not in self._clients:
                self._clients[options] = sync_client(options)
            return self._clients[options]

    async def sleep(self, seconds: float) -> None:
        """Wait, blocking the thread."""
        time.sleep(seconds)  # noqa: ASYNC251 - this face blocks by design

    async def run_blocking(self, function: Callable[..., T], *args: Any) -> T:
        """Return ``function(*args)``, called in place."""
        return function(*args)

    def close(self) -> None:
        """Close every pooled connection; clients of the caller's own stay open. May be called again."""
        clients, self._clients = self._clients, {}
        if self._process == os.getpid():
            for client in clients.values():
                client.close()


class _AsyncResponse:
    """A response being read by an async client."""

    def __init__(self, response: httpx.Response, timer: Timer, *, bounded: bool) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._parts = response.aiter_bytes() if _is_compressed(response) else aiter(response.stream)  # type: ignore[arg-type]
        self._plain = _plain_stream(response, bounded=bounded)
        self._timer = timer
        self._bounded = bounded

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        while (chunk := await self._next()) is not None:
            yield chunk

    async def _next(self) -> bytes | None:
        if self._plain is not None:
            try:
                if chunk := await self._plain.read_plain(self._timer):
                    return chunk  # type: ignore[no-any-return]
            except Exception as problem:
                raise _typed(problem, self._timer, answering=True) from None
            self._plain = None
        token = running_timer.set(self._timer)
        try:
            if self._bounded:
                return await anext(self._parts, None)
            async with asyncio.timeout(self._timer.left()):
                return await anext(self._parts, None)
        except Exception as problem:
            raise _typed(problem, self._timer, answering=True) from None
        finally:
            running_timer.reset(token)

    async def drain(self) -> None:
        """Read to the end: the connection is kept if that is quick."""
        self._timer.hurry(_AFTER_THE_END)
        try:
            while await self._next() is not None:
                pass
        except (BackendUnavailable, StreamInterrupted):
            return


async def _begin(watch: AsyncGenerator[None, None]) -> None:
    await anext(watch)


class AsyncHttp:
    """``BackendIO`` for the async face. Each event loop has clients of its own, closed when ``asyncio.run`` ends."""

    face: Face = "async"

    def __init__(self) -> None:
        self._loops: dict[asyncio.AbstractEventLoop, dict[ClientOptions, httpx.AsyncClient]] = {}
        self._watches: dict[asyncio.AbstractEventLoop, AsyncGenerator[None, None]] = {}

    @asynccontextmanager
    async def request(
        self,
        client: ClientOptions,
        method: str,
        url: str,
        headers: Mapping[str, str | Secret],
        content: bytes | None,
        timer: Timer,
    ) -> AsyncIterator[_AsyncResponse]:
        """Open an exchange, as ``BackendIO.request`` says."""
        found = await self._client(client)
        bounded = client.async_client is None
        with _explained(timer), bounded_by(timer):
            sent = found.build_request(method, url, headers=_revealed(headers), content=content, timeout=_limits(timer))
            async with asyncio.timeout(None if bounded else timer.left()):
                response = await found.send(sent, stream=True)
        try:
            yield _AsyncResponse(response, timer, bounded=bounded)
        finally:
            await response.aclose()

    async def _client(self, options: ClientOptions) -> httpx.AsyncClient:
        if options.async_client is not None:
            own: httpx.AsyncClient = options.async_client
            return _open(own)
        if options.sync_client is not None:
            raise WrongFace("this backend was given a sync client only: give it async_client= too")
        clients = await self._clients_of(asyncio.get_running_loop())
        if options not in clients:
            clients[options] = async_client(options)
        return clients[options]

    async def _clients_of(self, loop: asyncio.AbstractEventLoop) -> dict[ClientOptions, httpx.AsyncClient]:
        if loop not in self._loops:
            for gone in [old for old in self._loops if old.is_closed()]:
                del self._loops[gone], self._watches[gone]
            self._loops[loop], self._watches[loop] = {}, self._until_the_end_of(loop)
            # In a task of its own the loop gets to know it, even while the caller is a stream kept out of its sight.
            await loop.create_task(_begin(self._watches[loop]))
        return self._loops[loop]

    async def _until_the_end_of(self, loop: asyncio.AbstractEventLoop) -> AsyncGenerator[None, None]:
        """Wait to be closed, as ``asyncio.run`` closes each generator begun in its loop; let go of its clients then."""
        try:
            yield
        finally:
            await self.aclose()
            self._loops.pop(loop, None)
            self._watches.pop(loop, None)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def run_blocking(self, function: Callable[..., T], *args: Any) -> T:
        """Return ``function(*args)``, called in a worker thread."""
        return await asyncio.to_thread(function, *args)

    async def aclose(self) -> None:
        """Close the running loop's pooled connections; clients of the caller's own stay open. May be called again."""
        clients = self._loops.get(asyncio.get_running_loop(), {})
        while clients:
            await clients.popitem()[1].aclose()
