"""Asking a backend in each face, the way convo's ports do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

from convo.backends import call
from convo.backends.http_io import AsyncHttp, SyncHttp
from convo.completions import Completion, CompletionRequest, Delta
from convo.messages import Message, message_from, user
from convo.options import CompletionOptions
from convo.ports import drive, drive_stream
from convo.turns import Accumulator

FACES = ("sync", "async")


def request(*messages: Any, **options: Any) -> CompletionRequest:
    """The neutral request for these messages (texts are the user's)."""
    given: tuple[Message, ...] = tuple(map(message_from, messages)) or (user("Hello"),)
    return CompletionRequest(given, CompletionOptions(**options))


def gathered(deltas: list[Delta]) -> Completion:
    """The answer that ``deltas`` add up to."""
    accumulator = Accumulator()
    for delta in deltas:
        accumulator.add(delta)
    return accumulator.completion()


class Asker:
    """Asks backends in one face; what it opens is closed by ``close``."""

    def __init__(self, face: str) -> None:
        self.face = face
        self._sync = SyncHttp()
        self._async = AsyncHttp()
        self._runner = asyncio.Runner() if face == "async" else None

    def run(self, act: Callable[[Any], Awaitable[Any]]) -> Any:
        """Run a coroutine over this face's IO."""
        if self._runner is None:
            return drive(act(self._sync))  # type: ignore[arg-type]
        return self._runner.run(act(self._async))  # type: ignore[arg-type]

    def complete(self, backend: Any, asked: CompletionRequest | None = None) -> Completion:
        return self.run(lambda io: call.complete(io, backend, asked or request()))

    def stream(self, backend: Any, asked: CompletionRequest | None = None, *, stop_after: int = 0) -> list[Delta]:
        """Every delta of the answer, or the first ``stop_after``, after which the reader leaves."""
        deltas: list[Delta] = []
        self.stream_into(deltas, backend, asked, stop_after=stop_after)
        return deltas

    def stream_into(
        self, deltas: list[Delta], backend: Any, asked: CompletionRequest | None = None, *, stop_after: int = 0
    ) -> None:
        """Append every delta to ``deltas``, so that those before an error are seen too."""
        if self._runner is None:
            source = drive_stream(call.stream(self._sync, backend, asked or request()))
            for delta in source:
                deltas.append(delta)
                if len(deltas) == stop_after:
                    break
            source.close()
        else:
            self._runner.run(self._stream(deltas, backend, asked or request(), stop_after))

    async def _stream(self, deltas: list[Delta], backend: Any, asked: CompletionRequest, stop_after: int) -> None:
        async with aclosing(call.stream(self._async, backend, asked)) as source:
            async for delta in source:
                deltas.append(delta)
                if len(deltas) == stop_after:
                    return

    def close_connections(self) -> None:
        """Close what is pooled; it opens again on use."""
        self._sync.close()
        if self._runner is not None:
            self._runner.run(self._async.aclose())

    def close(self) -> None:
        """Close everything."""
        self.close_connections()
        if self._runner is not None:
            self._runner.close()
