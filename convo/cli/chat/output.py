"""Where a chat's answers go: Markdown on a terminal, plain text in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import RenderableType
from rich.text import Text

from convo.cli import screen
from convo.cli.markdown import MarkdownStream
from convo.harmless import harmless, one_line
from convo.records import Entry


class Answer(Protocol):
    """What an answer is written to while it comes."""

    def add(self, text: str) -> None:
        """Take in more of the answer."""
        ...

    def note(self, words: str) -> None:
        """Show ``words`` until more comes."""
        ...

    def draw(self) -> None:
        """Show what was taken in since the last time."""
        ...


class _PlainAnswer:
    def add(self, text: str) -> None:
        sys.stdout.write(harmless(text))
        sys.stdout.flush()

    def note(self, words: str) -> None:
        """A pipe is told nothing that passes."""

    def draw(self) -> None:
        """All is written as it comes."""


@contextmanager
def answer() -> Iterator[Answer]:
    """Give what an answer is written to; afterwards the cursor is on a line of its own."""
    if not screen.console().is_terminal:
        yield _PlainAnswer()
        sys.stdout.write("\n")
        return
    with _quiet_keyboard(), MarkdownStream(screen.console()) as stream:
        yield stream


@contextmanager
def _quiet_keyboard() -> Iterator[None]:
    """Keep keys that are pressed meanwhile from showing between the lines; they are read at the next prompt."""
    if not sys.stdin.isatty():
        yield
        return
    import termios

    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    quiet = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    termios.tcsetattr(keyboard, termios.TCSANOW, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSANOW, before)


def say(words: str) -> None:
    """Tell something that is no part of the conversation: on a terminal dimmed, in a pipe on standard error."""
    if screen.console().is_terminal:
        show(Text(one_line(words, 1000), "dim"))
    else:
        sys.stderr.write(f"{one_line(words, 1000)}\n")


def complain(problem: str) -> None:
    """Tell what went wrong, in one line."""
    if screen.console().is_terminal:
        show(Text(one_line(problem, 1000), "red"))
    else:
        sys.stderr.write(f"convo: {one_line(problem, 1000)}\n")


def print_json(entry: Entry) -> None:
    """Print a stored message as a line of JSON."""
    screen.show_json(entry, indent=None)


def show(*pictures: RenderableType) -> None:
    """Print pictures one below the other."""
    screen.show(*pictures)
