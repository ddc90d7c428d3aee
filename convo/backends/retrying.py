"""Sending again what failed for a passing reason: within bounds, and never after a part of the answer was given on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from convo.backends.base import BackendIO
from convo.backends.fold import says_something
from convo.backends.policy import Retries, Timer
from convo.completions import Delta
from convo.errors import BackendError

T = TypeVar("T")


async def retried(io: BackendIO, retries: Retries, timer: Timer, send: Callable[[], Awaitable[T]]) -> T:
    """Return what ``send`` returns, as often called as ``retries`` and ``timer`` allow; its last error is raised."""
    attempt = 0
    while True:
        attempt += 1
        try:
            return await send()
        except BackendError as problem:
            wait = retries.wait(problem, attempt, timer)
            if wait is None:
                raise
        await io.sleep(wait)


async def retried_stream(
    io: BackendIO, retries: Retries, timer: Timer, send: Callable[[], AsyncGenerator[Delta, None]]
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
            return
        except BackendError as problem:
            wait = None if begun else retries.wait(problem, attempt, timer)
            if wait is None:
                raise
        await io.sleep(wait)
