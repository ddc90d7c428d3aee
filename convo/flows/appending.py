"""Appending: messages stored after whatever is last, without a call.

Law of this file: who lost a race for the head does not race again but waits in line, the branch's row locked, and
takes the place that is then next. Eight writers that race for one branch lose more than a hundred times in a row.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.flows.handle import Handle, absorb
from convo.flows.heads import (
    MOVES,
    Ground,
    Moved,
    Step,
    after_moved,
    deadline_of,
    expect_head,
    found_now,
    gave_up,
    leaves_nothing,
    move_head,
)
from convo.flows.idempotency import Key, recall, record
from convo.flows.outbound import Ask, entries_for, moved_onto, moved_to
from convo.flows.turn_begin import left_behind, write_over_last
from convo.flows.windows import remember
from convo.messages import Message
from convo.records import CLOSED, Entry
from convo.store import branches, conversations, ledger
from convo.store.branches import BranchState
from convo.store.chain import CHAINED


async def append(
    handle: Handle,
    messages: Sequence[Message],
    ask: Ask,
    turn: UUID | None = None,
    key: Key | None = None,
    check: Callable[[], Awaitable[None]] | None = None,
) -> list[Entry]:
    """Store ``messages`` after whatever is last now, without a call; return their entries.

    ``turn`` is the unfinished turn they belong to, None for none; ``check`` raises where they make no sense after
    what is last. One transaction of three statements, warm (on PostgreSQL one statement); two more with a ``key``.
    Raises Recalled where it was done under this key before.
    """
    entries = entries_for(handle, messages, turn)
    over: tuple[UUID, int] | None = None
    deadline = deadline_of(ask)
    anywhere = check is None and ask.expect_head is None and turn is None and handle.to_be is None
    for lost in range(MOVES):
        ground = await expect_head(handle, ask)
        if check is not None:
            await check()
        salvage = await left_behind(handle, ground.last, turn)
        written = moved_to([*salvage, *entries], ground.head)
        step = Step(ground=ground, by=len(written), last_turn=turn, over=over, salvage=written[0] if salvage else None)
        in_line = bool(lost and anywhere and not salvage)
        write, chain = _write_in_line if in_line else _write, not in_line and _is_simple(handle, step, written, key)
        work = partial(write, handle=handle, step=step, entries=written, key=key)
        try:
            await handle.port.write(work, chain=chain)
        except Moved as moved:
            await recall(handle, key)
            over = await after_moved(handle, moved.found, deadline)
            continue
        handle.last, handle.to_be = ground.last if turn else None, None
        remember(handle, written)
        return written[len(salvage) :]
    raise gave_up()


def _write_in_line(connection: Connection, handle: Handle, step: Step, entries: list[Entry], key: Key | None) -> None:
    """As ``_write``, behind whoever writes now, ``entries`` moved to where that leaves the head."""
    branches.lock(connection, handle.place)
    found = found_now(connection, handle)
    nothing_left = found.open_turn is None and (found.last is None or found.last.status in CLOSED)
    if nothing_left and not _holds(connection, found, entries[-1]):
        absorb(handle, found)
        step = replace(step, ground=Ground.of(handle))
        entries[:] = moved_to(entries, step.ground.head)
    _write(connection, handle, step, entries, key)


def _write(connection: Connection, handle: Handle, step: Step, entries: list[Entry], key: Key | None) -> None:
    last = entries[-1]
    simple = _is_simple(handle, step, entries, key)
    then = [ledger.messages_write(entries), conversations.touching_write(handle.conversation_id)] if simple else []
    if move_head(connection, handle, step, lambda found: _holds(connection, found, last), then) and not simple:
        entries[:] = moved_onto(entries, handle.place.branch_no)
        first = entries[0].seq if step.salvage is None else entries[1].seq
        found_by = first if handle.to_be is None else handle.place.branch_no
        record(connection, handle.conversation_id, key, None, found_by)
        write_over_last(connection, handle, step)
        ledger.add_messages(connection, entries)
        conversations.touch(connection, handle.conversation_id)


def _is_simple(handle: Handle, step: Step, entries: Sequence[Entry], key: Key | None) -> bool:
    """Whether the messages are all that is written with the move of the head."""
    few = key is None and step.over is None and handle.to_be is None and len(entries) <= CHAINED
    return few and step.salvage is None and leaves_nothing(step)


def _holds(connection: Connection, found: BranchState, entry: Entry) -> bool:
    return found.branch.head_seq >= entry.seq and ledger.has_message(connection, entry)
