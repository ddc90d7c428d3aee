"""One test function for both faces: the async one is driven on an event loop and looks like the sync one."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import convo
from convo import AsyncConversation, AsyncStore


class SyncFace:
    """The sync face as it is."""

    name = "sync"
    Conversation: Any = convo.Conversation
    Store: Any = convo.Store

    def close(self) -> None:
        """Nothing is held."""


class AsyncFace:
    """The async face, each call awaited: in one task and on one loop, as in an application."""

    name = "async"

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._loop = self._runner.get_loop()
        self._jobs: asyncio.Queue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = asyncio.Queue()
        self._task = self._loop.create_task(self._work())
        self.Conversation: Any = Proxy(AsyncConversation, self)
        self.Store: Any = Proxy(AsyncStore, self)

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call ``function`` on the loop and return its result, awaited and made to look sync."""
        answer = self._loop.create_future()
        args = tuple(bare(item) for item in args)
        kwargs = {name: bare(item) for name, item in kwargs.items()}
        self._jobs.put_nowait((lambda: function(*args, **kwargs), answer))
        return self.wrap(self._loop.run_until_complete(answer))

    def wrap(self, value: Any) -> Any:
        """Return ``value`` as the sync face would give it: handles and streams wrapped, the rest as it is."""
        return Proxy(value, self) if is_async(value) else value

    def close(self) -> None:
        self._jobs.put_nowait(None)
        self._loop.run_until_complete(self._task)
        self._runner.close()

    async def _work(self) -> None:
        while (job := await self._jobs.get()) is not None:
            function, answer = job
            try:
                result = function()
                answer.set_result(await result if isinstance(result, Awaitable) else result)
            except BaseException as problem:  # it is the caller's, on the other side of the queue
                answer.set_exception(problem)


def is_async(value: Any) -> bool:
    """Return whether ``value`` has to be driven by a loop: a handle of the async face, or a stream."""
    return (
        isinstance(value, AsyncConversation | AsyncStore) or hasattr(value, "__aiter__") or hasattr(value, "__aenter__")
    )


def bare(value: Any) -> Any:
    """Return what a proxy stands for, anything else as it is."""
    return value.__dict__["_target"] if isinstance(value, Proxy) else value


class Proxy:
    """Stands for an async object, or for a class of such, and looks like its sync twin."""

    def __init__(self, target: Any, face: AsyncFace) -> None:
        self.__dict__.update(_target=target, _face=face)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if inspect.isroutine(value):
            return lambda *args, **kwargs: self._face.call(value, *args, **kwargs)
        return self._face.wrap(value)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._target, name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._face.call(self._target, *args, **kwargs)

    def __repr__(self) -> str:
        return repr(self._target)

    def __eq__(self, other: object) -> bool:
        return bool(self._target == bare(other))

    def __hash__(self) -> int:
        return hash(self._target)

    def __enter__(self) -> Any:
        return self._face.call(self._target.__aenter__)

    def __exit__(self, *problem: Any) -> Any:
        return self._face.call(self._target.__aexit__, *problem)

    def __iter__(self) -> Iterator[Any]:
        return Proxy(self._target.__aiter__(), self._face)

    def __next__(self) -> Any:
        try:
            return self._face.call(self._target.__anext__)
        except StopAsyncIteration:
            raise StopIteration from None


FACES: dict[str, type[SyncFace | AsyncFace]] = {"sync": SyncFace, "async": AsyncFace}
