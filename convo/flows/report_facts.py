"""What every report of a comparison tells: the texts that differ, who answered, the tokens, the time, the price."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from convo.errors import MissingExtra, Unsupported
from convo.flows.accounting import UsageReport
from convo.flows.comparing import Change, Comparison, Pair, Piece, Side, Table
from convo.values import dump_json


def price(usage: UsageReport) -> Decimal | None:
    """Return what ``usage`` costs in US dollars; None where a model has no known price, or prices are not installed."""
    if not usage.calls:
        return None
    try:
        return usage.cost()
    except (Unsupported, MissingExtra):
        return None


def spent(usage: UsageReport) -> list[str]:
    """Return tokens and price as short texts; what is not known is left out."""
    facts = [f"{usage.prompt_tokens:,} + {usage.completion_tokens:,} tokens"] if usage.calls else []
    cost = price(usage)
    return facts if cost is None else [*facts, f"${cost:.6f}"]


def told(models: Sequence[str], usage: UsageReport, seconds: float) -> list[str]:
    """Return the facts of one side as short texts: models, tokens, price, time; what is not known is left out."""
    return [*([", ".join(models)] if models else []), *spent(usage), f"{seconds:.2f} s"]


def side_facts(side: Side | None) -> list[str]:
    """Return the facts of one turn on one branch; none for a branch that is shorter."""
    return told(side.models, side.usage, side.seconds) if side is not None and side.calls else []


def totals(found: Comparison | Table) -> list[list[str]]:
    """Return the facts of each branch after what is shared."""
    return [told((), usage, seconds) for usage, seconds in zip(found.usage(), found.seconds(), strict=True)]


def shared(found: Comparison | Table) -> str:
    """Return what is said of the prefix that is folded."""
    if not found.shared:
        return "They share no message."
    shared = "1 message, which is" if found.shared == 1 else f"{found.shared:,} messages, which are"
    return f"They share {shared} left out here."


def option(value: Any) -> str:
    """Return an option's value as text; – for one that was not given."""
    return "–" if value is None else dump_json(value)


def texts(pair: Pair) -> Iterator[tuple[str, list[Piece]]]:
    """Yield what two turns say, by name, with how it differs; what neither has is left out."""
    named = {"system": pair.system, "asked": pair.asked, "tools": pair.tools_called, "answered": pair.answered}
    for name, differ in named.items():
        if pieces := differ():
            yield name, pieces


def pair_rows(pair: Pair, shown: Callable[[str], str], marked: Callable[[Piece], str]) -> Iterator[list[str]]:
    """Yield the rows of a table of two turns: a name and a cell for each side.

    ``shown`` makes a text fit for the table, ``marked`` a piece of one, marked as what one side has alone.
    """
    others: tuple[Change, Change] = ("only b", "only a")
    for name, pieces in texts(pair):
        yield [name, *("".join(marked(piece) for piece in pieces if piece.change != other) for other in others)]
    for name, values in pair.options().items():
        yield [shown(name), *(shown(option(value)) for value in values)]


def asked(row: Sequence[Side | None]) -> str:
    """Return what was asked in a row of a table."""
    return next((side.asked for side in row if side is not None), "")


def said(side: Side) -> str:
    """Return the tool calls and the answer of one turn."""
    return "\n".join(filter(None, [side.tools_called, side.answered]))
