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
from types import MappingProxyType

from convo.context.account import Composition, Decision, account
from convo.context.attempt import Attempt, Input, attempted
from convo.context.choosing import LastMessages, LastTurns, Window
from convo.context.draft import Item, each_turn_start, is_prefix
from convo.context.growing import Leaving, base_of, grown, leaving
from convo.context.order import check
from convo.context.phases import Phase
from convo.context.reach import may_shrink
from convo.context.rules import OwnRule, Policy, Rule, check_policy, policy_key, rule_name, the_window
from convo.context.state import ComposeState
from convo.context.summarizing import Summarize, fate_of
from convo.context.summary import NeedsSummary, Summary, Told
from convo.context.tokens import Count
from convo.errors import ContextOverflow, Unsupported
from convo.options import Tool
from convo.profiles import Profile
from convo.records import Entry


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
    earlier: Composition | None = None,
) -> tuple[Composition, ComposeState]:
    """Return the list to send for a path, and the compose state after it (the same where no cut was made).

    ``entries`` is what is loaded of the path, ascending by seq: what ``reach`` asks for, or more. The last one may be
    an assistant message with ``prefix``, to be continued. ``system`` is the system prompt of the settings. Estimates
    are multiplied by ``factor``; ``reserve`` tokens are kept free for the answer. ``head`` is the path's newest seq
    where that is not the last entry's. ``context_length`` serves windows given as fractions. ``most`` tokens are all
    that the model takes, whatever the window says. ``count`` counts a message's tokens in the estimate's place.
    ``summaries`` holds, by digest, those that ``state`` names; one that is missing is not told. ``earlier`` is a list
    composed on this path before: where this one only adds to it, only what has come since is looked at.

    Raises ContextOverflow where what must stay does not fit the window, OrderViolation where the profile does not
    accept the list, Unsupported for a prefix that it cannot continue, InvalidSetting for a policy that is none.
    O(n) in the entries, times two or three when a cut is made.
    """
    check_policy(policy)
    if entries and is_prefix(entries[-1].message) and not profile.prefix.supported:
        raise Unsupported(f"{profile.name} cannot continue an assistant message: leave out the prefix")
    window, key = the_window(policy), policy_key(policy)
    told = state.told.get(key, Told())
    known = tuple(summaries[part.digest] for part in told.parts if part.digest in summaries)
    given = Input(entries, _in_order(policy), profile, state.pins, system, tools, factor, reserve, count, known)
    budget, needs = None, None
    if window is None:
        left = leaving(attempted(given, 0, None))
    else:
        budget, refill = _limits(window, context_length, most)
        cut, rewritten = state.cuts.get(key, 0), state.marks.get(key, 0)
        longer = grown(earlier.base, given, cut, rewritten) if earlier is not None and earlier.base else None
        whole = _whole(given, cut, rewritten) if longer is None else longer.attempt
        if whole is not None and whole.tokens + reserve <= budget:
            left = longer or leaving(whole)
        else:
            mark = _head(entries) if head is None else head
            left = leaving(_cut(given, whole, budget - reserve, refill - reserve, mark))
            state = state.cut_at(key, left.attempt.cut, left.attempt.mark or 0)
            if isinstance(window, Summarize) and left.attempt.cut > max(cut, told.last):
                needs = window.needs(known, left.attempt.cut, budget, factor)
    check(left.messages, profile, left.judged)
    return _composition(given, left, budget, told.failed, needs), state


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


def _whole(given: Input, cut: int, mark: int) -> Attempt | None:
    """Return the attempt with what has come since ``cut``; None where it misses entries that were not loaded."""
    holes = given.tail > cut + 1
    if holes and not any(isinstance(rule, LastTurns | LastMessages) for rule in given.policy):
        return None
    attempt = attempted(given, cut, mark)
    return None if holes and _misses(given, attempt) else attempt


def _misses(given: Input, attempt: Attempt) -> bool:
    """Return whether entries that the list would hold, right before its tail, were not loaded.

    Where a rule that slides has dropped one of the tail, it drops all before that; what is pinned there proves nothing.
    """
    start = given.tail
    return not any(rule in _SLIDING and (item.seq or 0) >= start for item, rule in attempt.dropped)


_SLIDING = frozenset({"LastTurns", "LastMessages"})


def _cut(given: Input, whole: Attempt | None, most: int, refill: int, mark: int) -> Attempt:
    """Return the attempt that keeps most of the path within ``refill`` tokens, else within ``most``.

    ``whole`` is the one with all since the last cut, which is too long; None where that was not loaded. Where the list
    fits once the rewriting rules may act up to ``mark``, the cut stays where it is.
    """
    attempt = whole
    if attempt is None:
        attempt = attempted(given, given.tail - 1, mark)
    elif may_shrink(given.policy):
        attempt = attempted(given, attempt.cut, mark)
        if attempt.tokens <= refill:
            return attempt
    for cut in _cuts(given, attempt, attempt.tokens - refill):
        attempt = attempted(given, cut, mark)
        if attempt.tokens <= refill:
            return attempt
    if attempt.tokens > most and given.told:
        attempt = attempted(replace(given, told=()), attempt.cut, mark)
    if attempt.tokens > most:
        raise ContextOverflow(
            f"the newest user turn with the system prompt, the tools and the messages kept needs about "
            f"{attempt.tokens} tokens, and the window leaves {max(most, 0)} for it"
            + (f" beside {given.reserve} for the answer" if given.reserve else ""),
            needed=attempt.tokens + given.reserve,
            budget=most + given.reserve,
        )
    return attempt


def _cuts(given: Input, attempt: Attempt, excess: int) -> Iterator[int]:
    """Yield the cuts to try, ascending: first the one that should free ``excess`` tokens, last the newest turn's."""
    start = given.tail
    tail = [entry for entry in given.entries if entry.seq >= start and not entry.erased]
    leaving = _freed_with(attempt)
    freed, counted, cut = 0, 0, attempt.cut
    for index in each_turn_start([entry.message for entry in tail], from_start=start == 1):
        gone = [item for entry in tail[counted:index] for item in leaving.get(entry.seq, ())]
        freed, counted, cut = freed + sum(map(given.cost, gone)), index, max(cut, tail[index].seq - 1)
        if freed >= excess and cut > attempt.cut:
            yield cut
    if freed < excess and cut > attempt.cut:
        yield cut


def _freed_with(attempt: Attempt) -> dict[int, list[Item]]:
    """Return the items that go with each message of the list, by its seq: what the profile put in behind it, too."""
    goes: dict[int, list[Item]] = {}
    before: list[Item] = []
    for item in attempt.layout.items:
        if item.seq is not None:
            before = goes.setdefault(item.seq, [])
        if not item.kept and (item.seq is not None or item.rule == "profile"):
            before.append(item)
    return goes


def _composition(
    given: Input, left: Leaving, budget: int | None, failed: str, needs: NeedsSummary | None
) -> Composition:
    attempt = left.attempt

    def decide() -> tuple[Decision, ...]:
        limits = (rule_name(rule) for rule in given.policy if isinstance(rule, _LIMITS))
        fate = partial(fate_of, attempt.told, given.told, failed, needs)
        lines = account(given.entries, attempt.layout, attempt.dropped, next(limits, ""), given.cost, fate)
        if not given.tools:
            return lines
        note = f"{len(given.tools)} tool definitions"
        return (Decision(None, "tools", True, "", given.tools_cost, note), *lines)

    return Composition(
        messages=left.messages,
        tokens=attempt.tokens,
        budget=budget,
        sources=left.sources,
        call_ids=attempt.layout.call_ids,
        reserve=given.reserve,
        estimated=attempt.estimated,
        needs=needs,
        decide=decide,
        base=base_of(given, left),
    )


_LIMITS = (Window, Summarize, LastTurns, LastMessages)
