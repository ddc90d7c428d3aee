"""Pure: what a backend may return, made a ``Completion`` or ``Delta``; a completion taken apart into deltas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from convo.completions import Choice, Completion, Delta, ToolCallDelta
from convo.errors import MalformedResponse
from convo.messages import AssistantMessage, ReferenceChunk, TextChunk, ThinkingChunk, assistant
from convo.messages import ContentChunk as AnyChunk


def as_completion(answer: Any, backend: str) -> Completion:
    """Return the completion that ``answer`` stands for; raises MalformedResponse for what is no answer."""
    if isinstance(answer, str):
        answer = assistant(answer)
    if isinstance(answer, AssistantMessage):
        answer = Completion(choices=(Choice(message=answer, finish_reason="tool_calls" if answer.calls else "stop"),))
    if not isinstance(answer, Completion) or not answer.choices:
        raise MalformedResponse(
            f"{backend} returned {type(answer).__name__}; an answer is a text, an AssistantMessage or a Completion "
            "with at least one choice",
            backend=backend,
        )
    return answer if answer.backend else replace(answer, backend=backend)


def as_delta(piece: Any, backend: str) -> Delta:
    """Return the delta that ``piece`` of a stream stands for; raises MalformedResponse for what is none."""
    if isinstance(piece, Delta):
        return piece
    if isinstance(piece, str):
        return Delta(text=piece)
    raise MalformedResponse(
        f"{backend} yielded {type(piece).__name__}; the pieces of a stream are texts or Deltas", backend=backend
    )


def deltas_of(completion: Completion) -> Iterator[Delta]:
    """Yield deltas that add up to ``completion``; details are left out, for a stream has none."""
    yield Delta(model=completion.model, id=completion.id, backend=completion.backend, wire_hash=completion.wire_hash)
    for choice in completion.choices:
        yield from _choice_deltas(choice)
    if completion.usage:
        yield Delta(usage=completion.usage, index=completion.choices[0].index)


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
