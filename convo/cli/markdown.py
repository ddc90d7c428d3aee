"""Markdown on a terminal while it comes.

Laws of this file:
- What a model writes is text: no HTML is read, no link is live, no control character passes, written plainly or as an
  entity.
- A block that is complete is printed for good; only the last one is drawn anew, and never more of it than fits.
"""

from __future__ import annotations

import re
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment
from rich.text import Text

from convo.harmless import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

DRAWN = 8_000
"""Characters of a coming block beyond which it is drawn as plain text, so that drawing stays quick."""


_AFTER_A_LINE = re.compile(r"(?<=\n)|(?<=\r)(?!\n)")


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])


def markdown(text: str) -> Markdown:
    """Return ``text`` as Markdown that rich can print and that does nothing to the terminal."""
    picture = Markdown("", code_theme="ansi_dark", hyperlinks=False)
    picture.parsed = _parser().parse(harmless(text))
    _disarm(picture.parsed)
    return picture


def _disarm(tokens: Iterable[Token]) -> None:
    """Make harmless what entities have become, in texts and in addresses; an image is told as it was written.

    Rich would show an image before the words that it stands among, and not where it lies.
    """
    for token in tokens:
        if token.type == "image":
            token.type, token.content, token.children = "text", f"![{token.content}]({token.attrs['src']})", None
        token.content = harmless(token.content)
        token.attrs = {
            name: harmless(value) if isinstance(value, str) else value for name, value in token.attrs.items()
        }
        _disarm(token.children or ())


def blocks(text: str) -> list[str]:
    """Return ``text`` cut into its blocks (paragraphs, lists, fences …); only the last may change by what comes."""
    tokens = _parser().parse(text)
    starts = [token.map[0] for token in tokens if token.level == 0 and token.map and token.nesting >= 0]
    lines = _AFTER_A_LINE.split(text)
    return ["".join(lines[start:end]) for start, end in zip([0, *starts[1:]], [*starts[1:], None], strict=True)]


class _Lines:
    """A picture without the empty lines around it; with ``height``, only its last lines, that many."""

    def __init__(self, picture: RenderableType, height: int | None = None) -> None:
        self._picture = picture
        self._height = height

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._picture, options, pad=False)
        full = [number for number, line in enumerate(lines) if any(segment.text.strip() for segment in line)]
        lines = lines[full[0] : full[-1] + 1] if full else []
        for line in lines if self._height is None else lines[-self._height :]:
            yield from line
            yield Segment.line()


class MarkdownStream:
    """Prints an answer as it comes; between ``with`` and its end the console is this object's.

    ``add`` and ``note`` take in, ``draw`` shows: whoever reads the stream calls it every now and then.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._coming = ""
        self._note = ""
        self._printed = False
        self._is_drawn = True

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.update("", refresh=True)
        self._live.stop()
        self._print(blocks(self._coming))

    def add(self, text: str) -> None:
        """Take in more of the answer."""
        self._coming += text
        self._note, self._is_drawn = "", False

    def note(self, words: str) -> None:
        """Show ``words`` until more comes."""
        self._is_drawn = self._is_drawn and self._note == words
        self._note = words

    def draw(self) -> None:
        """Show what was taken in since the last time."""
        if self._is_drawn:
            return
        *complete, self._coming = blocks(self._coming)
        self._print(complete)
        self._live.update(_Lines(self._picture(), max(self._console.height - 2, 1)), refresh=True)
        self._is_drawn = True

    def _picture(self) -> RenderableType:
        if self._note:
            return Text(self._note, "dim")
        return markdown(self._coming) if len(self._coming) < DRAWN else Text(harmless(self._coming[-DRAWN:]))

    def _print(self, complete: Iterable[str]) -> None:
        for block in filter(str.strip, complete):
            if self._printed:
                self._console.print()
            self._console.print(_Lines(markdown(block)), end="")
            self._printed = True
