"""Moving a branch's head: the compare-and-set, what its failure means, waiting, taking over.

Laws of this file:
- Only a running turn with a live lease blocks its branch; over any other unfinished turn one writes on, and that
  turn is superseded.
- A write means "after whatever is last now": when the head has moved, everything is composed anew and tried again.
- A COMMIT whose reply was lost is recognised by what it wrote, and is a success.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.context.reach import Reach
from convo.errors import BranchMoved, NotFound, StoreBusy, TurnInProgress
from convo.flows.handle import Handle, absorb, refresh
from convo.flows.outbound import Ask
from convo.flows.windows import load_window
from convo.frozen import dataclass
from convo.records import UNFINISHED, Entry, Turn
from convo.store import branches, ledger
from convo.store.branches import BranchState
from convo.store.chain import Write
from convo.store.clock import now

T = TypeVar("T")
MOVES = 100
"""How often a write starts over because others moved the head, before it gives up."""

TAIL = Reach(messages=1, first=0)
"""The end of a path from the beginning of its last exchange on: enough to see what waits for an answer."""

HASTE = 5
"""Races for a head that a write loses before it makes way for the others for a moment."""

_LONGEST_YIELD = 0.1
_FIRST_POLL, _LONGEST_POLL = 0.02, 0.5


class Moved(Exception):
    """The branch stands otherwise than the handle knew: as ``found`` says, or (None) as is to be read anew."""

    def __init__(self, found: BranchState | None = None) -> None:
        self.found = found


@dataclass(frozen=True, slots=True)
class Ground:
    """How a branch stood when a write to it was made up, which is judged by this alone.

    What the handle knows may change until it is written: another thread may look at the branch through it.
    """

    head: int
    last: Turn | None
    revision: int

    @classmethod
    def of(cls, handle: Handle) -> Ground:
        """Return how the branch stands as far as the handle knows."""
        with handle.memory:
            return cls(handle.head, handle.last, handle.place.revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One move of the head from where it is on ``ground``: by how many messages, which turn the new tail belongs to,
    which turn it opens.

    ``over`` is a lapsed turn that is taken over, ``held`` the attempt of the opened turn that holds the branch so
    far, ``salvage`` the message that is left of the turn written over.
    """

    ground: Ground
    by: int
    last_turn: UUID | None
    opens: tuple[UUID, int] | None = None
    lease_ms: int = 0
    over: tuple[UUID, int] | None = None
    held: tuple[UUID, int] | None = None
    salvage: Entry | None = None


def move_head(
    connection: Connection,
    handle: Handle,
    step: Step,
    done: Callable[[BranchState], bool],
    then: Sequence[Write] = (),
) -> bool:
    """Take ``step``; True when it was taken now, False when it had been taken before. ``then`` is written with it.

    ``done`` tells, once the compare-and-set has failed, from how the branch stands whether the same write has been
    committed already. A branch to be is made first.
    Raises Moved.
    """
    ground = step.ground
    if handle.to_be is not None and not handle.to_be.make(connection, handle, ground.revision):
        return False
    taken = branches.move(
        connection,
        replace(handle.place, revision=ground.revision),
        ground.head,
        step.by,
        last_turn=step.last_turn,
        opens=step.opens,
        lease_ms=step.lease_ms,
        over=step.over,
        held=step.held,
        after=ground.last.id if ground.last else None,
        then=then,
    )
    if taken:
        return True
    found = found_now(connection, handle)
    if done(found):
        return False
    raise Moved(found)


def leaves_nothing(step: Step) -> bool:
    """Return whether there is no unfinished turn that ``step`` goes over."""
    last = step.ground.last
    return last is None or last.id == step.last_turn or last.status not in (*UNFINISHED, "running")


def write_over(connection: Connection, handle: Handle, step: Step, lost_call: bool) -> None:
    """Close the branch's unfinished last turn, over which ``step`` went, unless it is the one that goes on.

    ``lost_call``: whether a call of it was recorded as lost. Raises Moved where that turn stands otherwise than on the
    ground of ``step``.
    """
    last = step.ground.last
    if last is None or leaves_nothing(step):
        return
    output = last.output
    if step.salvage is not None:
        output = (output[0] if output else step.salvage.seq, step.salvage.seq)
    ledger.drop_parts(connection, (handle.conversation_id, last.id, last.attempt))
    ended = replace(last, status="superseded", output=output, calls=last.calls + lost_call, ended_at=now())
    if not ledger.end_turn(connection, ended, was=last.status):
        raise Moved()  # and what this transaction has written so far is taken back


def found_now(connection: Connection, handle: Handle) -> BranchState:
    """Return how the branch stands in this transaction; raises NotFound when it is gone."""
    place = handle.place
    found = branches.state(connection, place.conversation_id, place.branch_no)
    if found is None or found.owner != place.owner:
        raise NotFound("this branch is no longer there")
    return found


async def has_moved(handle: Handle, ground: Ground) -> bool:
    """Refresh the handle; return whether the branch has moved on from ``ground``."""
    await refresh(handle)
    return handle.head != ground.head


async def expect_head(handle: Handle, ask: Ask) -> Ground:
    """Return how the branch stands; raise BranchMoved unless the entry the user expects to be last is."""
    ground, expected = Ground.of(handle), ask.expect_head
    if expected is None:
        return ground
    if expected.conversation_id != handle.conversation_id:
        raise NotFound("the entry given as expect_head belongs to another conversation")
    if not await _is_last(handle, expected, ground):
        moved, ground = await has_moved(handle, ground), Ground.of(handle)
        if not (moved and await _is_last(handle, expected, ground)):
            raise BranchMoved(
                f"branch {handle.branch.name!r} does not end with the expected message {expected.seq}, but with "
                f"another one, message {ground.head}",
                head_seq=ground.head,
            )
    return ground


async def judged(handle: Handle, ask: Ask) -> Ask:
    """Return ``ask`` for a new branch; raise BranchMoved unless the one it leaves ends as the user expects."""
    await expect_head(handle, ask)
    return replace(ask, expect_head=None)


async def _is_last(handle: Handle, expected: Entry, ground: Ground) -> bool:
    if expected.seq != ground.head:
        return False
    entries = await load_window(handle, TAIL)
    return any(entry.id == expected.id for entry in entries[-1:])


async def after_moved(
    handle: Handle, found: BranchState | None, deadline: float, lost: int = 0
) -> tuple[UUID, int] | None:
    """Take over how the branch stands; return the open turn (id, attempt) whose lease has lapsed, None for none.

    Waits while a live turn is running, until ``deadline`` (of ``time.monotonic``); raises TurnInProgress then. Whoever
    has ``lost`` several races before first lets the others go on.
    """
    if lost >= HASTE:
        await handle.port.sleep(random.uniform(0, _LONGEST_YIELD))  # noqa: S311 - so that two do not come back at once
        found = None
    if found is None:
        found = await refresh(handle)
    absorb(handle, found)
    pause = _FIRST_POLL
    while found.open_turn is not None and (found.lease_left or 0) > 0:
        lease_left = (found.lease_left or 0) / 1000
        time_left = deadline - time.monotonic()
        if time_left <= 0:
            raise in_progress(handle, found)
        await handle.port.sleep(min(pause, time_left, lease_left + 0.001))
        pause = min(pause * 1.5, _LONGEST_POLL)
        found = await refresh(handle)
    return None if found.open_turn is None else (found.open_turn, found.open_attempt or 0)


def in_progress(handle: Handle, found: BranchState) -> TurnInProgress:
    """Return the error for a branch that a live turn blocks."""
    left = max((found.lease_left or 0) / 1000, 0.0)
    return TurnInProgress(
        f"a turn is running on branch {handle.branch.name!r} (its lease lasts another {left:.1f} s): wait for it with "
        "wait=seconds, or fork",
        turn_id=found.open_turn,
        head_seq=found.branch.head_seq,
        lease_left=left,
    )


def deadline_of(ask: Ask) -> float:
    """Return until when ``ask`` may wait for a running turn, by ``time.monotonic``."""
    return time.monotonic() + ask.wait


def gave_up() -> StoreBusy:
    """Return the error for a write that lost every race."""
    return StoreBusy(f"other writers moved this branch {MOVES} times in a row; nothing was written: try again or fork")
