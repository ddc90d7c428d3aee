"""The other choices of a completion with ``n`` greater than 1: each a sibling branch with a turn of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.engine import Connection

from convo.completions import Choice
from convo.flows.handle import Handle, cuts_json
from convo.flows.outbound import entries_for
from convo.flows.windows import state_at
from convo.records import Branch, Entry, Turn, TurnStatus
from convo.store import forks, ledger
from convo.store.branches import NewBranch
from convo.store.clock import new_id


def store_siblings(
    connection: Connection, handle: Handle, turn: Turn, first: Entry, others: Sequence[Choice]
) -> list[Branch]:
    """Store ``others`` beside the first choice, and return their branches; four statements for each.

    Each stands on what ``first`` answers. Usage stays with the first choice's turn.
    """
    return [_store_sibling(connection, handle, turn, first, choice) for choice in others]


def _store_sibling(connection: Connection, handle: Handle, turn: Turn, first: Entry, choice: Choice) -> Branch:
    number = forks.claim_number(connection, handle.conversation_id)
    before = first.seq - 1
    state = state_at(handle, before)
    new = NewBranch(
        name=f"{handle.branch.name[:200]}-choice-{choice.index + 1}-{number}",
        parent_no=_owner(handle, before) if before else None,
        fork_seq=before,
        shown_parent_no=handle.place.branch_no,
        compose_state=cuts_json(state) if state.cuts or state.opening else None,
        pins=state.pins,
        messages=1,
    )
    sibling = replace(turn, id=new_id(), branch_no=number, input=None, calls=0, choice_of=turn.id, attempt=1)
    branch = forks.fork(connection, handle.conversation_id, number, replace(new, last_turn=sibling.id))
    (entry,) = entries_for(handle, [choice.message], sibling.id, start=before)
    entry = replace(entry, branch_no=number, finish_reason=choice.finish_reason, prefix=first.prefix)
    ledger.add_messages(connection, [entry])
    status: TurnStatus = "awaiting_tools" if choice.message.calls else "completed"
    ledger.add_turn(connection, replace(sibling, status=status, output=(entry.seq, entry.seq)), pending=None)
    return branch


def _owner(handle: Handle, seq: int) -> int:
    """The branch that owns message ``seq`` of the handle's path, which the handle's window holds."""
    return next(entry.branch_no for entry in reversed(handle.entries) if entry.seq == seq)
