"""Sending again what failed for a passing reason: within bounds, and never after a part of the answer was given on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeAlias, TypeVar

from convo.backends.base import BackendIO
from convo.backends.fold import says_something
from convo.backends.policy import Retries, Timer
from convo.completions import Delta
from convo.errors import BackendError

T = TypeVar("T")
Report: TypeAlias = "Callable[[BackendError | None], None]"


def unreported(problem: BackendError | None) -> None:
    """Tell nobody how an attempt ended."""


async def retried(
    io: BackendIO, retries: Retries, timer: Timer, send: Callable[[], Awaitable[T]], report: Report = unreported
) -> T:
    """Return what ``send`` returns, as often called as ``retries`` and ``timer`` allow; its last error is raised.

    ``report`` is told how each attempt ended: its error, or None.
    """
    attempt = 0
    while True:
        attempt += 1
        try:
            answer = await send()
        except BackendError as problem:
            report(problem)
            wait = retries.wait(problem, attempt, timer)
            if wait is None:
                raise
        else:
            report(None)
            return answer
        await io.sleep(wait)


async def retried_stream(
    io: BackendIO,
    retries: Retries,
    timer: Timer,
    send: Callable[[], AsyncGenerator[Delta, None]],
    report: Report = unreported,
) -> AsyncGenerator[Delta, None]:
    """Yield what ``send`` yields; it is called again only where nothing of the answer had come."""
    attempt, begun = 0, False
    while True:
        attempt += 1
        try:
            async with aclosing(send()) as deltas:
                async for delta in deltas:
                    begun = begun or says_something(delta)
                    yield delta
        except BackendError as problem:
            report(problem)
            wait = None if begun else retries.wait(problem, attempt, timer)
            if wait is None:
                raise
        else:
            report(None)
            return
        await io.sleep(wait)
