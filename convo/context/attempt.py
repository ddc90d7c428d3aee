"""One way to compose: what a list is made of, with what is behind a cut left out, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import takewhile
from math import ceil
from typing import Any

from convo.context.applying import applied
from convo.context.draft import Draft, Item, stored_item
from convo.context.layout import Layout, lay_out
from convo.context.reach import OPENING
from convo.context.rules import OwnRule, Rule
from convo.context.summary import Summary
from convo.context.tokens import Count, estimate, estimate_tools
from convo.frozen import dataclass
from convo.messages import SystemMessage
from convo.options import Tool
from convo.profiles import Profile
from convo.records import Entry

SYSTEM_PROMPTS = 16
"""System prompts of settings whose tokens are remembered: they are the same at every turn, and may be long."""


@dataclass(frozen=True)
class Input:
    """What a list is composed of, the rules in the order in which they act."""

    entries: Sequence[Entry]
    policy: Sequence[Rule | OwnRule]
    profile: Profile
    pins: tuple[int, ...]
    system: str | None
    tools: Sequence[Tool]
    factor: float
    reserve: int
    count: Count | None
    told: tuple[Summary, ...]

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """The system prompt of the settings, and what is stored and not erased."""
        stored = stored_items(self.entries)
        return (_system_item(self.system), *stored) if self.system else tuple(stored)

    @cached_property
    def tail(self) -> int:
        """The first seq of the run without a hole at the end of the entries; 1 where there are none."""
        entries = self.entries
        start = entries[-1].seq if entries else 1
        if entries and start - entries[0].seq == len(entries) - 1:
            return entries[0].seq
        for entry in reversed(entries):
            if entry.seq < start - 1:
                break
            start = entry.seq
        return start

    def plain_cost(self, item: Item) -> int:
        """Tokens of a message before any factor."""
        return item.tokens if self.count is None else self.count(item.message)

    def cost(self, item: Item) -> int:
        """Tokens of a message."""
        return ceil(self.plain_cost(item) * self.factor)

    def sizes(self, items: Sequence[Item]) -> tuple[int, int]:
        """Tokens of all ``items``, and the same before any factor."""
        plain = [item.tokens for item in items] if self.count is None else [self.plain_cost(item) for item in items]
        total, factor = sum(plain), self.factor
        return total if factor == 1 else sum([ceil(cost * factor) for cost in plain]), total

    @property
    def tools_cost(self) -> int:
        """Tokens of the tool definitions."""
        return ceil(self.plain_tools_cost * self.factor)

    @cached_property
    def plain_tools_cost(self) -> int:
        """Tokens of the tool definitions before any factor."""
        counted = getattr(self.count, "tools", estimate_tools)
        return int(counted(self.tools)) if self.tools else 0


@lru_cache(maxsize=SYSTEM_PROMPTS)
def _system_item(system: str) -> Item:
    message = SystemMessage(content=system)
    return Item(message=message, tokens=estimate(message), kept="system", notes=("the conversation's system prompt",))


def stored_items(entries: Sequence[Entry]) -> list[Item]:
    """Return the items of what is not erased, with the system messages that open the path marked as kept."""
    there = [entry for entry in entries if not entry.erased]
    opening = takewhile(lambda entry: entry.message.role == "system" and entry.seq <= OPENING, there)
    kept = [stored_item(entry, "opening") for entry in opening]
    return [*kept, *map(stored_item, there[len(kept) :])]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to compose: with what is behind ``cut`` left out and rewriting up to ``mark`` (None: of all).

    ``told`` is the summary in it of what was left out. ``tokens`` are those of the whole list with the tools,
    ``estimated`` the same before any factor.
    """

    cut: int
    mark: int | None
    told: tuple[Summary, ...]
    layout: Layout
    dropped: tuple[tuple[Item, str], ...]
    tokens: int
    estimated: int


def attempted(given: Input, cut: int, mark: int | None) -> Attempt:
    """Return the attempt with this cut and mark. O(n)."""
    draft = _opened(given, cut, mark)
    dropped: list[tuple[Item, str]] = []
    for rule in given.policy:
        draft = applied(rule, draft, dropped)
    layout = lay_out(draft)
    tokens, estimated = given.sizes(layout.items)
    tokens, estimated = tokens + given.tools_cost, estimated + given.plain_tools_cost
    return Attempt(cut, mark, given.told, layout, tuple(dropped), tokens, estimated)


def _opened(given: Input, cut: int, mark: int | None) -> Draft:
    how: dict[str, Any] = {"window_cut": cut, "mark": mark, "told": given.told, "tail": given.tail}
    draft = Draft(items=given.items, profile=given.profile, **how)
    return draft.keeping("Pinned", given.pins) if given.pins else draft
