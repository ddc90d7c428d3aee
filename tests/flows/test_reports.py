"""Comparisons as Markdown and HTML: what they tell, and that no text of a message is anything but text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from convo import assistant, tool_call, user
from convo.completions import Choice, Completion, CompletionRequest, Usage
from convo.errors import InvalidOption
from convo.flows.comparing import Comparison, Pair, Side, Table, words
from convo.flows.report_html import text as html_text
from convo.flows.report_markdown import escaped
from convo.harmless import harmless
from convo.records import Entry
from convo.store.clock import new_id, now
from support.bots import Bot
from support.embedded import database_url
from support.nasty import NASTY

EVIL = (
    '<script>hacked()</script><img src=x onerror="hacked()">[a](javascript:hacked())![b](http://x/y)<!-- & | `c` **d**'
)

__all__ = ["database_url"]


def priced(request: CompletionRequest) -> Completion:
    usage = Usage(prompt_tokens=1000, completion_tokens=500, total_tokens=1500)
    text = f"{request.options.model} says {request.messages[-1].text}"
    return Completion((Choice(assistant(text), "stop"),), usage=usage, model=request.options.model)


@pytest.fixture
def chat(store: Any, name: str) -> Any:
    chat = store.open(name, backend=priced, system="Be terse.", model="mistral-small-latest")
    chat.send("one")
    chat.send("two")
    chat.replay_each({"large": {"options": {"model": "mistral-large-latest"}}, "kind": {"system": "Be kind."}})
    return chat


def test_a_diff_tells_prompts_options_usage_price_and_time(chat: Any) -> None:
    found = chat.diff("main", "large")
    assert found.pairs[0].options() == {"model": ("mistral-small-latest", "mistral-large-latest")}
    small, large = (usage.cost() for usage in found.usage())
    assert 0 < small < large
    page, told = found.html(), found.markdown()
    for text in (page, told):
        assert "1,000 + 500 tokens" in text
        assert re.search(r"\d\.\d\d s", text)
        assert re.search(r"\$0\.\d{6}", text)
    assert "<del>small</del>" in page
    assert "<ins>large</ins>" in told
    prompts = chat.diff("main", "kind")
    assert [(piece.change, piece.text) for piece in prompts.pairs[0].system()][1:3] == [
        ("only a", "terse"),
        ("only b", "kind"),
    ]
    assert "<ins>kind</ins>" in prompts.html()


def test_a_table_has_a_column_for_each_branch_and_a_row_for_each_turn(chat: Any) -> None:
    longer = chat.fork(name="longer")
    longer.send("three")
    found = chat.compare("main", "large", "kind", "longer")
    assert (found.branches, found.shared, len(found.rows)) == (("main", "large", "kind", "longer"), 0, 3)
    assert [side and side.answered for side in found.rows[2]] == [None, None, None, "mistral-small-latest says three"]
    assert [usage.calls for usage in found.usage()] == [2, 2, 2, 3]
    told = found.markdown().splitlines()
    assert told[4] == "|  | main | large | kind | longer |"
    assert all(line.count(" | ") == 4 for line in told if line.startswith("|") and "---" not in line)
    assert found.html().count("<tr>") == 2 + 3 + 4


def test_one_branch_or_too_many_are_no_table(chat: Any) -> None:
    for branches in (["main"], ["main"] * 101):
        with pytest.raises(InvalidOption, match="branches"):
            chat.compare(*branches)


def test_tool_calls_are_compared(store: Any, name: str) -> None:
    chat = store.open(name, backend=lambda request: assistant(tool_calls=[tool_call("look", {"at": "sky"})]))
    chat.send("Look!")
    chat.regenerate(backend=lambda request: assistant(tool_calls=[tool_call("look", {"at": "sea"})]), from_="input")
    found = chat.diff("main")
    assert not found.pairs[0].same
    assert "<del>sky</del>" in found.html()


def entry(seq: int, message: Any) -> Entry:
    facts: dict[str, Any] = {"id": new_id(), "conversation_id": new_id(), "branch_no": 0, "created_at": now()}
    return Entry(seq=seq, message=message, tokens=1, **facts)


def side(asked: str, answered: str, system: str = "") -> Side:
    return Side(entries=(entry(1, user(asked)), entry(2, assistant(answered))), system=system)


def both(a: str, b: str) -> list[Any]:
    left, right = side(a, b, a), side(b, a, b)
    pairs = (Pair(a=left, b=right), Pair(a=left, b=None))
    return [
        Comparison(a=a[:200], b=b[:200], shared=1, pairs=pairs),
        Table(branches=(a[:200], b[:200]), shared=0, rows=((left, right), (None, left))),
    ]


class Page(HTMLParser):
    """What a browser would make of a page: its elements, their attributes, its texts."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[Any]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


STRUCTURE = set("html head meta title style body h1 p table caption thead tbody tr th td del ins span".split())


def assert_nothing_but_text(found: Any) -> None:
    page = Page(found.html())
    assert page.tags <= STRUCTURE
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class"}
    shown = Page(MarkdownIt("gfm-like", {"linkify": False}).render(found.markdown()))
    assert shown.tags <= {"h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td", "del", "ins", "br"}
    assert not shown.attributes - {"style"}


def test_no_nasty_text_is_markup() -> None:
    for evil in (EVIL, *NASTY):
        for found in both(evil, f"{evil} and more"):
            assert_nothing_but_text(found)


@settings(max_examples=25, deadline=None, print_blob=True)
@given(st.text(max_size=60), st.text(alphabet="<>&|`*_[]()!#\n\\ -=~:/.a\"'$", max_size=40))
def test_no_text_whatsoever_is_markup(a: str, b: str) -> None:
    for found in both(a, b):
        assert_nothing_but_text(found)
    shown = Page(MarkdownIt("gfm-like", {"linkify": False}).render(f"| x |\n|---|\n| {escaped(b)} |"))
    assert "".join("".join(shown.texts).split()) == "x" + "".join(harmless(b).split())
    assert "".join(Page(f"<p>{html_text(a)}</p>").texts) == harmless(a)


def test_long_texts_are_compared_by_line_and_very_long_ones_as_a_whole() -> None:
    lines = [f"line {number} of many words that are all alike\n" for number in range(1000)]
    changed = [*lines[:500], "another line\n", *lines[501:]]
    pieces = words("".join(lines), "".join(changed))
    assert [piece.change for piece in pieces] == ["same", "only a", "only b", "same"]
    assert pieces[2].text == "another line\n"
    assert [piece.change for piece in words("a\n" * 9000, "b\n" * 9000)] == ["only a", "only b"]


def test_a_human_reads_the_same_in_both(store: Any, name: str) -> None:
    chat = store.open(name, backend=Bot("old"))
    chat.send("one")
    chat.replay(backend=Bot("new"), name="newer")
    told = chat.diff("main", "newer").markdown()
    assert "| asked | one | one |" in told
    assert "| answered | <del>old</del> on one | <ins>new</ins> on one |" in told
