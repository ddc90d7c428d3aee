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
from typing import Any, TypeAlias, TypeGuard

from convo.backends.answers import as_completion, deltas_of
from convo.backends.base import BackendIO, WiredBackend
from convo.backends.policy import Deadlines
from convo.backends.prefix import join_completion
from convo.backends.tidy import Tidy
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


def _is_wired(backend: Any) -> TypeGuard[WiredBackend]:
    """Whether ``backend`` is written over ``BackendIO``; to ask whether it fits the protocol takes far longer."""
    return hasattr(backend, "complete_over") and hasattr(backend, "stream_over")


_Pieces: TypeAlias = "AsyncGenerator[Any, None]"


def check(io: BackendIO, backend: Any, request: CompletionRequest, *, new: int) -> None:
    """Raise CallerError where it is plain that ``backend`` cannot be asked for ``request``; nobody is asked.

    ``new``: how many of the messages, from the end, were in no request before.
    """
    function = getattr(backend, "complete", backend)
    if io.face == "sync" and (inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)):
        _refuse_async(io, name_of(backend))
    checked = getattr(backend, "check_request", None)
    if checked is not None:
        checked(request, request.messages[len(request.messages) - new :] if new else ())


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
            answer, echoes = await _gathered(_each(io, answer, name), _tidy(backend, prefix)), False
        completion = as_completion(answer, name)
    return join_completion(completion, prefix, echoes) if prefix else completion


async def stream(io: BackendIO, backend: Any, request: CompletionRequest) -> AsyncGenerator[Delta, None]:
    """Yield ``backend``'s answer to ``request`` as it comes: only what is new after the prefix.

    A backend without a stream gives its whole answer as one. The first delta names the backend. Raises as
    ``complete`` does. Closing this generator closes the backend's.
    """
    prefix = _checked_prefix(backend, request)
    with _blamed(name_of(backend)):
        pieces, tidy = await _opened(io, backend, request, prefix)
        async with aclosing(pieces):
            async for piece in pieces:
                yield tidy.take(piece)
        for delta in tidy.end():
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
    if _is_wired(backend):
        return await backend.complete_over(io, request)
    return await _called(io, getattr(backend, "complete", backend), request, name_of(backend))


async def _opened(io: BackendIO, backend: Any, request: CompletionRequest, prefix: str) -> tuple[_Pieces, Tidy]:
    if _is_wired(backend):
        return backend.stream_over(io, request), _tidy(backend, prefix, finishes=True)
    function = getattr(backend, "stream", None) or getattr(backend, "complete", backend)
    answer = await _called(io, function, request, name_of(backend))
    if isinstance(answer, Iterator | AsyncIterator):
        return _each(io, answer, name_of(backend)), _tidy(backend, prefix)
    completion = as_completion(answer, name_of(backend))
    joined = join_completion(completion, prefix, profile_of(backend).prefix.echoes_whole) if prefix else completion
    return _stepped(io, deltas_of(joined)), Tidy(name_of(backend), prefix, echoes=True, finishes=False)


def _tidy(backend: Any, prefix: str, *, finishes: bool = False) -> Tidy:
    return Tidy(name_of(backend), prefix, profile_of(backend).prefix.echoes_stream, finishes=finishes)


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


async def _gathered(pieces: _Pieces, tidy: Tidy) -> Completion:
    gathered = Accumulator()
    async with aclosing(pieces):
        async for piece in pieces:
            gathered.add(tidy.take(piece))
    for delta in tidy.end():
        gathered.add(delta)
    return gathered.completion()


def _each(io: BackendIO, pieces: Iterator[Any] | AsyncIterator[Any], name: str) -> _Pieces:
    if isinstance(pieces, Iterator):
        return _stepped(io, pieces)
    _refuse_async(io, name)
    return pieces if isinstance(pieces, AsyncGenerator) else _awaited(pieces)


async def _awaited(pieces: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
    async for piece in pieces:
        yield piece


async def _stepped(io: BackendIO, pieces: Iterator[Any]) -> AsyncGenerator[Any, None]:
    end = object()
    try:
        while (piece := await io.run_blocking(next, pieces, end)) is not end:
            yield piece
    finally:
        if not getattr(pieces, "gi_running", False):  # a cancelled step may still be inside it
            await io.run_blocking(getattr(pieces, "close", lambda: None))
