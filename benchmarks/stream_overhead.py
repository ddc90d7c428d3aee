"""CPU time that convo adds to each chunk of a stream, beside raw httpx reading the same lines.

    python benchmarks/stream_overhead.py [--chunks 400] [--pause 0.002] [--rounds 10]

A server in a process of its own sends a recorded kind of event, one a write, with a pause between them as a model has
(``--pause 0``: as fast as it can). Readers take turns, round by round, so that whatever slows one slows the
others; what is printed is each reader's median of CPU time per chunk, and its ratio to raw httpx:

- lines: ``httpx`` reading lines, nothing more;
- parsed: the same, each line's JSON parsed and its text taken, which no client can do without;
- convo: ``convo.backends.call.stream``, deltas out;
- chat: ``stream`` of a conversation, its answer checkpointed and stored in SQLite, deltas out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import httpx

from convo import AsyncConversation, AsyncStore, Conversation, Store
from convo.backends import call
from convo.backends.http_io import AsyncHttp, SyncHttp
from convo.backends.mistral import mistral
from convo.completions import CompletionRequest
from convo.messages import user
from convo.ports import drive_stream

SERVER = """
import json, socket, sys, threading, time

chunks, pause = int(sys.argv[1]), float(sys.argv[2])
head = {"id": "6dc321029f5d4aa5899c1b38c9657a61", "object": "chat.completion.chunk", "created": 1757759492}
word = {"index": 0, "delta": {"content": " light"}, "finish_reason": None}
end = {"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}
usage = {"prompt_tokens": 11, "total_tokens": 91, "completion_tokens": 80}
events = [{**head, "model": "m", "choices": [word], "p": "abcdefghijklmnopqr"}] * chunks
events.append({**head, "model": "m", "choices": [end], "usage": usage})
lines = [b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\\n\\n" for event in events]
parts = [b"%x\\r\\n%s\\r\\n" % (len(line), line) for line in [*lines, b"data: [DONE]\\n\\n"]]
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)

def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    received = connection.makefile("rb")
    while request := received.readline():
        length = 0
        while (header := received.readline()) != b"\\r\\n":
            if header.lower().startswith(b"content-length"):
                length = int(header.split(b":")[1])
        received.read(length)
        kind = b"content-type: text/event-stream\\r\\ntransfer-encoding: chunked"
        connection.sendall(b"HTTP/1.1 200 OK\\r\\n" + kind + b"\\r\\n\\r\\n")
        for part in parts:
            if pause:
                time.sleep(pause)
            connection.sendall(part)
        connection.sendall(b"0\\r\\n\\r\\n")

while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
"""
REQUEST = CompletionRequest((user("Hello"),))


def text_in(line: str) -> str:
    """The text of one line of the stream, parsed."""
    if not line.startswith("data: {"):
        return ""
    text: str = json.loads(line[6:])["choices"][0]["delta"]["content"]
    return text


def sync_readers(url: str) -> dict[str, Callable[[], None]]:
    """The readers of the sync face."""
    client, io = httpx.Client(), SyncHttp()
    backend = mistral("m", api_key="k", base_url=url)

    def lines() -> None:
        with client.stream("POST", f"{url}/chat/completions", json={}) as response:
            for _ in response.iter_lines():
                pass

    def parsed() -> None:
        with client.stream("POST", f"{url}/chat/completions", json={}) as response:
            for line in response.iter_lines():
                text_in(line)

    def convo() -> None:
        for _ in drive_stream(call.stream(io, backend, REQUEST)):
            pass

    conversation = Conversation.start(Store("sqlite://"), backend=backend)

    def chat() -> None:
        for _ in conversation.stream("Hello"):
            pass

    return {"lines": lines, "parsed": parsed, "convo": convo, "chat": chat}


def async_readers(url: str, runner: asyncio.Runner) -> dict[str, Callable[[], None]]:
    """The readers of the async face."""
    client, io = httpx.AsyncClient(), AsyncHttp()
    backend = mistral("m", api_key="k", base_url=url)

    async def lines() -> None:
        async with client.stream("POST", f"{url}/chat/completions", json={}) as response:
            async for _ in response.aiter_lines():
                pass

    async def parsed() -> None:
        async with client.stream("POST", f"{url}/chat/completions", json={}) as response:
            async for line in response.aiter_lines():
                text_in(line)

    async def convo() -> None:
        async for _ in call.stream(io, backend, REQUEST):
            pass

    conversation = runner.run(AsyncConversation.start(AsyncStore("sqlite://"), backend=backend))

    async def chat() -> None:
        async for _ in conversation.stream("Hello"):
            pass

    readers = (lines, parsed, convo, chat)
    return {read.__name__: lambda read=read: runner.run(read()) for read in readers}  # type: ignore[misc]


def measured(readers: dict[str, Callable[[], None]], rounds: int, chunks: int) -> dict[str, float]:
    """The median microseconds of CPU per chunk of each reader, the first two rounds left out."""
    costs: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(rounds + 2):
        for name, read in readers.items():
            began = time.process_time()
            read()
            costs[name].append((time.process_time() - began) / chunks * 1e6)
    return {name: statistics.median(found[2:]) for name, found in costs.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--chunks", type=int, default=400)
    parser.add_argument("--pause", type=float, default=0.002, help="seconds between two chunks")
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    command = [sys.executable, "-c", SERVER, str(given.chunks), str(given.pause)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, asyncio.Runner() as runner:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        for face, readers in (("sync", sync_readers(url)), ("async", async_readers(url, runner))):
            costs = measured(readers, given.rounds, given.chunks)
            for name, cost in costs.items():
                print(f"{face:6}{name:8}{cost:8.1f} us of CPU per chunk, {cost / costs['lines']:.2f} of raw httpx")
        server.kill()


if __name__ == "__main__":
    main()
