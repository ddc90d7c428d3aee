"""The verbs of a conversation that write: what each stores, calls, and refuses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from convo.context.calls import MISSING_IDS
from convo.errors import InvalidMessage, NothingToAnswer, UnknownToolCall
from convo.flows.appending import append
from convo.flows.call_ids import addressed, is_nameless, told_apart
from convo.flows.handle import Handle, refresh
from convo.flows.heads import MOVES, TAIL, Ground, gave_up, has_moved
from convo.flows.idempotency import Key, Once, Recalled, entries_again, key_for
from convo.flows.outbound import Ask
from convo.flows.reply import waiting_calls
from convo.flows.turn_begin import Opening, new_turn, next_attempt
from convo.flows.windows import load_window
from convo.harmless import brief
from convo.messages import (
    AssistantMessage,
    BaseMessage,
    Message,
    MessageLike,
    ToolMessage,
    is_empty,
    message_from,
    tool_result,
)
from convo.records import UNFINISHED, Entry, Turn
from convo.store.rows import check_size


def messages_from(given: MessageLike | Iterable[MessageLike], *, allow_empty: bool = False) -> list[Message]:
    """Return what a user gave as messages: a text, a dict, a message, or a list of these.

    Raises InvalidMessage for an empty one (unless allowed), one too large, one that is no message, and for an
    assistant message with ``prefix`` (that is an option of the verb, not something to store).
    """
    messages = [message_from(item) for item in (given if _is_several(given) else [given])]  # type: ignore[arg-type]
    for message in messages:
        if is_empty(message) and message.role == "user" and not allow_empty:
            raise InvalidMessage(
                "the message is empty: give a text or chunks, or call complete() to answer what is there",
                field="content",
            )
        if message.role == "assistant" and message.prefix:
            raise InvalidMessage(
                "prefix: an assistant message is stored whole; give its beginning to send(..., prefix=...)",
                field="prefix",
            )
        check_size(message.to_json())
    return messages


def _is_several(given: Any) -> bool:
    return not isinstance(given, str | bytes | bytearray | Mapping | BaseMessage) and isinstance(given, Iterable)


async def add(handle: Handle, given: Sequence[MessageLike], ask: Ask, key: Any) -> list[Entry]:
    """``append``: store messages without a call; tool results must answer calls that wait."""
    messages = [message for item in given for message in messages_from(item)]
    known = key_for(key, "append", handle.place.branch_no, messages)
    try:
        async with Once(handle, known):
            return await _add(handle, messages, ask, known)
    except Recalled as again:
        return await entries_again(handle, again.done, len(messages))


async def _add(handle: Handle, messages: Sequence[Message], ask: Ask, key: Key | None) -> list[Entry]:
    if not messages:
        return []
    messages = told_apart(messages, handle.head)
    if any(is_nameless(message) for message in messages):
        await refresh(handle)
        messages = addressed(messages, waiting_calls(await _tail(handle)))
    return await append(handle, messages, ask, key=key, check=_results_check(handle, messages))


def _results_check(handle: Handle, messages: Sequence[Message]) -> Callable[[], Awaitable[None]] | None:
    """Return what raises UnknownToolCall where ``messages`` hold a result that no call waits for; None for none."""
    if not any(isinstance(message, ToolMessage) for message in messages):
        return None

    async def check() -> None:
        ground = Ground.of(handle)
        try:
            _check_results(await _tail(handle), messages)
        except UnknownToolCall:
            if not await has_moved(handle, ground):
                raise
            _check_results(await _tail(handle), messages)

    return check


def _check_results(entries: Sequence[Entry], messages: Sequence[Message]) -> None:
    """Raise UnknownToolCall unless each tool message among ``messages`` answers a call before it."""
    waiting = set(waiting_calls(entries))
    for message in messages:
        if isinstance(message, ToolMessage):
            if message.tool_call_id not in waiting:
                raise _unknown_call(message.tool_call_id, waiting)
            waiting.discard(message.tool_call_id)
        else:
            calls = message.calls if isinstance(message, AssistantMessage) else ()
            waiting = {call.id for call in calls}


def _unknown_call(given: Any, waiting: Iterable[str]) -> UnknownToolCall:
    names = tuple(waiting)
    if given in names:
        return UnknownToolCall(f"the tool call {brief(given)} is given two results: give one", waiting=names)
    rest = f"waiting are {', '.join(names)}" if names else "none is waiting"
    return UnknownToolCall(f"no tool call {brief(given)} waits for a result on this branch; {rest}", waiting=names)


async def _tail(handle: Handle) -> list[Entry]:
    """Return the path's end from the last turn's beginning on: enough to see the calls that wait."""
    return await load_window(handle, TAIL)


def send_opening(handle: Handle, given: MessageLike | Iterable[MessageLike], ask: Ask, key: Any = None) -> Opening:
    """Return the opening of ``send``: the input stored, then an answer."""
    messages = messages_from(given)
    if not messages:
        raise InvalidMessage("there is no message to send: call complete() to answer what is there", field="")
    known = key_for(key, "send", handle.place.branch_no, messages)
    messages = addressed(told_apart(messages, handle.head), ())
    opening = new_turn(handle, messages, ask)
    opening.key = known
    if any(isinstance(message, ToolMessage) for message in messages):
        opening.check = lambda now: _check_results(now.entries, messages)
    return opening


def complete_opening(handle: Handle, ask: Ask, key: Any = None) -> Opening:
    """Return the opening of ``complete``: an answer to what is there."""
    opening = new_turn(handle, [], ask)
    opening.key = key_for(key, "complete", handle.place.branch_no, [])
    opening.check = None if ask.prefix else lambda now: _is_answerable(now, opening)
    return opening


def _is_answerable(handle: Handle, opening: Opening) -> None:
    if opening.salvage:
        raise NothingToAnswer("the branch ends with an answer that broke off: resume() continues it")
    last = handle.entries[-1].message if handle.entries else None
    if last is None:
        raise NothingToAnswer("the branch is empty: send a message first")
    if isinstance(last, AssistantMessage) and not last.calls:
        raise NothingToAnswer("the branch ends with an answer: send a message, or fork before it and complete there")


async def submit_opening(
    handle: Handle, results: Mapping[str, Any] | Iterable[MessageLike], ask: Ask, key: Key | None = None
) -> tuple[Opening | None, list[Entry]]:
    """Plan ``submit``: store results, and answer when all are in.

    Returns the opening of the call, or None and the entries stored while other calls still wait. Results go into
    their turn where it is this branch's last, else (a fork in the midst of a round) into a turn of their own.
    """
    results = list(results) if _is_several(results) else results
    for _ in range(MOVES):
        ground = Ground.of(handle)
        waiting = waiting_calls(await _tail(handle))
        try:
            messages = _results_from(results, waiting)
        except UnknownToolCall:
            if not await has_moved(handle, ground):
                raise
            continue
        if len(messages) == len(waiting):
            return _round_opening(handle, messages, ask, key, set(waiting)), []
        with suppress(_RoundMoved):
            return None, await _append_results(handle, messages, ask, key, set(waiting))
    raise gave_up()


class _RoundMoved(Exception):
    """Somebody else gave results to the same round, or wrote over it: what is to be done is planned anew."""


def _round_opening(handle: Handle, messages: Sequence[Message], ask: Ask, key: Key | None, wanted: set[str]) -> Opening:
    turn = _unfinished_turn(handle)
    opening = next_attempt(handle, turn, messages) if turn else new_turn(handle, messages, ask)
    opening.key = key
    opening.check = lambda now: _still_waiting(now, wanted)
    return opening


async def _append_results(
    handle: Handle, messages: Sequence[Message], ask: Ask, key: Key | None, wanted: set[str]
) -> list[Entry]:
    turn = _unfinished_turn(handle)

    async def check() -> None:
        if set(waiting_calls(await _tail(handle))) != wanted or _id_of(_unfinished_turn(handle)) != _id_of(turn):
            raise _RoundMoved()

    return await append(handle, messages, ask, turn=_id_of(turn), key=key, check=check)


def _id_of(turn: Turn | None) -> UUID | None:
    return turn.id if turn else None


def recalled_opening(handle: Handle, key: Key | None, ask: Ask) -> Opening:
    """Return an opening that stands for a verb done before under ``key``: only its reply is looked up."""
    opening = new_turn(handle, [], ask)
    opening.key = key
    return opening


def _unfinished_turn(handle: Handle) -> Turn | None:
    last = handle.last
    return last if last is not None and last.status in UNFINISHED else None


def _still_waiting(handle: Handle, wanted: set[str]) -> None:
    waiting = waiting_calls(handle.entries)
    if set(waiting) != wanted:
        raise _unknown_call(next(iter(wanted - set(waiting)), None), waiting)


def _results_from(results: Any, waiting: Mapping[str, Any]) -> list[Message]:
    if isinstance(results, Mapping) and "role" not in results:
        messages: list[Message] = [_result(key, content, waiting) for key, content in results.items()]
    else:
        messages = messages_from(results)
    if not messages:
        raise InvalidMessage(f"there is no result to submit; waiting are {', '.join(waiting) or 'none'}", field="")
    left, messages = set(waiting), addressed(messages, waiting)
    for message in messages:
        if not isinstance(message, ToolMessage):
            raise InvalidMessage(f"role: submit takes tool results, not a message of role {message.role}", field="role")
        if message.tool_call_id not in left:
            raise _unknown_call(message.tool_call_id, waiting)
        left.discard(message.tool_call_id)
        check_size(message.to_json())
    return messages


def _result(call_id: Any, content: Any, waiting: Mapping[str, Any]) -> Message:
    if call_id not in waiting and call_id not in MISSING_IDS:
        raise _unknown_call(call_id, waiting)
    return content if isinstance(content, ToolMessage) else tool_result(waiting.get(call_id, call_id), content)
