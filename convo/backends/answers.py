"""Pure: what a backend may return, made a ``Completion`` or ``Delta``; a completion taken apart into deltas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import NoneType
from typing import Any

from convo.chunks import Chunk, ReferenceChunk, TextChunk, ThinkingChunk
from convo.chunks import ContentChunk as AnyChunk
from convo.completions import Choice, Completion, Delta, ToolCallDelta, Usage, text_delta
from convo.errors import MalformedResponse
from convo.messages import AssistantMessage, assistant
from convo.values import clean_json

_TEXT_OR_NONE = (str, NoneType)
_ABOUT = dict.fromkeys(("model", "id", "backend", "wire_hash"), _TEXT_OR_NONE)
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "reasoning_tokens")
_KINDS: dict[type, dict[str, Any]] = {
    Completion: {**_ABOUT, "choices": (tuple, list), "usage": (Usage, NoneType), "details": Mapping},
    Choice: {"message": AssistantMessage, "finish_reason": _TEXT_OR_NONE, "index": int},
    Usage: {**dict.fromkeys(_COUNTS, int), "details": Mapping},
    Delta: {
        **_ABOUT,
        **dict.fromkeys(("text", "thinking"), str),
        "signature": _TEXT_OR_NONE,
        "chunk": (Chunk, NoneType),
        "tool_calls": (tuple, list),
        "index": int,
        "finish_reason": _TEXT_OR_NONE,
        "usage": (Usage, NoneType),
        "extra": (Mapping, NoneType),
    },
    ToolCallDelta: {"position": int, "id": _TEXT_OR_NONE, "name": _TEXT_OR_NONE, "arguments": str},
}
_ITEMS = {"choices": Choice, "tool_calls": ToolCallDelta}


def _misfit(value: Any, kind: type) -> str:
    """Return the name of the first field of ``value``, a ``kind``, that holds what it cannot; "" for none."""
    for name, kinds in _KINDS[kind].items():
        held = getattr(value, name)
        if not isinstance(held, kinds):
            return name
        inner = _misfit(held, Usage) if isinstance(held, Usage) else ""
        for item in held if name in _ITEMS else ():
            inner = inner or (_misfit(item, _ITEMS[name]) if isinstance(item, _ITEMS[name]) else type(item).__name__)
        if inner:
            return f"{name}.{inner}"
    return ""


def _checked(value: Any, kind: type, backend: str) -> Any:
    if field := _misfit(value, kind):
        raise MalformedResponse(
            f"{backend} gave a {kind.__name__} whose {field} is of a type that it cannot be", backend=backend
        )
    return value


def as_completion(answer: Any, backend: str) -> Completion:
    """Return the completion that ``answer`` stands for; raises MalformedResponse for what is no answer."""
    if isinstance(answer, str):
        answer = assistant(answer)
    if isinstance(answer, AssistantMessage):
        choice = Choice(message=answer, finish_reason="tool_calls" if answer.calls else "stop")
        return Completion(choices=(choice,), backend=backend)
    if not isinstance(answer, Completion) or not answer.choices:
        raise MalformedResponse(
            f"{backend} returned {type(answer).__name__}; an answer is a text, an AssistantMessage or a Completion "
            "with at least one choice",
            backend=backend,
        )
    answer = _checked(answer, Completion, backend)
    return answer if answer.backend else replace(answer, backend=backend)  # type: ignore[no-any-return]


def as_delta(piece: Any, backend: str) -> Delta:
    """Return the delta that ``piece`` of a stream stands for; raises MalformedResponse for what is none."""
    if isinstance(piece, Delta):
        if piece.extra:
            _check_json(piece.extra, backend)
        return _checked(piece, Delta, backend)  # type: ignore[no-any-return]
    if isinstance(piece, str):
        return text_delta(piece)
    raise MalformedResponse(
        f"{backend} yielded {type(piece).__name__}; the pieces of a stream are texts or Deltas", backend=backend
    )


def _check_json(extra: Any, backend: str) -> None:
    """Raise MalformedResponse for what cannot be kept while it streams."""
    try:
        clean_json(extra)
    except ValueError as problem:
        raise MalformedResponse(f"{backend} gave a Delta whose extra is no JSON: {problem}", backend=backend) from None


def deltas_of(completion: Completion) -> Iterator[Delta]:
    """Yield deltas that add up to ``completion``, its choices numbered by their place; a stream has no details."""
    yield Delta(model=completion.model, id=completion.id, backend=completion.backend, wire_hash=completion.wire_hash)
    for place, choice in enumerate(completion.choices):
        yield from _choice_deltas(replace(choice, index=place))
    if completion.usage:
        yield Delta(usage=completion.usage)


def _choice_deltas(choice: Choice) -> Iterator[Delta]:
    message = choice.message
    for chunk in message.chunks:
        yield replace(chunk_delta(chunk), index=choice.index)
    if message.calls:
        yield Delta(tool_calls=_call_deltas(message), index=choice.index)
    extra = {name: value for name, value in (message.model_extra or {}).items() if value is not None}
    yield Delta(index=choice.index, finish_reason=choice.finish_reason, extra=extra or None)


def _call_deltas(message: AssistantMessage) -> tuple[ToolCallDelta, ...]:
    return tuple(
        ToolCallDelta(position=position, id=call.id, name=call.name, arguments=call.arguments)
        for position, call in enumerate(message.calls)
    )


def chunk_delta(chunk: AnyChunk) -> Delta:
    """Return the delta that adds ``chunk``: text and thinking text as such, anything else whole."""
    if isinstance(chunk, TextChunk):
        return Delta(text=chunk.text)
    if isinstance(chunk, ThinkingChunk) and all(isinstance(part, TextChunk) for part in chunk.thinking):
        return Delta(thinking=chunk.text, signature=chunk.signature)
    return Delta(chunk=chunk)


def citations(message: AssistantMessage) -> tuple[int | str, ...]:
    """Return the ids that ``message`` refers to, in the order of their first appearance, each once."""
    ids: dict[int | str, None] = {}
    for chunk in message.chunks:
        if isinstance(chunk, ReferenceChunk):
            ids.update(dict.fromkeys(chunk.reference_ids))
    return tuple(ids)
