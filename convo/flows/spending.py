"""Where the tokens of a turn went: what was cached, the system prompt, the history, what was new, the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.context.rules import the_window
from convo.context.tokens import estimate, estimate_tools
from convo.flows.accounting import UsageReport, report
from convo.flows.handle import Handle
from convo.flows.reading import turns
from convo.flows.record import options_in
from convo.flows.report_facts import price
from convo.frozen import dataclass
from convo.messages import message_from
from convo.records import Call, Turn
from convo.store import history, ledger

Ranges = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnUsage:
    """The tokens of one turn's last request and its answer, and the usage of all its calls.

    ``cached`` is the beginning of the prompt that the provider had in its cache. The rest is told apart into ``system``
    (prompts, tools and what else was inserted), ``history``, and ``new`` (the turn's own messages). Where a number was
    not reported (``reported`` False), it is an estimate. ``window`` is the limit of the policy in force, if any.
    """

    turn: Turn
    cached: int
    system: int
    history: int
    new: int
    output: int
    reported: bool
    window: int | None
    usage: UsageReport

    @property
    def cost(self) -> Decimal | None:
        """The price of all its calls in US dollars; None where it is not known."""
        return price(self.usage)


async def spending(handle: Handle, limit: int) -> list[TurnUsage]:
    """Return where the tokens of the turns of the last ``limit`` messages went, oldest first.

    Reads the messages that were sent, each once.
    """
    made = await turns(handle, limit, None)
    window = the_window(handle.settings.rules)
    most = None if window is None else window.limits(getattr(handle.backend, "context_length", None))[0]
    return await handle.port.read(lambda connection: _spent(connection, handle, made, most))


def _spent(connection: Connection, handle: Handle, made: Sequence[Turn], window: int | None) -> list[TurnUsage]:
    conversation = handle.conversation_id
    calls: dict[UUID, list[Call]] = {}
    for call in ledger.calls(connection, conversation, [turn.id for turn in made]) if made else []:
        calls.setdefault(call.turn_id, []).append(call)
    last = {turn_id: call for turn_id, called in calls.items() for call in called if call.answers}
    sizes = _sizes(connection, handle, [call.recipe for call in last.values()])
    own = {entry.turn_id: entry.tokens for entry in history.read(connection, conversation, _answers(made))}

    def blob(digest: str) -> Any:
        return ledger.blob(connection, conversation, digest)

    return [
        _turn_usage(turn, calls[turn.id], last[turn.id], (sizes, own.get(turn.id, 0)), window, blob)
        for turn in made
        if turn.id in last
    ]


def _sizes(connection: Connection, handle: Handle, recipes: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Return the estimates of the path's messages that ``recipes`` name, by seq."""
    wanted = _merged([(part[0], part[1]) for recipe in recipes for part in recipe["m"] if isinstance(part, list)])
    lowest = wanted[0][0] - 1 if wanted else 0
    path = history.spans(connection, handle.conversation_id, handle.place.branch_no, handle.head, lowest)
    spans = [span for low, high in wanted for span in history.clip(path, low - 1, high)]
    return {entry.seq: entry.tokens for entry in history.read(connection, handle.conversation_id, spans)}


def _answers(made: Sequence[Turn]) -> list[history.Span]:
    """The last answer of each turn."""
    return [history.Span(turn.branch_no, turn.output[1] - 1, turn.output[1]) for turn in made if turn.output]


def _merged(ranges: Ranges) -> list[tuple[int, int]]:
    """Return ``ranges`` of seqs without overlap, ascending."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(high, merged[-1][1])
        else:
            merged.append((low, high))
    return merged


def _turn_usage(
    turn: Turn,
    calls: Sequence[Call],
    call: Call,
    sizes: tuple[Mapping[int, int], int],
    window: int | None,
    blob: Callable[[str], Any],
) -> TurnUsage:
    """Return the usage of a turn whose last answer came of ``call``; ``sizes``: of what was sent, and of the answer."""
    last, (sent, answer) = call.usage, sizes
    parts = _estimated(turn, call.recipe, sent, blob)
    prompt = last.prompt_tokens if last and last.prompt_tokens else sum(parts)
    cached = min(last.cached_tokens, prompt) if last else 0
    system, older, new = _uncached(_scaled(parts, prompt), cached)
    return TurnUsage(
        turn=turn,
        cached=cached,
        system=system,
        history=older,
        new=new,
        output=last.completion_tokens if last and last.completion_tokens else answer,
        reported=bool(last and last.prompt_tokens),
        window=window,
        usage=report((call.model or call.backend, call.usage) for call in calls if call.usage is not None),
    )


def _estimated(
    turn: Turn, recipe: Mapping[str, Any], sizes: Mapping[int, int], blob: Callable[[str], Any]
) -> tuple[int, int, int]:
    """Return the estimates of what was inserted (tool definitions too), of older messages, and of the turn's own."""
    first = turn.input[0] if turn.input else turn.output[0] if turn.output else 0
    inserted, older, new = estimate_tools(options_in(recipe, blob).tools or ()), 0, 0
    for part in recipe["m"]:
        if not isinstance(part, list):
            inserted += estimate(message_from(blob(part) if isinstance(part, str) else part))
            continue
        for seq in range(part[0], part[1] + 1):
            size = sizes.get(seq, 0)
            older, new = (older + size, new) if seq < first else (older, new + size)
    return inserted, older, new


def _scaled(parts: tuple[int, int, int], whole: int) -> tuple[int, int, int]:
    """Return ``parts`` in the same proportions, as whole numbers that add up to ``whole``."""
    sum_of = sum(parts)
    if not sum_of:
        return 0, 0, whole
    first, second = (whole * part // sum_of for part in parts[:2])
    return first, second, whole - first - second


def _uncached(parts: tuple[int, int, int], cached: int) -> Iterator[int]:
    """Yield what is left of each part behind the first ``cached`` tokens."""
    for part in parts:
        taken = min(part, cached)
        cached -= taken
        yield part - taken
