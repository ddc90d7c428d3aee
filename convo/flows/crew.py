"""Tool calls that are made at the same time: how many, and for how long each."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from convo.flows.toolbox import ToolFunction
from convo.frozen import dataclass
from convo.messages import ToolCall
from convo.ports import Ended, Workers

PARALLEL = 16
"""Calls made at the same time, in one run."""

PATIENCE = 1.0
"""Seconds after which whoever waits for a call looks after the lease, and learns whether the turn was stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A call that is to be made, with the arguments its function takes."""

    call: ToolCall
    function: ToolFunction
    arguments: Mapping[str, Any]


@dataclass(slots=True)
class Crew:
    """The calls of one round that are being made, each with its deadline (of ``time.monotonic``) if it has one."""

    workers: Workers
    patience: float = PATIENCE
    _running: dict[int, tuple[Job, float | None]] = field(default_factory=dict)
    _started: int = 0

    @property
    def busy(self) -> bool:
        """Whether a call is being made."""
        return bool(self._running)

    @property
    def free(self) -> int:
        """How many more calls may be made now."""
        return PARALLEL - len(self._running)

    def start(self, jobs: Iterable[Job]) -> None:
        """Begin these calls."""
        for job in jobs:
            limit = job.function.timeout
            self._running[self._started] = job, None if limit is None else time.monotonic() + limit
            self.workers.start(self._started, job.function.function, job.arguments)
            self._started += 1

    async def ended(self) -> list[tuple[Job, Ended | None]]:
        """Wait for a call to end; return it, or those whose time is over (with None), or none after ``patience``."""
        now = time.monotonic()
        deadlines = [deadline for _, deadline in self._running.values() if deadline is not None]
        ended = await self.workers.wait(max(min([now + self.patience, *deadlines]) - now, 0))
        if ended is not None:
            return [(self._running.pop(ended.key)[0], ended)]
        return [(self._leave(key), None) for key in self._overdue(time.monotonic())]

    def _overdue(self, now: float) -> list[int]:
        return [key for key, (_, deadline) in self._running.items() if deadline is not None and deadline <= now]

    def _leave(self, key: int) -> Job:
        self.workers.leave(key)
        return self._running.pop(key)[0]

    async def close(self) -> None:
        """Give up every call that has not ended."""
        await self.workers.close()
