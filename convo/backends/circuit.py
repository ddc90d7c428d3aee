"""A circuit breaker: a server that is down is left in peace for a while."""

from __future__ import annotations

import threading
import time

from convo.backends.given import require_count, require_seconds
from convo.errors import BackendUnavailable
from convo.frozen import dataclass


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """When to stop asking: after ``failures`` in a row, for ``rest`` seconds. Then one request tries first."""

    failures: int = 5
    rest: float = 15.0

    def __post_init__(self) -> None:
        require_count("Circuit", failures=self.failures)
        require_seconds("Circuit", rest=self.rest)


class Breaker:
    """The circuit of one backend in this process. Safe for threads."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0

    def check(self, backend: str) -> None:
        """Raise BackendUnavailable, with ``retry_after``, while the circuit is open; let one through after its rest."""
        with self._lock:
            if self._failures < self._circuit.failures:
                return
            now = time.monotonic()
            left = self._open_until - now
            if left <= 0:
                self._open_until = now + self._circuit.rest
                return
        raise BackendUnavailable(
            f"{backend} failed {self._failures} times in a row; it is left alone for {left:.0f} more seconds",
            backend=backend,
            retry_after=left,
        )

    def report(self, *, ok: bool) -> None:
        """Take note of how a request ended."""
        with self._lock:
            self._failures = 0 if ok else self._failures + 1
            if self._failures >= self._circuit.failures:
                self._open_until = time.monotonic() + self._circuit.rest
