"""Usage as a picture: a bar for each turn, made of where its tokens went, and the line where the window ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.text import Text

from convo.cli.pictures import moment
from convo.flows.spending import TurnUsage

PARTS = (
    ("cached", "░", "blue"),
    ("system", "█", "magenta"),
    ("history", "▓", "cyan"),
    ("new", "▒", "green"),
    ("output", "■", "yellow"),
)
"""What a bar is made of, in order: a field of ``TurnUsage``, its sign, its colour. The signs tell without colours."""

LINE = "│"
WIDEST = 100
"""Columns of the longest bar."""

NUMBERS = 44
"""Columns that time, sum and price take beside a bar."""

FAR = 4
"""Times the longest bar at which a window is too far away to be drawn: the bars would be too short to be read."""


class Bars:
    """The bars of turns, as wide as the screen permits."""

    def __init__(self, turns: Sequence[TurnUsage]) -> None:
        self._turns = turns
        self._most = max(map(_whole, turns), default=0)
        window = max((turn.window or 0 for turn in turns), default=0)
        if window <= FAR * self._most:
            self._most = max(self._most, window)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(min(options.max_width - NUMBERS, WIDEST), 10)
        for turn in self._turns:
            yield self._line(turn, width)

    def _line(self, turn: TurnUsage, width: int) -> Text:
        whole = f"{_whole(turn):,}{' ' if turn.reported else '~'}"
        line = Text.assemble((moment(turn.turn.started_at), "dim"), f"  {whole:>11} {_dollars(turn.cost):>12}  ")
        line.append_text(self._bar(turn, width))
        return line

    def _bar(self, turn: TurnUsage, width: int) -> Text:
        bar = Text()
        drawn = used = 0
        for name, sign, colour in PARTS:
            used += getattr(turn, name)
            end = round(width * used / self._most) if self._most else 0
            bar.append(sign * (end - drawn), colour)
            drawn = end
        bar.append(" " * (width + 1 - drawn))
        if turn.window is None or turn.window > self._most:
            bar.rstrip()
            return bar
        at = round(width * turn.window / self._most)
        return Text.assemble(bar[:at], (LINE, "red"), bar[at + 1 :])


def _whole(turn: TurnUsage) -> int:
    return sum(getattr(turn, name) for name, _, _ in PARTS)


def _dollars(cost: Decimal | None) -> str:
    return "" if cost is None else f"${cost:.6f}"


def usage(turns: Sequence[TurnUsage]) -> Group:
    """A bar for each turn, a legend, and the price of all."""
    return Group(Bars(turns), *_legend(turns))


def _legend(turns: Sequence[TurnUsage]) -> Iterator[Text]:
    legend = Text.assemble(*((f"{sign} {name}  ", colour) for name, sign, colour in PARTS))
    window = next((turn.window for turn in turns if turn.window), None)
    if window:
        legend.append(f"{LINE} the window, {window:,} tokens", "red")
    yield legend
    if any(not turn.reported for turn in turns):
        yield Text("~ estimated: the backend reported no usage", "dim")
    costs = [turn.cost for turn in turns if turn.cost is not None]
    if costs:
        yield Text(f"{_dollars(sum(costs, Decimal(0)))} in all", "bold")
