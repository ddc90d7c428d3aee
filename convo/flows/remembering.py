"""What a store remembers of a branch's window, so that a new handle on it need not read and compose it anew.

Laws of this file:
- What is remembered serves only where the branch, just read, is the same one, not revised, and not behind it: a stored
  message changes in nothing but its metadata, and a head only moves forward.
- Functions in a policy may look at metadata, which other processes change: for them the window is read anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from sys import getsizeof
from typing import TYPE_CHECKING, Any
from uuid import UUID

from convo.context.account import Composition
from convo.context.rules import Rule
from convo.context.summary import Summary
from convo.frozen import dataclass
from convo.records import Entry
from convo.store.history import Span

if TYPE_CHECKING:
    from convo.flows.handle import Handle

FARTHEST = 64
"""Messages that may have come since, for what is remembered still to serve."""

ABOUT_A_MESSAGE = 2_000
"""Bytes that a message takes in memory beside its text."""

ABOUT_A_HASH = 200
"""Bytes that the hash of a blob takes in memory."""

ASCII_CHARACTER, OTHER_CHARACTER = 2, 8
"""Bytes that a character takes, in the text and in the canonical JSON of it, which escapes what is not ASCII."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a handle knew of a branch when its head was ``head``.

    ``size`` is that of the entries, in bytes, about; ``composed`` is a list that can be grown, None for none.
    """

    created_at: datetime
    revision: int
    head: int
    last: UUID | None
    entries: tuple[Entry, ...]
    strays: Mapping[int, Entry]
    path: tuple[Span, ...]
    blobs: frozenset[str]
    summaries: Mapping[str, Summary]
    composed: Composition | None
    size: int


def keep(handle: Handle) -> None:
    """Have the store remember what ``handle`` knows. O(what it knows), a copy of references."""
    memory, key = handle.port.memory, _key(handle)
    if not memory or handle.to_be is not None or not handle.entries or handle.entries[-1].seq != handle.head:
        return
    before: Remembered | None = memory.get(key)
    composed = handle.composed if handle.composed and handle.composed.base else None
    if before is not None and _is_same(before, handle):
        grows = before.composed is not None or composed is None
        as_much = len(before.entries) >= len(handle.entries) and grows
        if before.head > handle.head or (before.head == handle.head and as_much):
            return
    remembered = Remembered(
        created_at=handle.branch.created_at,
        revision=handle.place.revision,
        head=handle.head,
        last=handle.last.id if handle.last else None,
        entries=tuple(handle.entries),
        strays=dict(handle.strays),
        path=tuple(handle.path),
        blobs=frozenset(handle.blobs),
        summaries=dict(handle.summaries),
        composed=composed,
        size=_size(handle.entries, before),
    )
    memory.put(key, remembered, remembered.size + _size_beside(remembered))


def recollect(handle: Handle) -> None:
    """Give a new handle what the store remembers of its branch, if that still holds."""
    found: Remembered | None = handle.port.memory.get(_key(handle))
    if found is None or not _is_same(found, handle) or not 0 <= handle.head - found.head <= FARTHEST:
        return
    if found.head == handle.head and found.last != (handle.last.id if handle.last else None):
        return
    handle.entries, handle.strays = [*found.entries], dict(found.strays)
    handle.path, handle.blobs, handle.summaries = [*found.path], {*found.blobs}, dict(found.summaries)
    handle.composed, handle.recollected = found.composed, True


def see_anew(handle: Handle, policy: Sequence[Any]) -> None:
    """Let go of what the handle has from the store's memory where a function of ``policy`` would see it."""
    if handle.recollected and not all(isinstance(rule, Rule) for rule in policy):
        handle.entries, handle.strays, handle.composed, handle.recollected = [], {}, None, False


def _key(handle: Handle) -> tuple[UUID, int]:
    return handle.conversation_id, handle.place.branch_no


def _is_same(found: Remembered, handle: Handle) -> bool:
    return (found.created_at, found.revision) == (handle.branch.created_at, handle.place.revision)


def _size(entries: Sequence[Entry], before: Remembered | None) -> int:
    """The bytes that ``entries`` take, about; O(those that came since ``before``)."""
    if before is None or not before.entries or before.entries[0] is not entries[0]:
        return sum(map(size_of, entries))
    return before.size + sum(map(size_of, entries[len(before.entries) :]))


def _size_beside(remembered: Remembered) -> int:
    """The bytes taken beside the entries by strays, summaries, blobs' hashes, and what is composed alone; about."""
    size = sum(map(size_of, remembered.strays.values())) + ABOUT_A_HASH * len(remembered.blobs)
    size += sum(getsizeof(summary.text) for summary in remembered.summaries.values())
    base = remembered.composed.base if remembered.composed else None
    if base is None:
        return size
    previewed = takewhile(lambda entry: entry.seq > remembered.head, reversed(base.entries))
    return size + getsizeof(base.given.system) + sum(map(size_of, previewed))


def size_of(entry: Entry) -> int:
    """Return the bytes that ``entry`` takes in memory, about. O(1) for a text."""
    content = entry.message.content
    if not isinstance(content, str):
        return ABOUT_A_MESSAGE + 2 * len(entry.message.canonical())
    return ABOUT_A_MESSAGE + len(content) * (ASCII_CHARACTER if content.isascii() else OTHER_CHARACTER)
