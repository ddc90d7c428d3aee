"""Ports: the only module that knows sync from async.

Flows are coroutines (streams: async generators) that await nothing but the methods of a port.

- ``SyncPort`` never suspends, so ``drive`` runs a flow to its end with one ``send(None)``: no event loop, no thread.
- ``AsyncPort`` suspends for real. On a server a transaction runs over the async driver; on SQLite it runs as a whole
  in one worker thread, so that an fsync never blocks the event loop and statements do not hop threads one by one.

Laws of this file:
- A transaction is never cut. In the async face it runs in a task of its own; a cancellation waits until the
  transaction has ended and is raised then.
- A transaction that failed for a passing reason is run again as a whole, COMMIT included, within a bound.
- The driver of a stream keeps the running event loop's hands off its generator: a loop that adopted it would end
  the stream early, without an error.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, nullcontext, suppress
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import Engine
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import SQLAlchemyError

from convo.backends import call
from convo.backends.http_io import AsyncHttp, SyncHttp
from convo.completions import Completion, CompletionRequest, Delta
from convo.context.learning import Learned
from convo.errors import StoreBusy, StoreError, WrongFace
from convo.store import schema
from convo.store.engine import WRITE, async_engine, is_memory, is_sqlite, sync_engine, waiting_at_most
from convo.store.faults import translate, verdict

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Work = Callable[[Connection], T]

TRIES = 12
"""Runs of a transaction that keeps failing for a passing reason."""

INTEGRITY_TRIES = 4
"""Runs of a transaction that meets a key which another writer made first; it then finds what the other wrote."""

CHECKPOINT_PATIENCE = 20
"""Milliseconds a sync checkpoint waits for a busy SQLite database: the reader of the stream waits with it."""

MAX_DETACHED = 1000
"""Detached streams that one store runs at a time."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.5


class Port(Protocol):
    """What a flow may do to the world. ``learned`` is what this process knows of models, by backend and model."""

    url: URL
    learned: dict[str, Learned]

    async def read(self, work: Work[T]) -> T:
        """Run ``work`` in a transaction that writes nothing."""
        ...

    async def write(self, work: Work[T]) -> T:
        """Run ``work`` in a transaction and commit it; raises StoreError past the retry bound."""
        ...

    def begin_write(self, work: Work[T]) -> Pending[T]:
        """Start a transaction that may fail without harm, such as a checkpoint of a stream.

        Sync: run at once, tried once, with little patience for a busy database. Async: run in the background.
        """
        ...

    def beat(self, seconds: float, work: Work[Any]) -> Beating:
        """Run ``work`` every so many seconds until stopped (async face only; the sync one cannot)."""
        ...

    async def complete(self, backend: Any, request: CompletionRequest) -> Completion:
        """Ask a backend for a whole answer."""
        ...

    def stream(self, backend: Any, request: CompletionRequest) -> AsyncGenerator[Delta, None]:
        """Ask a backend for a streamed answer."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Pending(Protocol[T_co]):
    """A transaction that was started."""

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        ...

    async def outcome(self) -> T_co | None:
        """Return its result once it has ended; None where it failed."""
        ...


class Beating(Protocol):
    """Something done every few seconds."""

    async def stop(self) -> None:
        """End it, letting a transaction under way finish."""
        ...


async def _again(attempt: Callable[[], Awaitable[T]], sleep: Callable[[float], Awaitable[None]]) -> T:
    """Run ``attempt`` until it succeeds, fails for good, or has been tried often enough."""
    tries = dict.fromkeys(("again", "integrity"), 0)
    bounds = {"again": TRIES, "integrity": INTEGRITY_TRIES, "final": 0}
    while True:
        try:
            return await attempt()
        except SQLAlchemyError as problem:
            kind = verdict(problem)
            tries[kind] = tries.get(kind, 0) + 1
            if tries[kind] >= bounds[kind]:
                raise translate(problem) from None
            pause = min(_FIRST_PAUSE * 2 ** tries[kind], _LONGEST_PAUSE) * random.uniform(0.5, 1)  # noqa: S311 - jitter
        await sleep(pause)


class _Embedded:
    """A sync engine, its schema checked on first use, anew in a forked child. Serves threads."""

    def __init__(self, url: URL, options: dict[str, Any]) -> None:
        self.url = url
        self._options = options
        self._lock = threading.Lock()
        self._one_at_a_time = threading.RLock() if is_memory(url) else nullcontext()
        self._engine: Engine | None = None
        self._inherited: list[Any] = []
        self._pid = os.getpid()

    def engine(self) -> Engine:
        if self._pid != os.getpid():
            self._start_over_after_fork()
        if self._engine is None:
            with self._lock:
                if self._engine is None:
                    engine = sync_engine(self.url, **self._options)
                    schema.ensure(engine, self.url)
                    self._engine = engine
        return self._engine

    def _start_over_after_fork(self) -> None:
        """The parent's connections are the parent's: leave them open, and kept from collection; make our own."""
        self._lock, self._pid = threading.Lock(), os.getpid()
        if self._engine is not None and not is_memory(self.url):
            self._inherited.append(self._engine.pool)
            self._engine.dispose(close=False)

    def transact(self, work: Work[T], write: bool, patience: int | None = None) -> T:
        """Run ``work`` in one transaction; ``patience`` (milliseconds, SQLite) replaces the usual wait for a lock."""
        options = {WRITE: write}
        with (
            self._one_at_a_time,
            self.engine().connect().execution_options(**options) as connection,
            waiting_at_most(connection, patience),
            connection.begin(),
        ):
            return work(connection)

    def close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose(close=self._pid == os.getpid())


class SyncPort:
    """The sync face's port: blocks, never suspends. Serves any number of threads."""

    def __init__(self, url: URL, **options: Any) -> None:
        self.url = url
        self.learned: dict[str, Learned] = {}
        self._database = _Embedded(url, options)
        self._http = SyncHttp()

    async def read(self, work: Work[T]) -> T:
        """Run ``work`` in a transaction that writes nothing."""
        return await _again(lambda: self._run(work, write=False), self.sleep)

    async def write(self, work: Work[T]) -> T:
        """Run ``work`` in a transaction and commit it."""
        return await _again(lambda: self._run(work, write=True), self.sleep)

    async def _run(self, work: Work[T], write: bool) -> T:
        return self._database.transact(work, write)

    def begin_write(self, work: Work[T]) -> Pending[T]:
        """Run a transaction that may fail without harm, once, with ``CHECKPOINT_PATIENCE``."""
        try:
            return _Ended(self._database.transact(work, True, CHECKPOINT_PATIENCE))
        except SQLAlchemyError:
            return _Ended(None)

    def beat(self, seconds: float, work: Work[Any]) -> Beating:  # noqa: ARG002 - the sync face has no time of its own
        """Do nothing: a blocked thread cannot renew its lease, so a sync lease is as long as the longest silence."""
        return _STILL

    async def complete(self, backend: Any, request: CompletionRequest) -> Completion:
        """Ask a backend for a whole answer."""
        return await call.complete(self._http, backend, request)

    def stream(self, backend: Any, request: CompletionRequest) -> AsyncGenerator[Delta, None]:
        """Ask a backend for a streamed answer."""
        return call.stream(self._http, backend, request)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)  # noqa: ASYNC251 - this port never suspends

    def close(self) -> None:
        """Close connections to the database and to backends."""
        self._http.close()
        self._database.close()


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


class _InBackground:
    """A transaction in a task of its own."""

    def __init__(self, transaction: Coroutine[Any, Any, Any]) -> None:
        self._task = asyncio.ensure_future(transaction)

    @property
    def done(self) -> bool:
        return self._task.done()

    async def outcome(self) -> Any:
        await _to_its_end(self._task)
        return None if self._task.cancelled() or self._task.exception() else self._task.result()


class _Beat:
    """A transaction every few seconds, in a task of its own."""

    def __init__(self, seconds: float, transaction: Callable[[], Awaitable[Any]]) -> None:
        self._stopping = asyncio.Event()
        self._task = asyncio.ensure_future(self._run(seconds, transaction))

    async def _run(self, seconds: float, transaction: Callable[[], Awaitable[Any]]) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), seconds)
                return
            with suppress(StoreError):
                await transaction()

    async def stop(self) -> None:
        self._stopping.set()
        await _to_its_end(self._task)


class AsyncPort:
    """The async face's port. Serves the tasks of one event loop at a time, and several loops one after another."""

    def __init__(self, url: URL, **options: Any) -> None:
        self.url = url
        self.learned: dict[str, Learned] = {}
        self._options = options
        self._http = AsyncHttp()
        self._embedded = _Embedded(url, options) if is_sqlite(url) else None
        self._worker: ThreadPoolExecutor | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine: Any = None
        self._keeper: AsyncGenerator[None, None] | None = None
        self._detached: set[asyncio.Task[None]] = set()
        self._settling: asyncio.Task[None] | None = None
        self._inherited: list[Any] = []  # a forked child's parent's: kept, since collecting it would close it
        self._pid = os.getpid()

    async def read(self, work: Work[T]) -> T:
        """Run ``work`` in a transaction that writes nothing."""
        return await _again(lambda: _uncut(self._run(work, write=False)), self.sleep)

    async def write(self, work: Work[T]) -> T:
        """Run ``work`` in a transaction and commit it."""
        return await _again(lambda: _uncut(self._run(work, write=True)), self.sleep)

    def begin_write(self, work: Work[T]) -> Pending[T]:
        """Start a transaction that may fail without harm, in the background."""
        return _InBackground(self.write(work))

    def beat(self, seconds: float, work: Work[Any]) -> Beating:
        """Run ``work`` every so many seconds in a task of its own, until stopped."""
        return _Beat(seconds, lambda: self.write(work))

    async def _run(self, work: Work[T], write: bool) -> T:
        await self._settle()
        if self._embedded is not None:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._worker, self._embedded.transact, work, write)
        async with self._engine.connect() as connection, connection.begin():
            result: T = await connection.run_sync(work)
            return result

    async def _settle(self) -> None:
        """Make what belongs to this process and this event loop, once; tasks that come meanwhile wait for it."""
        loop = asyncio.get_running_loop()
        if self._loop is loop and self._pid == os.getpid():
            return
        if self._settling is None or self._settling.get_loop() is not loop:
            self._settling = loop.create_task(self._settle_in(loop))
        await self._settling

    async def _settle_in(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            if self._pid != os.getpid():
                self._inherited.append((self._engine, self._worker, self._keeper))
                self._worker, self._pid = None, os.getpid()
            if self._embedded is not None:
                self._worker = self._worker or ThreadPoolExecutor(1, "convo-sqlite")
            else:
                self._engine = await self._checked_engine()
            self._keeper = self._closes_with_loop()
            await anext(self._keeper)
            self._loop = loop
        finally:
            self._settling = None

    async def _checked_engine(self) -> Any:
        engine = async_engine(self.url, **self._options)
        try:
            async with engine.connect() as connection:
                await connection.run_sync(schema.require_head, self.url)
        except BaseException:
            await engine.dispose()
            raise
        return engine

    async def _closes_with_loop(self) -> AsyncGenerator[None, None]:
        """Close what belongs to the loop when ``asyncio.run`` ends: it closes the generators still open."""
        try:
            yield
        finally:
            await self._let_go()

    async def _let_go(self) -> None:
        engine, self._engine, self._loop = self._engine, None, None
        await self._http.aclose()
        if engine is not None:
            await engine.dispose()
        if self._embedded is not None and not is_memory(self.url):
            self._close_embedded(self._embedded)

    def _close_embedded(self, embedded: _Embedded) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.shutdown()
        embedded.close()

    async def complete(self, backend: Any, request: CompletionRequest) -> Completion:
        """Ask a backend for a whole answer."""
        return await call.complete(self._http, backend, request)

    def stream(self, backend: Any, request: CompletionRequest) -> AsyncGenerator[Delta, None]:
        """Ask a backend for a streamed answer."""
        return call.stream(self._http, backend, request)

    async def detached(self, flow: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
        """Yield what ``flow`` yields; it goes on by itself, in a task, when the reader leaves.

        Raises StoreBusy beyond ``MAX_DETACHED`` such tasks. What it raises when nobody reads is in the turn's record.
        """
        if len(self._detached) >= MAX_DETACHED:
            await flow.aclose()
            raise StoreBusy(f"{MAX_DETACHED} detached streams are running already: read this one to its end")
        pieces: asyncio.Queue[tuple[T | None, BaseException | None] | None] = asyncio.Queue()
        task = asyncio.create_task(_pump(flow, pieces))
        self._detached.add(task)
        task.add_done_callback(self._detached.discard)
        while (piece := await pieces.get()) is not None:
            item, problem = piece
            if problem is not None:
                raise problem
            yield cast("T", item)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def aclose(self, grace: float = 0.0) -> None:
        """Close connections to the database and to backends.

        Detached streams are given ``grace`` seconds to end, then stopped: their turns are left ``interrupted``.
        """
        if self._detached:
            _, late = await asyncio.wait(self._detached, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            await keeper.aclose()
        if self._embedded is not None:
            self._close_embedded(self._embedded)


async def _pump(flow: AsyncGenerator[T, None], pieces: asyncio.Queue[Any]) -> None:
    """Run ``flow`` to its end, handing over what it yields, what it raises, and None at the end."""
    try:
        async with aclosing(flow):
            async for item in flow:
                pieces.put_nowait((item, None))
    except Exception as problem:  # the reader raises it, if there is one; the turn's record has it anyway
        pieces.put_nowait((None, problem))
    finally:
        pieces.put_nowait(None)


async def _uncut(transaction: Coroutine[Any, Any, T]) -> T:
    """Await ``transaction`` to its end; a cancellation meanwhile is raised only then. About 0.05 ms."""
    task = asyncio.ensure_future(transaction)
    await _to_its_end(task)
    return task.result()


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
