"""The account for people."""

from __future__ import annotations

from dataclasses import replace

from convo.context.account import Decision
from convo.context.compose import compose
from convo.context.explain import BAR, Explanation, explain, same_beginning
from convo.context.rules import DropThinking, Insert, Window
from convo.context.state import ComposeState
from convo.messages import assistant, tool_result, user
from convo.profiles import MISTRAL, OPENAI, PERMISSIVE
from support.histories import path

CALL = assistant("", tool_calls=[{"id": "aaaaaaaa1", "function": {"name": "f"}}])


def test_the_picture_has_a_line_for_each_message_and_a_bar() -> None:
    entries = path(user("first"), assistant("a"), user("q"), CALL, tool_result("aaaaaaaa1", "r"), user("now?"))
    entries = [replace(one, tokens=10) for one in entries]
    composition = compose(entries, [Window(65, 50)], MISTRAL, reserve=15)[0]
    assert str(explain(composition)).splitlines() == [
        "seq  role            tokens  why",
        "  1  user       out      10  Window",
        "  2  assistant  out      10  Window",
        "  3  user       out      10  Window",
        "  4  assistant  out      10  Window",
        "  5  tool       out      10  Window",
        "  6  user       in       10",
        "",
        f"[{'█' * 15}{'░' * 25}] 25 of 65 tokens, 15 of them free for the answer",
    ]
    composition = compose(entries, [Insert("X", "start")], MISTRAL)[0]
    assert str(explain(composition)).splitlines()[1:3] == [
        "     user       in       5  Insert: inserted; one message with seq 1",
        "  1  user       in      10  one message with inserted",
    ]
    assert str(explain(composition)).splitlines()[-1] == f"{composition.tokens} tokens, no window"


def test_numbers_are_grouped_and_the_bar_is_never_overfull() -> None:
    lines = (Decision(1_000_000, "user", True, "", 12_345, ""),)
    picture = str(Explanation(lines, 12_345, 10_000))
    assert "1000000  user  in  12,345" in picture
    assert f"[{'█' * BAR}] 12,345 of 10,000 tokens" in picture
    assert str(Explanation(lines, 0, 1)).endswith(f"[{'░' * BAR}] 0 of 1 tokens")


def test_control_characters_are_harmless() -> None:
    note = "left out: \x1b[2J\x07\u202e\u2028\ud800漢"
    picture = str(Explanation((Decision(1, "user", True, "own\n", 1, note),), 1, None, changes=("a\x00b",)))
    assert "own : left out: \\x1b[2J\\x07\\u202e\\u2028\\ud800漢" in picture
    assert picture.endswith("a\\x00b")
    assert all(sign.isprintable() or sign == "\n" for sign in picture)


def test_it_says_what_changed_since_another_list() -> None:
    entries = path(user("q1"), assistant("a1"), user("q2"), assistant("a2"), user("q3"))
    policy = [Window(100, 80)]
    before = compose(entries[:3], policy, OPENAI)[0]
    after = compose(entries, policy, OPENAI)[0]
    assert explain(after).changes == ()
    assert explain(after, previous=before).changes == (
        "Since the last list: 2 messages added at the end, nothing else changed.",
    )
    assert same_beginning(before, after) == 3
    cut = compose([replace(one, tokens=30) for one in entries], policy, OPENAI)[0]
    assert explain(cut, previous=after).changes == (
        "Since the last list: no message at the beginning as before, the rest not.",
        "No longer in: seq 1 to 4.",
    )
    assert same_beginning(after, before) == 3


def test_what_went_out_is_told_in_stretches() -> None:
    lines = [Decision(seq, "user", True, "", 1) for seq in (1, 2, 3, 5, 7, 8)]
    before = compose(path(user("q")), [], PERMISSIVE)[0]
    changes = explain(before, previous=replace(before, decide=lambda: tuple(lines[1:]))).changes
    assert changes[-1] == "No longer in: seq 2 to 3, 5, 7 to 8."


def test_equal_messages_are_the_same_beginning() -> None:
    thought = assistant([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}])
    entries = path(user("q"), thought, user("r"), assistant("s"), user("t"))
    before = compose(entries[:3], [DropThinking()], PERMISSIVE, ComposeState())[0]
    after = compose(entries, [DropThinking()], PERMISSIVE, ComposeState())[0]
    assert same_beginning(before, after) == 3
