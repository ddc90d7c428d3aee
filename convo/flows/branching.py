"""Branches: forked, listed, switched."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.engine import Connection

from convo.context.state import ComposeState
from convo.errors import AlreadyExists, NotFound
from convo.flows.handle import Handle, handle_from
from convo.flows.reading import own_entry
from convo.flows.settings import checked_name
from convo.records import Branch, Entry
from convo.store import branches, conversations
from convo.store.branches import BranchState, NewBranch
from convo.store.clock import new_id


async def fork(handle: Handle, at: Entry | None, name: str | None) -> Handle:
    """Return a handle on a new branch that stands on ``at`` (None: the head); ``handle`` and its branch stay.

    Writes one row. Raises NotFound for an entry that is not on this path, AlreadyExists for a name that is taken.
    """
    entry = await own_entry(handle, at) if at is not None else await own_entry(handle, None)
    wanted = None if name is None else checked_name(name, "name")
    place = handle.place
    state = _state_at(handle, entry)

    def work(connection: Connection) -> BranchState | None:
        number = branches.next_number(connection, place)
        if number is None:
            return None
        if wanted is not None and branches.named(connection, place.conversation_id, wanted):
            raise AlreadyExists(f"there is a branch {wanted!r:.80} already: choose another name")
        new = NewBranch(
            name=wanted or _free_name(connection, place.conversation_id, number),
            parent_no=entry.branch_no if entry else None,
            fork_seq=entry.seq if entry else 0,
            shown_parent_no=place.branch_no,
            compose_state=state.to_json() if state != ComposeState() else None,
        )
        branches.fork(connection, place.conversation_id, number, new)
        return branches.state(connection, place.conversation_id, number)

    found = await handle.port.write(work)
    if found is None:
        raise NotFound("this conversation is no longer there")
    return handle_from(handle.port, found, place.conversation_id, handle.given, handle.backend)


def _free_name(connection: Connection, conversation_id: UUID, number: int) -> str:
    name = f"branch-{number}"
    return f"{name}-{new_id().hex[-8:]}" if branches.named(connection, conversation_id, name) else name


def _state_at(handle: Handle, entry: Entry | None) -> ComposeState:
    return handle.state.before(entry.seq) if entry else ComposeState()


async def listed(handle: Handle) -> list[Branch]:
    """Return the conversation's branches, oldest first."""
    return await handle.port.read(lambda c: branches.listed(c, handle.conversation_id))


async def switch(handle: Handle, branch: str | int) -> None:
    """Move this handle, and the conversation's active branch, to another branch; raises NotFound."""
    place = handle.place

    def work(connection: Connection) -> BranchState:
        found = branches.state(connection, place.conversation_id, branch)
        if found is None or found.owner != place.owner:
            raise NotFound(f"there is no branch {branch!r:.80} in this conversation")
        conversations.change(connection, place.owner, place.conversation_id, active_branch=found.branch.no)
        return found

    become(handle, await handle.port.write(work))


def become(handle: Handle, found: BranchState) -> None:
    """Make ``handle`` a cold handle on the branch ``found``."""
    other = handle_from(handle.port, found, handle.conversation_id, handle.given, handle.backend)
    for name in ("place", "branch", "settings", "head", "state", "last", "entries", "strays", "path"):
        setattr(handle, name, getattr(other, name))
