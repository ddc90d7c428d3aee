"""Rules that change what messages hold. What is stored is never touched.

A rule with ``keep`` spares the newest ones; in a policy with a ``Window`` it then acts at the window's cuts only, so
that what was sent stays the same bytes in between, and leaves pinned messages alone. Without ``keep`` a rule looks at
each message by itself and acts at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from convo.chunks import ContentChunk, TextChunk
from convo.context.draft import Draft, Item
from convo.context.phases import BuiltInRule, Phase, check_count
from convo.context.tokens import estimate_text
from convo.errors import InvalidSetting
from convo.frozen import dataclass
from convo.messages import AssistantMessage, Message
from convo.values import clean_json, dump_json

CLEARED = "[old tool result cleared]"
NO_IMAGE = "[image left out]"


@dataclass(frozen=True)
class ClearToolResults(BuiltInRule):
    """All tool results but the newest ``keep`` are replaced by a short marker; their calls stay."""

    keep: int

    phase: ClassVar[Phase] = Phase.REWRITE

    def __post_init__(self) -> None:
        check_count("ClearToolResults", "keep", self.keep)

    def _apply(self, draft: Draft) -> Draft:
        results = [item for item in draft.items if item.role == "tool" and draft.may_rewrite(item)]
        old = {item.seq for item in results[: -self.keep]}
        return draft.each(lambda item: _cleared(item.message) if item.seq in old else item.message)


def _cleared(message: Message) -> Message:
    return message if message.content == CLEARED else message.replace(content=CLEARED)


@dataclass(frozen=True)
class TruncateToolResults(BuiltInRule):
    """No tool result is longer than about ``max_tokens``: the middle of a longer text gives way to a marker.

    Two thirds of what stays are the beginning, one third the end. Acts at once, on pinned messages too.
    """

    max_tokens: int

    phase: ClassVar[Phase] = Phase.REWRITE

    def __post_init__(self) -> None:
        check_count("TruncateToolResults", "max_tokens", self.max_tokens)

    def _apply(self, draft: Draft) -> Draft:
        return draft.each(lambda item: self._shortened(item.message) if item.role == "tool" else item.message)

    def _shortened(self, message: Message) -> Message:
        return _with_texts(message, lambda text: shorten(text, self.max_tokens))


def shorten(text: str, max_tokens: int) -> str:
    """Return ``text``, or its beginning and end around a marker where it is longer than ``max_tokens``. O(len).

    A text that is no longer than the marker stays.
    """
    tokens = estimate_text(text)
    if tokens <= max_tokens:
        return text
    marker = f"\n[… about {tokens - max_tokens} tokens left out …]\n"
    if tokens <= estimate_text(marker):
        return text
    keep = len(text) * max(max_tokens - estimate_text(marker), 0) // tokens
    while keep and estimate_text(_ends(text, keep, marker)) > max_tokens:
        keep = keep * 7 // 8
    return _ends(text, keep, marker)


def _ends(text: str, keep: int, marker: str) -> str:
    tail = keep // 3
    return text[: keep - tail] + marker + text[len(text) - tail :]


@dataclass(frozen=True)
class DropThinking(BuiltInRule):
    """Thinking is left out of all assistant messages but the newest ``keep`` that hold any.

    A model without reasoning refuses thinking: ``DropThinking()`` lets a conversation change to one.
    """

    keep: int = 0

    phase: ClassVar[Phase] = Phase.REWRITE

    def __post_init__(self) -> None:
        _check_keep("DropThinking", self.keep)

    def _apply(self, draft: Draft) -> Draft:
        old = _old(draft, "thinking", self.keep)
        return draft.each(lambda item: _without_thinking(item.message) if id(item) in old else item.message)


def _without_thinking(message: Message) -> Message:
    left = [chunk for chunk in message.chunks if chunk.type != "thinking"]
    texts = [chunk.text for chunk in left if isinstance(chunk, TextChunk)]
    return message.replace(content="".join(texts) if len(texts) == len(left) else left)


@dataclass(frozen=True)
class DropImages(BuiltInRule):
    """Images are replaced by a marker in all messages but the newest ``keep`` that hold any."""

    keep: int = 0

    phase: ClassVar[Phase] = Phase.REWRITE

    def __post_init__(self) -> None:
        _check_keep("DropImages", self.keep)

    def _apply(self, draft: Draft) -> Draft:
        old = _old(draft, "image_url", self.keep)
        return draft.each(lambda item: _without_images(item.message) if id(item) in old else item.message)


def _without_images(message: Message) -> Message:
    marker = TextChunk(text=NO_IMAGE)
    return message.replace(content=[marker if chunk.type == "image_url" else chunk for chunk in message.chunks])


def _check_keep(rule: str, keep: object) -> None:
    if keep != 0 or isinstance(keep, bool):
        check_count(rule, "keep", keep)


def _old(draft: Draft, kind: str, keep: int) -> set[int]:
    """Return the identities of the items that hold a chunk of ``kind`` and are not among the newest ``keep``."""
    holding = [item for item in draft.items if _holds(item, kind) and (not keep or draft.may_rewrite(item))]
    return {id(item) for item in (holding[:-keep] if keep else holding)}


def _holds(item: Item, kind: str) -> bool:
    content = item.message.content
    return not isinstance(content, str) and any(chunk.type == kind for chunk in content or ())


@dataclass(frozen=True)
class Redact(BuiltInRule):
    """No text that matches the regular expression ``pattern`` leaves: each match becomes ``replacement``.

    Looks at texts, thinking, the text of resources and the arguments of tool calls, inserted messages and the system
    prompt included; not at addresses, images, file names or chunk types of which convo does not know the text.
    """

    pattern: str
    replacement: str = "[redacted]"

    phase: ClassVar[Phase] = Phase.REDACT

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern).sub(self.replacement, "")
        except (re.error, TypeError, IndexError) as problem:
            raise InvalidSetting(
                f"Redact: pattern and replacement must be a regular expression and its template: {problem}",
                field="pattern",
            ) from None

    def _apply(self, draft: Draft) -> Draft:
        return draft.each(lambda item: self._message(item.message))

    def _message(self, message: Message) -> Message:
        message = _with_texts(message, self._text)
        if not isinstance(message, AssistantMessage) or not message.calls:
            return message
        arguments = [self._arguments(call.arguments) for call in message.calls]
        if all(text == call.arguments for text, call in zip(arguments, message.calls, strict=True)):
            return message
        calls = [
            {**call.to_json(), "function": {**call.function.to_json(), "arguments": text}}
            for text, call in zip(arguments, message.calls, strict=True)
        ]
        return message.replace(tool_calls=calls)

    def _text(self, text: str) -> str:
        return re.sub(self.pattern, self.replacement, text)

    def _arguments(self, text: str) -> str:
        """Texts inside JSON are looked at as what they stand for, then the JSON text itself (numbers, broken JSON)."""
        try:
            value = clean_json(json.loads(text))
        except (ValueError, RecursionError):
            return self._text(text)
        redacted = self._leaves(value)
        return self._text(text if redacted == value else dump_json(redacted))

    def _leaves(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {self._text(name): self._leaves(item) for name, item in value.items()}
        return [self._leaves(item) for item in value] if isinstance(value, list) else value


def _with_texts(message: Message, change: Callable[[str], str]) -> Message:
    """Return ``message`` with ``change`` applied to each of its texts; the same object where none differs."""
    content = message.content
    if content is None:
        return message
    changed = change(content) if isinstance(content, str) else [_with_text(chunk, change) for chunk in content]
    same = changed == content if isinstance(content, str) else _same_objects(changed, content)
    return message if same else message.replace(content=changed)


def _same_objects(left: Sequence[Any], right: Sequence[Any]) -> bool:
    return all(one is other for one, other in zip(left, right, strict=True))


def _with_text(chunk: Any, change: Callable[[str], str]) -> ContentChunk:
    if chunk.type == "text":
        changed = change(chunk.text)
        return chunk if changed == chunk.text else chunk.replace(text=changed)  # type: ignore[no-any-return]
    if chunk.type == "thinking":
        parts = [_with_text(part, change) for part in chunk.thinking]
        return chunk if _same_objects(parts, chunk.thinking) else chunk.replace(thinking=parts)  # type: ignore[no-any-return]
    if chunk.type == "resource":
        part = _with_text(chunk.content, change)
        return chunk if part is chunk.content else chunk.replace(content=part)  # type: ignore[no-any-return]
    return chunk  # type: ignore[no-any-return]
