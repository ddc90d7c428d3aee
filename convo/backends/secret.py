"""A text that must not be seen: keys and the headers made of them."""

from __future__ import annotations


class Secret:
    """A secret text. Its ``repr`` and ``str`` are stars, so that no log, error or traceback can show it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return bool(self._text)
