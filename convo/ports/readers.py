"""Streams that are being read on an event loop, closed in order when it ends.

An event loop that ends closes every async generator it knows at once: the inner ones of a stream together with the
outer, which then fail each other, and the port's connections together with the streams that need them. So it gets to
know none of them, and the port closes its streams before its connections.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from weakref import WeakSet

from convo.errors import StreamInterrupted

T = TypeVar("T")
Hook = Callable[[AsyncGenerator[Any, Any]], None]

PATIENCE = 5.0
"""Seconds that closing waits for streams which somebody else is in."""

_POLL = 0.01


class Readers:
    """The streams of one port that are open; one that is dropped is closed in a task of its own."""

    def __init__(self) -> None:
        self._open: WeakSet[AsyncGenerator[Any, None]] = WeakSet()
        self._cut: WeakSet[AsyncGenerator[Any, None]] = WeakSet()
        self._dropped: set[AsyncGenerator[Any, None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def next_of(self, stream: AsyncGenerator[T, None]) -> T:
        """Return what ``stream`` yields next; raises StopAsyncIteration at its end. About a microsecond.

        Raises StreamInterrupted where ``aclose`` ended it: to its reader it would look complete.
        """
        if stream in self._cut:
            raise store_closed()
        if stream in self._open:
            return await _OutOfSight(stream.__anext__())
        self._open.add(stream)
        with _hooks(None, self._noting(asyncio.get_running_loop())):
            step = stream.__anext__()
        return await _OutOfSight(step)

    def _noting(self, loop: asyncio.AbstractEventLoop) -> Hook:
        def dropped(stream: AsyncGenerator[Any, Any]) -> None:
            self._dropped.add(stream)
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._close_soon, loop, stream)

        return dropped

    def _close_soon(self, loop: asyncio.AbstractEventLoop, stream: AsyncGenerator[Any, Any]) -> None:
        task = loop.create_task(self._close(stream))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _close(self, stream: AsyncGenerator[Any, Any]) -> None:
        with suppress(RuntimeError):  # somebody else is in it
            await stream.aclose()
        if not _is_open(stream):
            self._dropped.discard(stream)

    async def aclose(self) -> None:
        """Close the streams that are open; wait at most ``PATIENCE`` for those that somebody else is in."""
        streams = [*self._open, *self._dropped]
        for stream in streams:
            was_open = _is_open(stream)
            await self._close(stream)
            if was_open and not _is_open(stream):
                self._cut.add(stream)
        deadline = time.monotonic() + PATIENCE
        while any(map(_is_open, streams)) and time.monotonic() < deadline:  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(_POLL)


def store_closed() -> StreamInterrupted:
    """Return the error for the reader of a stream that was ended with its store."""
    return StreamInterrupted("the store was closed in the midst of this answer: resume() it")


def _is_open(stream: Any) -> bool:
    return stream.ag_frame is not None


@contextmanager
def _hooks(first: Hook | None, finalizer: Hook | None) -> Iterator[None]:
    before = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(first, finalizer)
    try:
        yield
    finally:
        sys.set_asyncgen_hooks(*before)


class _OutOfSight(Awaitable[T]):
    """Awaits a step of a stream such that the loop does not get to know the generators opened in it."""

    def __init__(self, step: Awaitable[T]) -> None:
        self._step = step

    def __await__(self) -> Generator[Any, Any, T]:
        step = self._step.__await__()
        go_on: Callable[[Any], Any] = step.send
        given: Any = None
        while True:
            before = sys.get_asyncgen_hooks()
            sys.set_asyncgen_hooks(None, None)
            try:
                waits_for = go_on(given)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            finally:
                sys.set_asyncgen_hooks(*before)
            try:
                go_on, given = step.send, (yield waits_for)
            except BaseException as problem:
                go_on, given = step.throw, problem
