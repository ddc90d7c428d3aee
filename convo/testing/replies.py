"""What the chat server answers, in Mistral's and in OpenAI's shapes, whole and streamed. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, Literal

from convo.frozen import dataclass

Style = Literal["mistral", "openai"]
_WORD = re.compile(r"\s*\S+|\s+\Z")


@dataclass(frozen=True, kw_only=True)
class ServerReply:
    """One answer of the chat server.

    ``content``: chunks that replace ``text`` (references, thinking ...). ``tool_calls``: ``(id, name, arguments)``;
    ``fragments`` streams their arguments in pieces of 5 characters, else each call comes whole in one event.
    ``usage``: where a stream reports it: in the last event, in an extra one, or nowhere. ``extra``: more fields of
    the message. ``echo``: whether a prefix is repeated: no, yes, or with its trailing white space one event late.
    """

    text: str = "Bonjour, mon ami."
    content: tuple[Mapping[str, Any], ...] = ()
    tool_calls: tuple[tuple[str, str, str], ...] = ()
    fragments: bool = False
    reasoning: str = ""
    finish_reason: str | None = None
    usage: Literal["last", "extra", "none"] = "last"
    extra: Mapping[str, Any] = field(default_factory=dict)
    echo: Literal["no", "yes", "late"] = "no"

    def whole(self, style: Style, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the reply to ``body`` as one JSON object."""
        message = {"role": "assistant", "tool_calls": None, "content": self._content(body), **self.extra}
        if self.reasoning:
            message["reasoning_content"] = self.reasoning
        if self.tool_calls:
            message["tool_calls"] = [_call(style, number, *call) for number, call in enumerate(self.tool_calls)]
        choices = [
            {"index": index, "message": message, "finish_reason": self._reason()} for index in range(body.get("n") or 1)
        ]
        return {**_head(style, body, "chat.completion"), "choices": choices, "usage": self._usage(body)}

    def events(self, style: Style, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the reply to ``body`` as the JSON objects of a stream, without the end marker."""
        head = _head(style, body, "chat.completion.chunk")
        for index in range(body.get("n") or 1):
            for number, delta in enumerate(self._deltas(style, body)):
                choice = {"index": index, "delta": delta, "finish_reason": None}
                padding = {"p": "abcdefghijkl"[: 1 + number % 12]} if style == "mistral" and number else {}
                yield {**head, "choices": [choice], **padding}
            last: dict[str, Any] = {"index": index, "delta": self._last_delta(style), "finish_reason": self._reason()}
            usage = {"usage": self._usage(body)} if self.usage == "last" else {}
            yield {**head, "choices": [last], **usage}
        if self.usage == "extra":
            yield {**head, "choices": [], "usage": self._usage(body)}

    def _content(self, body: Mapping[str, Any]) -> Any:
        return list(self.content) or self._echoed(body) + self.text

    def _echoed(self, body: Mapping[str, Any]) -> str:
        return prefix_of(body) if self.echo != "no" else ""

    def _deltas(self, style: Style, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        yield {"role": "assistant", "content": "" if style == "mistral" else None}
        for word in _WORD.findall(self.reasoning):
            yield {"reasoning_content": word}
        for chunk in self.content:
            yield {"content": [chunk]}
        echoed = self._echoed(body)
        spoken = echoed.rstrip() if self.echo == "late" else echoed
        if spoken:
            yield {"content": spoken}
        for word in () if self.content else _words(echoed[len(spoken) :], self.text):
            yield {"content": word}
        for number, call in enumerate(self.tool_calls):
            yield from ({"content": None, "tool_calls": [part]} for part in self._parts(style, number, *call))
        if self.extra:
            yield dict(self.extra)

    def _parts(self, style: Style, number: int, call_id: str, name: str, arguments: str) -> Iterator[dict[str, Any]]:
        if not self.fragments:
            call = _call(style, number, call_id, name, arguments)
            yield call if style == "openai" else {"id": call["id"], "function": call["function"]}
            return
        yield {"index": number, "id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}
        for start in range(0, len(arguments), 5):
            yield {"index": number, "function": {"arguments": arguments[start : start + 5]}}

    def _last_delta(self, style: Style) -> dict[str, Any]:
        return {"content": ""} if style == "mistral" else {}

    def _reason(self) -> str:
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")

    def _usage(self, body: Mapping[str, Any]) -> dict[str, int]:
        prompt = sum(len(str(message.get("content") or "").split()) for message in body.get("messages", []))
        answer = len(self.text.split())
        return {"prompt_tokens": prompt, "total_tokens": prompt + answer, "completion_tokens": answer}


def prefix_of(body: Mapping[str, Any]) -> str:
    """Return the text of a last assistant message, which is what the answer is to begin with."""
    last = (body.get("messages") or [{}])[-1]
    content = last.get("content") if last.get("role") == "assistant" else ""
    return content if isinstance(content, str) else "".join(chunk.get("text", "") for chunk in content or ())


def _words(late: str, text: str) -> list[str]:
    words = _WORD.findall(text)
    return [late + words[0], *words[1:]] if words else [late] * bool(late)


def _call(style: Style, number: int, call_id: str, name: str, arguments: str) -> dict[str, Any]:
    call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
    return call | {"index": number} if style == "openai" or number else call


def _head(style: Style, body: Mapping[str, Any], kind: str) -> dict[str, Any]:
    made = "0123456789abcdef" * 2 if style == "mistral" else "chatcmpl-0123456789"
    return {"id": made, "object": kind, "created": 1_757_759_494, "model": body.get("model", "local")}


def event_bytes(event: Mapping[str, Any]) -> bytes:
    """Return a JSON object as one server-sent event."""
    return b"data: " + json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
