"""HTTP/1.1 answers cut for reading: where the headers end, and the plain chunks of a body taken out of their wrapping.

httpcore and h11 take a body apart in steps that cost several times what reading it does. So a network stream gives
them the headers alone, and the chunks of a body that are whole and plain are unwrapped here. Whatever else comes (a
chunk of more than 65,535 bytes, an extension, the last chunk with its trailers, what is malformed or cut off) is left
to h11, which stays the judge, and which ends the exchange so that the connection can serve again. Pure.
"""

from __future__ import annotations

import re

_BLANK_LINE = re.compile(rb"\n\r?\n")
_SIZE_LINE = re.compile(rb"([0-9a-fA-F]{1,4})\r\n")
_PART_OF_SIZE_LINE = re.compile(rb"[0-9a-fA-F]{0,4}\r?")


def headers_of(data: bytes) -> bytes | None:
    """Return the headers that ``data`` begins with, up to their blank line; None where it holds no whole headers."""
    end = _BLANK_LINE.search(data) if data.startswith(b"HTTP/1.") else None
    return data[: end.end()] if end else None


def unwrapped(data: bytes) -> tuple[bytes, bytes, bool]:
    """Return what the plain chunks in front of ``data`` hold, the rest, and whether that may become a plain chunk."""
    parts: list[bytes] = []
    start, length = 0, len(data)
    while line := _SIZE_LINE.match(data, start):
        begin = line.end()
        end = begin + int(line[1], 16)
        if end == begin:
            return b"".join(parts), data[start:], False
        if end + 2 > length:
            return b"".join(parts), data[start:], b"\r\n".startswith(data[end:])
        if data[end : end + 2] != b"\r\n":
            return b"".join(parts), data[start:], False
        parts.append(data[begin:end])
        start = end + 2
    rest = data[start:]
    payload = parts[0] if len(parts) == 1 else b"".join(parts)
    return payload, rest, not rest or _PART_OF_SIZE_LINE.fullmatch(rest) is not None
