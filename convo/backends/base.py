"""What a completion backend is.

Three ways to be one, from small to large:

1. A function ``request -> str | AssistantMessage | Completion``, sync or async, or a generator of ``str | Delta``.
2. An object with ``name``, ``profile``, ``complete(request)`` and ``stream(request)``; sync or async (``Backend``).
3. A ``WiredBackend``: written once as coroutines over ``BackendIO``, so that it serves both faces. The HTTP
   backends and ``fallback`` are such; they open no socket, and never sleep, but through the ``BackendIO`` they get.

Contract of all three: the answer given back begins with the request's prefix or leaves it out, as its profile's
``PrefixSupport`` declares; convo joins them. A stream's deltas add up to the answer a whole reply would give. Errors
are ``ConvoError``; anything else a backend raises is wrapped as ``BackendFailed``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

from convo.backends.policy import ClientOptions, Timer
from convo.backends.secret import Secret
from convo.completions import Completion, CompletionRequest, Delta
from convo.messages import AssistantMessage
from convo.profiles import Profile

T = TypeVar("T")
Face: TypeAlias = Literal["sync", "async"]
Answer: TypeAlias = str | AssistantMessage | Completion


@runtime_checkable
class Backend(Protocol):
    """A backend as an object. ``complete`` may be a coroutine function, ``stream`` an async generator."""

    name: str
    profile: Profile

    def complete(self, request: CompletionRequest) -> Answer | Awaitable[Answer]:
        """Return the whole answer to ``request``."""
        ...

    def stream(self, request: CompletionRequest) -> Iterator[str | Delta] | AsyncIterator[str | Delta]:
        """Yield the answer to ``request`` piece by piece."""
        ...


class HttpResponse(Protocol):
    """An HTTP response whose body is still to be read, inside the ``async with`` that opened it."""

    @property
    def status(self) -> int:
        """The HTTP status code."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; names are looked up without regard to case."""
        ...

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body, decompressed, as it comes.

        Raises StreamInterrupted when the connection breaks and DeadlineExceeded when the timer runs out.
        """
        ...

    async def drain(self) -> None:
        """Read what little is left of an answer that has ended, so that its connection can serve again."""
        ...


class BackendIO(Protocol):
    """What a wired backend may do to the world. One implementation for each face; the sync one never suspends."""

    face: Face

    def request(
        self,
        client: ClientOptions,
        method: str,
        url: str,
        headers: Mapping[str, str | Secret],
        content: bytes | None,
        timer: Timer,
    ) -> AbstractAsyncContextManager[HttpResponse]:
        """Open an HTTP exchange; leaving it closes the connection unless the body was read to its end.

        Raises BackendUnavailable when the server cannot be reached or breaks off before its headers are in, and
        DeadlineExceeded when ``timer`` runs out.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    async def run_blocking(self, function: Callable[..., T], *args: Any) -> T:
        """Return ``function(*args)``, run where it may block: in place (sync), in a worker thread (async)."""
        ...


@runtime_checkable
class WiredBackend(Protocol):
    """A backend written once for both faces.

    It may have ``check_request(request, messages)`` too, which raises CallerError for what cannot be sent: it is
    called before anything is stored, with those of the request's messages that are new.
    """

    name: str
    profile: Profile

    async def complete_over(self, io: BackendIO, request: CompletionRequest) -> Completion:
        """Return the whole answer to ``request``."""
        ...

    def stream_over(self, io: BackendIO, request: CompletionRequest) -> AsyncGenerator[Delta, None]:
        """Yield the answer to ``request`` piece by piece, an async generator."""
        ...
