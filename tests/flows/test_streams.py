"""Streams: what the reader gets is what is stored; a reader may leave whenever he likes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import pytest

from convo import AsyncStore, Conversation, Store, assistant, tool_call
from convo.chunks import ReferenceChunk, ThinkingChunk
from convo.completions import Choice, Completion, CompletionRequest, Delta, ToolCallDelta, Usage
from convo.errors import BackendFailed, ConvoError, InvalidMessage, MalformedResponse, StreamInterrupted, TurnInProgress
from convo.ports import drive
from convo.store import ledger
from convo.testing import ScriptedBackend
from support.embedded import database_url
from support.processes import program_output

__all__ = ["database_url"]


def pieces(request: CompletionRequest) -> Iterator[str]:
    yield from ("Good ", "morning ", "to ", "you")


def texts(chat: Any) -> list[str]:
    return [entry.text for entry in chat.history()]


def statuses(chat: Any) -> list[str]:
    return [turn.status for turn in chat.turns()]


RICH = Completion(
    (
        Choice(
            assistant(
                [
                    {"type": "thinking", "thinking": "hm"},
                    {"type": "text", "text": "See "},
                    {"type": "reference", "reference_ids": [1]},
                    {"type": "text", "text": "this."},
                ],
                tool_calls=[tool_call("look", {"at": 1}, id="c00000001")],
                refusal="no",
            ),
            "tool_calls",
        ),
    ),
    Usage(3, 4, 7),
    model="m-2",
)


@pytest.mark.parametrize(
    "backend",
    [
        pieces,
        lambda request: "Good morning to you",
        lambda request: assistant("Good morning to you"),
        lambda request: iter([Delta(text="Good "), "morning", Delta(text=" to you", finish_reason="length")]),
        ScriptedBackend(["Good morning to you"], forever=True),
        ScriptedBackend([RICH], forever=True),
    ],
)
def test_the_deltas_add_up_to_the_reply(store: Any, backend: Any) -> None:
    chat = store.start(backend=backend)
    stream = chat.stream("hello")
    deltas = list(stream)
    assert "".join(delta.text for delta in deltas) == stream.reply.text
    assert stream.reply.text in ("Good morning to you", "See this.")
    assert stream.reply.finish_reason == next(delta.finish_reason for delta in reversed(deltas) if delta.finish_reason)
    assert stream.reply.entry == chat.history()[-1]
    whole = chat.send("again")
    assert whole.message == stream.reply.message


def test_everything_a_stream_brings_is_stored(store: Any) -> None:
    stream = store.start(backend=ScriptedBackend([RICH])).stream("hello")
    list(stream)
    thinking, _, reference, _ = stream.reply.message.chunks
    assert isinstance(thinking, ThinkingChunk)
    assert isinstance(reference, ReferenceChunk)
    assert stream.reply.message == RICH.message
    assert (stream.reply.usage, stream.reply.model, stream.reply.turn.status) == (RICH.usage, "m-2", "awaiting_tools")


def test_fragments_of_tool_calls_are_put_together(store: Any) -> None:
    def backend(request: CompletionRequest) -> Iterator[Delta]:
        yield Delta(tool_calls=(ToolCallDelta(0, "c00000001", "look", '{"at"'),))
        yield Delta(tool_calls=(ToolCallDelta(0, arguments=":1}"),))

    chat = store.start(backend=backend)
    list(chat.stream("hello"))
    assert chat.waiting() == (tool_call("look", '{"at":1}', id="c00000001"),)


def test_a_stream_that_nobody_reads_begins_no_turn(store: Any) -> None:
    chat = store.start(backend=pieces)
    stream = chat.stream("hello")
    with pytest.raises(ConvoError, match="the stream has not ended"):
        assert stream.reply
    assert (texts(chat), statuses(chat)) == ([], [])
    assert chat.send("another").text == "Good morning to you"


def test_a_wrong_input_is_refused_with_the_first_step(store: Any) -> None:
    stream = store.start(backend=pieces).stream("")
    with pytest.raises(InvalidMessage):
        next(iter(stream))


def test_the_reply_is_there_after_the_last_delta(store: Any) -> None:
    stream = store.start(backend=pieces).stream("hello")
    for delta in stream:
        if delta.text:
            with pytest.raises(ConvoError, match="the stream has not ended"):
                assert stream.reply
    assert stream.reply.text == "Good morning to you"
    assert list(stream) == []


class HasLeft(Exception):
    """What a reader may run into in his loop."""


def read_a_word(stream: Any) -> None:
    for delta in stream:
        if delta.text:
            assert delta.text == "Good "
            return


def leave_the_block(stream: Any) -> None:
    with stream:
        read_a_word(stream)


def leave_by_an_error(stream: Any) -> None:
    with stream:
        read_a_word(stream)
        raise HasLeft()


def leave_by_closing_twice(stream: Any) -> None:
    read_a_word(stream)
    for _ in range(2):
        stream.__exit__(None, None, None)


@pytest.mark.parametrize("leave", [leave_the_block, leave_by_an_error, leave_by_closing_twice])
def test_a_reader_may_leave_early_and_nothing_is_lost(store: Any, leave: Any) -> None:
    closed = []

    def backend(request: CompletionRequest) -> Iterator[str]:
        try:
            yield from pieces(request)
        finally:
            closed.append(True)

    chat = store.start(backend=backend)
    stream = chat.stream("hello")
    with suppress(HasLeft):
        leave(stream)
    assert closed == [True]
    (turn,) = chat.turns()
    assert (turn.status, turn.output, texts(chat)) == ("interrupted", None, ["hello"])
    with pytest.raises(ConvoError, match="the stream has not ended"):
        assert stream.reply
    assert list(stream) == []
    assert chat.resume(backend=ScriptedBackend("evening")).text == "Good evening"


def test_a_loop_that_is_broken_off_frees_the_branch_at_once(database_url: str) -> None:
    with Store(database_url) as store:
        chat = store.start(backend=pieces)
        for delta in chat.stream("hello"):
            if delta.text:
                break
        assert statuses(chat) == ["interrupted"]
        assert chat.send("again").text == "Good morning to you"


def test_an_async_loop_that_is_broken_off_frees_the_branch_when_its_stream_is_closed(database_url: str) -> None:
    async def main() -> list[str]:
        async with AsyncStore(database_url) as store:
            chat = await store.start(backend=pieces)
            async with chat.stream("hello") as stream:
                async for delta in stream:
                    if delta.text:
                        break
            return [turn.status for turn in await chat.turns()] + [(await chat.send("again")).text]

    assert asyncio.run(main()) == ["interrupted", "Good morning to you"]


def test_an_async_loop_that_is_just_dropped_leaves_a_turn_that_can_be_resumed(database_url: str) -> None:
    async def main() -> list[str]:
        async with AsyncStore(database_url) as store:
            chat = await store.start(backend=pieces)
            async for delta in chat.stream("hello"):
                if delta.text:
                    break
            other = await store.load(chat.id, backend=ScriptedBackend("evening"))
            for _ in range(200):
                await asyncio.sleep(0.01)
                try:
                    return [(await other.resume()).text]
                except TurnInProgress:
                    continue
            return []

    assert asyncio.run(main()) == ["Good evening"]


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "dropped"])
def test_a_stream_that_is_open_when_the_event_loop_ends_is_closed_quietly(
    database_url: str, kept: bool, caplog: pytest.LogCaptureFixture
) -> None:
    streams = []

    async def main() -> Any:
        store = AsyncStore(database_url)
        chat = await store.start(backend=pieces)
        stream = chat.stream("hello")
        streams.extend([stream] if kept else [])
        async for delta in stream:
            if delta.text:
                break
        return chat.id

    conversation = asyncio.run(main())
    assert caplog.messages == []
    with Store(database_url) as store:
        chat = store.load(conversation, backend=ScriptedBackend("evening"))
        assert statuses(chat) == ["interrupted"]
        assert chat.resume().text == "Good evening"


def test_streams_that_are_open_when_their_store_is_closed_are_left_resumable(database_url: str) -> None:
    async def main() -> list[str]:
        store = AsyncStore(database_url)
        chats = [await store.start(backend=pieces) for _ in range(3)]
        streams = [chat.stream("hello") for chat in chats]
        for stream in streams:
            await anext(stream)
        await store.aclose()
        return [turn.status for chat in chats for turn in await chat.turns()]

    assert asyncio.run(main()) == ["interrupted"] * 3


async def in_two_steps(request: CompletionRequest) -> AsyncIterator[str]:
    yield "Good "
    await asyncio.sleep(0.05)
    yield "morning"


def test_a_detached_stream_goes_on_when_its_reader_leaves(database_url: str) -> None:
    async def main() -> list[str]:
        async with AsyncStore(database_url) as store:
            chat = await store.start(backend=in_two_steps)
            async with chat.stream("hello", detached=True) as stream:
                assert (await anext(stream)).text == "Good "
            (turn,) = await chat.turns()
            return ["".join([delta.text async for delta in chat.follow(turn)])]

    assert asyncio.run(main()) == ["Good morning"]


@pytest.mark.parametrize(("grace", "status"), [(0.0, "interrupted"), (30.0, "completed")])
def test_a_store_that_is_closed_gives_its_detached_streams_a_moment_to_end(
    database_url: str, grace: float, status: str
) -> None:
    async def main() -> list[str]:
        store = AsyncStore(database_url)
        chat = await store.start(backend=in_two_steps)
        stream = chat.stream("hello", detached=True)
        await anext(stream)
        await store.aclose(grace=grace)
        left = [turn.status for turn in await chat.turns()]
        await store.aclose()
        return left

    assert asyncio.run(main()) == [status]


def test_who_waits_for_a_detached_stream_is_told_when_the_store_is_closed(database_url: str) -> None:
    async def main() -> str:
        store = AsyncStore(database_url)
        chat = await store.start(backend=in_two_steps)
        stream = chat.stream("hello", detached=True)
        await anext(stream)
        next_piece = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        await store.aclose()
        with pytest.raises(StreamInterrupted, match="resume"):
            await next_piece
        other = await store.load(chat.id, backend=ScriptedBackend("evening"))
        text = (await other.resume()).text
        await store.aclose()
        return text

    assert asyncio.run(main()) == "Good evening"


def test_a_cancelled_task_leaves_its_turn_interrupted(database_url: str) -> None:
    async def backend(request: CompletionRequest) -> AsyncIterator[str]:
        yield "Good "
        await asyncio.sleep(60)

    async def main() -> list[Any]:
        async with AsyncStore(database_url) as store:
            chat = await store.start(backend=backend)

            async def read() -> None:
                async for delta in chat.stream("hello"):
                    if delta.text:
                        started.set()

            started = asyncio.Event()
            task = asyncio.create_task(read())
            await started.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            left = [turn.status for turn in await chat.turns()]
            return [left, (await chat.resume(backend=ScriptedBackend("day"))).text]

    assert asyncio.run(main()) == [["interrupted"], "Good day"]


def test_a_stream_is_whole_inside_a_running_event_loop(database_url: str) -> None:
    async def main() -> tuple[list[str], str]:
        with Store(database_url) as store:
            stream = Conversation.start(store, backend=pieces).stream("hello")
            return [delta.text for delta in stream if delta.text], stream.reply.text

    assert asyncio.run(main()) == (["Good ", "morning ", "to ", "you"], "Good morning to you")


@pytest.mark.parametrize("after", [0, 2])
def test_a_backend_that_raises_in_the_midst_is_said_and_the_turn_failed(store: Any, after: int) -> None:
    def backend(request: CompletionRequest) -> Iterator[str]:
        yield from ["Good ", "morning"][:after]
        raise ConnectionError("a secret")

    chat = store.start(backend=backend)
    seen: list[str] = []
    with pytest.raises(BackendFailed, match="the backend backend raised ConnectionError") as caught:
        seen.extend(delta.text for delta in chat.stream("hello"))
    assert isinstance(caught.value.__cause__, ConnectionError)
    assert "".join(seen) == "Good morning"[: 6 * after]
    assert (texts(chat), statuses(chat)) == (["hello"], ["failed"])


@pytest.mark.parametrize("piece", [3, None, {"text": "a"}, b"a"], ids=repr)
def test_a_piece_that_is_none_is_said(store: Any, piece: Any) -> None:
    chat = store.start(backend=lambda request: iter(["Good ", piece]))
    with pytest.raises(MalformedResponse, match="the pieces of a stream are texts or Deltas"):
        list(chat.stream("hello"))
    assert statuses(chat) == ["failed"]


def test_a_handle_is_held_while_its_stream_is_read(store: Any) -> None:
    chat = store.start(backend=pieces)
    with chat.stream("hello") as stream:
        next(iter(stream))
        with pytest.raises(ConvoError, match="in use"):
            chat.send("meanwhile")
        assert store.load(chat.id).turns()[0].status == "running"
    assert chat.send("now").text == "Good morning to you"


def test_a_loop_whose_first_request_is_a_stream_closes_its_connections_when_it_ends() -> None:
    source = """
        import asyncio, gc
        from convo import AsyncStore
        from convo.backends.openai import openai
        from convo.testing import ChatServer

        async def read(url):
            async with AsyncStore("sqlite://") as store:
                chat = await store.start(backend=openai("a-model", base_url=url, api_key="secret"))
                print("".join([delta.text async for delta in chat.stream("hello")]))

        with ChatServer("hello yourself", style="openai") as server:
            asyncio.run(read(server.base_url))
        gc.collect()
    """
    assert program_output(source) == ["hello yourself"]


@pytest.mark.parametrize(
    ("checkpoint", "at_most"), [((1000.0, 10), 3), ((1000.0, 1000), 0), ((0.001, 1000), 7), (None, 0)]
)
def test_how_often_a_stream_is_kept_can_be_set(store: Any, elsewhere: Any, checkpoint: Any, at_most: int) -> None:
    def slowly(request: CompletionRequest) -> Iterator[str]:
        for _ in range(7):
            time.sleep(0.002)
            yield "five "

    chat = store.start(backend=slowly, checkpoint=checkpoint)
    port = elsewhere(chat)._handle.port
    with chat.stream("go") as stream:
        for _ in range(7):
            next(stream)
        parts = parts_of(port, chat)
        deadline = time.monotonic() + 30
        while at_most and not parts and time.monotonic() < deadline:  # the async face keeps it in the background
            parts = parts_of(port, chat)
    assert (at_most > 0) <= len(parts) <= at_most


def parts_of(port: Any, chat: Any) -> list[Any]:
    (turn,) = chat.turns()
    fence = turn.conversation_id, turn.id, turn.attempt
    return drive(port.read(lambda connection: ledger.parts(connection, fence)))
