"""A chat server's answer held up in the midst, so that a test can do something meanwhile without a race."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace

from convo.testing.faults import Answer

PATIENCE = 60


class Gate:
    """A fault for ``ChatServer.misbehave``: the stream stops after ``after`` events until ``open()``."""

    def __init__(self, after: int) -> None:
        self._after = after
        self._opened = threading.Event()

    def __call__(self, answer: Answer) -> Answer:
        return replace(answer, parts=self._held_up(answer.parts))

    def _held_up(self, parts: Iterable[bytes | float]) -> Iterator[bytes | float]:
        for number, part in enumerate(parts):
            if number == self._after:
                self._opened.wait(PATIENCE)
            yield part

    def open(self) -> None:
        """Let the rest through."""
        self._opened.set()
