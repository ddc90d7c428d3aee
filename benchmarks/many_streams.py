"""Many streams at once in one process: leases that lapse, what checkpoints cost, the longest gap a reader sees.

    python benchmarks/many_streams.py [--face async|sync] [--streams N] [--seconds 20] [--database URL] [--writer]

The backend is a function of this process that gives ``--rate`` pieces a second, so what is measured is convo and its
database alone. Printed: the longest and the median gap between two pieces of one stream, convo's beside the backend's
own, read without convo in the same way; CPU time for each stream and second, of which checkpoints are what is
above the same run without them; leases that had lapsed, looked for ten times a second. ``--writer``: another process
appends to the same database all the while. A server needs a database of its own, which is upgraded.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from sqlalchemy import text

from convo import AsyncStore, Store
from convo.completions import CompletionRequest
from convo.store.clock import NOW_MS
from convo.store.engine import parse_url, sync_engine
from convo.store.schema import upgrade

PIECE = "twenty characters.. "
WRITER = """
import sys
from convo import Store
with Store(sys.argv[1]) as store:
    chat = store.start()
    while True:
        chat.append("something else")
"""
NEVER = (1e9, 10**9)
OFTEN = (1.0, 2048)


@dataclass
class Gaps:
    """Seconds between two pieces of one stream."""

    all: list[float] = field(default_factory=list)
    last: float | None = None

    def note(self) -> None:
        now = time.perf_counter()
        if self.last is not None:
            self.all.append(now - self.last)
        self.last = now


class Leases:
    """Looks for leases that have lapsed while their turn is open."""

    def __init__(self, url: str) -> None:
        parsed = parse_url(url)
        self.lapsed = self.looks = 0
        self._engine = sync_engine(parsed)
        clock = NOW_MS[parsed.drivername]
        self._query = text(f"SELECT count(*) FROM convo_branches WHERE open_turn IS NOT NULL AND lease_until < {clock}")
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._end.wait(0.1):
            with self._engine.connect() as connection:
                self.lapsed = max(self.lapsed, connection.execute(self._query).scalar_one())
            self.looks += 1

    def close(self) -> None:
        self._end.set()
        self._thread.join()
        self._engine.dispose()


def run_sync(given: argparse.Namespace, url: str | None, checkpoint: tuple[float, int] = OFTEN) -> list[Gaps]:
    """One thread for each stream; without ``url`` the backend alone is read."""
    pieces, pause = int(given.seconds * given.rate), 1 / given.rate

    def backend(_: CompletionRequest | None) -> Iterator[str]:
        for _ in range(pieces):
            time.sleep(pause)
            yield PIECE

    def read(store: Store | None, gaps: Gaps) -> None:
        settings: Any = {"lease": given.lease, "checkpoint": checkpoint}
        stream = backend(None) if store is None else store.start(backend=backend, **settings).stream("go")
        for _ in stream:
            gaps.note()

    found = [Gaps() for _ in range(given.streams)]
    store = None if url is None else Store(url)
    threads = [threading.Thread(target=read, args=(store, gaps)) for gaps in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if store is not None:
        store.close()
    return found


def run_async(given: argparse.Namespace, url: str | None, checkpoint: tuple[float, int] = OFTEN) -> list[Gaps]:
    """One task for each stream; without ``url`` the backend alone is read."""
    pieces, pause = int(given.seconds * given.rate), 1 / given.rate

    async def backend(_: CompletionRequest | None) -> AsyncIterator[str]:
        for _ in range(pieces):
            await asyncio.sleep(pause)
            yield PIECE

    async def read(store: AsyncStore | None, gaps: Gaps) -> None:
        if store is None:
            async for _ in backend(None):
                gaps.note()
            return
        chat = await store.start(backend=backend, lease=given.lease, checkpoint=checkpoint)
        async with chat.stream("go") as stream:
            async for _ in stream:
                gaps.note()

    async def run() -> list[Gaps]:
        found = [Gaps() for _ in range(given.streams)]
        patient = {} if url is None or url.startswith("sqlite") else {"pool_timeout": 300}
        store = None if url is None else AsyncStore(url, **patient)
        await asyncio.gather(*(read(store, gaps) for gaps in found))
        if store is not None:
            await store.aclose()
        return found

    return asyncio.run(run())


def measured(what: str, given: argparse.Namespace, run: Callable[[], list[Gaps]]) -> float:
    """Run, print the gaps, and return the CPU seconds for each stream and second."""
    cpu = time.process_time()
    found = run()
    cost = (time.process_time() - cpu) / given.streams / given.seconds
    gaps = [gap for each in found for gap in each.all]
    print(
        f"{what:24} median gap {median(gaps) * 1000:7.0f} ms, longest {max(gaps) * 1000:7.0f} ms, "
        f"CPU {cost * 1000:6.2f} ms for each stream and second",
        flush=True,
    )
    return cost


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--face", choices=("async", "sync"), default="async")
    parser.add_argument("--streams", type=int)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=2, help="pieces a second, of 20 characters")
    parser.add_argument("--lease", type=float, default=10)
    parser.add_argument("--database")
    parser.add_argument("--writer", action="store_true", help="another process writes meanwhile")
    given = parser.parse_args()
    given.streams = given.streams or (1000 if given.face == "async" else 50)
    with tempfile.TemporaryDirectory() as folder:
        url = given.database or f"sqlite:///{folder}/chat.db"
        upgrade(url)
        _compare(given, url)


def _compare(given: argparse.Namespace, url: str) -> None:
    run = run_async if given.face == "async" else run_sync
    print(f"{given.streams} streams, {given.face}, {parse_url(url).drivername}, writer: {given.writer}", flush=True)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, url]) if given.writer else None
    try:
        measured("the backend alone", given, lambda: run(given, None))
        without = measured("without checkpoints", given, lambda: run(given, url, NEVER))
        leases = Leases(url)
        cost = measured("with checkpoints", given, lambda: run(given, url))
        leases.close()
    finally:
        if writer is not None:
            writer.kill()
            writer.wait()
    print(f"checkpoints: {(cost - without) * 1000:.2f} ms of CPU for each stream and second")
    print(f"leases of {given.lease:.0f} s that had lapsed: {leases.lapsed} (looked {leases.looks} times)")


if __name__ == "__main__":
    main()
