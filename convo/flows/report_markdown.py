"""Comparisons as Markdown. No text of a message is markup: every sign that could be is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from convo.flows.comparing import Change, Comparison, Pair, Piece, Side, Table
from convo.flows.report_facts import asked, pair_rows, said, shared, side_facts, totals
from convo.harmless import harmless

_SIGNS = re.compile(r"[\\`*_{}\[\]()!|~#:@$]|(?<=www)[.]", re.IGNORECASE)
_AS_ENTITY = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKS: dict[Change, tuple[str, str]] = {"same": ("", ""), "only a": ("<del>", "</del>"), "only b": ("<ins>", "</ins>")}


def escaped(text: str) -> str:
    """Return ``text`` as Markdown that shows it, in one line: fit for a cell of a table and for a heading."""
    entities = "".join(_AS_ENTITY.get(sign, sign) for sign in harmless(text))
    lines = [_SIGNS.sub(r"\\\g<0>", line).strip(" ") for line in entities.split("\n")]
    return "<br>".join(lines)


def comparison(found: Comparison) -> str:
    """Return two branches side by side: a small table for each pair of turns."""
    names = [escaped(found.a), escaped(found.b)]
    lines = [f"# {names[0]} and {names[1]}", "", shared(found), ""]
    for number, pair in enumerate(found.pairs, 1):
        lines += [f"## Turn {number}{': the same' if pair.same else ''}", "", *_rows(["", *names], _pair(pair)), ""]
    sums = [f"| {name} | {', '.join(facts)} |" for name, facts in zip(names, totals(found), strict=True)]
    return "\n".join([*lines, "## In all", "", "| branch | used |", "|---|---|", *sums, ""])


def table(found: Table) -> str:
    """Return branches as one table: a column for each, a row for each turn."""
    names = [escaped(name) for name in found.branches]
    rows = [[escaped(asked(row)), *(_cell(side) for side in row)] for row in found.rows]
    sums = ["in all", *(", ".join(facts) for facts in totals(found))]
    lines = [f"# {len(names)} branches", "", shared(found), "", *_rows(["", *names], [*rows, sums]), ""]
    return "\n".join(lines)


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    made = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return [made[0], f"|{'---|' * len(head)}", *made[1:]]


def _pair(pair: Pair) -> Iterator[Sequence[str]]:
    yield from pair_rows(pair, escaped, _marked)
    yield "", *(escaped(", ".join(side_facts(side))) for side in (pair.a, pair.b))


def _marked(piece: Piece) -> str:
    """A piece of a text, the spaces at its ends kept: it stands next to another."""
    text, (before, after) = piece.text, _MARKS[piece.change]
    ends = " " if text[:1] == " " and text.strip(" ") else "", " " if text[-1:] == " " else ""
    return f"{before}{ends[0]}{escaped(text)}{ends[1]}{after}"


def _cell(side: Side | None) -> str:
    if side is None:
        return ""
    return "<br>".join(escaped(part) for part in (said(side), ", ".join(side_facts(side))) if part)
