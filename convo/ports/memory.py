"""What a store remembers between handles: bounded, the least recently used let go of first."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

MEMORY = 64 * 2**20
"""Bytes, about, that a store remembers where nothing else is said."""


class Memory:
    """Values by key, of ``most`` bytes together (0: none are kept). Serves threads; a forked child's begins empty."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._start()

    def __bool__(self) -> bool:
        """Whether anything is kept at all."""
        return self._most > 0

    def _start(self) -> None:
        self._lock, self._pid = threading.Lock(), os.getpid()
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._size = 0

    def _held(self) -> threading.Lock:
        """Return the lock of this process: of the parent's nobody knows which of its threads held it at the fork."""
        if self._pid != os.getpid():
            self._start()
        return self._lock

    def get(self, key: Hashable) -> Any:
        """Return what is kept under ``key``, None for nothing. O(1)."""
        with self._held():
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: Any, size: int) -> None:
        """Keep ``value``, of about ``size`` bytes, in the place of what was under ``key``. O(1), amortised."""
        if size > self._most:
            self.drop(key)
            return
        with self._held():
            self._size += size - self._kept.pop(key, (None, 0))[1]
            self._kept[key] = value, size
            while self._size > self._most:
                self._size -= self._kept.popitem(last=False)[1][1]

    def drop(self, key: Hashable) -> None:
        """Keep nothing under ``key`` any more."""
        with self._held():
            self._size -= self._kept.pop(key, (None, 0))[1]
