"""A handle: one branch of a conversation, as one thread or task holds it in memory.

Laws of this file:
- What a handle remembers is trusted only through the head's compare-and-set; a warm handle reads nothing.
- It remembers the window, not the history: what the policy in force can look at, and what the last cut left.
- Others may read by it while its verb writes. What they looked at before a write and bring after it is not taken over.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.context.account import Composition
from convo.context.reach import OPENING, Reach
from convo.context.state import ComposeState
from convo.context.summary import Summary
from convo.errors import CorruptRecord, HandleInUse, NotFound
from convo.flows.remembering import recollect
from convo.flows.settings import Settings, with_stored
from convo.ports import Port
from convo.records import Branch, Entry, Turn
from convo.store import branches, history
from convo.store.branches import BranchState, Glance, Place
from convo.store.history import Span
from convo.values import dump_json

if TYPE_CHECKING:
    from convo.flows.branching import BranchToBe

FIRST_READ = 64
"""Messages read at first when it is not known how far back the window goes; doubled until it is enough."""

_NOTHING_COMPOSED = ComposeState()

KEEP_IN_MEMORY = 512
"""Messages remembered beyond which a handle lets go of those its policy no longer looks at."""


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
    """Note the compose state that was written with a call, None for none."""
    if written is not None:
        handle.state = written
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


async def load_window(handle: Handle, reach: Reach) -> list[Entry]:
    """Return the entries that ``reach`` asks for, in path order, reading what is not remembered.

    Nothing is read when all of it is. Else two statements a step: the ranges where they are not known, and the
    messages; steps double, so at most about twice what is needed is read, whatever the length of the history. Raises
    NotFound where the branch was deleted meanwhile, CorruptRecord where it has a hole.
    """
    _let_go_of_cut(handle, reach)
    step = _first_step(handle, reach)
    while True:
        with handle.memory:
            low, wanted = _missing(handle, reach, step)
            if not wanted:
                return [*(handle.strays[seq] for seq in _strays(reach, low)), *handle.entries]
        read = await handle.port.read(lambda c, w=wanted: _read(c, handle, w))  # type: ignore[misc]
        if len(read) < sum(upto - after for after, upto in wanted):
            absorb(handle, await refresh(handle))
            raise CorruptRecord(f"messages of branch {handle.branch.name!r} are missing: look through the store")
        _take_in(handle, read, low)
        step = max(2 * step, FIRST_READ)


async def refresh_window(handle: Handle, wanted: Reach) -> bool:
    """Refresh what composing needs, and in the same transaction read of the window what is missing, where the branch
    stands as the handle knew; ``load_window`` reads the rest.

    ``wanted`` tells what the handle's settings and compose state ask for. Returns whether they are as the handle knew.
    Raises NotFound when the branch is gone.
    """
    place, known = handle.place, handle.glance
    low, ranges = _missing(handle, wanted, _first_step(handle, wanted))

    def work(connection: Connection) -> tuple[BranchState | None, list[Entry] | None]:
        if known is not None and known.head == handle.head and branches.glance(connection, place) == known:
            return None, _read(connection, handle, ranges) if ranges else []
        return branches.state(connection, place.conversation_id, place.branch_no), None

    found, read = await handle.port.read(work)
    if read is None:
        take_over(handle, found)
    elif read and len(read) == sum(upto - after for after, upto in ranges):  # else load_window says what is missing
        _take_in(handle, read, low)
    return read is not None


def _missing(handle: Handle, reach: Reach, step: int) -> tuple[int, list[tuple[int, int]]]:
    """Return the seq behind which ``reach`` wants the tail, as far as ``step`` more tell, and the ranges to read."""
    low = handle.oldest - 1
    if low > 0 and not reach.enough(handle.entries):
        low = max(low - step, 0)
    strays = [seq for seq in _strays(reach, low) if seq not in handle.strays]
    newest = handle.entries[-1].seq if handle.entries else handle.head
    wanted = [*((seq - 1, seq) for seq in strays), (low, handle.oldest - 1), (newest, handle.head)]
    return low, _joined((after, upto) for after, upto in wanted if upto > after)


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the ascending ``(after, upto)`` ranges, those that follow each other as one: each is a part of a query."""
    joined: list[tuple[int, int]] = []
    for after, upto in ranges:
        if joined and joined[-1][1] == after:
            joined[-1] = (joined[-1][0], upto)
        else:
            joined.append((after, upto))
    return joined


def _let_go_of_cut(handle: Handle, reach: Reach) -> None:
    """Forget what the window has cut away, but for the single older messages that are wanted."""
    after = reach.after or 0
    if handle.oldest <= after:
        wanted = set(_strays(reach, after))
        handle.strays |= {entry.seq: entry for entry in handle.entries if entry.seq in wanted}
        handle.entries = [entry for entry in handle.entries if entry.seq > after]


def _first_step(handle: Handle, reach: Reach) -> int:
    if reach.after is not None:
        return max(handle.oldest - 1 - reach.after, 1)
    return FIRST_READ if reach.messages is None else min(max(reach.messages, 1), FIRST_READ)


def _strays(reach: Reach, low: int) -> list[int]:
    """The older messages that are wanted by themselves: the first few and the pins at or below ``low``."""
    wanted = {*range(1, min(reach.first, low) + 1), *(seq for seq in reach.pins if seq <= low)}
    return sorted(wanted)


def _read(connection: Connection, handle: Handle, wanted: Sequence[tuple[int, int]]) -> list[Entry]:
    """Read the ``(after, upto)`` ranges of the path; two statements, one where the path's ranges are known.

    The opening's are: for their sake no path is followed back to its beginning.
    """
    opening = _opening(handle)
    first = [part for part in wanted if opening and part[1] <= OPENING]
    clipped = [span for after, upto in first for span in history.clip(opening, after, upto)]
    rest = [part for part in wanted if part not in first]
    if rest:
        path = path_down_to(connection, handle, min(after for after, _ in rest))
        clipped += [span for after, upto in rest for span in history.clip(path, after, upto)]
    return history.read(connection, handle.conversation_id, clipped)


def _opening(handle: Handle) -> list[Span]:
    """Return the ranges that the first messages of the path are in; empty where that is not known."""
    branch, spans, low = handle.branch, list[Span](), 0
    if branch.fork_seq and not handle.state.opening:
        return []
    for number, upto in handle.state.opening:
        spans.append(Span(number, low, upto))
        low = upto
    return [*spans, Span(branch.no, low, OPENING)] if low < OPENING else spans


def state_at(handle: Handle, seq: int) -> ComposeState:
    """Return the compose state that a branch which stands on message ``seq`` of the handle's path starts with."""
    if not seq:
        return ComposeState()
    first = history.clip(_opening(handle), 0, min(seq, OPENING))
    return replace(handle.state.before(seq), opening=tuple((span.branch_no, span.hi) for span in first))


def path_down_to(connection: Connection, handle: Handle, floor: int) -> list[Span]:
    """Return the ranges of the handle's path, newest first, down to ``floor``; no statement where they are known."""
    branch, known = handle.branch, handle.path
    if known and known[-1].lo <= floor:
        path = [replace(known[0], hi=max(known[0].hi, handle.head)), *known[1:]]
    else:
        path = [Span(branch.no, branch.fork_seq, handle.head)]
        if branch.parent_no is not None:
            path += history.spans(connection, handle.conversation_id, branch.parent_no, branch.fork_seq, floor)
    handle.path = path
    return path


def _take_in(handle: Handle, read: Sequence[Entry], low: int) -> None:
    with handle.memory:
        handle.strays |= {entry.seq: entry for entry in read if entry.seq <= low}
        tail = {entry.seq: entry for entry in (*handle.entries, *read) if entry.seq > low}
        handle.entries = [tail[seq] for seq in sorted(tail)]


def remember(handle: Handle, entries: Sequence[Entry], reach: Reach | None = None) -> None:
    """Note that ``entries`` were written after the head, and let go of what the policy no longer looks at."""
    with handle.memory:
        _remember(handle, entries, reach)


def _remember(handle: Handle, entries: Sequence[Entry], reach: Reach | None) -> None:
    if not handle.entries or handle.entries[-1].seq == entries[0].seq - 1:
        handle.entries.extend(entries)
    handle.head = max(handle.head, entries[-1].seq)
    handle.glance = handle.glance and handle.glance._replace(head=handle.head)
    if handle.path:
        handle.path[0] = replace(handle.path[0], hi=max(handle.path[0].hi, handle.head))
    if reach is not None and len(handle.entries) > KEEP_IN_MEMORY:
        _forget(handle, reach)


def _forget(handle: Handle, reach: Reach) -> None:
    keep = handle.entries
    while len(keep) > KEEP_IN_MEMORY // 2 and reach.enough(keep[len(keep) // 2 :]):
        keep = keep[len(keep) // 2 :]
    handle.entries = keep
