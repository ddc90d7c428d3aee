"""Comparisons, plots and large trees as pictures: side by side where there is room, harmless whatever the texts say."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from rich.cells import cell_len

from cli.test_pictures import branch, conversation, entry, printed
from convo.cli import pictures, plots, sides
from convo.flows.accounting import UsageReport
from convo.flows.comparing import Comparison, Pair, Side, Table
from convo.flows.spending import TurnUsage
from convo.messages import assistant, user
from convo.records import Turn
from support.nasty import NASTY

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def side(asked: str, answered: str) -> Side:
    return Side(entries=(entry(1, user(asked)), entry(2, assistant(answered))))


def both(a: str, b: str) -> tuple[Comparison, Table]:
    left, right = side("the question", a), side("the question", b)
    pairs = (Pair(a=left, b=right), Pair(a=left, b=None))
    return (
        Comparison(a="main", b="side", shared=2, pairs=pairs),
        Table(branches=("main", "side"), shared=0, rows=((left, right), (left, None))),
    )


def test_two_branches_stand_side_by_side_where_there_is_room() -> None:
    found, _ = both("It is cold.", "It is warm.")
    lines = COLOUR.sub("", printed(sides.comparison(found), width=80, colour=True)).splitlines()
    (line,) = [line for line in lines if "cold" in line and "warm" in line]
    assert line.split() == ["answered", "It", "is", "cold.", "It", "is", "warm."]
    coloured = printed(sides.comparison(found), width=80, colour=True)
    assert "\x1b[31mcold\x1b[0m" in coloured
    assert "\x1b[32mwarm\x1b[0m" in coloured


@pytest.mark.parametrize("width", [40, 1_000_000])
def test_where_there_is_none_differences_are_marked(width: int) -> None:
    found, many = both("It is cold.", "It is warm.")
    assert "   It is [-cold-]{+warm+}.\n" in printed(sides.comparison(found), width=width)
    shown = printed(sides.table(many), width=width)
    assert "main: \n   It is cold.\nside: \n   It is warm.\n" in shown


def test_a_branch_that_is_shorter_says_so() -> None:
    found, many = both("one", "two")
    assert "side: no such turn" in printed(sides.comparison(found), width=40)
    assert printed(sides.table(many), width=40).count("side: \n") == 1


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("colour", [True, False])
def test_no_text_breaks_out_of_a_comparison(width: int, colour: bool) -> None:
    for text in NASTY:
        for found in both(text, f"{text} and {text}"):
            picture = sides.comparison(found) if isinstance(found, Comparison) else sides.table(found)
            shown = COLOUR.sub("", printed(picture, width=width, colour=colour))
            assert all(char == "\n" or char.isprintable() or char in " \u3000\u200d\u200c" for char in shown)
            assert all(cell_len(line) <= width for line in shown.splitlines())


def turn_usage(cached: int, system: int, older: int, new: int, output: int, **facts: Any) -> TurnUsage:
    now = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    turn = Turn(
        id=UUID(int=1),
        conversation_id=UUID(int=2),
        branch_no=0,
        status="completed",
        attempt=1,
        input=(1, 1),
        started_at=now,
        ended_at=now,
    )
    given: dict[str, Any] = {"reported": True, "window": 100, "usage": UsageReport(), **facts}
    return TurnUsage(turn=turn, cached=cached, system=system, history=older, new=new, output=output, **given)


def test_a_bar_is_made_of_its_parts_and_crossed_by_the_window() -> None:
    turns = [turn_usage(0, 20, 0, 10, 10), turn_usage(20, 0, 10, 30, 60)]
    first, second, legend = printed(plots.usage(turns), width=44 + 60).splitlines()
    assert first.rstrip()[-1] == "│"
    assert [first.count(sign) for sign in "░█▓▒■"] == [0, 10, 0, 5, 5]
    assert [second.count(sign) for sign in "░█▓▒■│"] == [10, 0, 5, 15, 29, 1]
    assert all(name in legend for name in ("cached", "system", "history", "new", "output", "100 tokens"))


def test_a_window_far_away_and_usage_not_reported_are_said() -> None:
    shown = printed(plots.usage([turn_usage(0, 5, 0, 5, 10, window=32_000, reported=False)]), width=100)
    bar, legend, estimated = shown.splitlines()
    assert "│" not in bar
    assert "20~" in bar
    assert "32,000" in legend
    assert estimated.startswith("~ estimated")
    assert printed(plots.usage([]))


def test_a_large_tree_is_shown_up_to_a_limit_the_active_branch_always() -> None:
    branches = [branch(0, "main", None, 0, 8)]
    branches += [branch(no, f"b{no}", 0 if no % 2 else no - 1, 4, 8) for no in range(1, 10_000)]
    tree = pictures.tree(conversation(active_branch_no=9_998), branches, {}, limit=50)
    lines = printed(tree).splitlines()
    assert 50 < len(lines) < 60
    assert sum("active" in line for line in lines) == 1
    assert any("b9997" in line for line in lines)
    more = sum(int(line.split("… ")[1].split()[0].replace(",", "")) for line in lines if "… " in line)
    assert more + len(lines) - 1 - sum("… " in line for line in lines) == 10_000
