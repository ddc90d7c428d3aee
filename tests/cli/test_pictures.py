"""The pictures show what the records say, whatever the texts in them."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from convo.cli import pictures
from convo.context.account import Decision
from convo.context.explain import Explanation
from convo.messages import Message, assistant, system, tool_call, tool_result, user
from convo.records import Branch, ConversationInfo, Entry, Turn
from support.nasty import NASTY

ID = UUID(int=7)
NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


def printed(picture: RenderableType, *, width: int = 80, colour: bool = False) -> str:
    out = io.StringIO()
    options: dict[str, Any] = {"force_terminal": colour, "color_system": "standard" if colour else None}
    Console(file=out, width=width, markup=False, highlight=False, emoji=False, **options).print(picture)
    return out.getvalue()


def entry(seq: int, message: Message, **marks: Any) -> Entry:
    return Entry(
        id=UUID(int=seq), conversation_id=ID, branch_no=0, seq=seq, message=message, tokens=seq, created_at=NOW, **marks
    )


def branch(no: int, name: str, parent: int | None, fork: int, head: int) -> Branch:
    return Branch(
        no=no, name=name, parent_no=parent, fork_seq=fork, shown_parent_no=parent, head_seq=head, created_at=NOW
    )


def conversation(**values: Any) -> ConversationInfo:
    plain: dict[str, Any] = {"owner": "", "external_id": None, "title": None, "metadata": {}, "active_branch_no": 0}
    return ConversationInfo(**{"id": ID, "created_at": NOW, "active_at": NOW} | plain | values)


def test_a_tree_shows_forks_turns_and_the_active_branch() -> None:
    branches = [branch(0, "main", None, 0, 8), branch(2, "joke", 1, 9, 9), branch(1, "warmer", 0, 6, 9)]
    tree = pictures.tree(conversation(external_id="customer-42", active_branch_no=1), branches, {0: 4, 1: 1})
    assert printed(tree).splitlines() == [
        f"{ID}  customer-42",
        "└── ○ main  4 turns  #1 to #8",
        "    └── ● warmer  from main after #6  1 turn  #7 to #9  active",
        "        └── ○ joke  from warmer after #9  0 turns  no message yet",
    ]


def test_siblings_stand_in_the_order_of_their_forks() -> None:
    branches = [branch(0, "main", None, 0, 8), branch(1, "late", 0, 6, 9), branch(2, "early", 0, 2, 9)]
    lines = printed(pictures.tree(conversation(), branches, {})).splitlines()
    assert [line.split()[2] for line in lines[1:]] == ["main", "early", "late"]


def test_every_branch_of_a_deep_tree_is_shown() -> None:
    branches = [branch(no, f"b{no}", no - 1 if no else None, no, no + 1) for no in range(300)]
    lines = printed(pictures.tree(conversation(), branches, {})).splitlines()
    assert [line.split("○ ")[-1].split("● ")[-1].split()[0] for line in lines[1:]] == [f"b{no}" for no in range(300)]


def test_a_transcript_folds_tool_calls_and_their_results() -> None:
    call = tool_call("track", {"number": "4711"}, id="abcdefghi")
    entries = [
        entry(1, system("Be kind.")),
        entry(2, user("Where is it?")),
        entry(3, assistant(tool_calls=[call]), finish_reason="tool_calls"),
        entry(4, tool_result(call, {"place": "Lyon", "notes": ["x"] * 100})),
        entry(5, assistant("In Lyon."), finish_reason="length"),
    ]
    text = printed(pictures.transcript(entries), width=200)
    assert '→ track({"number":"4711"})' in text
    assert len([line for line in text.splitlines() if line.startswith('   ← {"place":"Lyon"') and line[-1] == "…"]) == 1
    assert "#5 assistant  5 tokens  length" in text
    assert text.count('"x"') < 100
    assert printed(pictures.transcript(entries, full=True), width=2000).count('"x"') == 100


def test_usage_that_was_not_reported_is_no_zero() -> None:
    turn = Turn(id=ID, conversation_id=ID, branch_no=0, status="completed", attempt=1, input=None, started_at=NOW)
    lines = printed(pictures.usage([(turn, [])])).splitlines()
    assert lines[1].split()[2:] == ["completed", "–", "–", "–", "–"]
    assert lines[2].split() == ["0", "0", "0", "0"]


def test_a_long_stretch_that_is_left_out_is_one_line_of_an_explanation() -> None:
    left_out = [Decision(seq=seq, role="user", included=False, rule="Window", tokens=5) for seq in range(3, 53)]
    kept = [Decision(seq=seq, role="user", included=True, rule="", tokens=7) for seq in (1, 2, 53)]
    account = Explanation(decisions=(*kept[:2], *left_out, kept[2]), tokens=21, budget=100)
    lines = printed(pictures.explanation(account)).splitlines()
    assert [line.split() for line in lines[3:4]] == [["50", "messages", "out", "250", "Window:", "#3", "to", "#52"]]
    assert len(lines) == 7
    assert len(printed(pictures.explanation(account, full=True)).splitlines()) == 56


def test_a_long_text_is_cut_unless_all_is_asked_for() -> None:
    entries = [entry(1, user("x" * 5000))]
    assert "(3,000 more characters)" in printed(pictures.transcript(entries))
    assert printed(pictures.transcript(entries, full=True)).count("x") == 5000


def test_the_given_beginning_of_an_answer_is_marked() -> None:
    shown = printed(pictures.transcript([entry(1, assistant("{}"), prefix="{")]), colour=True)
    assert "\x1b[4m{\x1b[0m}" in shown


def test_chunks_that_are_no_text_are_named() -> None:
    chunks = [{"type": "text", "text": "See:"}, {"type": "image_url", "image_url": "data:image/png;base64,AAAA"}]
    assert "[image_url]" in printed(pictures.transcript([entry(1, user(chunks))]))


@pytest.mark.parametrize("text", NASTY, ids=lambda text: f"{text[:12]!a}x{len(text)}")
@pytest.mark.parametrize("full", [False, True], ids=["cut", "full"])
def test_no_text_breaks_out_of_a_picture(text: str, full: bool) -> None:
    call = tool_call("look", {"where": text}, id="abcdefghi")
    entries = [
        entry(1, user(text)),
        entry(2, assistant(text, tool_calls=[call]), prefix=text[:3], finish_reason=text[:9]),
        entry(3, tool_result(call, text)),
    ]
    info = conversation(external_id=text[:200], title=text, owner=text[:200])
    tree = pictures.tree(info, [branch(0, text[:200], None, 0, 3)], {0: 1})
    for picture in (pictures.transcript(entries, full=full), tree, *pictures.listing([info])):
        shown = printed(picture, width=60)
        assert all(char == "\n" or char.isprintable() or char in " \u3000\u200d\u200c" for char in shown)
        assert max(map(cell_len, shown.splitlines()), default=0) <= 60


def test_nothing_is_filled_up_with_spaces() -> None:
    shown = printed(pictures.transcript([entry(1, user("x\n" + "y" * 500))]), width=1000)
    assert [line for line in shown.splitlines() if line != line.rstrip()] == []
