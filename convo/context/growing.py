"""Growing: between two cuts a list grows at its end alone, so the next one is the last one and what has come since.

Law of this file: what is grown is what composing anew would give; where that is not plain to see, nothing is grown.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter, is_

from convo.context.account import source_of
from convo.context.attempt import Attempt, Input, stored_items
from convo.context.choosing import Window
from convo.context.draft import Item, stored_item
from convo.context.layout import Layout, needs_no_repair
from convo.frozen import dataclass
from convo.messages import Message
from convo.records import Entry


@dataclass(frozen=True, slots=True)
class Leaving:
    """A list as it leaves. The first ``judged`` messages have left before, as ``base`` says, to the same profile."""

    attempt: Attempt
    messages: tuple[Message, ...]
    sources: tuple[int | None, ...]
    judged: int = 0


def leaving(attempt: Attempt) -> Leaving:
    """Return what leaves by ``attempt``. O(n)."""
    outbound = attempt.layout.outbound
    return Leaving(attempt, tuple([part.message for part in outbound]), tuple([source_of(part) for part in outbound]))


@dataclass(frozen=True, slots=True)
class Base:
    """A list that left as it stood, to be grown from: what it was made of, and the ``entries`` in it."""

    given: Input
    left: Leaving
    entries: tuple[Entry, ...]


def base_of(given: Input, left: Leaving) -> Base | None:
    """Return the base that ``left`` is, None where more than a window and its profile had a say in it. O(n)."""
    layout = left.attempt.layout
    stood = layout.outbound is layout.items and not given.pins and given.count is None
    if not stood or any(type(rule) is not Window for rule in given.policy):
        return None
    return Base(given, left, tuple([item.entry for item in layout.items if item.entry is not None]))


def grown(base: Base, given: Input, cut: int, mark: int) -> Leaving | None:
    """Return the list for ``given`` with this cut and mark as the beginning of ``base`` and what has come since.

    None where the list does not simply grow. O(what has come since), but for comparing and copying references.
    """
    before = base.left.attempt
    if cut != before.cut or _asked(given) != _asked(base.given):
        return None
    start = bisect_right(given.entries, cut, key=_SEQ) if cut else 0
    behind, tail = stored_items(given.entries[:start]) if start else [], given.entries[start:]
    entries = [*[item.entry for item in behind if item.kept], *tail]
    same = _same(base.entries, entries)
    items = [stored_item(entry) for entry in entries[same:] if entry is not None and not entry.erased]
    if not same or len(items) < len(entries) - same or not _is_whole(given, start, cut, behind):
        return None
    old = len(before.layout.items) - len(base.entries) + same
    if not needs_no_repair(items, given.profile, after=before.layout.items[old - 1]):
        return None
    whole = (*before.layout.items[:old], *items)
    tokens, estimated = given.sizes(whole)
    dropped = tuple((item, Window.__name__) for item in behind if not item.kept)
    tokens, estimated = tokens + given.tools_cost, estimated + given.plain_tools_cost
    attempt = Attempt(cut, mark, given.told, Layout(whole, whole), dropped, tokens, estimated)
    messages = (*base.left.messages[:old], *[item.message for item in items])
    return Leaving(attempt, messages, (*base.left.sources[:old], *[item.seq for item in items]), judged=old)


def _is_whole(given: Input, start: int, cut: int, behind: Sequence[Item]) -> bool:
    """Return whether the entries from index ``start`` on are all since ``cut``, and no turn in them began before it.

    ``behind`` are the items before them. A turn that begins with a user message goes back to the answer before it.
    """
    tail = given.entries[start:]
    if not tail or tail[0].seq != cut + 1 or tail[-1].seq - cut != len(tail):
        return False
    if not behind or behind[-1].kept:
        return True
    alone = given.entries[start - 1].seq < cut or behind[-1].role not in ("user", "system")
    return alone and tail[0].role in ("user", "system")


def _asked(given: Input) -> tuple[object, ...]:
    return given.policy, given.profile, given.pins, given.system, given.tools, given.factor, given.count, given.told


def _same(old: Sequence[Entry], new: Sequence[Entry | None]) -> int:
    """Return how many entries both begin with, the very same ones."""
    if all(map(is_, old, new)):
        return min(len(old), len(new))
    return next(index for index, (one, other) in enumerate(zip(old, new, strict=False)) if one is not other)


_SEQ = attrgetter("seq")
