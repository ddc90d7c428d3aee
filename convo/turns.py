"""The pure part of a turn: gathering a stream into an answer.

Laws of this file:
- An answer is what its deltas say, whatever the order and size in which they come.
- The text of the gathered answer is the concatenation of the deltas' texts, nothing more.
- Calls are told apart by position; fragments of arguments are appended in the order they come.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from convo.completions import Choice, Completion, Delta, ToolCallDelta, Usage
from convo.errors import InvalidMessage, MalformedResponse
from convo.messages import AssistantMessage


@dataclass(slots=True)
class _PendingCall:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)

    def add(self, delta: ToolCallDelta) -> None:
        self.id = self.id or (delta.id or "")
        self.name = self.name or (delta.name or "")
        self.arguments.append(delta.arguments)

    def to_json(self, position: int) -> dict[str, Any]:
        function = {"name": self.name, "arguments": "".join(self.arguments)}
        call: dict[str, Any] = {"id": self.id or "null", "type": "function", "function": function}
        return {**call, "index": position} if position else call


@dataclass(slots=True)
class _PendingChoice:
    parts: list[dict[str, Any]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    kind: str = ""
    signature: str | None = None
    calls: dict[int, _PendingCall] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    finish_reason: str | None = None

    def add(self, delta: Delta) -> None:
        if delta.text:
            self._append("text", delta.text)
        if delta.thinking or delta.signature:
            self._append("thinking", delta.thinking)
            self.signature = delta.signature or self.signature
        if delta.chunk is not None:
            self._close()
            self.parts.append(delta.chunk.to_json())
        for call in delta.tool_calls:
            self.calls.setdefault(call.position, _PendingCall()).add(call)
        if delta.extra:
            self.extra.update(delta.extra)
        self.finish_reason = delta.finish_reason or self.finish_reason

    def _append(self, kind: str, text: str) -> None:
        if kind != self.kind:
            self._close()
            self.kind = kind
        self.texts.append(text)

    def _close(self) -> None:
        text, kind = "".join(self.texts), self.kind
        if kind == "text" and text:
            self.parts.append({"type": "text", "text": text})
        elif kind == "thinking" and (text or self.signature):
            chunk: dict[str, Any] = {"type": "thinking", "thinking": [{"type": "text", "text": text}]}
            self.parts.append(chunk if self.signature is None else {**chunk, "signature": self.signature})
        self.texts, self.kind, self.signature = [], "", None

    def message(self) -> AssistantMessage:
        self._close()
        plain = all(part["type"] == "text" for part in self.parts)
        content = "".join(part["text"] for part in self.parts) if plain else self.parts
        data: dict[str, Any] = {"role": "assistant", "content": content}
        if self.calls:
            data["tool_calls"] = [call.to_json(position) for position, call in sorted(self.calls.items())]
        try:
            return AssistantMessage.from_json({**self.extra, **data})
        except InvalidMessage as problem:
            raise MalformedResponse(f"the backend's answer is no message: {problem}") from None


class Accumulator:
    """Gathers the deltas of one stream. ``add`` is O(1); ``completion`` is O(what was gathered)."""

    def __init__(self) -> None:
        self._choices: dict[int, _PendingChoice] = {}
        self._usage: Usage | None = None
        self._facts: dict[str, Any] = {}

    def add(self, delta: Delta) -> None:
        """Take in one delta."""
        choice = self._choices.get(delta.index)
        if choice is None:
            choice = self._choices[delta.index] = _PendingChoice()
        choice.add(delta)
        self._usage = delta.usage or self._usage
        if delta.model or delta.id or delta.backend or delta.wire_hash:
            found = {name: getattr(delta, name) for name in ("model", "id", "backend", "wire_hash")}
            self._facts |= {name: value for name, value in found.items() if value is not None}

    @property
    def empty(self) -> bool:
        """Whether nothing of an answer has come: no text, thinking, chunk or call."""
        return not any(choice.parts or choice.texts or choice.calls for choice in self._choices.values())

    @property
    def finished(self) -> bool:
        """Whether every choice seen has its finish reason."""
        return bool(self._choices) and all(choice.finish_reason for choice in self._choices.values())

    def completion(self) -> Completion:
        """Return the answer as gathered so far; at least one choice, empty where nothing came.

        Raises MalformedResponse where what came is no message.
        """
        pending = self._choices or {0: _PendingChoice()}
        choices = tuple(
            Choice(message=choice.message(), finish_reason=choice.finish_reason, index=index)
            for index, choice in sorted(pending.items())
        )
        return Completion(choices=choices, usage=self._usage, **self._facts)
