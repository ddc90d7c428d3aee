"""How much of the history a policy looks at, so that no more of it is read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from math import ceil

from convo.context.choosing import KeepFirst, LastMessages, LastTurns, Pinned, Window
from convo.context.draft import each_turn_start
from convo.context.placing import Insert, MergeConsecutive, SystemIntoUser
from convo.context.rules import Policy, policy_key, the_window
from convo.context.state import ComposeState
from convo.context.summarizing import Summarize
from convo.context.tokens import MESSAGE_OVERHEAD, Count
from convo.frozen import dataclass
from convo.records import Entry

OPENING = 4
"""Messages at the start of a path among which system messages count as the ones that open it, and stay in."""

_NEVER_SHRINK = (
    Window,
    Summarize,
    LastTurns,
    LastMessages,
    KeepFirst,
    Pinned,
    Insert,
    SystemIntoUser,
    MergeConsecutive,
)


@dataclass(frozen=True)
class Reach:
    """What of a path has to be loaded: its tail until ``enough``, its ``first`` messages, and the ``pins``.

    The tail is long enough as soon as one limit is reached: it begins right behind ``after``; it holds ``turns`` whole
    user turns; or it holds the beginning of a turn, and its estimates pass ``tokens`` or it has ``messages``
    messages. None: no such limit. ``count`` counts a message's tokens where the estimate is not to serve.
    """

    after: int | None = None
    tokens: int | None = None
    messages: int | None = None
    turns: int | None = None
    first: int = OPENING
    pins: tuple[int, ...] = ()
    count: Count | None = None

    def enough(self, tail: Sequence[Entry]) -> bool:
        """Return whether ``tail``, the end of the path without a hole, needs no older entries before it. O(n)."""
        if not tail:
            return False
        if tail[0].seq <= (self.after or 0) + 1:
            return True
        there = (entry.message for entry in tail if not entry.erased)
        starts = [*islice(each_turn_start(there, from_start=False), self.turns or 1)]
        if self.turns is not None and len(starts) >= self.turns:
            return True
        return bool(starts) and self._is_long(tail)

    def _is_long(self, tail: Sequence[Entry]) -> bool:
        if self.messages is not None and len(tail) >= self.messages:
            return True
        if self.tokens is None:
            return False
        count = self.count
        if count is None:
            return sum([entry.tokens for entry in tail]) > self.tokens
        return sum(entry.tokens if entry.erased else count(entry.message) for entry in tail) > self.tokens


def may_shrink(policy: Policy) -> bool:
    """Return whether a rule of ``policy`` may make messages smaller, so that more of them fit."""
    return any(not isinstance(rule, _NEVER_SHRINK) for rule in policy)


def reach(
    policy: Policy,
    state: ComposeState,
    *,
    factor: float = 1.0,
    context_length: int | None = None,
    count: Count | None = None,
) -> Reach:
    """Return how much of a path ``policy`` looks at, given the branch's compose state.

    ``factor``, ``context_length`` and ``count`` are what ``compose`` will be given. A window whose cut is known looks
    at all that came after it, at most as many messages as could fit it; before its first cut, at as many tokens as it
    holds.
    """
    window = the_window(policy)
    after = state.cuts.get(policy_key(policy)) if window is not None else None
    most = None if window is None else ceil(window.limits(context_length)[0] / factor)
    counted = [] if most is None else [most // MESSAGE_OVERHEAD + 1]
    turns, first, pins = list[int](), OPENING, {*state.pins}
    for rule in policy:
        if isinstance(rule, LastMessages):
            counted.append(rule.n + 1)
        elif isinstance(rule, LastTurns):
            turns.append(rule.n)
        elif isinstance(rule, KeepFirst):
            first = max(first, rule.n)
        elif isinstance(rule, Pinned):
            pins.update(rule.seqs)
    return Reach(
        after=after,
        tokens=None if after is not None or may_shrink(policy) else most,
        messages=min(counted, default=None),
        turns=min(turns, default=None),
        first=first,
        pins=tuple(sorted(pins)),
        count=count,
    )
