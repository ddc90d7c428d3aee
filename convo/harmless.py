"""Stored text made fit for a terminal: it may say anything, and does nothing.

Laws of this file:
- No control character but the newline comes out: what would move a cursor, set a title, reorder or hide text is
  shown as its escape (``\\x1b``, ``\\u202e``), so that the reader sees that it is there.
- Markup is no concern here: what comes out is put into ``rich.text.Text``, which reads none.
"""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "["
    "\x00-\x09\x0b-\x1f\x7f-\x9f"  # C0 without the newline, DEL, C1
    "\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, or reordering
    "\ud800-\udfff\U000e0000-\U000e007f"  # lone surrogates, tags
    "]"
)
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PILED_MARKS = re.compile(f"([{_MARKS}]{{4}})[{_MARKS}]+")
_TAB = "    "


def harmless(text: str) -> str:
    """Return ``text`` with tabs as spaces, line ends as newlines, and everything unsafe as a visible escape. O(n)."""
    text = text.replace("\r\n", "\n").replace("\t", _TAB)
    return _PILED_MARKS.sub(r"\1", _UNSAFE.sub(_escape, text))


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def one_line(text: str, limit: int = 200) -> str:
    """Return the beginning of ``text`` as one harmless line of at most ``limit`` characters, ``…`` where cut."""
    line = " ".join(harmless(text[: 2 * limit]).split())
    cut = len(line) > limit or len(text) > 2 * limit
    return f"{line[: limit - 1]}…" if cut else line


def beginning(text: str, limit: int) -> str:
    """Return ``text`` made harmless; past ``limit`` characters it says how many more there are."""
    more = len(text) - limit
    return harmless(text) if more <= 0 else f"{harmless(text[:limit])}… ({more:,} more characters)"


def brief(value: object, limit: int = 80) -> str:
    """Return what an error calls ``value``, given where it cannot be: its beginning, or its type where that fails."""
    try:
        return repr(value)[:limit]
    except Exception:  # it may be anything: an object of the user's, a number longer than Python writes
        return f"<{type(value).__name__}>"
