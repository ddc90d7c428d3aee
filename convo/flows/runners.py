"""Turns that this process runs: who cancels one here need not wait for it to find that out from the database.

Law of this file: a runner that waits for its reader does not move, and may be ended by somebody else; while that is
being done, it does not move either.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from convo.ports import Port

Fence = tuple[UUID, int]

_POLL = 0.005


class Runner:
    """Who runs an attempt of a turn: it moves, or it waits for whoever reads it.

    ``asked`` is whether somebody in this process has asked it to stop.
    """

    def __init__(self, port: Port, stop: Callable[[], Awaitable[None]]) -> None:
        self.asked = False
        self._port, self._stop, self._process = port, stop, os.getpid()
        self._is_stopped = False
        self._moving = threading.Lock()
        self._moving.acquire()

    def wait(self) -> None:
        """Note that it waits for its reader from now on."""
        self._moving.release()

    def moves(self) -> bool:
        """Whether it moves again: nobody has stopped it while it waited, or is about to."""
        return self._moving.acquire(blocking=False)

    async def is_stopped(self) -> bool:
        """Return whether it was stopped while it waited, once nobody is about to; it moves again if not."""
        while not self.moves():
            if self._is_stopped:
                return True
            await self._port.sleep(_POLL)
        return False

    async def stop(self, port: Port) -> bool:
        """Ask it to stop, and do so for it where it waits and can be reached over ``port``; return whether it did."""
        self.asked = True
        if self._process != os.getpid() or not port.reaches(self._port) or not self.moves():
            return False
        try:
            await self._stop()
            self._is_stopped = True
        finally:
            if not self._is_stopped:
                self.wait()
        return True


_RUNNERS: dict[Fence, Runner] = {}


@contextmanager
def runs(fence: Fence, port: Port, stop: Callable[[], Awaitable[None]]) -> Iterator[Runner]:
    """Have it known in this process who runs an attempt of a turn; ``stop`` ends it while it waits."""
    runner = _RUNNERS[fence] = Runner(port, stop)
    try:
        yield runner
    finally:
        if _RUNNERS.get(fence) is runner:
            del _RUNNERS[fence]


async def stop_here(port: Port, fence: Fence) -> bool:
    """Ask the runner of a turn to stop where it is in this process; return whether it has been ended."""
    runner = _RUNNERS.get(fence)
    return runner is not None and await runner.stop(port)
