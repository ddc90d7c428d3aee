"""Reading from a copy of the database that may lag, and from the database itself where the copy fails."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from convo.errors import StoreError
from convo.ports.port import Work

T = TypeVar("T")

REST = 10.0
"""Seconds that a replica which failed is left alone, so that not every reader waits for it."""


class Replica:
    """A replica, by how a transaction is run on it once."""

    def __init__(self, run: Callable[[Work[Any]], Awaitable[Any]]) -> None:
        self._run = run
        self._rests_until = 0.0

    async def read(self, work: Work[T], otherwise: Callable[[], Awaitable[T]]) -> T:
        """Return what ``work`` reads there; what ``otherwise`` gives while the replica fails, of another schema too."""
        if time.monotonic() >= self._rests_until:
            try:
                result: T = await self._run(work)
            except (SQLAlchemyError, StoreError):
                self._rests_until = time.monotonic() + REST
            else:
                return result
        return await otherwise()
