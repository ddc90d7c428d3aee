"""Transactions: run again when they fail for a passing reason; over a sync engine, in any thread, after a fork."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Literal, TypeVar

from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from convo.ports.port import Work
from convo.store import schema
from convo.store.chain import is_one_statement
from convo.store.engine import WRITE, is_memory, reading_options, sync_engine, waiting_at_most
from convo.store.faults import LostCommit, at_commit, translate, verdict

T = TypeVar("T")
Kind = Literal["read", "snapshot", "write", "chain"]

TRIES = 12
"""Runs of a transaction that keeps failing for a passing reason."""

INTEGRITY_TRIES = 4
"""Runs of a transaction that meets a key which another writer made first; it then finds what the other wrote."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.5


async def again(attempt: Callable[[], Awaitable[T]], sleep: Callable[[float], Awaitable[None]]) -> T:
    """Run ``attempt`` until it succeeds, fails for good, or has been tried often enough."""
    tries: dict[str, int] = {}
    in_doubt = False
    while True:
        try:
            return await attempt()
        except SQLAlchemyError as problem:
            kind, in_doubt = verdict(problem), in_doubt or isinstance(problem, LostCommit)
            bounds = {"again": TRIES, "integrity": INTEGRITY_TRIES, "final": 0}
            tries[kind] = tries.get(kind, 0) + 1
            if tries[kind] >= bounds[kind]:
                raise translate(problem, in_doubt) from None
            pause = min(_FIRST_PAUSE * 2 ** tries[kind], _LONGEST_PAUSE) * random.uniform(0.5, 1)  # noqa: S311 - jitter
        await sleep(pause)


def begins(kind: Kind, url: URL) -> bool:
    """Return whether a transaction of this kind is begun and committed, not only ended when its connection is left."""
    return kind == "write" or (kind == "chain" and not is_one_statement(url.drivername))


def chain_options(url: URL) -> dict[str, str]:
    """Return an engine's execution options for chains."""
    return {"isolation_level": "AUTOCOMMIT"} if is_one_statement(url.drivername) else {}


class Commit:
    """Whether a transaction has come to its COMMIT."""

    def __init__(self, reached: bool) -> None:
        self.reached = reached


@contextmanager
def committing(reached: bool = False) -> Iterator[Commit]:
    """Have what breaks a connection in here told as a lost commit, once that is ``reached``."""
    commit = Commit(reached)
    try:
        yield commit
    except DBAPIError as problem:
        if not commit.reached:
            raise
        raise at_commit(problem) from None


class Embedded:
    """A sync engine, its schema checked on first use, anew in a forked child. Serves threads."""

    def __init__(self, url: URL, options: dict[str, Any], is_replica: bool = False) -> None:
        self.url = url
        self._is_replica = is_replica
        self._options = options
        self._lock = threading.Lock()
        self._one_at_a_time = threading.RLock() if is_memory(url) else nullcontext()
        self._engines: dict[Kind, Engine] = {}
        self._inherited: list[Any] = []
        self._pid = os.getpid()

    def engine(self, kind: Kind = "read") -> Engine:
        """Return the engine for this kind of transaction, made and its schema checked on first use in this process.

        The connections of all kinds are the same.
        """
        if self._pid != os.getpid():
            self._start_over_after_fork()
        if not self._engines:
            with self._lock:
                if not self._engines:
                    engine = self._checked_engine()
                    self._engines = {
                        "read": engine.execution_options(**reading_options(self.url)),
                        "snapshot": engine.execution_options(**reading_options(self.url, snapshot=True)),
                        "write": engine.execution_options(**{WRITE: True}),
                        "chain": engine.execution_options(**{WRITE: True}, **chain_options(self.url)),
                    }
        return self._engines[kind]

    def _checked_engine(self) -> Engine:
        engine = sync_engine(self.url, **self._options)
        try:
            if self._is_replica:
                with engine.connect() as connection:
                    schema.require_head(connection, self.url)
            else:
                schema.ensure(engine, self.url)
        except BaseException:
            engine.dispose()
            raise
        return engine

    def _start_over_after_fork(self) -> None:
        """The parent's connections are the parent's: leave them open, and kept from collection; make our own."""
        self._lock, self._pid = threading.Lock(), os.getpid()
        if self._engines and not is_memory(self.url):
            self._inherited.append(self._engines["read"].pool)
            self._engines["read"].dispose(close=False)

    def transact(self, work: Work[T], kind: Kind, patience: int | None = None) -> T:
        """Run ``work`` in one transaction; ``patience`` (milliseconds, SQLite) replaces the usual wait for a lock."""
        with self._one_at_a_time, self.engine(kind).connect() as connection:
            if patience is not None:
                connection = waiting_at_most(connection, patience)
            if not begins(kind, self.url):  # closing ends what only read, and a chain has ended by itself
                with committing(reached=kind == "chain"):
                    return work(connection)
            with committing() as commit, connection.begin():  # which rolls back where its COMMIT fails
                result = work(connection)
                commit.reached = True
            return result

    def close(self) -> None:
        """Close what belongs to this process; the next transaction opens it anew."""
        if self._pid != os.getpid():
            self._start_over_after_fork()
        engines, self._engines = self._engines, {}
        if engines:
            engines["read"].dispose()
