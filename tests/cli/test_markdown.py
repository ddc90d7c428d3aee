"""Markdown while it comes: whatever comes and however it is cut, all of it is shown and none of it does anything."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, RenderableType

from convo.cli.markdown import MarkdownStream, blocks, markdown
from support.nasty import NASTY

ANSWER = "# Title\n\nOne *two*\nthree.\n\n- a\n- b\n\n```\ncode\n\nmore\n```\n\n| x |\n|---|\n| 1 |\n\nEnd"
ENTITIES = "&#x202e;&#8238;&#x1b;[2J &#155;2J &ZeroWidthSpace; &rlm; [x](http://127.0.0.1/&#x202e;)"


def console(width: int = 60) -> Console:
    return Console(file=io.StringIO(), width=width, height=10, markup=False, highlight=False, emoji=False)


def printed(picture: RenderableType, width: int = 60) -> str:
    out = console(width)
    out.print(picture)
    return out.file.getvalue()  # type: ignore[attr-defined]


def streamed(*pieces: str, width: int = 60) -> str:
    out = console(width)
    with MarkdownStream(out) as stream:
        for piece in pieces:
            stream.add(piece)
            stream.draw()
    return out.file.getvalue()  # type: ignore[attr-defined]


def test_blocks_are_cut_where_nothing_can_change_any_more() -> None:
    assert [block.split()[0] for block in blocks(ANSWER)] == ["#", "One", "-", "```", "|", "End"]


@given(st.text(alphabet="ab*`#-|>\n\r \u2028\x0c1.[]()&;<", max_size=80))
def test_blocks_lose_nothing(text: str) -> None:
    assert "".join(blocks(text)) == text


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_what_stays_does_not_depend_on_how_it_came(size: int) -> None:
    pieces = [ANSWER[start : start + size] for start in range(0, len(ANSWER), size)]
    assert streamed(*pieces) == streamed(ANSWER)


@pytest.mark.parametrize("text", [*NASTY, ENTITIES], ids=lambda text: f"{text[:12]!a}x{len(text)}")
def test_no_text_breaks_out_of_an_answer(text: str) -> None:
    shown = streamed(*(text[start : start + 5_000] for start in range(0, len(text), 5_000)))
    assert all(char == "\n" or char.isprintable() or char in " \u3000\u200d\u200c" for char in shown)
    assert max(map(cell_len, shown.splitlines()), default=0) <= 60


def test_an_image_stays_where_it_stands_and_shows_its_address() -> None:
    shown = printed(markdown("Before ![the **map**](http://127.0.0.1/map.png) after, [![b](u)](v)."), width=200)
    assert shown.strip() == "Before ![the **map**](http://127.0.0.1/map.png) after, ![b](u) (v)."


def test_html_and_addresses_of_links_are_shown() -> None:
    shown = printed(markdown("<b>bold</b> [here](http://127.0.0.1/there) <think>hm</think>"), width=200)
    assert "<b>bold</b>" in shown
    assert "http://127.0.0.1/there" in shown
    assert "<think>hm</think>" in shown
