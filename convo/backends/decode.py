"""What a server answers, read: whole replies and the events of a stream. Pure; unknown fields are kept or harmless."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convo.completions import Choice, Completion, Usage
from convo.errors import BackendUnavailable, InvalidMessage, MalformedResponse
from convo.messages import AssistantMessage
from convo.values import dump_json

REASONING = ("reasoning_content", "reasoning")
"""Fields of a message in which servers give the thinking text, where it is no chunk."""

KNOWN_FIELDS = frozenset(
    {"role", "content", "tool_calls", "function_call", "prefix", "index", "tool_call_id", "metadata", *REASONING}
)
_TOP = frozenset({"id", "object", "model", "usage", "choices", "p"})
_CHOICE = frozenset({"index", "message", "messages", "finish_reason"})


def decode(body: Any, wire_hash: str) -> Completion:
    """Return the completion in a whole reply (parsed JSON); raises MalformedResponse for what is none.

    Fields that convo has no name for are in ``details``; those of a choice (log probabilities) under ``choices``.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("choices"), list) or not body["choices"]:
        raise MalformedResponse("the backend's answer has no choices")
    choices = tuple(_choice(number, choice) for number, choice in enumerate(body["choices"]))
    return Completion(
        choices=choices,
        usage=usage_in(body),
        model=text_in(body, "model"),
        id=text_in(body, "id"),
        wire_hash=wire_hash,
        details=_details(body),
    )


def usage_in(body: Mapping[str, Any]) -> Usage | None:
    """Return the usage reported in ``body``, None where there is none."""
    usage = body.get("usage")
    return Usage.from_json(usage) if usage and isinstance(usage, Mapping) else None


def text_in(body: Mapping[str, Any], name: str) -> str | None:
    """Return the text called ``name``, None where it is missing, empty or no text."""
    value = body.get(name)
    return value if isinstance(value, str) and value else None


def _details(body: Mapping[str, Any]) -> dict[str, Any]:
    details = {name: value for name, value in body.items() if name not in _TOP and value is not None}
    extras = [
        {name: value for name, value in choice.items() if name not in _CHOICE and value is not None}
        for choice in body["choices"]
    ]
    return details | {"choices": extras} if any(extras) else details


def _choice(number: int, choice: Any) -> Choice:
    said = (choice.get("message") or (choice.get("messages") or [None])[-1]) if isinstance(choice, Mapping) else None
    if not isinstance(said, Mapping):
        raise MalformedResponse("a choice of the backend's answer has no message")
    finish_reason = text_in(choice, "finish_reason")
    if finish_reason == "error":
        raise BackendUnavailable("the backend ended its answer with an error")
    message = message_in(said)
    if finish_reason is None and not (message.content or message.calls or message.model_extra):
        raise MalformedResponse("the backend's answer is empty and has no finish reason")
    index = choice.get("index")
    return Choice(message=message, finish_reason=finish_reason, index=index if isinstance(index, int) else number)


def message_in(said: Mapping[str, Any]) -> AssistantMessage:
    """Return the assistant message in a choice; raises MalformedResponse."""
    extra = {name: value for name, value in said.items() if name not in KNOWN_FIELDS and value not in (None, [], {})}
    data = {"role": "assistant", "content": _content(said)}
    calls = calls_in(said)
    if calls:
        data["tool_calls"] = [_call(position, call) for position, call in enumerate(calls)]
    try:
        return AssistantMessage.from_json({**extra, **data})
    except InvalidMessage as problem:
        raise MalformedResponse(f"the backend's answer is no message: {problem}") from None


def _content(said: Mapping[str, Any]) -> Any:
    content = said.get("content")
    content = [content] if isinstance(content, Mapping) else content or ""
    thinking = next((said[name] for name in REASONING if isinstance(said.get(name), str) and said[name]), "")
    if not thinking:
        return content
    rest = [{"type": "text", "text": content}] if isinstance(content, str) and content else content or []
    return [{"type": "thinking", "thinking": [{"type": "text", "text": thinking}]}, *rest]


def calls_in(said: Mapping[str, Any]) -> list[Any]:
    """Return the tool calls of a message or delta as they came; an old ``function_call`` is one without id."""
    calls = said.get("tool_calls")
    if isinstance(calls, list):
        return calls
    old = said.get("function_call")
    return [{"function": old}] if isinstance(old, Mapping) else []


def _call(position: int, call: Any) -> dict[str, Any]:
    name, arguments = function_in(call)
    if not name:
        raise MalformedResponse("a tool call of the backend's answer names no function")
    found = {
        "id": text_in(call, "id") or "null",
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }
    return found | {"index": position} if position else found


def function_in(call: Any) -> tuple[str | None, str]:
    """Return the name and the arguments, as JSON text, of a tool call or of a fragment of one."""
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        raise MalformedResponse("a tool call of the backend's answer has no function")
    arguments = function.get("arguments")
    text = arguments if isinstance(arguments, str) else dump_json(arguments) if arguments is not None else ""
    return text_in(function, "name"), text
