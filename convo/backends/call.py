"""Asking a backend of any kind: the one place that knows functions, objects and wired backends.

Laws of this file:
- A whole answer comes back with the request's prefix in front of its text, exactly once; a stream brings only what
  is new after the prefix.
- What leaves is a ``ConvoError``: anything else that a backend raises becomes ``BackendFailed``, its cause kept.
- A blocking backend never blocks an event loop; an async one on the sync face is ``WrongFace``.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import Any

from convo.backends.answers import as_completion, as_delta, deltas_of
from convo.backends.base import BackendIO, WiredBackend
from convo.backends.policy import Deadlines
from convo.backends.prefix import PrefixFilter, join_completion
from convo.completions import Completion, CompletionRequest, Delta
from convo.errors import BackendError, BackendFailed, ConvoError, Unsupported, WrongFace
from convo.messages import AssistantMessage
from convo.profiles import PERMISSIVE, Profile
from convo.turns import Accumulator


def name_of(backend: Any) -> str:
    """Return the name of a backend of any kind; a function's is its own."""
    return str(getattr(backend, "name", None) or getattr(backend, "__name__", type(backend).__name__))


def profile_of(backend: Any) -> Profile:
    """Return what a backend of any kind accepts; a plain function accepts everything."""
    profile: Profile = getattr(backend, "profile", PERMISSIVE)
    return profile


def deadlines_of(backend: Any) -> Deadlines:
    """Return how long a backend of any kind may take; the defaults where it does not say."""
    deadlines: Deadlines = getattr(backend, "deadlines", None) or Deadlines()
    return deadlines


async def complete(io: BackendIO, backend: Any, request: CompletionRequest) -> Completion:
    """Return ``backend``'s whole answer to ``request``, beginning with its prefix, once.

    Raises BackendError for what goes wrong there, WrongFace for an async backend on the sync face, Unsupported for
    a prefix that the backend cannot continue.
    """
    prefix = _checked_prefix(backend, request)
    name, echoes = name_of(backend), profile_of(backend).prefix.echoes_whole
    with _blamed(name):
        answer = await _whole(io, backend, request)
        if isinstance(answer, Iterator | AsyncIterator):
            answer, echoes = await _gathered(_Pieces(io, backend, answer), prefix), False
        completion = as_completion(answer, name)
    return join_completion(completion, prefix, echoes) if prefix else completion


async def stream(io: BackendIO, backend: Any, request: CompletionRequest) -> AsyncGenerator[Delta, None]:
    """Yield ``backend``'s answer to ``request`` as it comes: only what is new after the prefix.

    A backend without a stream gives its whole answer as one. The first delta names the backend. Raises as
    ``complete`` does. Closing this generator closes the backend's.
    """
    prefix = _checked_prefix(backend, request)
    with _blamed(name_of(backend)):
        pieces = await _opened(io, backend, request, prefix)
        async with aclosing(pieces.new_deltas(prefix)) as deltas:
            async for delta in deltas:
                yield delta


def _checked_prefix(backend: Any, request: CompletionRequest) -> str:
    last = request.messages[-1] if request.messages else None
    if isinstance(last, AssistantMessage) and last.prefix and not profile_of(backend).prefix.supported:
        raise Unsupported(f"{name_of(backend)} cannot continue a given beginning: leave out the prefix")
    return request.prefix


@contextmanager
def _blamed(name: str) -> Iterator[None]:
    try:
        yield
    except ConvoError as problem:
        if isinstance(problem, BackendError):
            problem.backend = problem.backend or name
        raise
    except Exception as problem:
        raise BackendFailed(f"the backend {name} raised {type(problem).__name__}", backend=name) from problem


async def _whole(io: BackendIO, backend: Any, request: CompletionRequest) -> Any:
    if isinstance(backend, WiredBackend):
        return await backend.complete_over(io, request)
    return await _called(io, getattr(backend, "complete", backend), request, name_of(backend))


async def _opened(io: BackendIO, backend: Any, request: CompletionRequest, prefix: str) -> _Pieces:
    if isinstance(backend, WiredBackend):
        return _Pieces(io, backend, backend.stream_over(io, request))
    function = getattr(backend, "stream", None) or getattr(backend, "complete", backend)
    answer = await _called(io, function, request, name_of(backend))
    if isinstance(answer, Iterator | AsyncIterator):
        return _Pieces(io, backend, answer)
    completion = as_completion(answer, name_of(backend))
    echoes = profile_of(backend).prefix.echoes_whole
    joined = join_completion(completion, prefix, echoes) if prefix else completion
    return _Pieces(io, backend, deltas_of(joined), echoes=True)


async def _called(io: BackendIO, function: Callable[..., Any], request: CompletionRequest, name: str) -> Any:
    if inspect.iscoroutinefunction(function):
        _refuse_async(io, name)
        return await function(request)
    result = await io.run_blocking(_outcome, function, request, name)
    if not inspect.isawaitable(result):
        return result
    if io.face == "sync" and inspect.iscoroutine(result):
        result.close()
    _refuse_async(io, name)
    return await result


def _outcome(function: Callable[..., Any], request: CompletionRequest, name: str) -> Any:
    """Call ``function``; a StopIteration it raises would end a coroutine silently, and a future never."""
    try:
        return function(request)
    except StopIteration as problem:
        raise BackendFailed(f"the backend {name} raised StopIteration", backend=name) from problem


def _refuse_async(io: BackendIO, name: str) -> None:
    if io.face == "sync":
        raise WrongFace(f"the backend {name} is async: use it with AsyncConversation, or give a plain function")


async def _gathered(pieces: _Pieces, prefix: str) -> Completion:
    gathered = Accumulator()
    async with aclosing(pieces.new_deltas(prefix)) as deltas:
        async for delta in deltas:
            gathered.add(delta)
    return gathered.completion()


_NOT_DECLARED = object()


class _Pieces:
    """The pieces of one stream, whoever makes them, made uniform."""

    def __init__(self, io: BackendIO, backend: Any, source: Any, echoes: Any = _NOT_DECLARED) -> None:
        self._io = io
        self._name = name_of(backend)
        self._source = source
        self._echoes = profile_of(backend).prefix.echoes_stream if echoes is _NOT_DECLARED else echoes
        self._wired = isinstance(backend, WiredBackend)

    async def new_deltas(self, prefix: str) -> AsyncGenerator[Delta, None]:
        """Yield what is new after ``prefix``; name the backend first, and give a finish reason where none came."""
        name, filters, finished = self._name, dict[int, PrefixFilter](), self._wired
        async with aclosing(self._each()) as pieces:
            async for piece in pieces:
                delta = as_delta(piece, self._name)
                finished = finished or delta.finish_reason is not None
                if name:
                    delta, name = (delta if delta.backend else replace(delta, backend=name)), ""
                if prefix:
                    found = filters.setdefault(delta.index, PrefixFilter(prefix, self._echoes))
                    delta = found.pass_on(delta)
                yield delta
        for index, found in filters.items():
            if text := found.flush():
                yield Delta(text=text, index=index)
        if not finished:
            yield Delta(finish_reason="stop", backend=name or None)

    def _each(self) -> Any:
        if isinstance(self._source, AsyncIterator):
            if not self._wired:
                _refuse_async(self._io, self._name)
            return self._source
        return self._stepped(self._source)

    async def _stepped(self, source: Iterator[Any]) -> AsyncIterator[Any]:
        end = object()
        try:
            while (piece := await self._io.run_blocking(next, source, end)) is not end:
                yield piece
        finally:
            if not getattr(source, "gi_running", False):  # a cancelled step may still be inside it
                await self._io.run_blocking(getattr(source, "close", lambda: None))
