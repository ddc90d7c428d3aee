"""A handle: one branch of a conversation, as one thread or task holds it in memory.

Laws of this file:
- What a handle remembers is trusted only through the head's compare-and-set; a warm handle reads nothing.
- Others may read by it while its verb writes. What they looked at before a write and bring after it is not taken over.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from convo.context.account import Composition
from convo.context.state import ComposeState
from convo.context.summary import Summary
from convo.errors import HandleInUse, NotFound
from convo.flows.remembering import recollect
from convo.flows.settings import Settings, with_stored
from convo.ports import Port
from convo.records import Branch, Entry, Turn
from convo.store import branches
from convo.store.branches import BranchState, Glance, Place
from convo.store.history import Span
from convo.values import dump_json

if TYPE_CHECKING:
    from convo.flows.branching import BranchToBe

FIRST_READ = 64
"""Messages read at first when it is not known how far back the window goes; doubled until it is enough."""

_NOTHING_COMPOSED = ComposeState()


@dataclass(slots=True)
class Handle:
    """What one handle knows. ``entries`` is the tail of the path without a hole, ``strays`` are older single ones.

    ``to_be`` is the branch it is on while nothing has been written to that one, which is then not there yet either.
    """

    port: Port
    place: Place
    branch: Branch
    given: Settings
    settings: Settings
    backend: Any
    head: int
    state: ComposeState
    last: Turn | None = None
    entries: list[Entry] = field(default_factory=list)
    strays: dict[int, Entry] = field(default_factory=dict)
    path: list[Span] = field(default_factory=list)
    blobs: set[str] = field(default_factory=set)
    summaries: dict[str, Summary] = field(default_factory=dict)
    annotated: dict[UUID, Mapping[str, Any]] = field(default_factory=dict)
    seen: BranchState | None = None
    glance: Glance | None = None
    composed: Composition | None = None
    recollected: bool = False
    closed: bool = False
    to_be: BranchToBe | None = None
    memory: threading.RLock = field(default_factory=threading.RLock)
    _busy: threading.Lock = field(default_factory=threading.Lock)

    @property
    def conversation_id(self) -> UUID:
        """The conversation's id."""
        return self.place.conversation_id

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Hold the handle for one verb; raises HandleInUse when another thread or task is in one."""
        if not self._busy.acquire(blocking=False):
            raise HandleInUse()
        try:
            yield
        finally:
            self._busy.release()

    @property
    def oldest(self) -> int:
        """The first seq remembered without a hole up to the head; head + 1 when nothing is."""
        return self.entries[0].seq if self.entries else self.head + 1


def handle_from(port: Port, found: BranchState, conversation_id: UUID, given: Settings, backend: Any) -> Handle:
    """Return a cold handle on the branch ``found``."""
    place = Place(
        conversation_id=conversation_id,
        owner=found.owner,
        branch_no=found.branch.no,
        revision=found.revision,
    )
    handle = Handle(
        port=port,
        place=place,
        branch=found.branch,
        given=given,
        settings=given,
        backend=backend,
        head=found.branch.head_seq,
        state=_NOTHING_COMPOSED,
        path=[Span(found.branch.no, found.branch.fork_seq, found.branch.head_seq)],
    )
    absorb(handle, found)
    recollect(handle)
    return handle


def cuts_json(state: ComposeState) -> dict[str, Any]:
    """Return what a finished turn writes of the compose state; pins are written by their own verb alone."""
    return {name: value for name, value in state.to_json().items() if name != "pins"}


def note_state(handle: Handle, written: ComposeState | None) -> None:
    """Note the compose state that was written with a call, None for none; pins may have changed since it was made."""
    if written is None:
        return
    with handle.memory:
        handle.state = replace(written, pins=handle.state.pins)
        handle.glance = handle.glance and handle.glance._replace(compose_state=dump_json(cuts_json(written)))


def absorb(handle: Handle, found: BranchState) -> None:
    """Take over what was read of the branch. What is remembered of the path stays: a head only moves forward."""
    with handle.memory:
        _absorb(handle, found)


def _absorb(handle: Handle, found: BranchState) -> None:
    if found.revision != handle.place.revision:
        _revise(handle, found.revision)
    handle.settings = with_stored(handle.given, found.settings)
    if handle.entries and handle.entries[-1].seq != found.branch.head_seq:
        handle.entries = [entry for entry in handle.entries if entry.seq <= found.branch.head_seq]
    if handle.entries and found.branch.head_seq - handle.entries[-1].seq > FIRST_READ:
        handle.entries = []  # what others wrote since may be of any length: begin anew from the end
    handle.branch, handle.head, handle.glance = found.branch, found.branch.head_seq, found.glance
    handle.seen = found
    handle.state = ComposeState.from_json(found.compose_state)
    handle.last = found.last


async def refresh(handle: Handle) -> BranchState:
    """Read the branch anew and return how it stands; raises NotFound when it is gone."""
    place = handle.place if handle.to_be is None else handle.to_be.left
    found = await handle.port.read(lambda c: branches.state(c, place.conversation_id, place.branch_no))
    return take_over(handle, found)


def take_over(handle: Handle, found: BranchState | None) -> BranchState:
    """Absorb how the handle's branch was found, unless the handle knows better; return it.

    It does where it has written since, or moved to another branch. Raises NotFound when the branch is gone.
    """
    if found is None or found.owner != handle.place.owner:
        raise NotFound("this branch is no longer there")
    with handle.memory:
        if handle.to_be is not None:
            found = handle.to_be.foretold(found)
        elif found.branch.no != handle.place.branch_no:
            return found
        if found.revision > handle.place.revision:
            _revise(handle, found.revision)
        if found.revision == handle.place.revision and found.branch.head_seq >= handle.head:
            _absorb(handle, found)
    return found


def _revise(handle: Handle, revision: int) -> None:
    """Forget what stood in the messages before they were changed in place."""
    handle.entries, handle.strays, handle.summaries, handle.composed = [], {}, {}, None
    handle.place = replace(handle.place, revision=revision)
