"""Tools, the answers that want them called, and what became of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from convo import assistant, tool_call
from convo.completions import CompletionRequest

PATIENCE = 30.0


def weather(city: str) -> str:
    """Tell the weather.

    Args:
        city: Where.
    """
    return f"sunny in {city}"


def calls(*wanted: Any, text: str = "") -> Any:
    """An answer that wants tools called: ``(name, arguments)`` or names."""
    pairs = [(each, {}) if isinstance(each, str) else each for each in wanted]
    made = [tool_call(name, given, id=f"call{number:05}") for number, (name, given) in enumerate(pairs)]
    return assistant(text or None, tool_calls=made)


def path(chat: Any) -> list[str]:
    """The messages: tool results as they are, the others by the first letter of their role and their text."""
    history = chat.history()
    return [entry.text if entry.role == "tool" else f"{entry.role[0]}:{entry.text}" for entry in history]


def results(chat: Any) -> list[str]:
    return [entry.text for entry in chat.history() if entry.role == "tool"]


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def broken(request: CompletionRequest) -> Any:
    raise ConnectionError("no backend today")


class Slow:
    """A tool that waits until it is released, and says when it was called."""

    def __init__(self) -> None:
        self.called, self.released = threading.Event(), threading.Event()

    def __call__(self) -> str:
        """Wait."""
        self.called.set()
        return "waited" if self.released.wait(PATIENCE) else "never"


def in_background(act: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    outcome: list[Any] = []

    def work() -> None:
        try:
            outcome.append(act())
        except BaseException as problem:  # it is looked at by the test
            outcome.append(problem)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, outcome
