"""Children that come within milliseconds and may be killed: forked from a clean process that has convo imported.

The test's own process is never forked: it has threads, and connections that a child must not share.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["convo.public", "convo.testing", "convo.ports", "psycopg", "pymysql", "aiomysql", "sqlalchemy.ext.asyncio"]
)
PATIENCE = 60.0
"""Seconds a child may take for one step before a test gives up on it."""


class Child:
    """A process that runs ``work(child's end of a pipe, *arguments)``; what it reports is read with ``reports``."""

    def __init__(self, work: Callable[..., None], *arguments: Any) -> None:
        self._ours, theirs = CONTEXT.Pipe()
        self._process = CONTEXT.Process(target=work, args=(theirs, *arguments), daemon=True)
        self._process.start()
        theirs.close()

    def told(self) -> Any:
        """Wait for the next report; raises EOFError once the child has ended and everything is read."""
        if not self._ours.poll(PATIENCE):
            raise TimeoutError("the child says nothing")
        return self._ours.recv()

    def tell(self, word: Any) -> None:
        """Send the child a word."""
        self._ours.send(word)

    def rest(self) -> Iterator[Any]:
        """Yield what the child reported and nobody has read yet, until its end; a report cut by its death is none."""
        while True:
            try:
                yield self.told()
            except (EOFError, OSError):
                return

    def kill(self) -> list[Any]:
        """End the child as a power cut would, at once; return what it reported until then."""
        self._process.kill()
        self._process.join(PATIENCE)
        assert self._process.exitcode in (0, -signal.SIGKILL), f"the child failed: {self._process.exitcode}"
        return list(self.rest())

    def end(self) -> list[Any]:
        """Let the child end by itself; return what it reported."""
        reports = list(self.rest())
        self._process.join(PATIENCE)
        assert self._process.exitcode == 0, f"the child failed: {self._process.exitcode}"
        return reports


@contextmanager
def children(work: Callable[..., None], *arguments: tuple[Any, ...]) -> Iterator[list[Child]]:
    """Run one child for each tuple of arguments; those still running at the end are killed."""
    running = [Child(work, *each) for each in arguments]
    try:
        yield running
    finally:
        for child in running:
            child._process.kill()
            child._process.join(PATIENCE)
