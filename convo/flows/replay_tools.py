"""Results of tool calls that are on record, found again by name and arguments. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from convo.errors import InvalidMessage
from convo.flows.exchanges import Exchange
from convo.messages import AssistantMessage, ToolCall, ToolMessage, tool_result
from convo.records import Entry
from convo.values import canonical_json

Sought = tuple[str, bytes]
"""A call as it is looked up: its name, and its arguments as canonical JSON."""


def sought(call: ToolCall) -> Sought:
    """Return what ``call`` is looked up by; arguments that are no JSON are compared as they are."""
    try:
        return call.name, canonical_json(call.parsed_arguments())
    except InvalidMessage:
        return call.name, call.arguments.encode("utf-8", "surrogatepass")


def answered(entries: Iterable[Entry]) -> Iterator[tuple[Sought, ToolMessage]]:
    """Yield the calls of a path that have a result, with it, in the order of the results."""
    waiting: dict[str, ToolCall] = {}
    for entry in entries:
        message = entry.message
        if isinstance(message, AssistantMessage):
            waiting = {call.id: call for call in message.calls}
        elif isinstance(message, ToolMessage) and not entry.erased:
            call = waiting.pop(message.tool_call_id or "", None)
            if call is not None:
                yield sought(call), message


class ResultsOnRecord:
    """The results on a recorded path.

    A call gets the result of the same call (name and arguments) in the exchange that is replayed; of several, by
    order, and past the last that one again. Where its exchange has none, another's on the same path.
    """

    def __init__(self, steps: Sequence[Exchange]) -> None:
        self._anywhere: dict[Sought, list[ToolMessage]] = {}
        for step in steps:
            for key, message in answered(step.entries):
                self._anywhere.setdefault(key, []).append(message)

    def find(self, step: Exchange, call: ToolCall, before: int) -> ToolMessage | None:
        """Return the result for ``call``, of which ``before`` equal ones were answered in this exchange; None: none."""
        key = sought(call)
        own = [message for found, message in answered(step.entries) if found == key]
        known = own or self._anywhere.get(key, [])
        return tool_result(call, known[min(before, len(known) - 1)].content) if known else None
