"""A turn: begin, call, finish.

Laws of this file:
- The input is committed before the backend is asked; the answer before it is given back.
- No transaction and no pooled connection is held while the backend is being asked.
- Whatever ends a turn early (an error, a cancellation, a reader who left) leaves it resumable, never half written.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.completions import Completion, Delta
from convo.errors import (
    BackendError,
    BackendFailed,
    ConvoError,
    MalformedResponse,
    StoreError,
    StreamInterrupted,
    TurnClosed,
)
from convo.flows.begin import MOVES, Moved, Step, after_moved, deadline_of, expect_head, gave_up, move_head
from convo.flows.choices import store_siblings
from convo.flows.handle import Handle, remember
from convo.flows.outbound import Ask, Outbound, entries_for, moved_to, prepare
from convo.flows.reply import Reply, settled
from convo.messages import Message, is_empty
from convo.records import Branch, Call, Entry, Turn, TurnStatus
from convo.store import branches, conversations, ledger
from convo.store.clock import new_id, now
from convo.turns import Accumulator


@dataclass(slots=True)
class Opening:
    """A turn that is being opened: known before the first try, so that it can be let go whatever happens.

    ``inputs`` are the messages stored with it, ``check`` raises where the branch as found makes no sense for it,
    ``tried`` is whether its begin may have been committed.
    """

    turn: Turn
    inputs: list[Entry]
    check: Callable[[Handle], None] | None = None
    outbound: Outbound | None = None
    tried: bool = False

    @property
    def fence(self) -> tuple[UUID, int]:
        """What every write of this turn is fenced by."""
        return self.turn.id, self.turn.attempt


def new_turn(handle: Handle, messages: Sequence[Message], ask: Ask) -> Opening:
    """Return the opening of a new turn with ``messages`` as its input."""
    turn = Turn(
        id=new_id(),
        conversation_id=handle.conversation_id,
        branch_no=handle.place.branch_no,
        status="running",
        attempt=1,
        input=None,
        metadata=ask.metadata or {},
        started_at=now(),
    )
    return Opening(turn=turn, inputs=entries_for(handle, messages, turn.id))


def next_attempt(handle: Handle, turn: Turn, messages: Sequence[Message] = ()) -> Opening:
    """Return the opening of an unfinished ``turn``'s next attempt, ``messages`` going in with it."""
    again = replace(turn, status="running", attempt=turn.attempt + 1, error=None, ended_at=None)
    return Opening(turn=again, inputs=entries_for(handle, messages, turn.id))


async def append(handle: Handle, messages: Sequence[Message], ask: Ask, turn: UUID | None = None) -> list[Entry]:
    """Store ``messages`` after whatever is last now, without a call; return their entries.

    ``turn`` is the unfinished turn they belong to, None for none. One transaction of three statements, warm.
    """
    entries = entries_for(handle, messages, turn)
    over: tuple[UUID, int] | None = None
    deadline = deadline_of(ask)
    for _ in range(MOVES):
        expect_head(handle, ask)
        entries = moved_to(entries, handle.head)
        step = Step(by=len(entries), last_turn=turn, over=over)
        try:
            await handle.port.write(lambda c, s=step, e=entries: _write_append(c, handle, s, e))  # type: ignore[misc]
        except Moved as moved:
            over = await after_moved(handle, moved.found, deadline)
            continue
        handle.last = handle.last if turn else None
        remember(handle, entries)
        return entries
    raise gave_up()


def _write_append(connection: Connection, handle: Handle, step: Step, entries: Sequence[Entry]) -> None:
    if move_head(connection, handle, step, lambda c: ledger.has_message(c, entries[0])):
        ledger.add_messages(connection, entries)
        conversations.touch(connection, handle.conversation_id)


async def answer(handle: Handle, opening: Opening, ask: Ask) -> Reply:
    """Run a turn to its end, the answer as a whole; return the reply.

    Raises what opening raises (nothing is written then), BackendError (the input stays, the turn is ``failed``),
    TurnClosed (somebody took the turn over meanwhile).
    """
    try:
        outbound = await open_turn(handle, opening, ask)
        completion = await handle.port.complete(ask.backend, outbound.request)
        return await close_turn(handle, opening, ask, completion)
    except BaseException as problem:
        await let_go(handle, opening, problem)
        raise


async def stream(
    handle: Handle, opening: Opening, ask: Ask, keep: Callable[[Reply], None]
) -> AsyncGenerator[Delta, None]:
    """Run a turn to its end, the answer piece by piece; hand the reply to ``keep`` once it is stored.

    The deltas' texts add up to the reply's text: a prefix comes first. A reader who leaves early, like any error,
    leaves the turn ``interrupted`` or ``failed`` and its input stored.
    """
    gathered = Accumulator()
    try:
        outbound = await open_turn(handle, opening, ask)
        if ask.prefix:
            given = Delta(text=ask.prefix)
            gathered.add(given)
            yield given
        pieces = handle.port.stream(ask.backend, outbound.request)
        try:
            async for delta in pieces:
                gathered.add(delta)
                yield delta
        finally:
            await pieces.aclose()
        keep(await close_turn(handle, opening, ask, gathered.completion()))
    except BaseException as problem:
        await let_go(handle, opening, problem)
        raise


async def open_turn(handle: Handle, opening: Opening, ask: Ask) -> Outbound:
    """Compose, and commit input and turn; true afterwards: the turn is running and holds the branch.

    Raises TurnInProgress, BranchMoved, ContextOverflow and the other errors of composing; nothing is written then.
    """
    over: tuple[UUID, int] | None = None
    deadline = deadline_of(ask)
    for _ in range(MOVES):
        expect_head(handle, ask)
        opening.inputs = moved_to(opening.inputs, handle.head)
        opening.outbound = outbound = await prepare(handle, opening.inputs, ask, opening.check)
        _note_input(opening)
        step = Step(
            by=len(opening.inputs),
            last_turn=opening.turn.id,
            opens=opening.fence,
            lease_ms=ask.settings.lease_ms(ask.backend),
            over=over,
        )
        opening.tried = True
        try:
            await handle.port.write(lambda c, s=step: _write_begin(c, handle, opening, s))  # type: ignore[misc]
        except Moved as moved:
            opening.tried = False
            over = await after_moved(handle, moved.found, deadline)
            continue
        _note_opened(handle, opening, outbound)
        return outbound
    raise gave_up()


def _note_input(opening: Opening) -> None:
    if opening.inputs and opening.turn.attempt == 1:
        opening.turn = replace(opening.turn, input=(opening.inputs[0].seq, opening.inputs[-1].seq))


def _write_begin(connection: Connection, handle: Handle, opening: Opening, step: Step) -> None:
    outbound = opening.outbound
    assert outbound is not None  # noqa: S101 - set by open_turn
    if not move_head(connection, handle, step, lambda c: _is_open(c, handle, opening)):
        return
    if step.over is not None:
        _record_lost_call(connection, handle, opening, step.over[0])
    if opening.turn.attempt == 1:
        ledger.add_turn(connection, opening.turn, outbound.pending)
    elif not ledger.reopen_turn(connection, opening.turn, outbound.pending):
        raise TurnClosed()
    ledger.add_messages(connection, opening.inputs)
    for digest in outbound.blobs.keys() - handle.blobs:
        ledger.keep_blob(connection, handle.conversation_id, digest, outbound.blobs[digest])


def _is_open(connection: Connection, handle: Handle, opening: Opening) -> bool:
    found = branches.state(connection, handle.conversation_id, handle.place.branch_no)
    return found is not None and (found.open_turn, found.open_attempt) == opening.fence


def _record_lost_call(connection: Connection, handle: Handle, opening: Opening, lost: UUID) -> None:
    """Record the call that was in flight when a turn's process died: it was made, its answer is not known."""
    pending = ledger.pending(connection, handle.conversation_id, lost)
    before = handle.last
    if pending is None or before is None:
        return
    error = {"type": "Lost", "message": "the process that made this call ended before its answer came"}
    ledger.add_call(connection, handle.conversation_id, call_record(before, pending, error=error))
    if opening.turn.id == lost:
        opening.turn = replace(opening.turn, calls=before.calls + 1)


def _note_opened(handle: Handle, opening: Opening, outbound: Outbound) -> None:
    handle.blobs |= outbound.blobs.keys()
    handle.last = opening.turn
    if opening.inputs:
        remember(handle, opening.inputs)


async def close_turn(handle: Handle, opening: Opening, ask: Ask, completion: Completion) -> Reply:
    """Commit the answer and the record of its call; return the reply.

    Raises TurnClosed when somebody took the turn over; the answer is not stored then.
    """
    outbound = opening.outbound
    assert outbound is not None  # noqa: S101 - the turn was opened
    completion = settled(completion, opening.turn.id, opening.turn.attempt)
    entry = _answer_entry(handle, opening, ask, completion)
    call = call_record(opening.turn, outbound.pending, completion=completion)
    turn = _ended(opening.turn, entry, "awaiting_tools" if completion.message.calls else "completed")
    state = None if outbound.state is None else outbound.state.to_json()

    def work(connection: Connection) -> None:
        if not branches.release(connection, handle.place, opening.fence, entry.seq, state):
            if ledger.has_message(connection, entry):
                return
            raise TurnClosed("another writer took this turn over; its answer was not stored")
        ledger.add_messages(connection, [entry])
        siblings[:] = store_siblings(connection, handle, turn, entry, completion.choices[1:])
        ledger.end_turn(connection, turn)
        ledger.add_call(connection, handle.conversation_id, call)
        conversations.touch(connection, handle.conversation_id)

    siblings: list[Branch] = []
    await handle.port.write(work)
    handle.last = turn
    handle.state = outbound.state or handle.state
    remember(handle, [entry], outbound.reach)
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


def _answer_entry(handle: Handle, opening: Opening, ask: Ask, completion: Completion) -> Entry:
    if is_empty(completion.message) and not completion.finish_reason:
        raise MalformedResponse(f"{ask.backend_name} gave an empty answer without a finish reason: try again")
    (entry,) = entries_for(handle, [completion.message], opening.turn.id)
    return replace(entry, finish_reason=completion.finish_reason, prefix=ask.prefix)


def _ended(turn: Turn, entry: Entry, status: TurnStatus) -> Turn:
    first = turn.output[0] if turn.output else entry.seq
    return replace(turn, status=status, calls=turn.calls + 1, output=(first, entry.seq), ended_at=now())


def call_record(
    turn: Turn,
    pending: Mapping[str, Any],
    *,
    completion: Completion | None = None,
    error: Mapping[str, Any] | None = None,
) -> Call:
    """Return the record of the call ``pending`` of ``turn`` that ends now."""
    return Call(
        turn_id=turn.id,
        call_no=turn.calls + 1,
        kind=pending["kind"],
        backend=(completion and completion.backend) or pending["backend"],
        model=(completion and completion.model) or pending["model"],
        recipe=pending["recipe"],
        request_hash=pending["hash"],
        wire_hash=completion.wire_hash if completion else None,
        usage=completion.usage if completion else None,
        finish_reason=completion.finish_reason if completion else None,
        error=error,
        started_at=datetime.fromisoformat(pending["at"]),
        ended_at=now(),
    )


async def let_go(handle: Handle, opening: Opening, problem: BaseException) -> None:
    """Leave a turn that ``problem`` ended: ``failed`` or ``interrupted``, resumable, its branch free.

    Does nothing where the turn was never opened or is somebody else's by now. A store that fails here too does not
    hide ``problem``: the lease will lapse.
    """
    if not opening.tried or opening.outbound is None:
        return
    refused = isinstance(problem, ConvoError) and not isinstance(problem, StreamInterrupted)
    error = error_record(problem)
    call = call_record(opening.turn, opening.outbound.pending, error=error)
    turn = replace(
        opening.turn,
        status="failed" if refused else "interrupted",
        calls=opening.turn.calls + 1,
        error=error,
        ended_at=now(),
    )
    head = opening.inputs[-1].seq if opening.inputs else handle.head

    def work(connection: Connection) -> bool:
        if not branches.release(connection, handle.place, opening.fence, head, None):
            return False
        ledger.end_turn(connection, turn)
        ledger.add_call(connection, handle.conversation_id, call)
        return True

    with suppress(StoreError):
        if await handle.port.write(work):
            handle.last = turn


def error_record(problem: BaseException) -> dict[str, Any]:
    """Return what is stored of an error: its type, and its sentence where it is convo's own."""
    record: dict[str, Any] = {"type": type(problem).__name__}
    if isinstance(problem, ConvoError):
        record["message"] = str(problem)[:1000]
    if isinstance(problem, BackendError):
        record |= {name: value for name in ("status", "code", "request_id") if (value := getattr(problem, name))}
    if isinstance(problem, BackendFailed) and problem.__cause__ is not None:
        record["cause"] = type(problem.__cause__).__name__
    return record
