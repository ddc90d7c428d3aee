"""Growing: between two cuts a list grows at its end alone, so the next one is the last one and what has come since.

Law of this file: what is grown is what composing anew would give; where that is not plain to see, nothing is grown.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter, is_

from convo.context.account import source_of
from convo.context.attempt import Attempt, Input, stored_items
from convo.context.choosing import Window
from convo.context.draft import stored_item
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
    """Return the list for ``given`` with this cut and mark as ``base`` and what has come since.

    None where the list does not simply grow. O(what has come since), but for comparing and copying references.
    """
    before = base.left.attempt
    if cut != before.cut or _asked(given) != _asked(base.given):
        return None
    start = bisect_right(given.entries, cut, key=_SEQ)
    behind = stored_items(given.entries[:start])
    kept = [item.entry for item in behind if item.kept]
    items = [stored_item(entry) for entry in _new(base.entries, kept, given.entries[start:])]
    if not items or not needs_no_repair(items, given.profile, after=before.layout.items[-1]):
        return None
    tokens, estimated = given.sizes(items)
    whole = (*before.layout.items, *items)
    attempt = replace(
        before,
        mark=mark,
        layout=Layout(whole, whole),
        dropped=tuple((item, Window.__name__) for item in behind if not item.kept),
        tokens=before.tokens + tokens,
        estimated=before.estimated + estimated,
    )
    messages = (*base.left.messages, *[item.message for item in items])
    sources = (*base.left.sources, *[item.seq for item in items])
    return Leaving(attempt, messages, sources, judged=len(base.left.messages))


def _asked(given: Input) -> tuple[object, ...]:
    return given.policy, given.profile, given.pins, given.system, given.tools, given.factor, given.count, given.told


def _new(old: Sequence[Entry], kept: Sequence[Entry | None], tail: Sequence[Entry]) -> Sequence[Entry]:
    """Return what comes in ``tail`` after the ``old`` entries; nothing unless ``kept`` and the tail begin as those."""
    count = len(old) - len(kept)
    as_before = count > 0 and all(map(is_, old, (*kept, *tail)))
    if not as_before or len(tail) <= count or tail[-1].seq - tail[0].seq != len(tail) - 1:
        return ()
    new = tail[count:]
    return () if any(entry.erased for entry in new) else new


_SEQ = attrgetter("seq")
