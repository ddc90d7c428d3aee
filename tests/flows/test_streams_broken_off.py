"""Streams that end before their end: the reader is told, the turn is left, and only by who runs it."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from convo import AsyncStore, Store
from convo.completions import CompletionRequest, Delta
from convo.errors import MalformedResponse, StreamInterrupted
from support.embedded import database_url

__all__ = ["database_url"]


def pieces(request: CompletionRequest) -> Iterator[str]:
    yield from ("Good ", "morning ", "to ", "you")


@pytest.mark.parametrize("detached", [False, True])
def test_a_reader_whose_store_is_closed_is_told_that_the_answer_broke_off(detached: bool, database_url: str) -> None:
    async def slow(request: CompletionRequest) -> AsyncIterator[str]:
        for _ in range(3):
            yield "Good "
            await asyncio.sleep(0.2 if detached else 0)

    async def main() -> list[str]:
        async with AsyncStore(database_url) as store:
            chat = await store.start(backend=slow)
            stream = chat.stream("Hello", detached=detached)
            async for delta in stream:
                if delta.text:
                    break
            await store.aclose()
            with pytest.raises(StreamInterrupted, match="resume"):
                async for _ in stream:
                    pass
            return [turn.status for turn in await chat.turns()]

    assert asyncio.run(main()) == ["interrupted"]


def test_a_piece_that_cannot_be_kept_ends_the_turn_at_once(store: Any) -> None:
    def backend(request: CompletionRequest) -> Iterator[Delta]:
        yield Delta(text="Good", extra={"score": float("nan")})

    chat = store.start(backend=backend)
    with pytest.raises(MalformedResponse, match="extra is no JSON"):
        for _ in chat.stream("Hello"):
            pass
    assert [turn.status for turn in chat.turns()] == ["failed"]
    assert chat.resume(backend=pieces).text == "Good morning to you"


def test_a_forked_child_that_drops_its_copy_of_a_stream_does_not_end_the_turn(database_url: str) -> None:
    with Store(database_url) as store:
        chat = store.start(backend=pieces)
        streams = [chat.stream("Hello")]
        next(streams[0])
        child = os.fork()
        if child == 0:
            try:
                streams.clear()
                gc.collect()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        for _ in streams[0]:
            pass
        assert [entry.text for entry in chat.history()] == ["Hello", "Good morning to you"]
