"""Streams: an answer, or a run with its tools, that comes piece by piece; in both faces."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

from convo.errors import ConvoError
from convo.flows import conversing
from convo.flows.reply import Reply
from convo.ports import Readers, drive_stream

T_co = TypeVar("T_co", covariant=True)


class Stream(Generic[T_co]):
    """An answer that comes piece by piece: iterate over it, then take ``reply``. Also a context manager."""

    def __init__(self, flow: Callable[[conversing.Keep], AsyncGenerator[T_co, None]]) -> None:
        self._replies: list[Reply] = []  # the flow gets the list, not self: no cycle keeps a dropped stream open
        self._pieces = drive_stream(flow(self._replies.append))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[T_co]:
        return self

    def __next__(self) -> T_co:
        return next(self._pieces)

    def close(self) -> None:
        """End the stream: a turn that has not ended is left ``interrupted``, to be resumed."""
        self._pieces.close()

    @property
    def reply(self) -> Reply:
        """The answer as it was stored; raises ConvoError before the stream has ended."""
        if not self._replies:
            raise ConvoError("the stream has not ended: its reply is there after the last delta, if it is read so far")
        return self._replies[0]


class AsyncStream(Generic[T_co]):
    """An answer that comes piece by piece: iterate over it, then take ``reply``. Also an async context manager."""

    def __init__(self, flow: Callable[[conversing.Keep], AsyncGenerator[T_co, None]], readers: Readers) -> None:
        self._replies: list[Reply] = []  # the flow gets the list, not self: no cycle keeps a dropped stream open
        self._pieces = flow(self._replies.append)
        self._readers = readers

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> AsyncIterator[T_co]:
        return self

    async def __anext__(self) -> T_co:
        return await self._readers.next_of(self._pieces)

    async def aclose(self) -> None:
        """End the stream: a turn that has not ended is left ``interrupted``, to be resumed."""
        await self._pieces.aclose()

    @property
    def reply(self) -> Reply:
        """The answer as it was stored; raises ConvoError before the stream has ended."""
        if not self._replies:
            raise ConvoError("the stream has not ended: its reply is there after the last delta, if it is read so far")
        return self._replies[0]
