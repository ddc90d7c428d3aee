"""Summaries in a turn: what its window has just cut away is told, before the turn's own call leaves.

Laws of this file:
- The turn is open by then: its input is committed before any model is asked.
- A summary that cannot be had holds up nothing: the request that was composed without it goes out, the failed call is
  recorded, and the next cut tries again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

from convo.backends.registry import resolve
from convo.completions import Completion, CompletionRequest
from convo.context.account import Composition
from convo.context.compose import compose
from convo.context.draft import turn_starts
from convo.context.phases import BuiltInRule, Phase
from convo.context.reach import Reach
from convo.context.rewriting import shorten
from convo.context.rules import Policy, policy_key, the_window
from convo.context.summarizing import SYSTEM, AsksForSummary, Summarize
from convo.context.summary import NeedsSummary, Summary, Told
from convo.context.tokens import estimate_text
from convo.errors import ConvoError, MalformedResponse, StoreError, TurnClosed
from convo.flows.call_records import call_record, error_record
from convo.flows.handle import Handle
from convo.flows.outbound import Ask, Outbound, backend_name, prepare, recipe_of
from convo.flows.turn_begin import Opening, next_request
from convo.flows.windows import load_window
from convo.frozen import dataclass
from convo.options import CompletionOptions
from convo.profiles import Profile
from convo.records import Entry
from convo.store.clock import now

MOST_TOLD = 512
"""Messages that one summary is made of at most: the newest of what was cut away."""

TASK_ROOM = 400
"""Tokens that a request for a summary may take beyond the conversation's own window: the task, and what tells it."""

THOUGHT = 4
"""How many times as long as the summary its answer may be: a model may think before it writes."""

_APPLIED = (Phase.REWRITE, Phase.REDACT)
"""The phases of a policy whose rules what is to be summarised goes through as well; so do the user's functions."""


TOLD = "told"
"""Where the recipe of a request for a summary names what came of it, by hash."""


@dataclass(frozen=True, kw_only=True)
class _Request:
    """A request for a summary, ready to leave, and what is recorded of it. ``first`` is the first message it tells."""

    backend: Any
    request: CompletionRequest
    pending: Mapping[str, Any]
    blobs: Mapping[str, Any]
    first: int


async def tell(handle: Handle, opening: Opening, ask: Ask) -> None:
    """Have what the open turn's request leaves out summarised, where its policy asks for that.

    True afterwards: ``opening`` holds a request with the summary in it, or, where it could not be had, the one without,
    and why is recorded. Raises TurnClosed where the turn is somebody else's by now, StoreError.
    """
    needs, rule = opening.sent.composition.needs, the_window(ask.settings.rules)
    if needs is None or not isinstance(rule, Summarize):
        return
    entries = await _cut_away(handle, opening.sent, needs)
    if not entries:
        return
    asked: _Request | None = None
    try:
        asked = _request(handle, ask, rule, needs, entries)
        completion = await handle.port.complete(asked.backend, asked.request)
        summary = _summary(asked, needs, completion)
        await _told(handle, opening, ask, asked, completion, summary)
    except (StoreError, TurnClosed):
        raise
    except ConvoError as problem:
        await _failed(handle, opening, ask, asked, problem)


async def _cut_away(handle: Handle, sent: Outbound, needs: NeedsSummary) -> list[Entry]:
    """Return the messages to be told: those cut away that no rule keeps in."""
    low = max(needs.after, needs.upto - MOST_TOLD)
    staying = {line.seq for line in sent.composition.decisions if line.included}
    loaded = await load_window(handle, Reach(after=low, first=0))
    return [
        entry for entry in loaded if low < entry.seq <= needs.upto and entry.seq not in staying and not entry.erased
    ]


def _request(handle: Handle, ask: Ask, rule: Summarize, needs: NeedsSummary, entries: Sequence[Entry]) -> _Request:
    backend = ask.backend if rule.backend is None else resolve(rule.backend)
    profile = ask.profile if rule.backend is None else replace(ask.settings, profile=None).profile_for(backend)
    rules = [one for one in ask.settings.rules if not isinstance(one, BuiltInRule) or one.phase in _APPLIED]
    policy = [*rules, AsksForSummary(needs, rule.instruction)]
    composition = _composed(entries, policy, profile, needs.most + TASK_ROOM)
    options = CompletionOptions(max_tokens=THOUGHT * needs.tokens)
    if rule.backend is None and ask.options.model is not None:
        options = options.replace(model=ask.options.model)
    request = CompletionRequest(composition.messages, options, str(handle.conversation_id))
    recipe, blobs = recipe_of(composition, options)
    pending = {
        "kind": "summary",
        "backend": backend_name(backend),
        "model": options.model or getattr(backend, "model", None),
        "recipe": recipe,
        "hash": request.hash,
        "at": now().isoformat(),
    }
    first = min((line.seq for line in composition.decisions if line.included and line.seq), default=needs.upto)
    return _Request(backend=backend, request=request, pending=pending, blobs=blobs, first=first)


def _composed(entries: Sequence[Entry], policy: Policy, profile: Profile, most: int) -> Composition:
    """Compose the request of as many of the newest ``entries``, whole turns, as fit in about ``most`` tokens."""
    composition, _ = compose(entries, policy, profile, system=SYSTEM)
    if composition.tokens <= most:
        return composition
    cost = {line.seq: line.tokens for line in composition.decisions if line.included}
    excess, freed = composition.tokens - most, [0, *accumulate(cost.get(entry.seq, 0) for entry in entries)]
    starts = turn_starts([entry.message for entry in entries], from_start=True) or [0]
    start = next((start for start in starts if freed[start] >= excess), starts[-1])
    return compose(entries[start:], policy, profile, system=SYSTEM)[0]


def _summary(asked: _Request, needs: NeedsSummary, completion: Completion) -> Summary:
    text = shorten(completion.text.strip(), needs.tokens)
    if not text:
        raise MalformedResponse(f"{asked.pending['backend']} gave an empty summary")
    name, model = completion.backend or asked.pending["backend"], completion.model or asked.pending["model"]
    return needs.made(asked.first, text, estimate_text(text), name, model)


async def _told(
    handle: Handle, opening: Opening, ask: Ask, asked: _Request, completion: Completion, summary: Summary
) -> None:
    needs = opening.sent.composition.needs
    assert needs is not None  # noqa: S101 - a summary was asked for because of it
    handle.summaries[summary.digest] = summary
    state = opening.sent.moved.telling(policy_key(ask.settings.rules), needs.told(summary))
    outbound = await prepare(handle, [], ask, state=state)
    recipe = {**asked.pending["recipe"], TOLD: summary.digest}
    call = call_record(opening.turn, {**asked.pending, "recipe": recipe}, completion=completion)
    blobs = {**asked.blobs, summary.digest: summary.to_json()}
    await next_request(handle, opening, ask, call, outbound, blobs)


async def _failed(handle: Handle, opening: Opening, ask: Ask, asked: _Request | None, problem: ConvoError) -> None:
    key, sent = policy_key(ask.settings.rules), opening.sent
    told = replace(sent.moved.told.get(key, Told()), failed=type(problem).__name__)
    state = sent.moved.telling(key, told)
    outbound = replace(sent, moved=state, state=None if ask.own_policy else state)
    if asked is None:
        opening.outbound = outbound
        return
    call = call_record(opening.turn, asked.pending, error=error_record(problem))
    await next_request(handle, opening, ask, call, outbound, asked.blobs)
