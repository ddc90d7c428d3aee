"""A dry run: what a replay would be sent and would use, estimated as if every answer came out as it is on record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from convo.backends.call import name_of
from convo.completions import Usage
from convo.context.reach import Reach, reach
from convo.context.state import ComposeState
from convo.flows.accounting import UsageReport, report
from convo.flows.exchanges import Exchange
from convo.flows.handle import FIRST_READ
from convo.flows.outbound import Ask, compose_for, context_length, learned_of
from convo.flows.replay_order import Order
from convo.options import CompletionOptions
from convo.records import Entry


async def estimated(order: Order) -> UsageReport:
    """Return the usage of a replay, estimated: each call composed as it would be, each answer as long as on record."""
    entries = [*order.before, *(entry for step in order.steps for entry in step.entries)]
    state = order.source.state.before(len(order.before)) if order.before else ComposeState()
    used: list[tuple[str, Usage]] = []
    for step in order.steps:
        ask = _ask(order, step)
        learned = await learned_of(replace(order.source, last=None), ask)
        model = ask.options.model or getattr(order.backend, "model", None) or _on_record(order, step)
        for asked_after, answer in _calls(step):
            length = context_length(ask, learned)
            wanted = reach(ask.settings.rules, state, factor=learned.factor, context_length=length)
            composition, state = compose_for(order.source, _window(entries[:asked_after], wanted), ask, state, learned)
            both = composition.tokens, answer.tokens if answer else 0
            used.append((model, Usage(prompt_tokens=both[0], completion_tokens=both[1], total_tokens=sum(both))))
    return report(used)


def _calls(step: Exchange) -> Iterator[tuple[int, Entry | None]]:
    """Yield where on the path a model was asked, and what it answered; None for what was never answered."""
    if step.asked and not step.answers:
        yield step.entries[-1].seq, None
    elif step.asked:
        yield from ((answer.seq - 1, answer) for answer in step.answers)


def _ask(order: Order, step: Exchange) -> Ask:
    settings = replace(order.given, options=CompletionOptions(**order.options_for(step)))
    return Ask(settings=settings.over(order.source.settings), backend=order.backend)


def _on_record(order: Order, step: Exchange) -> str:
    calls = order.calls.get(step.turn_id, ()) if step.turn_id else ()
    if order.backend is not None and not any(call.backend == name_of(order.backend) for call in calls):
        return name_of(order.backend)
    return next((call.model or call.backend for call in calls), "")


def _window(path: Sequence[Entry], wanted: Reach) -> list[Entry]:
    """Return what ``wanted`` asks for of a path that is in memory whole."""
    size = FIRST_READ
    while size < len(path) and not wanted.enough(path[-size:]):
        size *= 2
    tail = path[-size:]
    low = tail[0].seq - 1 if tail else 0
    return [*_strays(path, wanted, low), *tail]


def _strays(path: Sequence[Entry], wanted: Reach, low: int) -> Iterator[Entry]:
    for seq in sorted({*range(1, min(wanted.first, low) + 1), *(pin for pin in wanted.pins if pin <= low)}):
        yield path[seq - 1]
