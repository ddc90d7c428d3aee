"""Usage and cost: summed on reading, from what the backends reported with each call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy.engine import Connection

from convo.completions import Usage
from convo.errors import InvalidOption, MissingExtra, NotFound, Unsupported
from convo.flows.handle import Handle, refresh
from convo.frozen import dataclass
from convo.records import Turn
from convo.store import accounts, history
from convo.store.accounts import Used
from convo.store.history import Span
from convo.store.rows import usage_from

Scope = Literal["path", "branch", "conversation"]


@dataclass(frozen=True)
class UsageReport(Usage):
    """Tokens used: the sums, and the same by model. ``calls`` counts the calls that reported any."""

    calls: int = 0
    by_model: Mapping[str, Usage] = field(default_factory=dict)

    @property
    def fresh_tokens(self) -> int:
        """Prompt tokens that the provider did not have in its cache."""
        return self.prompt_tokens - self.cached_tokens

    def cost(self) -> Decimal:
        """Return the price in US dollars by the public price list of ``genai-prices`` (extra ``prices``).

        Raises MissingExtra, and Unsupported for a model that the list does not know.
        """
        return sum((_price(model, usage) for model, usage in self.by_model.items()), Decimal(0))


def _price(model: str, usage: Usage) -> Decimal:
    try:
        import genai_prices
    except ImportError:
        raise MissingExtra("prices need a package: pip install 'convo-sql[prices]'", extra="prices") from None
    used: dict[str, Any] = {"input_tokens": usage.prompt_tokens, "output_tokens": usage.completion_tokens}
    if usage.cached_tokens:
        used["cache_read_tokens"] = usage.cached_tokens
    try:
        price = genai_prices.calc_price(genai_prices.Usage(**used), model_ref=model)
    except LookupError:
        raise Unsupported(f"the price list does not know the model {model!r:.80}") from None
    return Decimal(price.total_price)


async def usage(handle: Handle, turn: Turn | None, scope: Scope) -> UsageReport:
    """Return what a turn used, or (None) this path, branch or conversation.

    A path's shared prefix is counted with the path, once; a branch's is its own messages only.
    """
    conversation = handle.conversation_id
    if turn is not None:
        if not isinstance(turn, Turn):
            raise InvalidOption(
                f"turn: must be a turn, from a reply or turns(), not {type(turn).__name__}", field="turn"
            )
        if turn.conversation_id != conversation:
            raise NotFound("this turn belongs to another conversation")
        return _report(await handle.port.read(lambda c: list(accounts.of_turn(c, conversation, turn.id))))
    if scope not in ("path", "branch", "conversation"):
        raise InvalidOption('scope: must be "path", "branch" or "conversation"', field="scope")
    head = (await refresh(handle)).branch.head_seq
    place, own = handle.place, handle.branch.fork_seq

    def work(connection: Connection) -> list[Used]:
        if scope == "conversation":
            return list(accounts.of_conversation(connection, conversation))
        spans = [Span(place.branch_no, own, head)]
        if scope == "path":
            spans = history.spans(connection, conversation, place.branch_no, head)
        return list(accounts.of_spans(connection, conversation, spans))

    return _report(await handle.port.read(work))


def _report(used: Iterable[Used]) -> UsageReport:
    return report((each.model or each.backend, usage_from(each.usage)) for each in used)


def report(used: Iterable[tuple[str, Usage]]) -> UsageReport:
    """Return the sums of what was ``used``: each call's model (or backend) and usage."""
    by_model: dict[str, Usage] = {}
    calls = 0
    for name, usage in used:
        by_model[name] = by_model.get(name, Usage()) + usage
        calls += 1
    total = sum(by_model.values(), Usage())
    return UsageReport(
        prompt_tokens=total.prompt_tokens,
        completion_tokens=total.completion_tokens,
        total_tokens=total.total_tokens,
        cached_tokens=total.cached_tokens,
        reasoning_tokens=total.reasoning_tokens,
        calls=calls,
        by_model=by_model,
    )
