"""Beginning a turn: the input, what an unfinished turn left behind, and the call about to be made, in one commit."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.errors import CallerError, ContextError, TurnClosed
from convo.flows.call_records import call_record
from convo.flows.handle import Handle, absorb, cuts_json, note_state, refresh
from convo.flows.heads import (
    MOVES,
    TAIL,
    Ground,
    Moved,
    Step,
    after_moved,
    deadline_of,
    expect_head,
    gave_up,
    has_moved,
    leaves_nothing,
    move_head,
    write_over,
)
from convo.flows.idempotency import Key, Recalled, recall, record
from convo.flows.outbound import Ask, Outbound, entries_for, moved_onto, moved_to, prepare
from convo.flows.windows import load_window, remember
from convo.messages import Message
from convo.partials import Packed, Partial
from convo.records import Call, Entry, Turn
from convo.store import branches, ledger
from convo.store.branches import BranchState
from convo.store.chain import CHAINED, Write
from convo.store.clock import new_id, now


@dataclass(slots=True)
class Opening:
    """A turn that is being opened: known before the first try, so that it can be let go whatever happens.

    ``inputs`` are the messages stored with it, ``key`` is the user's idempotency key for it; ``salvage`` is what a
    turn written over had streamed, ``resumed`` what this turn itself had streamed and now continues. ``check``
    raises where the branch as found makes no sense for it; ``tried`` is whether its begin may have been committed,
    ``rerun`` whether the reply to its COMMIT may have been lost, ``shrunk`` whether its request was made smaller
    because the backend found it too long; ``recording`` is whether a call of it that has ended is being recorded.

    With tools, ``held`` says that the attempt before holds the branch for it, ``for_tools`` that it calls tools and
    sends nothing; ``holds_ms`` is for how long an answer with tool calls keeps holding the branch, 0 for not at all.
    ``process`` runs the turn: a fork of it has a copy, which is not its to end.
    """

    turn: Turn
    inputs: list[Entry]
    key: Key | None = None
    salvage: list[Entry] = field(default_factory=list)
    resumed: Packed = field(default_factory=list)
    check: Callable[[Handle], None] | None = None
    outbound: Outbound | None = None
    tried: bool = False
    rerun: bool = False
    shrunk: bool = False
    recording: bool = False
    held: bool = False
    for_tools: bool = False
    holds_ms: int = 0
    process: int = field(default_factory=os.getpid)

    @property
    def is_ours(self) -> bool:
        """Whether this process runs the turn."""
        return self.process == os.getpid()

    @property
    def fence(self) -> tuple[UUID, int]:
        """What every write of this turn is fenced by."""
        return self.turn.id, self.turn.attempt

    def begin_on(self, branch_no: int) -> None:
        """Note which branch the turn begins on."""
        if self.turn.branch_no != branch_no:
            self.turn = replace(self.turn, branch_no=branch_no)
            self.inputs = moved_onto(self.inputs, branch_no)

    def count_call(self) -> None:
        """Note that one more call of the turn has ended and is recorded."""
        self.turn = replace(self.turn, calls=self.turn.calls + 1)

    @property
    def held_by(self) -> tuple[UUID, int] | None:
        """The attempt that holds the branch for this one, None for none."""
        return (self.turn.id, self.turn.attempt - 1) if self.held else None

    @property
    def sent(self) -> Outbound:
        """What leaves; there once the turn is open."""
        assert self.outbound is not None  # noqa: S101 - set before the turn opens
        return self.outbound


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


async def open_turn(handle: Handle, opening: Opening, ask: Ask) -> None:
    """Compose, and commit input and turn; true afterwards: the turn is running and holds the branch.

    Raises TurnInProgress, BranchMoved, ContextOverflow and the other errors of composing, TurnClosed where the turn
    held the branch and was stopped or taken over; nothing is written then.
    """
    over: tuple[UUID, int] | None = None
    deadline = deadline_of(ask)
    for lost in range(MOVES):
        ground = await expect_head(handle, ask)
        if not await _is_prepared(handle, opening, ask, ground):
            continue
        opening.tried = True
        step = _step_of(opening, ask, ground, over)
        chain = _chain_of(handle, opening, step)
        work = partial(_write_begin, handle=handle, opening=opening, step=step, chain=chain)
        try:
            await handle.port.write(work, chain=chain is not None)
        except Recalled:
            opening.tried = False
            raise
        except Moved as moved:
            opening.tried = opening.rerun = False
            await recall(handle, opening.key)
            if opening.held:
                await _check_held(handle, opening, ground, moved.found)
            else:
                over = await after_moved(handle, moved.found, deadline, lost)
            continue
        _note_opened(handle, opening)
        return
    raise gave_up()


def _step_of(opening: Opening, ask: Ask, ground: Ground, over: tuple[UUID, int] | None) -> Step:
    return Step(
        ground=ground,
        by=len(opening.salvage) + len(opening.inputs),
        last_turn=opening.turn.id,
        opens=opening.fence,
        lease_ms=ask.settings.lease_ms(ask.backend),
        over=over,
        held=opening.held_by,
        salvage=opening.salvage[0] if opening.salvage else None,
    )


async def _check_held(handle: Handle, opening: Opening, ground: Ground, found: BranchState | None) -> None:
    """Look anew at a branch that the opening holds; raise TurnClosed unless only the conversation was revised."""
    if found is None:
        found = await refresh(handle)
    absorb(handle, found)
    if (found.open_turn, found.open_attempt) != opening.held_by or found.revision == ground.revision:
        raise TurnClosed("the turn was stopped or taken over while its tools were called")


async def _is_prepared(handle: Handle, opening: Opening, ask: Ask, ground: Ground) -> bool:
    """Compose; False where that was objected to, but the branch has moved on since: it is to be judged anew."""
    try:
        opening.outbound = await _composed(handle, opening, ask, ground)
    except (CallerError, ContextError):
        if not await has_moved(handle, ground):
            raise
        return False
    return True


async def _composed(handle: Handle, opening: Opening, ask: Ask, ground: Ground) -> Outbound | None:
    """Return what leaves, None where tools are to be called and nothing does."""
    await _place(handle, opening, ground)
    if not opening.for_tools:
        return await prepare(handle, [*opening.salvage, *opening.inputs], ask, opening.check)
    await load_window(handle, TAIL)
    if opening.check is not None:
        opening.check(handle)
    return None


async def _place(handle: Handle, opening: Opening, ground: Ground) -> None:
    """Give what is to be written its places after the head of ``ground``."""
    opening.salvage = moved_to(await left_behind(handle, ground.last, opening.turn.id), ground.head)
    opening.inputs = moved_to(opening.inputs, ground.head + len(opening.salvage))
    if opening.inputs and opening.turn.attempt == 1:
        opening.turn = replace(opening.turn, input=(opening.inputs[0].seq, opening.inputs[-1].seq))


async def left_behind(handle: Handle, last: Turn | None, keep: UUID | None) -> list[Entry]:
    """Return what the branch's ``last`` turn, unfinished, had streamed: the message that stays when it is written over.

    Empty where it had streamed no text, or is the turn ``keep``, which goes on.
    """
    if last is None or last.id == keep or last.status not in ("interrupted", "failed", "running"):
        return []
    message = (await partial_of(handle, last)).message()
    if message is None:
        return []
    (entry,) = entries_for(handle, [message], last.id)
    return [replace(entry, incomplete=True)]


async def partial_of(handle: Handle, turn: Turn) -> Partial:
    """Return what the last attempt of ``turn`` streamed before it broke off."""
    fence = handle.conversation_id, turn.id, turn.attempt
    parts = await handle.port.read(lambda connection: ledger.parts(connection, fence))
    return Partial([piece for _, body in parts for piece in body])


def _chain_of(handle: Handle, opening: Opening, step: Step) -> list[Write] | None:
    """Return all that is written with the move of the head, None where there is more to it than turn and input."""
    outbound = opening.outbound
    kept = outbound is not None and outbound.blobs.keys() - handle.blobs
    first = opening.turn.attempt == 1 and opening.key is None and step.over is None and handle.to_be is None
    if not first or kept or opening.salvage or len(opening.inputs) > CHAINED or not leaves_nothing(step):
        return None
    turn = ledger.turn_write(opening.turn, outbound.pending if outbound else None)
    return [turn, ledger.messages_write(opening.inputs)] if opening.inputs else [turn]


def _write_begin(
    connection: Connection, handle: Handle, opening: Opening, step: Step, chain: Sequence[Write] | None
) -> None:
    rerun, opening.rerun = opening.rerun, True
    taken = move_head(
        connection, handle, step, lambda found: rerun and _is_open(connection, found, opening), then=chain or ()
    )
    if not taken or chain is not None:
        return
    opening.begin_on(handle.place.branch_no)
    last = step.ground.last
    record(connection, handle.conversation_id, opening.key, opening.turn.id, step.ground.head + 1)
    lost_call = write_over_last(connection, handle, step)
    if lost_call and last is not None and opening.turn.id == last.id:
        opening.turn = replace(opening.turn, calls=last.calls + 1)
    outbound = opening.outbound
    if opening.turn.attempt == 1:
        ledger.add_turn(connection, opening.turn, outbound.pending if outbound else None)
    elif not ledger.reopen_turn(connection, opening.turn, outbound.pending if outbound else None):
        raise TurnClosed()
    _carry_over(connection, opening, last)
    ledger.add_messages(connection, [*opening.salvage, *opening.inputs])
    for digest in outbound.blobs.keys() - handle.blobs if outbound else ():
        ledger.keep_blob(connection, handle.conversation_id, digest, outbound.blobs[digest])  # type: ignore[union-attr]


def _is_open(connection: Connection, found: BranchState, opening: Opening) -> bool:
    """Whether this very opening is committed: of two that take up one turn, the other's differs in its call alone."""
    if (found.open_turn, found.open_attempt) != opening.fence:
        return False
    pending = opening.outbound.pending if opening.outbound else None
    return ledger.pending(connection, opening.turn.conversation_id, opening.turn.id) == pending


def _carry_over(connection: Connection, opening: Opening, last: Turn | None) -> None:
    """Make what a resumed turn had streamed, or the calls it had started, the first part of its new attempt."""
    conversation_id, turn, attempt = opening.turn.conversation_id, *opening.fence
    if opening.resumed or (last is not None and last.status == "awaiting_tools"):
        ledger.drop_parts(connection, (conversation_id, turn, attempt - 1))
    if opening.resumed:
        ledger.add_part(connection, (conversation_id, turn, attempt), 0, opening.resumed)


def write_over_last(connection: Connection, handle: Handle, step: Step) -> bool:
    """Close the unfinished last turn that ``step`` goes over; return whether a call of it was recorded as lost."""
    lost_call = step.over is not None and _record_lost_call(connection, handle.conversation_id, step.ground.last)
    write_over(connection, handle, step, lost_call)
    return lost_call


def _record_lost_call(connection: Connection, conversation_id: UUID, turn: Turn | None) -> bool:
    """Record the call that was in flight when the process of ``turn`` died, if any: its answer is not known."""
    pending = None if turn is None else ledger.pending(connection, conversation_id, turn.id)
    if turn is None or pending is None:
        return False
    error = {"type": "Lost", "message": "the process that made this call ended before its answer came"}
    ledger.add_call(connection, conversation_id, call_record(turn, pending, error=error))
    return True


def _note_opened(handle: Handle, opening: Opening) -> None:
    if opening.outbound is not None:
        handle.blobs |= opening.outbound.blobs.keys()
    handle.last, handle.to_be = opening.turn, None
    written = [*opening.salvage, *opening.inputs]
    if written:
        remember(handle, written)


async def next_request(
    handle: Handle, opening: Opening, ask: Ask, call: Call, outbound: Outbound, blobs: Mapping[str, Any]
) -> None:
    """Record ``call`` of the open turn, which has ended, and ``outbound`` as the one that leaves now.

    The turn's lease begins anew, and the compose state of ``outbound`` is the branch's from here on. Raises TurnClosed
    where the turn is somebody else's by now.
    """
    outbound = replace(outbound, pending={**outbound.pending, "at": now().isoformat()})
    lease, state = ask.settings.lease_ms(ask.backend), outbound.state
    kept = {**blobs, **outbound.blobs}
    tried = False

    def work(connection: Connection) -> None:
        nonlocal tried
        again, tried = tried, True
        written = None if state is None else cuts_json(state)
        if not branches.hold(connection, handle.place, opening.fence, lease, written):
            raise TurnClosed("another writer took this turn over")
        if again and ledger.pending(connection, handle.conversation_id, opening.turn.id) == outbound.pending:
            return
        ledger.add_call(connection, handle.conversation_id, call)
        ledger.next_call(connection, opening.turn, outbound.pending)
        for digest in kept.keys() - handle.blobs:
            ledger.keep_blob(connection, handle.conversation_id, digest, kept[digest])

    opening.recording = True
    await handle.port.write(work)
    handle.blobs |= kept.keys()
    note_state(handle, state)
    opening.outbound = replace(outbound, state=None)
    opening.count_call()
    opening.recording = False
