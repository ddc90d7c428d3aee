"""Branches: forked, listed, switched."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import copy
from dataclasses import replace
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.errors import AlreadyExists, NotFound, StoreError
from convo.flows.handle import Handle, cuts_json, handle_from, refresh, take_over
from convo.flows.heads import Moved
from convo.flows.reading import own_entry, path_of, same_conversation
from convo.flows.settings import BRANCHES, checked_branch, checked_name
from convo.flows.windows import path_down_to, state_at
from convo.harmless import brief
from convo.records import Branch, Entry
from convo.store import branches, conversations, forks, ledger
from convo.store.branches import BranchState, NewBranch, Place
from convo.store.clock import new_id, now
from convo.store.history import Span

Spot = tuple[int, int]
"""A message on a path: the number of the branch that owns it, and its seq."""


async def fork(handle: Handle, at: Entry | None, name: str | None) -> Handle:
    """Return a handle on a new branch that stands on ``at`` (None: the head); ``handle`` and its branch stay.

    Writes one row. Raises NotFound for an entry that is not on this path, AlreadyExists for a name that is taken.
    """
    if at is not None:
        same_conversation(handle, at)
    wanted = None if name is None else checked_name(name, "name")

    def spot(connection: Connection) -> Spot | None:
        return replace(handle.branch, head_seq=handle.head).tip if at is None else _spot_of(connection, handle, at)

    made = Fork(handle, spot, wanted)
    found = await made.at_once()
    if found is None:
        found = await handle.port.write(made.write)
    return handle_from(handle.port, found, handle.conversation_id, handle.given, handle.backend)


def _spot_of(connection: Connection, handle: Handle, entry: Entry) -> Spot:
    path = path_down_to(connection, handle, entry.seq - 1)
    if not any(span.branch_no == entry.branch_no and span.lo < entry.seq <= span.hi for span in path):
        raise NotFound(f"this entry is not on the path of branch {handle.branch.name!r}")
    return entry.branch_no, entry.seq


class Fork:
    """The row of a branch that stands on a message of the handle's path, as a transaction that may be run again.

    ``spot`` tells the message, None for before the first. It is asked once the conversation's row is locked and the
    handle knows how its branch stands, so what it tells is there to stay.
    """

    def __init__(self, handle: Handle, spot: Callable[[Connection], Spot | None], name: str | None) -> None:
        self._handle, self._spot, self._name = handle, spot, name
        self.made: Branch | None = None
        self._runs = 0

    def has_made(self, branch: Branch) -> bool:
        """Whether ``branch`` is what an earlier run has made, the reply to whose COMMIT was lost."""
        made = self.made
        return made is not None and (made.no, made.created_at) == (branch.no, branch.created_at)

    async def at_once(self) -> BranchState | None:
        """Write the row by what the handle knows, if all that is so; return how the new branch stands.

        None where it is not, or others take branch numbers or the name at the same time: then ``write`` it.
        """
        handle, seen, glance = self._handle, self._handle.seen, self._handle.glance
        if seen is None or glance is None or glance.head != handle.head:
            return None
        number = seen.counter + 1
        found: BranchState | None = None

        def work(connection: Connection) -> bool:
            nonlocal found
            if found is not None:  # run again: the reply may have been lost
                known = branches.state(connection, handle.conversation_id, number)
                return known is not None and self.has_made(known.branch)
            new = _row(handle, self._spot(connection), self._name or f"branch-{number}")
            made = self.made = forks.made_of(number, new)
            found = seen.forked(made, new)
            row = forks.fork_write(handle.conversation_id, made, new)
            return forks.take_number(connection, handle.place, glance, number, [row])

        if await handle.port.write(work, chain=True):
            handle.seen = replace(seen, counter=number)
            return found
        self.made = None
        return None

    def write(self, connection: Connection) -> BranchState:
        """Write the row; return how the new branch stands. Raises NotFound, AlreadyExists."""
        self._runs += 1
        handle, place, name = self._handle, self._handle.place, self._name
        number = forks.next_number(connection, place)
        own = take_over(handle, branches.state(connection, place.conversation_id, place.branch_no))
        number = forks.next_number(connection, handle.place) if number is None else number
        if number is None:
            raise NotFound("this conversation is no longer there, or a message in it was erased meanwhile")
        known = self.found(connection)
        if known is not None:
            return known
        if name is not None and forks.named(connection, place.conversation_id, name) is not None:
            raise _is_taken(name)
        new = _row(handle, self._spot(connection), name or self._free_name(connection, number))
        self.made = forks.fork(connection, place.conversation_id, number, new)
        return own.forked(self.made, new)

    def found(self, connection: Connection) -> BranchState | None:
        """Return how the branch stands that an earlier run has made, None where none has: its transaction failed."""
        known = branches.state(connection, self._handle.conversation_id, self.made.no) if self.made else None
        return known if known is not None and self.has_made(known.branch) else None

    def _free_name(self, connection: Connection, number: int) -> str:
        """Return a name of the branch's own: the usual one is hardly ever taken, so the first run does not look."""
        name = f"branch-{number}"
        if self._runs == 1 or forks.named(connection, self._handle.conversation_id, name) is None:
            return name
        return f"{name}-{new_id().hex[-8:]}"


def _row(handle: Handle, spot: Spot | None, name: str) -> NewBranch:
    """Return the row of a branch of that name that stands on ``spot`` of the handle's path."""
    parent_no, seq = spot or (None, 0)
    state = state_at(handle, seq)
    return NewBranch(
        name=name,
        parent_no=parent_no,
        fork_seq=seq,
        shown_parent_no=handle.place.branch_no,
        compose_state=cuts_json(state) if state.cuts or state.opening else None,
        pins=state.pins,
    )


class BranchToBe:
    """A branch that is made, and made the active one, in the transaction of the first write to it, or not at all.

    So nobody ever finds it empty, and what is refused before leaves nothing behind. Until then the handle that is on it
    knows of it only what it stands on: message ``spot`` of the path of the branch that it has ``left``.
    """

    def __init__(self, handle: Handle, spot: Spot | None) -> None:
        self._before = copy(handle)
        self._spot = spot
        self._fork = Fork(self._before, lambda _: spot, None)

    @property
    def left(self) -> Place:
        """The branch that the handle was on."""
        return self._before.place

    def foretold(self, found: BranchState) -> BranchState:
        """Return how the branch stands before anything is written to it; ``found`` is how the one it left stands."""
        new = _row(self._before, self._spot, self._before.branch.name)
        branch = Branch(
            no=BRANCHES,
            name=new.name,
            parent_no=new.parent_no,
            fork_seq=new.fork_seq,
            shown_parent_no=new.shown_parent_no,
            head_seq=new.fork_seq,
            created_at=now(),
        )
        return found.forked(branch, new)

    def make(self, connection: Connection, handle: Handle, revision: int) -> bool:
        """Make it, before the first write of this transaction; False where an earlier run's commit has made it.

        Raises Moved where the conversation was revised since ``revision``, NotFound where the branch it left is gone.
        """
        before = self._fork.made
        branch = self._fork.write(connection).branch
        if before is not None and (before.no, before.created_at) == (branch.no, branch.created_at):
            return False
        if self.left.revision != revision:
            raise Moved()
        place = replace(handle.place, branch_no=branch.no)
        conversations.change(connection, place.owner, place.conversation_id, active_branch=branch.no)
        handle.place, handle.branch = place, branch
        handle.path = [Span(branch.no, branch.fork_seq, branch.head_seq), *handle.path[1:]]
        return True

    async def settle(self, handle: Handle) -> None:
        """Leave ``handle`` on the branch where it has been made after all, else where it was before."""
        found = None
        if self._fork.made is not None:
            with suppress(StoreError):  # what went wrong is told; the branch left is there at any rate
                found = await handle.port.read(self._fork.found)
        if found is None:
            _assume(handle, self._before)
        else:
            handle.to_be = None
            take_over(handle, found)


async def set_out(handle: Handle, entry: Entry) -> None:
    """Move the handle to a branch to be that ends right before ``entry``.

    It is made with the first write; who does not get that far calls ``settle``. Raises NotFound.
    """
    parent = await entry_before(handle, entry)
    found = await refresh(handle)
    to_be = BranchToBe(handle, None if parent is None else (parent.branch_no, parent.seq))
    other = handle_from(handle.port, to_be.foretold(found), handle.conversation_id, handle.given, handle.backend)
    other.to_be = to_be
    _assume(handle, other)


async def settle(handle: Handle) -> None:
    """Where the branch that the handle is on is still to be: see ``BranchToBe.settle``. Else nothing."""
    if handle.to_be is not None:
        await handle.to_be.settle(handle)


def _is_taken(name: str) -> AlreadyExists:
    return AlreadyExists(f"there is a branch {name!r:.80} already: choose another name")


async def listed(handle: Handle) -> list[Branch]:
    """Return the conversation's branches, oldest first."""
    return await handle.port.read(lambda c: branches.listed(c, handle.conversation_id))


async def switch(handle: Handle, branch: str | int) -> None:
    """Move this handle, and the conversation's active branch, to another branch; raises NotFound."""
    place, wanted = handle.place, checked_branch(branch)

    def work(connection: Connection) -> BranchState:
        found = there(branches.state(connection, place.conversation_id, wanted))
        conversations.change(connection, place.owner, place.conversation_id, active_branch=found.branch.no)
        return there(branches.state(connection, place.conversation_id, found.branch.no))  # deletions wait by now

    def there(found: BranchState | None) -> BranchState:
        if found is None or found.owner != place.owner:
            raise NotFound(f"there is no branch {brief(branch)} in this conversation")
        return found

    become(handle, await handle.port.write(work))


def become(handle: Handle, found: BranchState) -> None:
    """Make ``handle`` a cold handle on the branch ``found``."""
    _assume(handle, handle_from(handle.port, found, handle.conversation_id, handle.given, handle.backend))


def _assume(handle: Handle, other: Handle) -> None:
    with handle.memory:
        for name in _OF_A_BRANCH:
            setattr(handle, name, getattr(other, name))


_OF_A_BRANCH = (
    *("place", "branch", "settings", "head", "state", "last", "entries", "strays", "path", "to_be"),
    *("seen", "glance", "composed", "recollected"),
)
"""What a handle knows that is of the branch it is on."""


async def move_to_turn(handle: Handle, turn_id: UUID | None) -> None:
    """Move the handle to the branch that a turn is on, where it is on another; the active branch stays."""
    place = handle.place

    def work(connection: Connection) -> int | None:
        turn = None if turn_id is None else ledger.turn(connection, place.conversation_id, turn_id)
        return None if turn is None else turn.branch_no

    number = await handle.port.read(work)
    if number is not None:
        await move_to(handle, number)


async def move_to(handle: Handle, number: int) -> None:
    """Move the handle to the branch of that number, if it is there; the active branch stays."""
    if number != handle.place.branch_no:
        found = await handle.port.read(lambda c: branches.state(c, handle.conversation_id, number))
        if found is not None:
            become(handle, found)


async def entry_before(handle: Handle, entry: Entry) -> Entry | None:
    """Return the entry before ``entry`` on this path, None for none; raises NotFound for one that is not on it."""
    own = await own_entry(handle, entry)
    found = await path_of(handle, own.seq - 2, own.seq - 1) if own.seq > 1 else []
    return found[0] if found else None
