"""What goes to a completion backend and what comes back: request, completion, deltas, usage. Frozen values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import Any, Self

from convo.chunks import ContentChunk
from convo.frozen import dataclass
from convo.messages import AssistantMessage, Message
from convo.options import CompletionOptions


@dataclass(frozen=True)
class CompletionRequest:
    """The neutral request: what every backend is given, before its dialect spells it.

    ``conversation_id`` is for ``prompt_cache_key`` and logs; it is no part of the hash.
    """

    messages: tuple[Message, ...]
    options: CompletionOptions = field(default_factory=CompletionOptions)
    conversation_id: str | None = None

    @property
    def prefix(self) -> str:
        """The text the answer is made to begin with, ``""`` for none."""
        last = self.messages[-1] if self.messages else None
        return last.text if isinstance(last, AssistantMessage) and last.prefix else ""

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of the canonical JSON of messages and options; replay and recorded answers stand on it."""
        messages = b",".join(message.canonical() for message in self.messages)
        body = b'{"messages":[' + messages + b'],"options":' + self.options.canonical() + b"}"
        return hashlib.sha256(body).hexdigest()


@dataclass(frozen=True)
class Usage:
    """Tokens as the backend reported them. ``prompt_tokens`` includes ``cached_tokens``.

    ``details`` keeps every other reported field as it came.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the usage in a response's ``usage`` object; what is missing counts 0."""
        numbers = {name: _count(data.get(name)) for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
        cached = _count(data.get("cached_tokens")) or _inner_count(data, "prompt_tokens_details", "cached_tokens")
        reasoning = _count(data.get("reasoning_tokens"))
        reasoning = reasoning or _inner_count(data, "completion_tokens_details", "reasoning_tokens")
        rest = {name: value for name, value in data.items() if name not in _COUNTS and value is not None}
        return cls(**numbers, cached_tokens=cached, reasoning_tokens=reasoning, details=rest)

    def to_json(self) -> dict[str, Any]:
        """Return the dict that ``from_json`` reads."""
        return {name: getattr(self, name) for name in _COUNTS if getattr(self, name)} | dict(self.details)

    def __add__(self, other: Usage) -> Usage:
        """Return the sum of the counts; details are dropped, since they do not add up."""
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in _COUNTS})


_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "reasoning_tokens")


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _inner_count(data: Mapping[str, Any], group: str, name: str) -> int:
    inner = data.get(group)
    return _count(inner.get(name)) if isinstance(inner, Mapping) else 0


@dataclass(frozen=True)
class Choice:
    """One answer of a completion."""

    message: AssistantMessage
    finish_reason: str | None = None
    index: int = 0

    @property
    def text(self) -> str:
        """The text of the answer."""
        return self.message.text


@dataclass(frozen=True)
class Completion:
    """A backend's whole answer: at least one choice.

    ``backend`` names who answered (a fallback sets it), ``wire_hash`` is the SHA-256 of the request body as sent.
    """

    choices: tuple[Choice, ...]
    usage: Usage | None = None
    model: str | None = None
    id: str | None = None
    backend: str | None = None
    wire_hash: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> AssistantMessage:
        """The first choice's message."""
        return self.choices[0].message

    @property
    def text(self) -> str:
        """The first choice's text."""
        return self.message.text

    @property
    def finish_reason(self) -> str | None:
        """Why the first choice ended, in the backend's word."""
        return self.choices[0].finish_reason


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of a tool call. ``position`` is its place among the calls of its choice; ``arguments`` is appended."""

    position: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(frozen=True)  # no slots: text_delta leaves what is not given to the class's defaults
class Delta:
    """What one event of a stream adds to the answer with this ``index``; one kind of content at a time.

    ``chunk`` is content that is neither text nor thinking text, e.g. a reference, whole. ``extra`` are fields of
    the message that convo has no name for. The last deltas carry ``finish_reason`` and ``usage``.
    """

    text: str = ""
    thinking: str = ""
    signature: str | None = None
    chunk: ContentChunk | None = None
    tool_calls: tuple[ToolCallDelta, ...] = ()
    index: int = 0
    finish_reason: str | None = None
    usage: Usage | None = None
    model: str | None = None
    id: str | None = None
    backend: str | None = None
    wire_hash: str | None = None
    extra: Mapping[str, Any] | None = None

    @property
    def says_something(self) -> bool:
        """Whether it adds to the answer itself, not only to what is known about it."""
        return bool(self.text or self.thinking or self.chunk or self.tool_calls)


def text_delta(text: str, index: int = 0) -> Delta:
    """Return ``Delta(text=text, index=index)``, made in a tenth of the time: nearly every delta of a stream is such."""
    delta = object.__new__(Delta)
    fields = delta.__dict__
    fields["text"], fields["index"] = text, index
    return delta
