"""The async face's port: an async driver on servers, one worker thread on SQLite."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from sqlalchemy.engine import URL

from convo.backends import call
from convo.backends.http_io import AsyncHttp
from convo.backends.models import ModelInfo, list_models
from convo.completions import Completion, CompletionRequest, Delta
from convo.context.learning import Learned
from convo.errors import StoreBusy
from convo.ports.memory import MEMORY, Memory
from convo.ports.port import Beating, Pending, Port, Work, always, cannot_be_copied
from convo.ports.readers import Readers, store_closed
from convo.ports.replica import Replica
from convo.ports.tasks import Beat, InBackground, shielded, uncut
from convo.ports.transactions import Embedded, Kind, again, begins, chain_options, committing
from convo.ports.workers import TaskWorkers, Workers
from convo.store import schema
from convo.store.engine import async_engine, is_memory, is_sqlite, reading_options

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

T = TypeVar("T")

LONGEST_SAVE = 30.0
"""Seconds that the last save of a turn may take when its task is cancelled; past them, its lease will lapse."""

MAX_DETACHED = 1000
"""Detached streams that one store runs at a time."""


class AsyncPort:
    """The async face's port. Serves the tasks of one event loop at a time, and several loops one after another."""

    def __init__(
        self,
        url: URL,
        read_url: URL | None = None,
        *,
        is_replica: bool = False,
        memory: int = MEMORY,
        **options: Any,
    ) -> None:
        self.url = url
        self.learned: dict[str, Learned] = {}
        self.memory = Memory(memory)
        self._options = options
        self._http = AsyncHttp()
        self.readers = Readers()
        self._embedded = Embedded(url, options, is_replica) if is_sqlite(url) else None
        self._copy = None if read_url is None else AsyncPort(read_url, is_replica=True, **options)
        self._replica = None if self._copy is None else Replica(self._copy.read_once)
        self._worker: ThreadPoolExecutor | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engines: dict[Kind, AsyncEngine] = {}
        self._keeper: AsyncGenerator[None, None] | None = None
        self._detached: set[asyncio.Task[None]] = set()
        self._settling: asyncio.Task[None] | None = None
        self._inherited: list[Any] = []  # a forked child's parent's: kept, since collecting it would close it
        self._pid = os.getpid()

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
        return await again(lambda: uncut(self._run(work, kind)), self.sleep)

    async def read_once(self, work: Work[T]) -> T:
        """Run ``work`` in a transaction that writes nothing, and not again where it fails."""
        return await uncut(self._run(work, "read"))

    async def write(self, work: Work[T], *, chain: bool = False) -> T:
        """Run ``work`` in a transaction and commit it; a ``chain`` that is one statement by itself."""
        kind: Kind = "chain" if chain else "write"
        return await again(lambda: uncut(self._run(work, kind)), self.sleep)

    def begin_write(self, work: Work[T]) -> Pending[T]:
        """Start a transaction that may fail without harm, in the background."""
        return InBackground(self.write(work))

    def beat(self, seconds: float, work: Work[Any], due: Callable[[], bool] = always) -> Beating:
        """Run ``work`` every so many seconds in a task of its own, where it is ``due`` then, until stopped."""
        return Beat(seconds, lambda: self.write(work), due)

    async def shielded(self, flow: Coroutine[Any, Any, None]) -> None:
        """Run ``flow`` to its end whatever happens to the caller, for ``LONGEST_SAVE`` seconds at most."""
        await shielded(flow, LONGEST_SAVE)

    async def _run(self, work: Work[T], kind: Kind) -> T:
        await self._settle()
        if self._embedded is not None:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._worker, self._embedded.transact, work, kind)
        async with self._engines[kind].connect() as connection:
            if not begins(kind, self.url):  # closing ends what only read, and a chain has ended by itself
                with committing(reached=kind == "chain"):
                    return await connection.run_sync(work)
            with committing() as commit:
                async with connection.begin():  # which rolls back where its COMMIT fails
                    result = await connection.run_sync(work)
                    commit.reached = True
            return result

    async def _settle(self) -> None:
        """Make what belongs to this process and this event loop, once; tasks that come meanwhile wait for it."""
        loop = asyncio.get_running_loop()
        self._start_over_after_fork()
        if self._loop is loop:
            return
        if self._settling is None or self._settling.get_loop() is not loop:
            self._settling = loop.create_task(self._settle_in(loop))
        await self._settling

    def _start_over_after_fork(self) -> None:
        """In a forked child: leave what is the parent's as it is, and have nothing yet."""
        if self._pid == os.getpid():
            return
        parents = self._engines, self._worker, self._keeper, self._detached, self._settling, self.readers, self._loop
        self._inherited.append(parents)
        self._engines, self._worker, self._keeper, self._loop = {}, None, None, None
        self._detached, self._settling, self.readers, self._pid = set(), None, Readers(), os.getpid()

    async def _settle_in(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            if self._embedded is not None:
                self._worker = self._worker or ThreadPoolExecutor(1, "convo-sqlite")
            else:
                engine = await self._checked_engine()
                self._engines = {
                    "read": engine.execution_options(**reading_options(self.url)),
                    "snapshot": engine.execution_options(**reading_options(self.url, snapshot=True)),
                    "write": engine,
                    "chain": engine.execution_options(**chain_options(self.url)),
                }
            self._keeper = self._closes_with_loop()
            await anext(self._keeper)
            self._loop = loop
        finally:
            self._settling = None

    async def _checked_engine(self) -> AsyncEngine:
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
        process = os.getpid()
        try:
            yield
        finally:
            if process == os.getpid():
                await self.readers.aclose()
                await self._let_go()
                self._keeper = None  # it knows the loop

    async def _let_go(self) -> None:
        engines, self._engines, self._loop = self._engines, {}, None
        await self._http.aclose()
        if engines:
            await engines["write"].dispose()
        if self._embedded is not None and not is_memory(self.url):
            await self._close_embedded(self._embedded)

    async def _close_embedded(self, embedded: Embedded) -> None:
        """Close it after the transactions under way, in their thread, so that the event loop does not wait for them."""
        worker, self._worker = self._worker, None
        if worker is None:
            embedded.close()
            return
        try:
            await asyncio.get_running_loop().run_in_executor(worker, embedded.close)
        finally:
            worker.shutdown(wait=False)

    def check(self, backend: Any, request: CompletionRequest, *, new: int) -> None:
        """Raise CallerError where a backend cannot be asked so."""
        call.check(self._http, backend, request, new=new)

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

    async def models(self, backend: Any) -> tuple[ModelInfo, ...]:
        """Ask a backend's server for the models it offers."""
        return await list_models(self._http, backend)

    def workers(self) -> Workers:
        """Return who makes the tool calls of one round."""
        return TaskWorkers()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def reaches(self, other: Port) -> bool:
        """Return whether ``other`` is of the event loop that runs here."""
        return isinstance(other, AsyncPort) and other._loop is asyncio.get_running_loop()

    async def aclose(self, grace: float = 0.0) -> None:
        """Close connections to the database and to backends.

        Detached streams are given ``grace`` seconds to end, then stopped: their turns are left ``interrupted``. What a
        forked child inherited stays open: it is the parent's.
        """
        self._start_over_after_fork()
        if self._detached:
            _, late = await asyncio.wait(self._detached, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            await keeper.aclose()
        if self._embedded is not None:
            await self._close_embedded(self._embedded)
        if self._copy is not None:
            await self._copy.aclose()


async def _pump(flow: AsyncGenerator[T, None], pieces: asyncio.Queue[Any]) -> None:
    """Run ``flow`` to its end, handing over what it yields, what it raises, and None at the end."""
    try:
        async with aclosing(flow):
            async for item in flow:
                pieces.put_nowait((item, None))
    except asyncio.CancelledError:
        pieces.put_nowait((None, store_closed()))
        raise
    except Exception as problem:  # the reader raises it, if there is one; the turn's record has it anyway
        pieces.put_nowait((None, problem))
    finally:
        pieces.put_nowait(None)
