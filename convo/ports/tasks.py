"""Tasks of the async face: transactions that are never cut, that run in the background, that beat."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from convo.errors import StoreError

T = TypeVar("T")


class InBackground:
    """A transaction in a task of its own."""

    def __init__(self, transaction: Coroutine[Any, Any, Any]) -> None:
        self._task = asyncio.ensure_future(transaction)

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._task.done()

    async def outcome(self) -> Any:
        """Return its result once it has ended; None where it failed."""
        await _to_its_end(self._task)
        return None if self._task.cancelled() or self._task.exception() else self._task.result()


class Beat:
    """A transaction every few seconds, in a task of its own."""

    def __init__(self, seconds: float, transaction: Callable[[], Awaitable[Any]], due: Callable[[], bool]) -> None:
        self._stopping = asyncio.Event()
        self._task = asyncio.ensure_future(self._run(seconds, transaction, due))

    async def _run(self, seconds: float, transaction: Callable[[], Awaitable[Any]], due: Callable[[], bool]) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), seconds)
                return
            with suppress(StoreError):
                if due():
                    await transaction()

    async def stop(self) -> None:
        """End it, letting a transaction under way finish."""
        self._stopping.set()
        await _to_its_end(self._task)


async def uncut(transaction: Coroutine[Any, Any, T]) -> T:
    """Await ``transaction`` to its end; a cancellation meanwhile is raised only then. About 0.05 ms."""
    task = asyncio.ensure_future(transaction)
    await _to_its_end(task)
    return task.result()


async def shielded(flow: Coroutine[Any, Any, None], seconds: float) -> None:
    """Await ``flow``, which no cancellation of the caller reaches, for ``seconds`` at most; then raise what came.

    A caller may be cancelled at every await, again and again (anyio does so): each save would be cut at its first.
    """

    async def bounded() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await flow

    await uncut(bounded())


async def _to_its_end(task: asyncio.Future[Any]) -> None:
    """Wait until ``task`` has ended; a cancellation meanwhile is raised only then."""
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as problem:
            cancelled = problem
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # marks it as seen; the caller is gone
        raise cancelled
