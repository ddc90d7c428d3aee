"""Bodies unwrapped before h11: the same bytes, errors and state of the connection, however they are cut."""

from __future__ import annotations

import asyncio

import httpcore
import pytest

from convo.backends.http_framing import headers_of, unwrapped
from convo.backends.http_streams import AsyncBoundedBackend, BoundedBackend
from convo.backends.policy import Deadlines

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
EVENTS = [b"data: {}\n\n", b"data: HTTP/1.1 200 OK\r\n\r\n", b"x" * 40, b"d"]
PLAIN = b"".join(b"%x\r\n%s\r\n" % (len(event), event) for event in EVENTS)
END = b"0\r\n\r\n"

ANSWERS = {
    "plain": HEAD + PLAIN + END,
    "upper case sizes": HEAD + b"1F\r\n" + b"u" * 31 + b"\r\n" + END,
    "leading zeros": HEAD + b"000a\r\n0123456789\r\n" + END,
    "a byte a chunk": HEAD + b"".join(b"1\r\n%c\r\n" % byte for byte in b"hello, world") + END,
    "an extension": HEAD + PLAIN + b"4;name=value\r\nwxyz\r\n" + PLAIN + END,
    "trailers": HEAD + PLAIN + b"0\r\nx-sum: 1\r\n\r\n",
    "an early hint": b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" + HEAD + PLAIN + END,
    "lone newlines": HEAD.replace(b"\r\n", b"\n") + PLAIN + END,
    "nothing": HEAD + END,
    "cut off": HEAD + PLAIN,
    "cut off in a chunk": HEAD + PLAIN + b"ff\r\nabc",
    "cut off in a size": HEAD + PLAIN + b"f",
    "no size": HEAD + PLAIN + b"zz\r\nabc\r\n" + END,
    "a wrong end": HEAD + PLAIN + b"3\r\nabcd\r\n" + END,
    "a negative size": HEAD + b"-1\r\nabc\r\n" + END,
    "more than an answer": HEAD + PLAIN + END + HEAD + PLAIN + END,
}

TIMER = Deadlines().start(streamed=True)
Outcome = tuple[bytes, str, bool]


def read_sync(backend: httpcore.NetworkBackend) -> Outcome:
    """The body of an answer, the error it ended with, and whether its connection can serve again."""
    body, error = b"", ""
    with httpcore.ConnectionPool(network_backend=backend) as pool:
        try:
            with pool.stream("GET", "http://server/") as response:
                stream = response.extensions["network_stream"]
                while part := stream.read_plain(TIMER) if hasattr(stream, "read_plain") else b"":
                    body += part
                for part in response.iter_stream():
                    body += part
        except httpcore.ProtocolError as problem:
            error = type(problem).__name__
        return body, error, any(connection.is_idle() for connection in pool.connections)


async def read_async(backend: httpcore.AsyncNetworkBackend) -> Outcome:
    """As ``read_sync``."""
    body, error = b"", ""
    async with httpcore.AsyncConnectionPool(network_backend=backend) as pool:
        try:
            async with pool.stream("GET", "http://server/") as response:
                stream = response.extensions["network_stream"]
                while part := await stream.read_plain(TIMER):
                    body += part
                async for part in response.aiter_stream():
                    body += part
        except httpcore.ProtocolError as problem:
            error = type(problem).__name__
        return body, error, any(connection.is_idle() for connection in pool.connections)


def read(face: str, pieces: list[bytes]) -> Outcome:
    if face == "sync":
        return read_sync(BoundedBackend(httpcore.MockBackend(pieces)))
    return asyncio.run(read_async(AsyncBoundedBackend(httpcore.AsyncMockBackend(pieces))))


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_single_cut_gives_what_h11_gives(answer: str) -> None:
    whole = ANSWERS[answer]
    expected = read_sync(httpcore.MockBackend([whole]))
    for cut in range(1, len(whole)):
        assert read("sync", [whole[:cut], whole[cut:]]) == expected, cut


@pytest.mark.parametrize("face", ["sync", "async"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_may_come_whole_or_byte_by_byte(face: str, answer: str) -> None:
    whole = ANSWERS[answer]
    expected = read_sync(httpcore.MockBackend([whole]))
    assert read(face, [whole]) == expected
    assert read(face, [whole[place : place + 1] for place in range(len(whole))]) == expected


@pytest.mark.parametrize("face", ["sync", "async"])
@pytest.mark.parametrize("size", [2**16 - 1, 2**16, 70_000])
def test_a_chunk_of_any_size_is_read(face: str, size: int) -> None:
    chunk = b"%x\r\n%s\r\n" % (size, b"y" * size)
    whole = HEAD + PLAIN + chunk + PLAIN + END
    pieces = [whole[start : start + 5000] for start in range(0, len(whole), 5000)]
    assert read(face, pieces) == (b"".join(EVENTS) + b"y" * size + b"".join(EVENTS), "", True)


def test_whole_plain_chunks_are_unwrapped_at_once() -> None:
    assert headers_of(HEAD + PLAIN) == HEAD
    assert unwrapped(PLAIN + PLAIN) == (b"".join(EVENTS) * 2, b"", True)
    assert unwrapped(PLAIN + END) == (b"".join(EVENTS), END, False)
    assert unwrapped(PLAIN + b"f") == (b"".join(EVENTS), b"f", True)
