"""Calls of tools beside a flow, several at a time: in threads (sync face), in tasks and threads (async face).

Laws of this file:
- A call takes the context variables of the flow that starts it along.
- Nobody waits for a call that was left: its result is ignored, and its thread does not keep the process alive.
- Calls are given back in the order in which they end.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import queue
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, Protocol

from convo.errors import WrongFace
from convo.frozen import dataclass

LAST_MOMENT = 1.0
"""Seconds that cancelled tasks are given to end."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that has ended: what it returned, or what it raised."""

    key: int
    value: Any = None
    error: BaseException | None = None


class Workers(Protocol):
    """Calls that are being made, each known by its key."""

    def check(self, function: Callable[..., Any], what: str) -> None:
        """Raise WrongFace when ``function``, which is ``what``, cannot be called in this face."""
        ...

    async def ask(self, function: Callable[..., Any], argument: Any) -> Any:
        """Return what ``function`` returns for ``argument``, awaited where it is async."""
        ...

    def start(self, key: int, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
        """Begin a call."""
        ...

    def launch(self, key: int, flow: Coroutine[Any, Any, Any]) -> None:
        """Begin a flow, known as a call is."""
        ...

    async def wait(self, seconds: float) -> Ended | None:
        """Return the next call that ends, None when none does for so long."""
        ...

    def leave(self, key: int) -> None:
        """Give a call up."""
        ...

    async def close(self) -> None:
        """Give up every call that has not ended."""
        ...


def _in_thread(function: Callable[..., Any], arguments: Mapping[str, Any], done: Callable[[Any, Any], None]) -> None:
    """Call ``function`` in a thread of its own; ``done`` is called there with what it returned and what it raised."""
    context = contextvars.copy_context()

    def work() -> None:
        try:
            value = context.run(function, **arguments)
        except BaseException as problem:
            done(None, problem)
        else:
            done(value, None)

    threading.Thread(target=work, name="convo-tool", daemon=True).start()


class ThreadWorkers:
    """The sync face's: calls in threads, waited for in place. ``drive`` runs a flow to its end."""

    def __init__(self, drive: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self._drive = drive
        self._running: set[int] = set()
        self._ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()

    def check(self, function: Callable[..., Any], what: str) -> None:
        """Raise WrongFace for an async function."""
        if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):
            raise _wrong_face(what)

    async def ask(self, function: Callable[..., Any], argument: Any) -> Any:
        """Return what ``function`` returns, called in place: it may want to talk to the user in this thread."""
        return _in_place(function(argument), "the function asked for approval")

    def start(self, key: int, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
        """Begin a call in a thread."""
        self._running.add(key)
        _in_thread(function, arguments, lambda value, error: self._ended.put(Ended(key, value, error)))

    def launch(self, key: int, flow: Coroutine[Any, Any, Any]) -> None:
        """Begin a flow in a thread."""
        self.start(key, lambda: self._drive(flow), {})

    async def wait(self, seconds: float) -> Ended | None:
        """Block until a call ends or the time is over."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                ended = self._ended.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                return None
            if ended.key in self._running:
                self._running.discard(ended.key)
                _in_place(ended.value, "the tool")
                return ended

    def leave(self, key: int) -> None:
        """Leave a thread to itself."""
        self._running.discard(key)

    async def close(self) -> None:
        """Leave every thread to itself."""
        self._running.clear()


def _in_place(value: Any, what: str) -> Any:
    """Return ``value``; raise WrongFace where it would have to be awaited."""
    if not inspect.isawaitable(value):
        return value
    if inspect.iscoroutine(value):
        value.close()
    raise _wrong_face(what)


def _wrong_face(what: str) -> WrongFace:
    return WrongFace(f"{what} is async: use it with AsyncConversation, or give a plain function")


class TaskWorkers:
    """The async face's: each call in a task, sync functions in threads that the task waits for."""

    def __init__(self) -> None:
        self._running: dict[int, asyncio.Task[Any]] = {}
        self._ended: asyncio.Queue[Ended] = asyncio.Queue()

    def check(self, function: Callable[..., Any], what: str) -> None:
        """Accept every function."""

    async def ask(self, function: Callable[..., Any], argument: Any) -> Any:
        """Return what ``function`` returns; a sync one is called in a thread, for it may block."""
        return await _called(lambda: function(argument), inspect.iscoroutinefunction(function))

    def start(self, key: int, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
        """Begin a call in a task."""
        self.launch(key, _called(lambda: function(**arguments), inspect.iscoroutinefunction(function)))

    def launch(self, key: int, flow: Coroutine[Any, Any, Any]) -> None:
        """Begin a flow in a task."""
        task = asyncio.ensure_future(flow)
        self._running[key] = task
        _ALIVE.add(task)
        task.add_done_callback(_ALIVE.discard)
        task.add_done_callback(lambda task: self._note(key, task))

    def _note(self, key: int, task: asyncio.Task[Any]) -> None:
        error = RuntimeError("the tool was cancelled") if task.cancelled() else task.exception()
        self._ended.put_nowait(Ended(key, None if error else task.result(), error))

    async def wait(self, seconds: float) -> Ended | None:
        """Wait until a call ends or the time is over."""
        deadline = time.monotonic() + seconds
        while (ended := await self._next(deadline - time.monotonic())) is not None:
            if self._running.pop(ended.key, None) is not None:
                return ended
        return None

    async def _next(self, seconds: float) -> Ended | None:
        with suppress(asyncio.QueueEmpty):
            return self._ended.get_nowait()
        with suppress(TimeoutError):
            return await asyncio.wait_for(self._ended.get(), max(seconds, 0))
        return None

    def leave(self, key: int) -> None:
        """Cancel a task, which may have ended this moment; a thread it waits for is left to itself."""
        self._running.pop(key).cancel()

    async def close(self) -> None:
        """Cancel every task and give them ``LAST_MOMENT`` to end."""
        left, self._running = [*self._running.values()], {}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=LAST_MOMENT)


_ALIVE: set[asyncio.Task[Any]] = set()
"""Tasks that have not ended: the event loop itself holds them only weakly."""


async def _called(function: Callable[[], Any], is_async: bool) -> Any:
    value = function() if is_async else await _thread_result(function)
    return await value if inspect.isawaitable(value) else value


def _thread_result(function: Callable[[], Any]) -> asyncio.Future[Any]:
    """Return the future result of ``function``, called in a thread."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(value: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(RuntimeError(repr(error)) if isinstance(error, StopIteration) else error)

    def done(value: Any, error: BaseException | None) -> None:
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(settle, value, error)

    _in_thread(function, {}, done)
    return future
