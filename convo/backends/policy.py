"""How long a backend may take, how often it is asked, and by what kind of client: values given when one is made."""

from __future__ import annotations

import os
import random
import ssl
import time
from dataclasses import field
from typing import Any

from convo.backends.given import require, require_count, require_proxy, require_seconds
from convo.errors import BackendError, DeadlineExceeded
from convo.frozen import dataclass

_JITTER = random.SystemRandom()


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """How long a call may take, in seconds.

    ``connect``: for each connection made. ``first_event``: until a stream's first event, with every retry and wait.
    ``idle``: between two events of a stream. ``total``: for the whole call, with every retry and wait. They hold
    against a server that sends a byte now and then, since they are kept by the clock and not by the read. What they
    cannot cut short, in the sync face, is the operating system's own look-up of a host name.
    """

    connect: float = 10.0
    first_event: float = 120.0
    idle: float = 60.0
    total: float = 600.0

    def __post_init__(self) -> None:
        require_seconds("Deadlines", **{name: getattr(self, name) for name in self.__dataclass_fields__})

    @property
    def longest_silence(self) -> float:
        """Seconds that may pass without a word, whatever the kind of call: a whole reply may take ``total``."""
        return self.total

    @property
    def longest_stream_silence(self) -> float:
        """Seconds that may pass without a word in a stream."""
        return min(max(self.first_event, self.idle), self.total)

    def start(self, *, streamed: bool) -> Timer:
        """Return these deadlines, running from now."""
        return Timer(self, streamed=streamed)


class Timer:
    """The deadlines of one call, running. ``name`` is the deadline that ends next."""

    __slots__ = ("_end", "_limits", "_until", "name")

    def __init__(self, limits: Deadlines, *, streamed: bool) -> None:
        now = time.monotonic()
        self._limits = limits
        self._end = now + limits.total
        self._until, self.name = self._end, "total"
        if streamed and limits.first_event < limits.total:
            self._until, self.name = now + limits.first_event, "first_event"

    def left(self) -> float:
        """Return the seconds until the next deadline; 0 or less when it has passed."""
        return self._until - time.monotonic()

    def connect(self) -> float:
        """Return the seconds that making a connection may take now."""
        return min(self._limits.connect, self.left())

    def event(self) -> None:
        """Take note that an event came: from now on ``idle`` runs."""
        until = time.monotonic() + self._limits.idle
        self._until, self.name = (until, "idle") if until < self._end else (self._end, "total")

    def hurry(self, seconds: float) -> None:
        """Leave no more than ``seconds`` from now."""
        self._until = min(self._until, time.monotonic() + seconds)

    def exceeded(self, name: str = "") -> DeadlineExceeded:
        """Return the error for the deadline that has passed (or for ``name``)."""
        name = name or self.name
        seconds = getattr(self._limits, name)
        return DeadlineExceeded(f"no answer within the {name} deadline of {seconds:g} seconds", deadline=name)


@dataclass(frozen=True, kw_only=True)
class Retries:
    """When a failed request is sent again: 408, 429, 5xx and broken connections, never after the first token.

    ``attempts`` counts requests in all (1: never again). Before the n-th retry the wait is what the server asks for
    (``retry-after-ms``, ``Retry-After``), else ``first_wait * 2**(n - 1)`` up to ``longest_wait``, less up to a
    quarter by chance so that clients part. A server that asks for more than ``patience`` seconds, or than the
    deadlines leave, is not waited for: its error is raised, with ``retry_after``.
    """

    attempts: int = 3
    first_wait: float = 0.5
    longest_wait: float = 8.0
    patience: float = 60.0

    def __post_init__(self) -> None:
        require_count("Retries", attempts=self.attempts)
        require_seconds("Retries", longest_wait=self.longest_wait, patience=self.patience)
        require_seconds("Retries", zero=True, first_wait=self.first_wait)

    def wait(self, problem: BackendError, attempt: int, timer: Timer) -> float | None:
        """Return the seconds to wait after ``attempt`` requests of which the last met ``problem``; None: give up."""
        if not problem.retryable or attempt >= self.attempts:
            return None
        asked = problem.retry_after
        own = min(self.first_wait * 2 ** (attempt - 1), self.longest_wait)
        seconds = own * _JITTER.uniform(0.75, 1.0) if asked is None else asked
        return seconds if seconds <= self.patience and seconds < timer.left() else None


@dataclass(frozen=True, kw_only=True)
class ClientOptions:
    """The HTTP client a backend is reached by. Backends with equal options share one pool of connections.

    ``proxy``: a URL; without one the environment's (``HTTPS_PROXY``, ``NO_PROXY`` ...) is used where ``trust_env``.
    ``verify``: False, the path of a CA bundle, or an ``ssl.SSLContext``. ``http2`` needs the extra of that name.
    ``sync_client`` and ``async_client``: the caller's own ``httpx.Client`` and ``httpx.AsyncClient``, used as they
    are and never closed; deadlines then hold between the reads of a sync client, not within its headers.
    """

    proxy: str | None = field(default=None, repr=False)
    verify: Any = True
    http2: bool = False
    trust_env: bool = True
    sync_client: Any = field(default=None, repr=False)
    async_client: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        require_proxy(self.proxy)
        require(bool, "True or False", http2=self.http2, trust_env=self.trust_env)
        require((bool, str, os.PathLike, ssl.SSLContext), "False, a path or an SSLContext", verify=self.verify)
        if self.sync_client is not None or self.async_client is not None:
            from convo.backends.http_clients import require_clients

            require_clients(self)
