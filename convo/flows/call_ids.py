"""Ids of tool calls as they are stored: calls that stand together have ids of their own, results name their calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from convo.context.calls import MISSING_IDS, match_results, short_id
from convo.messages import AssistantMessage, Message, ToolCall, ToolMessage


def with_call_ids(message: AssistantMessage, seed: str) -> AssistantMessage:
    """Return ``message`` with an id, made from ``seed``, for every call that came without one, or with one used twice.

    The same object where there is none.
    """
    seen: set[str] = set()
    calls: list[ToolCall] = []
    for position, call in enumerate(message.calls):
        own = call.id not in MISSING_IDS and call.id not in seen
        calls.append(call if own else call.replace(id=short_id(f"{seed}/{position}")))
        seen.add(call.id)
    return message if all(map(_is, calls, message.calls)) else message.replace(tool_calls=calls)


def told_apart(messages: Sequence[Message], after: int) -> list[Message]:
    """Return ``messages``, to be stored behind the seq ``after``, such that a result says which call it answers.

    Of several calls in one message, those without an id of their own are given one, and so are their results among
    ``messages``. The ids are made of places, so that the same talk gets the same ones again. All else is as it came.
    """
    new = [*messages]
    for number, message in enumerate(messages):
        if isinstance(message, AssistantMessage) and len(message.calls) > 1:
            new[number] = with_call_ids(message, f"given {after + 1 + number}")
    if all(map(_is, new, messages)):
        return new
    for index, place in match_results(messages).items():
        asking, result = new[place.index], new[index]
        if asking is not messages[place.index] and isinstance(asking, AssistantMessage):
            new[index] = result.replace(tool_call_id=asking.calls[place.position].id)
    return new


def _is(one: object, other: object) -> bool:
    return one is other


def addressed(messages: Iterable[Message], waiting: Iterable[str]) -> list[Message]:
    """Return ``messages`` with ids on those results which have none: of the calls before them that wait, in order.

    ``waiting`` are the ids of those that wait before the first message.
    """
    new: list[Message] = []
    open_calls = [*waiting]
    for is_result, group in groupby(messages, lambda message: isinstance(message, ToolMessage)):
        members = [*group]
        if is_result:
            named = {message.tool_call_id for message in members if isinstance(message, ToolMessage)}
            free = iter([call_id for call_id in open_calls if call_id in MISSING_IDS or call_id not in named])
            new += [_addressed(message, free) for message in members]
        else:
            new += members
            last = members[-1]
            open_calls = [call.id for call in last.calls] if isinstance(last, AssistantMessage) else []
    return new


def is_nameless(message: Message) -> bool:
    """Whether ``message`` is a result that does not say which call it answers."""
    return isinstance(message, ToolMessage) and (message.tool_call_id or "") in MISSING_IDS


def _addressed(result: Message, free: Iterator[str]) -> Message:
    call_id = next(free, None) if is_nameless(result) else None
    return result if call_id is None else result.replace(tool_call_id=call_id)
