"""The account of a composition: what became of every message, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property, partial
from typing import Any

from convo.context.draft import Item
from convo.context.layout import Layout, Outbound
from convo.context.summary import NeedsSummary
from convo.frozen import dataclass
from convo.messages import Message
from convo.records import Entry


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of one message, or of a stretch that was not loaded (``seq`` None, ``included`` False).

    ``rule`` names what decided: a rule of the policy, ``profile``, ``erased``; ``""`` where the message is plainly in.
    ``tokens`` is the estimate times the model's factor, of the message as it leaves.
    """

    seq: int | None
    role: str
    included: bool
    rule: str
    tokens: int
    note: str = ""


@dataclass(frozen=True)
class Composition:
    """The list that leaves, and its account.

    ``tokens`` is the sum of the included decisions' tokens, tool definitions among them; with ``reserve`` (what is
    kept free for the answer) it is at most ``budget``, None where the policy has no window. ``sources`` goes along
    with ``messages``: the seq of the entry whose message this is unchanged, None for one that was inserted, merged or
    rewritten. ``call_ids`` goes from outbound tool call ids to the stored ones where they differ. ``estimated`` is the
    neutral estimate of the whole request, before any factor. ``needs`` is what a summary is asked for in this very
    request, None for nothing. ``decide`` makes the decisions; ``base`` is what a longer list can be grown from.
    """

    messages: tuple[Message, ...]
    tokens: int
    budget: int | None
    sources: tuple[int | None, ...]
    call_ids: Mapping[str, str]
    reserve: int = 0
    estimated: int = 0
    needs: NeedsSummary | None = None
    decide: Callable[[], tuple[Decision, ...]] = field(default=tuple, repr=False, compare=False)
    base: Any = field(default=None, repr=False, compare=False)

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """What became of every message; O(n log n) when first asked for, since a turn never asks."""
        return self.decide()

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy holds, to be pickled too: the decisions in the place of what makes them."""
        return {**self.__dict__, "decisions": self.decisions, "decide": partial(tuple, self.decisions), "base": None}


def source_of(part: Outbound | Item) -> int | None:
    """Return the seq of the entry whose message ``part`` is unchanged, None where it is not."""
    item = part if isinstance(part, Item) else part.items[0]
    entry = item.entry
    return item.seq if entry is not None and part.message is entry.message else None


def account(
    entries: Sequence[Entry],
    layout: Layout,
    dropped: Iterable[tuple[Item, str]],
    unseen_by: str,
    cost: Callable[[Item], int],
    fate: Callable[[str, int, int], str],
) -> tuple[Decision, ...]:
    """Return the decisions on ``entries`` and what was put in, in the order in which they leave; O(n log n).

    ``dropped`` are the items left out, with the rule that did; ``unseen_by`` names the rule for whose sake the
    entries in the gaps of ``entries`` were not loaded. ``cost`` counts an item's tokens; ``fate`` says what else there
    is to say of the messages (first seq, last seq) that a rule left out.
    """
    out = [*_left_out(entries, layout, dropped, cost, fate), *_gaps(entries, unseen_by, fate)]
    out.sort(key=lambda placed: placed[0], reverse=True)
    lines: list[Decision] = []
    for line in _included(layout, cost):
        while out and line.seq is not None and out[-1][0] < line.seq:
            lines.append(out.pop()[1])
        lines.append(line)
    return (*lines, *(line for _, line in reversed(out)))


def _left_out(
    entries: Sequence[Entry],
    layout: Layout,
    dropped: Iterable[tuple[Item, str]],
    cost: Callable[[Item], int],
    fate: Callable[[str, int, int], str],
) -> Iterator[tuple[int, Decision]]:
    for entry in entries:
        if entry.erased:
            yield entry.seq, Decision(entry.seq, entry.role, False, "erased", 0, "erased")
    for item, rule in (*dropped, *((item, "profile") for item in layout.dropped)):
        if item.seq is not None:
            note = _note((*item.notes, fate(rule, item.seq, item.seq)))
            yield item.seq, Decision(item.seq, _role(item), False, rule, cost(item), note)


def _gaps(entries: Sequence[Entry], rule: str, fate: Callable[[str, int, int], str]) -> Iterator[tuple[int, Decision]]:
    expected = 1
    for entry in entries:
        if entry.seq > expected:
            stretch = f"seq {expected}" if entry.seq == expected + 1 else f"seq {expected} to {entry.seq - 1}"
            note = _note((f"{stretch}: not loaded", fate(rule, expected, entry.seq - 1)))
            yield expected, Decision(None, "", False, rule, 0, note)
        expected = entry.seq + 1


def _included(layout: Layout, cost: Callable[[Item], int]) -> Iterator[Decision]:
    parts: dict[int | str, list[tuple[Item, Outbound | Item]]] = {}
    for number, part in enumerate(layout.outbound):
        for position, item in enumerate(part.items):
            key = f"{number}.{position}" if item.seq is None else item.seq
            parts.setdefault(key, []).append((item, part))
    for held in parts.values():
        yield _line(held, cost)


def _line(held: list[tuple[Item, Outbound | Item]], cost: Callable[[Item], int]) -> Decision:
    """Return the line of one item; it is in two messages where its calls go out on their own."""
    item = held[0][0]
    notes = dict.fromkeys(note for piece, part in held for note in (*piece.notes, *_merged_with(piece, part)))
    return Decision(
        item.seq,
        _role(item),
        True,
        item.rule or item.kept,
        sum(cost(piece) for piece, _ in held),
        _note(notes),
    )


def _merged_with(item: Item, part: Outbound | Item) -> Iterator[str]:
    others = [other for other in part.items if other is not item]
    if others:
        yield f"one message with {', '.join(map(_name, others))}"


def _name(item: Item) -> str:
    return f"seq {item.seq}" if item.seq is not None else next(iter(item.notes), "an inserted one")


def _role(item: Item) -> str:
    return item.entry.role if item.entry is not None else item.role


def _note(notes: Iterable[str]) -> str:
    return "; ".join(filter(None, notes))
