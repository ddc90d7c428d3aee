"""Finishing a turn: the answer stored, or the turn left so that it can be resumed; each in one fenced commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sqlalchemy.engine import Connection

from convo.completions import Choice, Completion
from convo.errors import (
    ConvoError,
    MalformedResponse,
    StoreError,
    StreamInterrupted,
    TurnClosed,
)
from convo.flows.branching import settle
from convo.flows.call_records import call_record, error_record
from convo.flows.checkpoint import Checkpoints
from convo.flows.choices import store_siblings
from convo.flows.handle import Handle, cuts_json, note_state
from convo.flows.outbound import Ask, entries_for
from convo.flows.remembering import keep
from convo.flows.reply import Reply, settled
from convo.flows.turn_begin import Opening
from convo.flows.windows import remember
from convo.messages import AssistantMessage, is_empty
from convo.records import Branch, Call, Entry, Turn, TurnStatus
from convo.store import branches, conversations, ledger
from convo.store.clock import now

CANCELLED: TurnStatus = "cancelled"


async def close_turn(
    handle: Handle, opening: Opening, ask: Ask, completion: Completion, points: Checkpoints | None = None
) -> Reply:
    """Commit the answer and the record of its call; return the reply.

    Raises TurnClosed when somebody took the turn over; the answer is not stored then.
    """
    completion = settled(completion, opening.turn.id, opening.turn.attempt)
    if is_empty(completion.message) and not completion.finish_reason:
        raise MalformedResponse(f"{ask.backend_name} gave an empty answer without a finish reason: try again")
    entry = _answer_entry(handle, opening, ask, completion.choices[0])
    call = call_record(opening.turn, opening.sent.pending, completion=completion)
    turn = _ended(opening.turn, entry, _status(completion, opening))
    siblings: list[Branch] = []
    others = completion.choices[1:]

    def store(connection: Connection) -> None:
        siblings[:] = store_siblings(connection, handle, turn, entry, others)

    await _commit(handle, opening, turn, call, store if others else None, entry, points)
    remember(handle, [entry], opening.sent.reach)
    keep(handle)
    return Reply(
        entry=entry,
        inputs=tuple(opening.inputs),
        turn=turn,
        usage=completion.usage,
        model=call.model,
        backend=call.backend,
        choices=completion.choices,
        siblings=tuple(siblings),
        details=completion.details,
        response_model=ask.response_model,
    )


def _status(completion: Completion, opening: Opening) -> TurnStatus:
    if completion.finish_reason == CANCELLED:
        return "cancelled"
    if not completion.message.calls:
        return "completed"
    return "running" if opening.holds_ms else "awaiting_tools"


def _answer_entry(handle: Handle, opening: Opening, ask: Ask, choice: Choice) -> Entry:
    (entry,) = entries_for(handle, [choice.message], opening.turn.id, start=_head(handle, opening))
    return replace(entry, finish_reason=choice.finish_reason, prefix=ask.given_prefix)


def _head(handle: Handle, opening: Opening) -> int:
    """Return where the turn's begin left the head; what the handle says may be from a look at the branch before it."""
    written = [*opening.salvage, *opening.inputs]
    return written[-1].seq if written else handle.head


def _ended(turn: Turn, entry: Entry, status: TurnStatus) -> Turn:
    first = turn.output[0] if turn.output else entry.seq
    ended_at = None if status == "running" else now()
    return replace(turn, status=status, calls=turn.calls + 1, output=(first, entry.seq), ended_at=ended_at)


async def _commit(
    handle: Handle,
    opening: Opening,
    turn: Turn,
    call: Call,
    store: Callable[[Connection], None] | None,
    entry: Entry,
    points: Checkpoints | None,
) -> None:
    """Move the head to ``entry`` and write it, its call and how the turn stands; and what ``store`` writes besides."""
    if points is not None:
        await points.settle()
    moved, streamed = opening.sent.state, points is not None and points.stored
    state = None if moved is None else cuts_json(moved)
    chain = [
        ledger.messages_write([entry]),
        ledger.ending_write(turn),
        ledger.call_write(handle.conversation_id, call),
        conversations.touching_write(handle.conversation_id),
    ]

    def take(connection: Connection) -> bool:
        """Release the branch, unless the turn goes on to call tools."""
        place, fence = handle.place, opening.fence
        if turn.status == "running":
            return branches.advance(connection, place, fence, entry.seq - 1, opening.holds_ms, state, then=chain)
        return branches.release(connection, place, fence, entry.seq, state, then=chain)

    def work(connection: Connection) -> None:
        if not take(connection):
            if ledger.has_message(connection, entry):
                return
            raise TurnClosed("another writer took this turn over; its answer was not stored")
        if store is not None:
            store(connection)
        if points is not None and streamed:
            ledger.drop_parts(connection, points.fence)

    await handle.port.write(work, chain=store is None and not streamed)
    handle.last = turn
    note_state(handle, moved)


async def stop_turn(
    handle: Handle, opening: Opening, ask: Ask, answer: AssistantMessage | None, points: Checkpoints
) -> Reply:
    """End a turn that was asked to stop: what came is its answer, with finish reason ``cancelled``.

    Raises TurnClosed where nothing had come, or whoever asked has ended the turn meanwhile.
    """
    if answer is None:
        await let_go(handle, opening, TurnClosed("the turn was cancelled before anything came"), points, CANCELLED)
        raise TurnClosed("the turn was cancelled before anything came")
    completion = Completion(choices=(Choice(message=answer, finish_reason=CANCELLED),))
    return await close_turn(handle, opening, ask, completion, points)


async def let_go(
    handle: Handle,
    opening: Opening,
    problem: BaseException,
    points: Checkpoints | None = None,
    status: TurnStatus | None = None,
) -> None:
    """Leave a turn that ``problem`` ended: ``failed`` or ``interrupted``, resumable, its branch free.

    What it streamed is kept. Does nothing where the turn was never opened or is somebody else's by now, but for a
    branch to be, which the handle leaves. A store that fails here too does not hide ``problem``: the lease will lapse.
    """
    if opening.tried and opening.is_ours:
        await _leave(handle, opening, problem, points, status)
    await settle(handle)


async def _leave(
    handle: Handle, opening: Opening, problem: BaseException, points: Checkpoints | None, status: TurnStatus | None
) -> None:
    refused = isinstance(problem, ConvoError) and not isinstance(problem, StreamInterrupted)
    error = error_record(problem)
    ended = status or ("failed" if refused else "interrupted")
    head = _head(handle, opening)
    if points is not None:
        await points.settle()

    def work(connection: Connection) -> Turn | None:
        if not branches.release(connection, handle.place, opening.fence, head, None, at=head):
            return None
        if points is not None:
            points.keep_rest(connection)
        before, asked = _in_flight(connection, opening)
        turn = replace(before, status=ended, calls=before.calls + 1, error=error, ended_at=now())
        ledger.end_turn(connection, turn)
        ledger.add_call(connection, handle.conversation_id, call_record(before, asked, error=error))
        return turn

    with suppress(StoreError):
        handle.last = await handle.port.write(work) or handle.last


def _in_flight(connection: Connection, opening: Opening) -> tuple[Turn, Mapping[str, Any]]:
    """Return the turn with the calls that are on record, and the call in flight; it may have been cancelled between."""
    turn, asked = opening.turn, opening.sent.pending
    if opening.recording:
        stored = ledger.turn(connection, turn.conversation_id, turn.id)
        turn = replace(turn, calls=stored.calls if stored is not None else turn.calls)
        asked = ledger.pending(connection, turn.conversation_id, turn.id) or asked
    return turn, asked
