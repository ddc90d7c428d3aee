"""The sync face's port, and the drivers that run flows over it."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any, NoReturn, TypeVar

from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from convo.backends import call
from convo.backends.http_io import SyncHttp
from convo.backends.models import ModelInfo, list_models
from convo.completions import Completion, CompletionRequest, Delta
from convo.context.learning import Learned
from convo.errors import WrongFace
from convo.ports.memory import MEMORY, Memory
from convo.ports.port import Beating, Pending, Port, Work, always, cannot_be_copied
from convo.ports.replica import Replica
from convo.ports.transactions import Embedded, Kind, again
from convo.ports.workers import ThreadWorkers, Workers

T = TypeVar("T")

CHECKPOINT_PATIENCE = 20
"""Milliseconds a sync checkpoint waits for a busy SQLite database: the reader of the stream waits with it."""


class SyncPort:
    """The sync face's port: blocks, never suspends. Serves any number of threads."""

    def __init__(self, url: URL, read_url: URL | None = None, *, memory: int = MEMORY, **options: Any) -> None:
        self.url = url
        self.learned: dict[str, Learned] = {}
        self.memory = Memory(memory)
        self._database = Embedded(url, options)
        self._copy = None if read_url is None else Embedded(read_url, options, is_replica=True)
        self._replica = None if self._copy is None else Replica(self._run_on_copy)
        self._http = SyncHttp()

    def __reduce__(self) -> NoReturn:
        raise cannot_be_copied()

    @property
    def has_replica(self) -> bool:
        """Whether the store was given a replica to read from."""
        return self._replica is not None

    async def read(self, work: Work[T], *, snapshot: bool = False, replica: bool = False) -> T:
        """Run ``work`` in a transaction that writes nothing; on the database itself where the replica fails."""
        kind: Kind = "snapshot" if snapshot else "read"
        if replica and self._replica is not None:
            return await self._replica.read(work, lambda: self.read(work))
        return await again(lambda: self._run(work, kind), self.sleep)

    async def write(self, work: Work[T], *, chain: bool = False) -> T:
        """Run ``work`` in a transaction and commit it; a ``chain`` that is one statement by itself."""
        kind: Kind = "chain" if chain else "write"
        return await again(lambda: self._run(work, kind), self.sleep)

    async def _run(self, work: Work[T], kind: Kind) -> T:
        return self._database.transact(work, kind)

    async def _run_on_copy(self, work: Work[T]) -> T:
        assert self._copy is not None  # noqa: S101 - asked of a replica alone
        return self._copy.transact(work, "read")

    def begin_write(self, work: Work[T]) -> Pending[T]:
        """Run a transaction that may fail without harm, once, with ``CHECKPOINT_PATIENCE``."""
        try:
            return _Ended(self._database.transact(work, "write", CHECKPOINT_PATIENCE))
        except SQLAlchemyError:
            return _Ended(None)

    def beat(self, seconds: float, work: Work[Any], due: Callable[[], bool] = always) -> Beating:  # noqa: ARG002 - the sync face has no time of its own
        """Do nothing: a blocked thread cannot renew its lease, so a sync lease is as long as the longest silence."""
        return _STILL

    async def shielded(self, flow: Coroutine[Any, Any, None]) -> None:
        """Run ``flow``: nobody cancels a sync caller."""
        await flow

    def check(self, backend: Any, request: CompletionRequest, *, new: int) -> None:
        """Raise CallerError where a backend cannot be asked so."""
        call.check(self._http, backend, request, new=new)

    async def complete(self, backend: Any, request: CompletionRequest) -> Completion:
        """Ask a backend for a whole answer."""
        return await call.complete(self._http, backend, request)

    def stream(self, backend: Any, request: CompletionRequest) -> AsyncGenerator[Delta, None]:
        """Ask a backend for a streamed answer."""
        return call.stream(self._http, backend, request)

    async def models(self, backend: Any) -> tuple[ModelInfo, ...]:
        """Ask a backend's server for the models it offers."""
        return await list_models(self._http, backend)

    def workers(self) -> Workers:
        """Return who makes the tool calls of one round."""
        return ThreadWorkers(drive)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)  # noqa: ASYNC251 - this port never suspends

    def reaches(self, other: Port) -> bool:
        """Return whether a flow over ``other`` never suspends either."""
        return isinstance(other, SyncPort)

    def close(self) -> None:
        """Close connections to the database and to backends."""
        self._http.close()
        self._database.close()
        if self._copy is not None:
            self._copy.close()


class _Ended:
    """A transaction that has ended."""

    done = True

    def __init__(self, result: Any) -> None:
        self._result = result

    async def outcome(self) -> Any:
        return self._result


class _Still:
    """Nothing that beats."""

    async def stop(self) -> None:
        """Nothing to end."""


_STILL = _Still()


def drive(flow: Coroutine[Any, Any, T]) -> T:
    """Run a flow over a port that never suspends; return its result."""
    return _step(lambda: flow)  # type: ignore[no-any-return]


def drive_stream(flow: AsyncGenerator[T, None]) -> Generator[T, None, None]:
    """Run a streaming flow over a port that never suspends; closing the generator closes the flow."""
    try:
        while True:
            try:
                item = _step(flow.__anext__)
            except StopAsyncIteration:
                return
            yield item
    finally:
        _step(flow.aclose)


def _step(begin: Callable[[], Any]) -> Any:
    """Run a coroutine, or one step of an async generator, out of sight of an event loop that may be running.

    A generator looks for the loop when its ``__anext__`` is called, before that step runs: so ``begin`` is called here.
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        awaitable = begin()
        awaitable.send(None)
    except StopIteration as end:
        return end.value
    finally:
        sys.set_asyncgen_hooks(*hooks)
    awaitable.close()
    raise WrongFace("something async was awaited in the sync face: use AsyncConversation or AsyncStore for it")
