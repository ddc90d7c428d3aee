"""The events of one stream folded into deltas. Pure.

Laws of this file:
- Nothing is given twice and nothing is made up: a choice that goes on after its finish reason is an error.
- Fragments of a tool call are told apart by index and id, in whatever way a server leaves them out.
- A character that is cut between two events is given whole, with the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from convo.backends.answers import chunk_delta
from convo.backends.decode import KNOWN_FIELDS, REASONING, calls_in, function_in, message_in, text_in, usage_in
from convo.completions import Delta, ToolCallDelta, text_delta
from convo.errors import MalformedResponse, StreamInterrupted
from convo.values import join_surrogates


@dataclass(slots=True)
class _ChoiceState:
    index: int
    finish_reason: str | None = None
    calls: list[tuple[Any, str | None]] = field(default_factory=list)
    half: str = ""
    refusal: str = ""

    def position(self, index: Any, call_id: str | None, name: str | None) -> int:
        """Return the place of the call that a fragment belongs to, a new one where it begins a call."""
        place = self._known(index, call_id, name)
        if place is None:
            self.calls.append((index, call_id))
            return len(self.calls) - 1
        if call_id:
            self.calls[place] = (index, call_id)
        return place

    def _known(self, index: Any, call_id: str | None, name: str | None) -> int | None:
        for place in reversed(range(len(self.calls))):
            known_index, known_id = self.calls[place]
            same_index = known_index == index and (index is not None or not name or call_id is not None)
            if same_index and (call_id is None or known_id is None or known_id == call_id):
                return place
        return None

    def whole(self, text: str) -> str:
        """Return ``text`` with the half character held back before, holding back one at its end."""
        if text.isascii() and not self.half:
            return text
        text, self.half = join_surrogates(self.half + text), ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self.half = text[:-1], text[-1]
        return text


class StreamFold:
    """Folds the events of one stream. The first delta carries ``model``, ``id`` and ``wire_hash``.

    ``said`` tells whether anything of an answer has come.
    """

    def __init__(self, wire_hash: str) -> None:
        self._wire_hash: str | None = wire_hash
        self._choices: dict[int, _ChoiceState] = {}
        self.said = False

    @property
    def finished(self) -> bool:
        """Whether every choice that has begun has its finish reason."""
        return bool(self._choices) and all(choice.finish_reason for choice in self._choices.values())

    @property
    def begun(self) -> bool:
        """Whether any choice has come."""
        return bool(self._choices)

    def fold(self, event: Any) -> list[Delta]:
        """Return what ``event`` (parsed JSON) adds.

        Raises MalformedResponse for what is no event of a chat stream, StreamInterrupted for a finish reason
        ``error``.
        """
        choices = event.get("choices") if isinstance(event, dict) else None
        if not isinstance(choices, list):
            raise MalformedResponse("the backend sent an event that is none of a chat stream")
        deltas: list[Delta] = []
        for choice in choices:
            deltas += self._choice(choice)
        usage = usage_in(event) if event.get("usage") else None
        if usage is not None:
            deltas.append(Delta(usage=usage, index=min(self._choices, default=0)))
        if self._wire_hash and deltas:
            model, event_id = text_in(event, "model"), text_in(event, "id")
            deltas[0] = replace(deltas[0], model=model, id=event_id, wire_hash=self._wire_hash)
            self._wire_hash = None
        return deltas

    def _choice(self, choice: Any) -> list[Delta]:
        index = choice.get("index", 0) if isinstance(choice, dict) else None
        said = (choice.get("delta") or choice.get("message") or {}) if isinstance(choice, dict) else None
        if not isinstance(index, int) or not isinstance(said, dict):
            raise MalformedResponse("the backend sent a choice that is none of a chat stream")
        state = self._choices.get(index) or self._begun(index)
        if len(said) == 1 and type(said.get("content")) is str:  # nearly every event of a stream
            text = state.whole(said["content"])
            new = [text_delta(text, index)] if text else []
        else:
            new = list(_parts(said, state))
        if new and (state.finish_reason or not self.said):
            self._check_place(new, state)
        reason = text_in(choice, "finish_reason")
        return new + _finished(reason, state) if reason else new

    def _begun(self, index: int) -> _ChoiceState:
        self._choices[index] = _ChoiceState(index)
        return self._choices[index]

    def _check_place(self, new: list[Delta], state: _ChoiceState) -> None:
        self.said = self.said or any(map(says_something, new))
        if state.finish_reason and any(map(says_something, new)):
            raise MalformedResponse("the backend's stream went on after its finish reason")


def says_something(delta: Delta) -> bool:
    """Return whether ``delta`` adds to an answer: text, thinking, a chunk or a tool call."""
    return bool(delta.text or delta.thinking or delta.tool_calls or delta.chunk is not None)


def _finished(reason: str, state: _ChoiceState) -> list[Delta]:
    if reason == "error":
        raise StreamInterrupted("the backend ended its stream with an error")
    if state.finish_reason is not None:
        return []
    state.finish_reason = reason
    return [Delta(text=state.half, finish_reason=reason, index=state.index)]


def _parts(said: Mapping[str, Any], state: _ChoiceState) -> Iterator[Delta]:
    thinking = next((said[name] for name in REASONING if isinstance(said.get(name), str) and said[name]), "")
    if thinking:
        yield Delta(thinking=thinking, index=state.index)
    content = said.get("content")
    if not isinstance(content, str | list | dict | None):
        raise MalformedResponse(f"the backend sent content of type {type(content).__name__}")
    text = state.whole(content) if isinstance(content, str) else ""
    if text:
        yield Delta(text=text, index=state.index)
    if isinstance(content, list | dict):
        yield from (replace(chunk_delta(chunk), index=state.index) for chunk in message_in({"content": content}).chunks)
    calls = tuple(_call(call, state) for call in calls_in(said))
    if calls:
        yield Delta(tool_calls=calls, index=state.index)
    extra = _extra(said, state)
    if extra:
        yield Delta(extra=extra, index=state.index)


def _call(call: Any, state: _ChoiceState) -> ToolCallDelta:
    name, arguments = function_in(call)
    call_id = text_in(call, "id")
    call_id = None if call_id == "null" else call_id
    position = state.position(call.get("index"), call_id, name)
    return ToolCallDelta(position=position, id=call_id, name=name, arguments=arguments)


def _extra(said: Mapping[str, Any], state: _ChoiceState) -> dict[str, Any]:
    extra = {name: value for name, value in said.items() if name not in KNOWN_FIELDS and value not in (None, [], {})}
    if isinstance(extra.get("refusal"), str):
        state.refusal += extra["refusal"]  # comes in fragments, and the last delta's extra is what counts
        extra["refusal"] = state.refusal
    return extra
