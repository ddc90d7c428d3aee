"""Comparisons as one page of HTML, complete in itself.

Laws of this file:
- Nothing from a message runs, loads or is markup: every text is escaped, and the page forbids itself scripts, pictures
  and any request.
- It can be read without colours: what only one side has is marked by its element, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from convo.flows.comparing import Change, Comparison, Pair, Piece, Side, Table
from convo.flows.report_facts import asked, pair_rows, said, shared, side_facts, totals
from convo.harmless import harmless

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #1c1b1a; background: #fff; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; margin-bottom: 1.5rem; }
th, td { border: 1px solid #d6d3ce; padding: .4rem .6rem; text-align: left; vertical-align: top; }
th:first-child, td:first-child { width: 7rem; color: #6b6862; }
td { white-space: pre-wrap; overflow-wrap: anywhere; }
del { background: #fbdcd9; } ins { background: #d8f0d3; text-decoration: none; }
.facts { color: #6b6862; font-size: 85%; } caption { text-align: left; font-weight: 600; padding: .4rem 0; }
@media (prefers-color-scheme: dark) {
  body { color: #e8e6e3; background: #1c1b1a; } th, td { border-color: #45423e; }
  del { background: #5b2723; } ins { background: #274d20; }
}
"""
_MARKS: dict[Change, str] = {"only a": "del", "only b": "ins"}


def text(value: str) -> str:
    """Return ``value`` as HTML that shows it: no markup, no control character, no hidden sign."""
    return escape(harmless(value))


def comparison(found: Comparison) -> str:
    """Return two branches side by side: a table for each pair of turns."""
    names = [text(found.a), text(found.b)]
    tables = (
        _table(f"Turn {number}{': the same' if pair.same else ''}", ["", *names], _pair(pair))
        for number, pair in enumerate(found.pairs, 1)
    )
    return _page(f"{names[0]} and {names[1]}", shared(found), [*tables, _sums(names, found)])


def table(found: Table) -> str:
    """Return branches as one table: a column for each, a row for each turn."""
    names = [text(name) for name in found.branches]
    rows = [[text(asked(row)), *(_cell(side) for side in row)] for row in found.rows]
    return _page(f"{len(names)} branches", shared(found), [_table("", ["", *names], rows), _sums(names, found)])


def _page(title: str, said: str, parts: Iterable[str]) -> str:
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style>'
    )
    body = "\n".join([f"<h1>{title}</h1>", f"<p>{text(said)}</p>", *parts])
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body}\n</body></html>\n'


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    named = f"<caption>{caption}</caption>" if caption else ""
    heads = "".join(f"<th>{cell}</th>" for cell in head)
    cells = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    body = "\n".join(f"<tr>{row}</tr>" for row in cells)
    return f"<table>{named}<thead><tr>{heads}</tr></thead><tbody>\n{body}\n</tbody></table>"


def _sums(names: Sequence[str], found: Comparison | Table) -> str:
    rows = [(name, text(", ".join(facts))) for name, facts in zip(names, totals(found), strict=True)]
    return _table("In all", ["branch", "used"], rows)


def _pair(pair: Pair) -> Iterator[Sequence[str]]:
    yield from pair_rows(pair, text, _marked)
    yield "", *(_facts(side) for side in (pair.a, pair.b))


def _marked(piece: Piece) -> str:
    mark = _MARKS.get(piece.change)
    return text(piece.text) if mark is None else f"<{mark}>{text(piece.text)}</{mark}>"


def _facts(side: Side | None) -> str:
    return f'<span class="facts">{text(", ".join(side_facts(side)))}</span>'


def _cell(side: Side | None) -> str:
    return "" if side is None else f"{text(said(side))}\n{_facts(side)}"
