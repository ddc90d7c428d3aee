"""Several backends as one: when the first cannot answer, the next does."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from convo.backends.base import BackendIO
from convo.backends.call import complete, deadlines_of, profile_of, stream
from convo.backends.fold import says_something
from convo.backends.given import require, require_profile, require_text
from convo.backends.policy import Deadlines
from convo.backends.registry import resolve
from convo.completions import Completion, CompletionRequest, Delta
from convo.errors import (
    AuthenticationFailed,
    BackendError,
    BackendFailed,
    BackendUnavailable,
    CallerError,
    ContextTooLong,
    InvalidSetting,
    MalformedResponse,
    RateLimited,
    StreamInterrupted,
    Unsupported,
)
from convo.messages import Message
from convo.profiles import Profile

WARRANTED: tuple[type[BackendError], ...] = (
    AuthenticationFailed,
    BackendFailed,
    BackendUnavailable,
    ContextTooLong,
    MalformedResponse,
    RateLimited,
    StreamInterrupted,
)
"""The errors after which another backend may well answer. A refused request is the caller's, and stays so."""


class Fallback:
    """Asks its backends in order until one answers; what was used is the completion's and first delta's ``backend``.

    The next is asked after an error of ``WARRANTED``, each having made its own retries; a stream falls back only
    before anything of the answer was given on. An option ``model`` is the first backend's: the others answer with
    their own. A backend that cannot continue a prefix is passed over when there is one, and so is a later one that
    cannot be sent what the first can (an option it has not, a content it does not take). The last error is raised
    when none answers, with a note of the earlier ones.
    """

    def __init__(self, backends: Iterable[Any], *, profile: Profile | None = None, name: str = "fallback") -> None:
        require_text(name=name)
        require_profile(profile, optional=True)
        require(Iterable, "a list of backends", backends=backends)
        if isinstance(backends, str):
            raise InvalidSetting("backends: must be a list of backends, not one", field="backends")
        self.backends = tuple(resolve(backend) for backend in backends)
        if not self.backends:
            raise InvalidSetting("fallback needs at least one backend", field="backends")
        self.name = name
        accepted = profile or profile_of(self.backends[0])
        # Each answer has been joined with its prefix before it comes here.
        self.profile = replace(accepted, prefix=replace(accepted.prefix, echoes_whole=True, echoes_stream=False))

    @property
    def deadlines(self) -> Deadlines:
        """How long all of them together may take."""
        each = [deadlines_of(backend) for backend in self.backends]
        return Deadlines(
            connect=max(limits.connect for limits in each),
            first_event=sum(limits.longest_stream_silence for limits in each),
            idle=max(limits.idle for limits in each),
            total=sum(limits.total for limits in each),
        )

    def check_request(self, request: CompletionRequest, messages: tuple[Message, ...]) -> None:
        """Raise CallerError where the first backend to be asked cannot be sent this."""
        first, asked = self._able(request)[0]
        _check(first, asked, messages)

    async def complete_over(self, io: BackendIO, request: CompletionRequest) -> Completion:
        """Return the first whole answer."""
        failures: list[BackendError] = []
        for backend, asked in self._asked(request):
            try:
                return await complete(io, backend, asked)
            except WARRANTED as problem:
                failures.append(problem)
        raise _noted(failures)

    async def stream_over(self, io: BackendIO, request: CompletionRequest) -> AsyncGenerator[Delta, None]:
        """Yield the first answer that begins."""
        failures: list[BackendError] = []
        for backend, asked in self._asked(request):
            begun = False
            try:
                async with aclosing(stream(io, backend, asked)) as deltas:
                    async for delta in deltas:
                        begun = begun or says_something(delta)
                        yield delta
                return
            except WARRANTED as problem:
                if begun:
                    raise
                failures.append(problem)
        raise _noted(failures)

    def _asked(self, request: CompletionRequest) -> Iterator[tuple[Any, CompletionRequest]]:
        first, *others = self._able(request)
        yield first
        for backend, asked in others:
            try:
                _check(backend, asked, request.messages)
            except CallerError:
                continue
            yield backend, asked

    def _able(self, request: CompletionRequest) -> list[tuple[Any, CompletionRequest]]:
        able = [backend for backend in self.backends if not request.prefix or profile_of(backend).prefix.supported]
        if not able:
            raise Unsupported("none of these backends can continue a given beginning: leave out the prefix")
        others = replace(request, options=request.options.replace(model=None))
        return [(backend, request if backend is self.backends[0] else others) for backend in able]


def _check(backend: Any, request: CompletionRequest, messages: tuple[Message, ...]) -> None:
    checked = getattr(backend, "check_request", None)
    if checked is not None:
        checked(request, messages)


def _noted(failures: list[BackendError]) -> BackendError:
    last = failures[-1]
    for problem in failures[:-1]:
        last.add_note(f"before it, {problem.backend}: {problem}")
    return last


def fallback(backends: Iterable[Any], *, profile: Profile | None = None, name: str = "fallback") -> Fallback:
    """Return one backend made of ``backends`` (objects, functions or names), asked in order.

    ``profile``: what every one of them accepts; by default the first one's. Raises InvalidSetting for none.
    """
    return Fallback(backends, profile=profile, name=name)
