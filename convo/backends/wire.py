"""Bytes to JSON: server-sent events and whole bodies, bounded. Pure.

Laws of this file:
- The same bytes give the same events, however they are cut.
- Nothing is held beyond ``MAX_EVENT`` bytes for one event, ``MAX_BODY`` for one body.
- Data nested deeper than ``MAX_DEPTH`` is refused before anything recurses into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from json import JSONDecoder
from typing import Any, NoReturn

from pydantic_core import from_json

from convo.errors import MalformedResponse
from convo.values import MAX_DEPTH

MAX_EVENT = 8 * 2**20
"""Bytes that one event of a stream may have."""

MAX_BODY = 32 * 2**20
"""Bytes that one whole answer may have."""

DONE = "[DONE]"
_BOM = b"\xef\xbb\xbf"
_ONE_EVENT = re.compile(rb"data: [^\r\n]*\n\n")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = JSONDecoder(parse_constant=_refuse_constant)


def load_json(text: str | bytes) -> Any:
    """Return the JSON value that ``text`` holds; raises MalformedResponse. O(n)."""
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError:
        value = _load_odd(text)
    if len(text) > MAX_DEPTH and _brackets(text) > MAX_DEPTH and _deeper(value, MAX_DEPTH):
        raise MalformedResponse(f"the backend sent JSON nested deeper than {MAX_DEPTH} levels")
    return value


def _load_odd(text: str | bytes) -> Any:
    """Return what ``text`` holds where it may still be JSON: with half characters, a byte order mark, much nesting."""
    try:
        text = (text if isinstance(text, str) else text.decode("utf-8-sig")).strip(" \t\r\n")
        value, end = _DECODER.raw_decode(text)
        if end < len(text):
            raise ValueError
    except (ValueError, RecursionError):
        raise MalformedResponse("the backend sent what is not JSON") from None
    return value


def _brackets(text: str | bytes) -> int:
    return text.count("[") + text.count("{") if isinstance(text, str) else text.count(b"[") + text.count(b"{")


def _deeper(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [inner for outer in level if isinstance(outer, list | dict) for inner in _inside(outer)]
        if not level:
            return False
    return any(isinstance(item, list | dict) for item in level)


def _inside(value: list[Any] | dict[str, Any]) -> Iterator[Any]:
    return iter(value.values() if isinstance(value, dict) else value)


class EventDecoder:
    """Server-sent events out of bytes. ``feed`` takes what came and returns the data of every event it completes.

    Lines end with LF, CR LF or CR; a byte order mark in front, comments and other fields are skipped; several data
    lines are joined with LF. A line that begins with ``{`` counts as data: some proxies send an error so. ``events``
    counts the events given.
    """

    def __init__(self) -> None:
        self.events = 0
        self._parts: list[bytes] = []  # of the line that is not complete yet
        self._data: list[bytes] = []  # of the event that is not complete yet
        self._size = 0
        self._skip_newline = False
        self._at_start = True
        self._pending = True  # whether the next chunk depends on what came before it

    def feed(self, chunk: bytes) -> list[str]:
        """Return the data of the events that ``chunk`` completes.

        Raises MalformedResponse for an event of more than ``MAX_EVENT`` bytes or that is not UTF-8.
        """
        if not self._pending and _ONE_EVENT.fullmatch(chunk):  # nearly every chunk of a stream
            self.events += 1
            return [_text(chunk[6:-2])]
        if self._skip_newline and chunk:
            chunk = chunk[1:] if chunk[:1] == b"\n" else chunk
            self._skip_newline = False
        if b"\r" in chunk:
            self._skip_newline = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        events: list[str] = []
        if b"\n" in chunk:
            *lines, chunk = (b"".join(self._parts) + chunk if self._parts else chunk).split(b"\n")
            self._parts = []
            self._size = 0
            events = self._events(lines)
        self._parts.append(chunk)
        self._grow(len(chunk))
        self._pending = bool(self._size or self._skip_newline or self._at_start)
        return events

    def end(self) -> list[str]:
        """Return the data of an event that the end of the bytes completes."""
        return self._events([*b"".join(self._parts).split(b"\n"), b""])

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > MAX_EVENT:
            raise MalformedResponse(f"the backend sent an event of more than {MAX_EVENT} bytes")

    def _events(self, lines: list[bytes]) -> list[str]:
        events = []
        for line in lines:
            if self._at_start:
                self._at_start, line = False, line.removeprefix(_BOM)
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif line.startswith(b"{"):
                self._data.append(line)
            elif not line and self._data:
                events.append(self._event())
        self._size = sum(map(len, self._data))
        return events

    def _event(self) -> str:
        data = b"\n".join(self._data) if len(self._data) > 1 else self._data[0]
        self._data = []
        self.events += 1
        return _text(data)


def _text(data: bytes) -> str:
    if len(data) > MAX_EVENT:
        raise MalformedResponse(f"the backend sent an event of more than {MAX_EVENT} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise MalformedResponse("the backend sent an event that is not UTF-8") from None
