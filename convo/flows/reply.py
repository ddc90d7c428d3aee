"""What a verb that calls a backend gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from convo.backends.answers import citations
from convo.completions import Choice, Completion, Usage
from convo.context.calls import match_results
from convo.errors import InvalidOption, MalformedResponse
from convo.flows.call_ids import with_call_ids
from convo.flows.structure import parse
from convo.frozen import dataclass
from convo.messages import AssistantMessage, Message, ToolCall
from convo.records import Branch, Entry, Turn
from convo.values import clean_json


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer as it was stored.

    ``entry`` is the answer in its place, ``inputs`` are the messages stored with it, ``text`` is the whole text
    (a prefix included, once), ``new_text`` the text without it. ``turn`` is the turn as it stands: ``completed``, or
    ``awaiting_tools`` when ``tool_calls`` want results. With ``n`` greater than 1 ``choices`` holds every answer, and
    ``siblings`` the branches on which those after the first are stored.
    """

    entry: Entry
    inputs: tuple[Entry, ...]
    turn: Turn
    usage: Usage | None
    model: str | None
    backend: str
    choices: tuple[Choice, ...] = ()
    siblings: tuple[Branch, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    response_model: type[BaseModel] | None = None

    @property
    def message(self) -> AssistantMessage:
        """The answer."""
        message = self.entry.message
        assert isinstance(message, AssistantMessage)  # noqa: S101 - an answer is an assistant's
        return message

    @property
    def text(self) -> str:
        """The text of the answer."""
        return self.message.text

    @property
    def new_text(self) -> str:
        """The text of the answer without the prefix it was given."""
        return self.text.removeprefix(self.entry.prefix)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls the model wants made."""
        return self.message.calls

    @property
    def citations(self) -> tuple[int | str, ...]:
        """The ids of what the answer refers to, in order: keys or indexes in the tool results supplied."""
        return citations(self.message)

    @property
    def parsed(self) -> Any:
        """The answer as the ``response_model`` it was asked for; raises UnparsedResponse, which keeps the text."""
        if self.response_model is None:
            raise InvalidOption("no response_model was given with this call", field="response_model")
        return parse(self.text, self.response_model)

    @property
    def finish_reason(self) -> str | None:
        """Why the answer ended, in the backend's word."""
        return self.entry.finish_reason


def settled(completion: Completion, turn_id: UUID, attempt: int) -> Completion:
    """Return ``completion`` as it is stored: every tool call has an id, no message is marked a prefix.

    Raises MalformedResponse where its usage holds what JSON cannot.
    """
    try:
        clean_json(completion.usage.to_json() if completion.usage else None)
    except ValueError as problem:
        raise MalformedResponse(f"the usage that {completion.backend} reported is no JSON data: {problem}") from None
    choices = [replace(choice, message=_settled(choice.message, turn_id, attempt)) for choice in completion.choices]
    return replace(completion, choices=tuple(choices))


def _settled(message: AssistantMessage, turn_id: UUID, attempt: int) -> AssistantMessage:
    if message.prefix:
        message = message.replace(prefix=None)
    return with_call_ids(message, f"{turn_id}/{attempt}")


def waiting_calls(entries: Sequence[Entry]) -> dict[str, ToolCall]:
    """Return the tool calls at the path's tail that have no result yet, by id, in the order they were made."""
    results: list[Message] = []
    for entry in reversed(entries):
        message = entry.message
        if isinstance(message, AssistantMessage):
            answered = {place.position for place in match_results([message, *reversed(results)]).values()}
            return {call.id: call for position, call in enumerate(message.calls) if position not in answered}
        if message.role != "tool":
            break
        results.append(message)
    return {}
