"""Comparisons on a terminal: two branches side by side, many as a table; in a pipe one text below the other.

Differences are told by colour on a terminal, and where there is none by marks: ``[-only a-]`` and ``{+only b+}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table as Grid
from rich.text import Text

from convo.cli.pictures import Indented
from convo.flows.comparing import Change, Comparison, Pair, Piece, Side, Table
from convo.flows.report_facts import asked, option, said, shared, side_facts, texts, totals
from convo.harmless import beginning, one_line

SHOWN = 2_000
"""Characters of one text that are shown unless all is asked for."""

NARROW = 60
"""Columns below which nothing is put side by side."""

WIDE = 400
"""Columns past which a console is no screen but a pipe."""

_STYLES: dict[Change, str] = {"same": "", "only a": "red", "only b": "green"}
_MARKS: dict[Change, tuple[str, str]] = {"same": ("", ""), "only a": ("[-", "-]"), "only b": ("{+", "+}")}


class Laid:
    """What is shown side by side where there is room for it, and else one below the other."""

    def __init__(self, beside: RenderableType, below: RenderableType) -> None:
        self._beside, self._below = beside, below

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._beside if NARROW <= options.max_width <= WIDE and not console.no_color else self._below


def comparison(found: Comparison, *, full: bool = False) -> Group:
    """Two branches: each pair of turns, and what each branch used in all."""
    names = [one_line(found.a, 60), one_line(found.b, 60)]
    limit = None if full else SHOWN
    parts: list[RenderableType] = [Text(shared(found), "dim")]
    for number, pair in enumerate(found.pairs, 1):
        parts += [Text(f"\nTurn {number}{', the same' if pair.same else ''}", "bold"), _pair(pair, names, limit)]
    parts += [Text("\nIn all", "bold"), *_sums(names, found)]
    return Group(*parts)


def _pair(pair: Pair, names: Sequence[str], limit: int | None) -> Laid:
    grid = _grid(["", *names])
    for name, pieces in texts(pair):
        grid.add_row(Text(name, "dim"), _column(pieces, "only b", limit), _column(pieces, "only a", limit))
    for name, values in pair.options().items():
        grid.add_row(Text(one_line(name, 30), "dim"), *(Text(one_line(option(value), 200)) for value in values))
    grid.add_row("", *(Text(one_line(", ".join(side_facts(side)), 200), "dim") for side in (pair.a, pair.b)))
    return Laid(grid, Group(*_below(pair, names, limit)))


def _below(pair: Pair, names: Sequence[str], limit: int | None) -> Iterator[RenderableType]:
    for name, pieces in texts(pair):
        yield Text(name, "dim")
        yield Indented(_marked(pieces, limit))
    for name, (a, b) in pair.options().items():
        yield Text(f"{one_line(name, 30)}: [-{one_line(option(a), 200)}-]{{+{one_line(option(b), 200)}+}}")
    for name, side in zip(names, (pair.a, pair.b), strict=True):
        yield Text(f"{name}: {one_line(', '.join(side_facts(side)), 200) if side else 'no such turn'}", "dim")


def _column(pieces: Sequence[Piece], other: Change, limit: int | None) -> Text:
    """One side's text, what the other has not in colour."""
    shown = Text()
    for piece in pieces:
        if piece.change != other:
            shown.append(_cut(piece.text, limit), _STYLES[piece.change])
    return shown


def _marked(pieces: Sequence[Piece], limit: int | None) -> Text:
    """Both texts in one, what only one has between marks."""
    shown = Text()
    for piece in pieces:
        before, after = _MARKS[piece.change]
        shown.append(f"{before}{_cut(piece.text, limit)}{after}", _STYLES[piece.change])
    return shown


def _cut(text: str, limit: int | None) -> str:
    return beginning(text, len(text) if limit is None else limit)


def table(found: Table, *, full: bool = False) -> Group:
    """Many branches: a column for each, a row for each turn, and what each used in all."""
    names = [one_line(name, 60) for name in found.branches]
    limit = None if full else SHOWN
    grid = _grid(["", *names])
    below: list[RenderableType] = []
    for row in found.rows:
        cells = [_cut(said(side), limit) if side else "" for side in row]
        facts = [one_line(", ".join(side_facts(side)), 200) for side in row]
        shown = (
            Text.assemble(cell, "\n" if cell else "", (fact, "dim")) for cell, fact in zip(cells, facts, strict=True)
        )
        grid.add_row(Text(_cut(asked(row), limit), "cyan"), *shown)
        below.append(Text(f"\n{_cut(asked(row), limit)}", "cyan"))
        below += _cells_below(names, row, cells, facts)
    return Group(Text(shared(found), "dim"), Laid(grid, Group(*below)), Text("\nIn all", "bold"), *_sums(names, found))


def _cells_below(
    names: Sequence[str], row: Sequence[Side | None], cells: Sequence[str], facts: Sequence[str]
) -> Iterator[RenderableType]:
    for name, side, cell, fact in zip(names, row, cells, facts, strict=True):
        if side is not None:
            yield Text(f"{name}: {fact}", "dim")
            yield Indented(Text(cell))


def _grid(heads: Sequence[str]) -> Grid:
    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    for number, head in enumerate(heads):
        grid.add_column(Text(head, "bold"), ratio=None if number == 0 else 1, max_width=24 if number == 0 else None)
    return grid


def _sums(names: Sequence[str], found: Comparison | Table) -> Iterator[Text]:
    width = max(map(len, names))
    for name, facts in zip(names, totals(found), strict=True):
        yield Text(f"{name.ljust(width)}  {', '.join(facts)}")
