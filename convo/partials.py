"""What has streamed so far, as it is kept: packed deltas, and what can be made of them when the stream broke off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from convo.completions import Delta, ToolCallDelta
from convo.frozen import dataclass
from convo.messages import AssistantMessage, assistant, message_from
from convo.turns import Accumulator

Packed = list[dict[str, Any]]


def pack(deltas: Iterable[Delta]) -> Packed:
    """Return ``deltas`` as JSON, neighbouring pieces of the same kind joined; usage and ids are left out."""
    packed: Packed = []
    for delta in deltas:
        for piece in _pieces(delta):
            if packed and _joins(packed[-1], piece):
                packed[-1]["text"] += piece["text"]
            else:
                packed.append(piece)
    return packed


def _pieces(delta: Delta) -> Iterator[dict[str, Any]]:
    place = {"choice": delta.index} if delta.index else {}
    if delta.text:
        yield {"kind": "text", "text": delta.text, **place}
    if delta.thinking:
        yield {"kind": "thinking", "text": delta.thinking, **place}
    if delta.signature:
        yield {"kind": "signature", "signature": delta.signature, **place}
    if delta.chunk is not None:
        yield {"kind": "chunk", "chunk": delta.chunk.to_json(), **place}
    for call in delta.tool_calls:
        yield {"kind": "call", "call": [call.position, call.id, call.name, call.arguments], **place}
    if delta.extra:
        yield {"kind": "extra", "extra": dict(delta.extra), **place}


def _joins(last: Mapping[str, Any], piece: Mapping[str, Any]) -> bool:
    same = last["kind"] == piece["kind"] and last.get("choice") == piece.get("choice")
    return same and piece["kind"] in ("text", "thinking")


def unpack(packed: Iterable[Mapping[str, Any]]) -> Iterator[Delta]:
    """Yield the deltas that ``pack`` was given, as far as they add to the answer."""
    for piece in packed:
        index, kind = piece.get("choice", 0), piece["kind"]
        if kind == "text":
            yield Delta(text=piece["text"], index=index)
        elif kind == "thinking":
            yield Delta(thinking=piece["text"], index=index)
        elif kind == "signature":
            yield Delta(signature=piece["signature"], index=index)
        elif kind == "chunk":
            message = message_from({"role": "assistant", "content": [piece["chunk"]]})
            yield Delta(chunk=message.chunks[0], index=index)
        elif kind == "call":
            yield Delta(tool_calls=(ToolCallDelta(*piece["call"]),), index=index)
        elif kind == "extra":
            yield Delta(extra=piece["extra"], index=index)


@dataclass(frozen=True)
class Partial:
    """An answer that broke off, from the parts that were kept of it, in order."""

    pieces: Sequence[Mapping[str, Any]]

    @property
    def text(self) -> str:
        """The text of the first choice."""
        return "".join(piece["text"] for piece in self.pieces if piece["kind"] == "text" and not piece.get("choice"))

    @property
    def is_plain(self) -> bool:
        """Whether it is text of one choice and nothing else, so that it can be continued."""
        return bool(self.text) and all(piece["kind"] == "text" and not piece.get("choice") for piece in self.pieces)

    def message(self) -> AssistantMessage | None:
        """Return what can stand in a conversation: the text with its citations, or None for none.

        Fragments of tool calls are left out, since nobody can answer them; so is thinking without an answer.
        """
        gathered = Accumulator()
        for delta in unpack(piece for piece in self.pieces if not piece.get("choice") and piece["kind"] != "call"):
            gathered.add(delta)
        message = gathered.completion().message
        if not message.text:
            return None
        return message if message.content == message.text else assistant(message.chunks)


def stop_across(text: str, seam: int, stops: Iterable[str]) -> int | None:
    """Return where a stop sequence begins that lies across ``seam`` in ``text``, None where none does.

    The backend that continues an answer cannot see the half of the sequence that was there before. O(length of the
    stop sequences), whatever the text's.
    """
    found = []
    for stop in stops:
        at = text.find(stop, max(seam - len(stop) + 1, 0), seam + len(stop) - 1)
        if 0 <= at < seam:
            found.append(at)
    return min(found, default=None)
