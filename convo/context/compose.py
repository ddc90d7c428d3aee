"""Composing: entries of a path in, the list that leaves and its account out.

Laws of this file:
- The outcome depends on what the policy looks at alone; older entries that happen to be loaded change nothing.
- A cut, and what rewriting rules may touch, moves only when the window overflows; else the list grows at its end.
- Every entry that was given has exactly one line in the decisions; what was put in has a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from math import ceil
from types import MappingProxyType
from typing import Any

from convo.context.account import Composition, Decision, account, source_of
from convo.context.choosing import LastMessages, LastTurns, Window
from convo.context.draft import Draft, Item, is_prefix, turn_starts
from convo.context.layout import Layout, lay_out
from convo.context.order import check
from convo.context.phases import Phase
from convo.context.reach import OPENING, may_shrink
from convo.context.rules import OwnRule, Policy, Rule, check_policy, policy_key, rule_name, the_window
from convo.context.state import ComposeState
from convo.context.summarizing import Summarize, fate_of
from convo.context.summary import NeedsSummary, Summary, Told
from convo.context.tokens import Count, estimate, estimate_tools
from convo.errors import ContextOverflow, InvalidSetting, Unsupported
from convo.frozen import dataclass
from convo.messages import Message, SystemMessage
from convo.options import Tool
from convo.profiles import Profile
from convo.records import Entry


@dataclass(frozen=True, slots=True)
class _Input:
    entries: Sequence[Entry]
    items: Sequence[Item]
    policy: Sequence[Rule | OwnRule]
    profile: Profile
    pins: tuple[int, ...]
    system: str | None
    tools: Sequence[Tool]
    factor: float
    reserve: int
    count: Count | None
    told: tuple[Summary, ...]

    def plain_cost(self, item: Item) -> int:
        """Tokens of a message before any factor."""
        return item.tokens if self.count is None else self.count(item.message)

    def cost(self, item: Item) -> int:
        return ceil(self.plain_cost(item) * self.factor)

    @property
    def tools_cost(self) -> int:
        return ceil(self.plain_tools_cost * self.factor)

    @property
    def plain_tools_cost(self) -> int:
        counted = getattr(self.count, "tools", estimate_tools)
        return int(counted(self.tools)) if self.tools else 0


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One way to compose: with what is behind ``cut`` left out and rewriting up to ``mark`` (None: of all).

    ``told`` is the summary in it of what was left out.
    """

    cut: int
    mark: int | None
    told: tuple[Summary, ...]
    layout: Layout
    dropped: tuple[tuple[Item, str], ...]
    tokens: int


def compose(
    entries: Sequence[Entry],
    policy: Policy,
    profile: Profile,
    state: ComposeState = ComposeState(),  # noqa: B008  (a frozen value)
    *,
    system: str | None = None,
    tools: Sequence[Tool] = (),
    factor: float = 1.0,
    head: int | None = None,
    reserve: int = 0,
    context_length: int | None = None,
    most: int | None = None,
    count: Count | None = None,
    summaries: Mapping[str, Summary] = MappingProxyType({}),
) -> tuple[Composition, ComposeState]:
    """Return the list to send for a path, and the compose state after it (the same where no cut was made).

    ``entries`` is what is loaded of the path, ascending by seq: what ``reach`` asks for, or more. The last one may be
    an assistant message with ``prefix``, to be continued. ``system`` is the system prompt of the settings. Estimates
    are multiplied by ``factor``; ``reserve`` tokens are kept free for the answer. ``head`` is the path's newest seq
    where that is not the last entry's. ``context_length`` serves windows given as fractions. ``most`` tokens are all
    that the model takes, whatever the window says. ``count`` counts a message's tokens in the estimate's place.
    ``summaries`` holds, by digest, those that ``state`` names; one that is missing is not told.

    Raises ContextOverflow where what must stay does not fit the window, OrderViolation where the profile does not
    accept the list, Unsupported for a prefix that it cannot continue, InvalidSetting for a policy that is none.
    O(n) in the entries, times two or three when a cut is made.
    """
    check_policy(policy)
    if entries and is_prefix(entries[-1].message) and not profile.prefix.supported:
        raise Unsupported(f"{profile.name} cannot continue an assistant message: leave out the prefix")
    items = (*_system_item(system), *_stored_items(entries))
    window, key = the_window(policy), policy_key(policy)
    told = state.told.get(key, Told())
    known = tuple(summaries[part.digest] for part in told.parts if part.digest in summaries)
    given = _Input(entries, items, _in_order(policy), profile, state.pins, system, tools, factor, reserve, count, known)
    budget, needs = None, None
    if window is None:
        attempt = _attempt(given, 0, None)
    else:
        budget, refill = _limits(window, context_length, most)
        cut = state.cuts.get(key, 0)
        whole = _whole(given, cut, state.marks.get(key, 0))
        if whole is not None and whole.tokens + reserve <= budget:
            attempt = whole
        else:
            mark = _head(entries) if head is None else head
            attempt = _cut(given, whole, budget - reserve, refill - reserve, mark)
            state = state.cut_at(key, attempt.cut, attempt.mark or 0)
            if isinstance(window, Summarize) and attempt.cut > max(cut, told.last):
                needs = window.needs(known, attempt.cut, budget, factor)
    messages = tuple(part.message for part in attempt.layout.outbound)
    check(messages, profile)
    return _composition(given, attempt, messages, budget, told.failed, needs), state


def _limits(window: Window | Summarize, context_length: int | None, most: int | None) -> tuple[int, int]:
    """Return how many tokens may go out, and down to how many a cut goes, room for a summary left."""
    budget, refill = window.limits(context_length)
    if most is not None and most < budget:
        budget, refill = most, min(refill, most * 3 // 4)
    return budget, min(refill, budget - window.room(budget)) if isinstance(window, Summarize) else refill


def _in_order(policy: Policy) -> list[Rule | OwnRule]:
    return sorted(policy, key=lambda rule: rule.phase if isinstance(rule, Rule) else Phase.OWN)


def _head(entries: Sequence[Entry]) -> int:
    stored = [entry.seq for entry in entries if not is_prefix(entry.message)]
    return stored[-1] if stored else 0


def _attempt(given: _Input, cut: int, mark: int | None) -> _Attempt:
    draft = _opened(given, cut, mark)
    dropped: list[tuple[Item, str]] = []
    for rule in given.policy:
        draft = _applied(rule, draft, dropped)
    layout = lay_out(draft)
    tokens = sum(map(given.cost, _items(layout))) + given.tools_cost
    return _Attempt(cut, mark, given.told, layout, tuple(dropped), tokens)


def _opened(given: _Input, cut: int, mark: int | None) -> Draft:
    draft = Draft(items=tuple(given.items), profile=given.profile, window_cut=cut, mark=mark, told=given.told)
    return draft.keeping("Pinned", given.pins) if given.pins else draft


def _system_item(system: str | None) -> Iterator[Item]:
    if system:
        message = SystemMessage(content=system)
        yield Item(
            message=message, tokens=estimate(message), kept="system", notes=("the conversation's system prompt",)
        )


def _stored_items(entries: Sequence[Entry]) -> Iterator[Item]:
    """Yield the items of what is not erased, with the system messages that open the path marked as kept."""
    opening = True
    for entry in entries:
        if not entry.erased:
            opening = opening and entry.message.role == "system" and entry.seq <= OPENING
            yield Item(entry.message, entry.seq, entry.tokens, entry, "opening" if opening else "")


def _applied(rule: Rule | OwnRule, draft: Draft, dropped: list[tuple[Item, str]]) -> Draft:
    """Return what ``rule`` makes of ``draft``, and note what it dropped, changed and put in."""
    name, result = rule_name(rule), rule(draft)
    if result is None or result is draft:
        return draft
    if not isinstance(result, Draft):
        raise InvalidSetting(f"policy: {name} gave back a {type(result).__name__}, not a draft", field="policy")
    before = {item.seq: item for item in draft.items if item.seq is not None}
    items = result.items if isinstance(rule, Rule) else _sound(result, name)
    after = [_attributed(item, before, name) for item in items]
    seqs = [item.seq for item in after if item.seq is not None]
    if len({*seqs}) < len(seqs) or not before.keys() >= {*seqs}:
        raise InvalidSetting(
            f"policy: {name} gave back a stored message twice, or one that is not there", field="policy"
        )
    gone = before.keys() - {*seqs}
    dropped.extend((item, name) for seq, item in before.items() if seq in gone)
    return replace(result, items=tuple(after))


def _sound(result: Draft, name: str) -> list[Item]:
    """Return the items that a function gave back, if they are some; what it did not count is estimated."""
    items: Any = result.items
    if not isinstance(items, tuple | list) or not all(map(_is_sound, items)):
        raise InvalidSetting(f"policy: {name} gave back a draft that holds what is no item", field="policy")
    if not isinstance(result.profile, Profile):
        raise InvalidSetting(f"policy: {name} gave back a draft without a profile", field="policy")
    return [item if item.tokens > 0 else replace(item, tokens=estimate(item.message)) for item in items]


def _is_sound(item: Any) -> bool:
    if not isinstance(item, Item) or not isinstance(item.message, Message):
        return False
    told = isinstance(item.notes, tuple) and isinstance(item.rule, str) and isinstance(item.kept, str)
    return told and isinstance(item.tokens, int)


def _attributed(item: Item, before: Mapping[int, Item], rule: str) -> Item:
    old = before.get(item.seq) if item.seq is not None else None
    if old is None:
        return item if item.rule or item.kept else replace(item, rule=rule, tokens=estimate(item.message))
    return item if item.message is old.message else replace(item, rule=rule, tokens=estimate(item.message))


def _whole(given: _Input, cut: int, mark: int) -> _Attempt | None:
    """Return the attempt with what has come since ``cut``; None where it misses entries that were not loaded."""
    holes = _tail_start(given.entries) > cut + 1
    if holes and not any(isinstance(rule, LastTurns | LastMessages) for rule in given.policy):
        return None
    attempt = _attempt(given, cut, mark)
    return None if holes and _misses(given, attempt) else attempt


def _misses(given: _Input, attempt: _Attempt) -> bool:
    """Return whether entries that the list would hold, right before its tail, were not loaded."""
    start = _tail_start(given.entries)
    oldest = next((entry.seq for entry in given.entries if entry.seq >= start and not entry.erased), None)
    return not any(item.seq == oldest and rule in _SLIDING for item, rule in attempt.dropped)


_SLIDING = frozenset({"LastTurns", "LastMessages"})


def _tail_start(entries: Sequence[Entry]) -> int:
    """Return the first seq of the run without a hole at the end of ``entries``; 1 where there are none."""
    start = entries[-1].seq if entries else 1
    for entry in reversed(entries):
        if entry.seq < start - 1:
            break
        start = entry.seq
    return start


def _cut(given: _Input, whole: _Attempt | None, most: int, refill: int, mark: int) -> _Attempt:
    """Return the attempt that keeps most of the path within ``refill`` tokens, else within ``most``.

    ``whole`` is the one with all since the last cut, which is too long; None where that was not loaded. Where the list
    fits once the rewriting rules may act up to ``mark``, the cut stays where it is.
    """
    attempt = whole
    if attempt is None:
        attempt = _attempt(given, _tail_start(given.entries) - 1, mark)
    elif may_shrink(given.policy):
        attempt = _attempt(given, attempt.cut, mark)
        if attempt.tokens <= refill:
            return attempt
    for cut in _cuts(given, attempt, attempt.tokens - refill):
        attempt = _attempt(given, cut, mark)
        if attempt.tokens <= refill:
            return attempt
    if attempt.tokens > most and given.told:
        attempt = _attempt(replace(given, told=()), attempt.cut, mark)
    if attempt.tokens > most:
        raise ContextOverflow(
            f"the newest user turn with the system prompt, the tools and the messages kept needs about "
            f"{attempt.tokens} tokens, and the window leaves {max(most, 0)} for it"
            + (f" beside {given.reserve} for the answer" if given.reserve else ""),
            needed=attempt.tokens + given.reserve,
            budget=most + given.reserve,
        )
    return attempt


def _cuts(given: _Input, attempt: _Attempt, excess: int) -> Iterator[int]:
    """Yield the cuts to try, ascending: first the one that should free ``excess`` tokens, last the newest turn's."""
    start = _tail_start(given.entries)
    tail = [entry for entry in given.entries if entry.seq >= start and not entry.erased]
    starts = turn_starts([entry.message for entry in tail], from_start=start == 1)
    cost = {item.seq: given.cost(item) for item in _items(attempt.layout) if not item.kept}
    freed = [0, *accumulate(cost.get(entry.seq, 0) for entry in tail)]
    for index in starts:
        is_newest = index == starts[-1]
        if tail[index].seq > attempt.cut + 1 and (freed[index] >= excess or is_newest):
            yield tail[index].seq - 1


def _items(layout: Layout) -> Iterator[Item]:
    return (item for part in layout.outbound for item in part.items)


def _composition(
    given: _Input,
    attempt: _Attempt,
    messages: tuple[Message, ...],
    budget: int | None,
    failed: str,
    needs: NeedsSummary | None,
) -> Composition:
    limits = (rule_name(rule) for rule in given.policy if isinstance(rule, _LIMITS))
    unseen_by = next(limits, "")

    def decide() -> tuple[Decision, ...]:
        fate = partial(fate_of, attempt.told, given.told, failed, needs)
        lines = account(given.entries, attempt.layout, attempt.dropped, unseen_by, given.cost, fate)
        if not given.tools:
            return lines
        note = f"{len(given.tools)} tool definitions"
        return (Decision(None, "tools", True, "", given.tools_cost, note), *lines)

    return Composition(
        messages=messages,
        tokens=attempt.tokens,
        budget=budget,
        sources=tuple(source_of(part) for part in attempt.layout.outbound),
        call_ids=attempt.layout.call_ids,
        reserve=given.reserve,
        estimated=given.plain_tools_cost + sum(map(given.plain_cost, _items(attempt.layout))),
        needs=needs,
        decide=decide,
    )


_LIMITS = (Window, Summarize, LastTurns, LastMessages)
