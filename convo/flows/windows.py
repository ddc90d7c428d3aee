"""Windows: how much of its path a handle has in memory, what is read when that is not enough, what it lets go of.

Laws of this file:
- A handle remembers the window, not the history: what the policy in force can look at, and what the last cut left.
- No history is read to use a window: what is read grows with the window alone.
- Others may look at the branch by the handle while it reads. What it reads is taken in where it still fits what the
  handle knows then, and leaves no hole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy.engine import Connection

from convo.context.reach import OPENING, Reach
from convo.context.state import ComposeState
from convo.errors import CorruptRecord
from convo.flows.handle import FIRST_READ, Handle, absorb, refresh, take_over
from convo.records import Branch, Entry
from convo.store import branches, glancing, history
from convo.store.branches import BranchState, Place
from convo.store.history import Span

KEEP_IN_MEMORY = 512
"""Messages remembered beyond which a handle lets go of those its policy no longer looks at."""


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
            place, (low, wanted) = handle.place, _missing(handle, reach, step)
            if not wanted:
                return [*(handle.strays[seq] for seq in _strays(reach, low)), *handle.entries]
        read = await handle.port.read(partial(_read, handle=handle, wanted=wanted))
        if len(read) < sum(upto - after for after, upto in wanted):
            absorb(handle, await refresh(handle))
            raise CorruptRecord(f"messages of branch {handle.branch.name!r} are missing: look through the store")
        _take_in(handle, place, read, low)
        step = max(2 * step, FIRST_READ)


async def refresh_window(handle: Handle, wanted: Reach) -> bool:
    """Refresh what composing needs, and read of the window what is missing, where the branch stands as the handle
    knew; ``load_window`` reads the rest. One statement where the handle knows the ranges of the path, as a rule.

    ``wanted`` tells what the handle's settings and compose state ask for. Returns whether they are as the handle knew.
    Raises NotFound when the branch is gone.
    """
    with handle.memory:
        place, known = handle.place, handle.glance
        low, ranges = _missing(handle, wanted, _first_step(handle, wanted))

    def work(connection: Connection) -> tuple[BranchState | None, list[Entry] | None]:
        if known is not None and known.head == handle.head:
            read = glancing.read(connection, place, known, _spans(connection, handle, ranges))
            if read is not None:
                return None, read
        return branches.state(connection, place.conversation_id, place.branch_no), None

    found, read = await handle.port.read(work)
    if read is None:
        take_over(handle, found)
    elif read and len(read) == sum(upto - after for after, upto in ranges):  # else load_window says what is missing
        _take_in(handle, place, read, low)
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
    return history.read(connection, handle.conversation_id, _spans(connection, handle, wanted))


def _spans(connection: Connection, handle: Handle, wanted: Sequence[tuple[int, int]]) -> list[Span]:
    """Return whose messages the ``(after, upto)`` ranges of the path are; no statement where the path is known.

    It is where the opening alone is wanted: for its sake no path is followed back to its beginning.
    """
    opening = _opening(handle)
    first = [part for part in wanted if opening and part[1] <= OPENING]
    clipped = [span for after, upto in first for span in history.clip(opening, after, upto)]
    rest = [part for part in wanted if part not in first]
    if rest:
        path = path_down_to(connection, handle, min(after for after, _ in rest))
        clipped += [span for after, upto in rest for span in history.clip(path, after, upto)]
    return clipped


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
    with handle.memory:
        branch, known, head = handle.branch, handle.path, handle.head
    if known and known[-1].lo <= floor:
        path = [replace(known[0], hi=max(known[0].hi, head)), *known[1:]]
    else:
        path = [Span(branch.no, branch.fork_seq, head)]
        if branch.parent_no is not None:
            path += history.spans(connection, handle.conversation_id, branch.parent_no, branch.fork_seq, floor)
    with handle.memory:
        if _stands_on(handle.branch) == _stands_on(branch):  # else another thread has moved the handle away
            handle.path = path
    return path


def _stands_on(branch: Branch) -> tuple[int, int | None, int]:
    return branch.no, branch.parent_no, branch.fork_seq


def _take_in(handle: Handle, place: Place, read: Sequence[Entry], low: int) -> None:
    """Remember what was ``read`` of ``place``, unless the handle knows by now that messages in it were changed."""
    with handle.memory:
        if handle.place != place:
            return
        handle.strays |= {entry.seq: entry for entry in read if entry.seq <= low}
        tail = {entry.seq: entry for entry in (*handle.entries, *read) if entry.seq > low}
        handle.entries = _unbroken([tail[seq] for seq in sorted(tail)])


def _unbroken(entries: list[Entry]) -> list[Entry]:
    """Return the end of ``entries`` that has no hole: what was between may have been let go of while it was read."""
    start = len(entries) - 1
    if not entries or entries[-1].seq - entries[0].seq == start:
        return entries
    while start > 0 and entries[start - 1].seq == entries[start].seq - 1:
        start -= 1
    return entries[start:]


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
