"""Rules that change what messages hold."""

from __future__ import annotations

from typing import Any

import pytest

from convo.context.account import Composition
from convo.context.compose import compose
from convo.context.rewriting import CLEARED, NO_IMAGE, shorten
from convo.context.rules import (
    ClearToolResults,
    DropImages,
    DropThinking,
    Insert,
    KeepFirst,
    LastTurns,
    Redact,
    TruncateToolResults,
    Window,
)
from convo.context.state import ComposeState
from convo.context.tokens import estimate_text
from convo.messages import Message, assistant, system, tool_result, user
from convo.profiles import MISTRAL, PERMISSIVE
from support.histories import path

THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
IMAGE = {"type": "image_url", "image_url": "https://images.example/a.png"}


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def composed(policy: list[Any], *messages: Message, **more: Any) -> Composition:
    return compose(path(*messages), policy, PERMISSIVE, **more)[0]


def contents(composition: Composition) -> list[Any]:
    return [message.to_json()["content"] for message in composition.messages]


def calls(*ids: str, arguments: Any = "{}") -> Message:
    return assistant("", tool_calls=[{"id": id, "function": {"name": "f", "arguments": arguments}} for id in ids])


ROUNDS = [
    user("q"),
    calls("a", "b"),
    tool_result("a", "first"),
    tool_result("b", [text("second"), IMAGE]),
    calls("c"),
    tool_result("c", "third"),
]


def test_old_tool_results_are_cleared_and_their_calls_stay() -> None:
    composition = composed([ClearToolResults(keep=1)], *ROUNDS)
    assert contents(composition) == ["q", "", CLEARED, CLEARED, "", "third"]
    assert composition.messages[2].to_json() == {**tool_result("a", CLEARED).to_json()}
    assert [line.rule for line in composition.decisions] == ["", "", "ClearToolResults", "ClearToolResults", "", ""]
    assert composition.sources == (1, 2, None, None, 5, 6)
    assert composition.decisions[2].tokens == estimate_text(CLEARED) + 4
    for keep, cleared in ((2, 1), (3, 0), (9, 0)):
        assert contents(composed([ClearToolResults(keep)], *ROUNDS)).count(CLEARED) == cleared


def test_a_cleared_result_is_cleared_once() -> None:
    composition = composed(
        [ClearToolResults(1)], user("q"), calls("a", "b"), tool_result("a", CLEARED), tool_result("b", "x")
    )
    assert composition.sources == (1, 2, 3, 4)


def test_the_newest_results_are_the_newest_that_go_out() -> None:
    composition = composed([ClearToolResults(1), LastTurns(1), KeepFirst(4)], *ROUNDS[:4], assistant("a"), *ROUNDS[:1])
    assert contents(composition)[2:4] == [CLEARED, [text("second"), IMAGE]]
    rounds = [*ROUNDS[:3], assistant("a"), user("q"), calls("d"), tool_result("d", "new"), assistant("a"), user("r")]
    composition = composed([ClearToolResults(1), LastTurns(1), KeepFirst(3)], *rounds)
    assert contents(composition)[3] == "first"


def test_pinned_results_are_not_cleared() -> None:
    composition = composed([ClearToolResults(1)], *ROUNDS, state=ComposeState().pinned(2, 3, 4))
    assert contents(composition)[2:4] == ["first", [text("second"), IMAGE]]


def test_long_tool_results_lose_their_middle() -> None:
    long = " ".join(f"word{number}" for number in range(400))
    composition = composed([TruncateToolResults(60)], user(long), calls("a"), tool_result("a", long))
    assert contents(composition)[0] == long
    shortened = contents(composition)[2]
    assert shortened.startswith("word0 word1 ")
    assert shortened.endswith(" word399")
    assert f"[… about {estimate_text(long) - 60} tokens left out …]" in shortened
    assert 45 <= estimate_text(shortened) <= 60
    assert composition.decisions[2].rule == "TruncateToolResults"


@pytest.mark.parametrize("size", [1, 5, 15, 20, 100])
def test_a_shortened_text_is_within_its_size(size: int) -> None:
    for words in ("word " * 500, "漢字" * 300, "a" * 2_000, "0" * 500):
        shortened = shorten(words, size)
        assert estimate_text(shortened) <= max(size, estimate_text(shorten("0" * 500, 1)) + 2)
        head, _, tail = shortened.partition("\n[… about ")
        assert words.startswith(head)
        assert words.endswith(tail.partition("…]\n")[2])
    assert shorten("a short text", 1) == "a short text"
    head, _, tail = shorten("word " * 500, 100).partition("\n[… about ")
    assert abs(len(head) - 2 * len(tail.partition("…]\n")[2])) <= 3


def test_texts_in_a_list_are_shortened_one_by_one() -> None:
    long = "word " * 300
    composition = composed(
        [TruncateToolResults(50)], user("q"), calls("a"), tool_result("a", [text("short"), text(long), IMAGE])
    )
    short, shortened, image = contents(composition)[2]
    assert (short, image) == (text("short"), IMAGE)
    assert shortened["text"] == shorten(long, 50)
    assert composed([TruncateToolResults(50)], *ROUNDS).sources == (1, 2, 3, 4, 5, 6)


def test_truncating_acts_at_once_in_a_window() -> None:
    composition = composed(
        [TruncateToolResults(50), Window(9_000)], user("q"), calls("a"), tool_result("a", "word " * 300)
    )
    assert "left out" in contents(composition)[2]


THOUGHTS = [
    user("q"),
    assistant([THINKING, text("a"), text("b")]),
    user("r"),
    assistant([THINKING, text("c"), {"type": "reference", "reference_ids": [1]}]),
    user("s"),
]


def test_thinking_is_left_out() -> None:
    composition = composed([DropThinking()], *THOUGHTS)
    assert contents(composition) == ["q", "ab", "r", [text("c"), {"type": "reference", "reference_ids": [1]}], "s"]
    assert [line.rule for line in composition.decisions] == ["", "DropThinking", "", "DropThinking", ""]
    composition = composed([DropThinking(keep=1)], *THOUGHTS)
    assert contents(composition)[1] == "ab"
    assert composition.sources == (1, None, 3, 4, 5)
    assert composed([DropThinking(keep=2)], *THOUGHTS).sources == (1, 2, 3, 4, 5)


def test_thinking_alone_leaves_nothing_to_say() -> None:
    composition = compose(path(user("q"), assistant([THINKING]), user("r")), [DropThinking()], MISTRAL)[0]
    assert contents(composition) == ["q\n\nr"]


def test_images_give_way_to_a_marker() -> None:
    messages = [user([text("look"), IMAGE, IMAGE]), assistant("a"), user([IMAGE]), user("q")]
    assert contents(composed([DropImages()], *messages)) == [
        [text("look"), text(NO_IMAGE), text(NO_IMAGE)],
        "a",
        [text(NO_IMAGE)],
        "q",
    ]
    composition = composed([DropImages(keep=1)], *messages)
    assert composition.sources == (None, 2, 3, 4)
    assert composition.decisions[0].rule == "DropImages"


@pytest.mark.parametrize("rule", [DropThinking(keep=1), DropImages(keep=1), ClearToolResults(keep=1)])
def test_what_is_kept_by_age_waits_for_a_cut_of_the_window(rule: Any) -> None:
    messages = [
        *(
            user([text("look"), IMAGE]),
            assistant([THINKING, text("a")]),
            user([IMAGE]),
            assistant([THINKING, text("b")]),
        ),
        *ROUNDS,
    ]
    assert None in composed([rule], *messages).sources
    assert None not in composed([rule, Window(9_000)], *messages).sources
    just_too_small = composed([], *messages).tokens - 1
    assert None in composed([rule, Window(just_too_small, just_too_small)], *messages).sources


@pytest.mark.parametrize("rule", [DropThinking(), DropImages()])
def test_what_is_dropped_whole_is_dropped_at_once(rule: Any) -> None:
    messages = [user([text("look"), IMAGE]), assistant([THINKING, text("a")]), user("q")]
    pinned = ComposeState().pinned(1, 2)
    assert None in composed([rule, Window(9_000)], *messages, state=pinned).sources


def test_nothing_that_matches_leaves() -> None:
    card = "4111 1111 1111 1111"
    resource = {"type": "resource", "uri": "u", "content": text(card)}
    thinking = {"type": "thinking", "thinking": [text(card), {"type": "reference", "reference_ids": [1]}]}
    messages = [
        system(f"s {card}"),
        user(f"my card is {card}, not {card}"),
        assistant([thinking, text(card), {"type": "hologram", "beam": card}]),
        calls("a", arguments={"card": card, "cards": [card, 4111], card: None}),
        calls("b", arguments='{"broken": "' + card),
        calls("c", arguments='{"card": "\\u0034111 1111 1111 1111"}'),
        tool_result("a", [resource, IMAGE]),
        tool_result("b", card),
        tool_result("c", "nothing"),
        user("q"),
    ]
    composition = composed(
        [Redact(r"\d{4}( \d{4}){3}", "[card]"), Insert(f"context {card}", "start")], *messages, system=card
    )
    sent = [message.to_json() for message in composition.messages]
    for index in (0, 1, 2, 3, 5, 6, 8, 9, 10, 11):
        assert card not in str(sent[index]), sent[index]
    assert sent[0]["content"] == "[card]"
    assert sent[3]["content"] == "my card is [card], not [card]"
    assert sent[4]["content"][2] == {"type": "hologram", "beam": card}
    assert (
        sent[5]["tool_calls"][0]["function"]["arguments"] == '{"card":"[card]","cards":["[card]",4111],"[card]":null}'
    )
    assert sent[6]["tool_calls"][0]["function"]["arguments"] == '{"broken": "[card]'
    assert sent[7]["tool_calls"][0]["function"]["arguments"] == '{"card":"[card]"}'
    rules = {line.seq: line.rule for line in composition.decisions if line.seq is not None}
    assert rules == {**dict.fromkeys(range(1, 9), "Redact"), 9: "", 10: ""}


def test_redacting_leaves_alone_what_does_not_match() -> None:
    messages = [*THOUGHTS, *ROUNDS, calls("d", arguments='{ "n": 12 }')]
    composition = composed([Redact("zebra")], *messages)
    assert composition.sources[: len(messages)] == tuple(range(1, len(messages) + 1))
    numbers = composed([Redact("12", "0")], user("q"), calls("d", arguments='{ "n": 12 }'))
    assert numbers.messages[1].calls[0].arguments == '{ "n": 0 }'


def test_the_replacement_is_a_template() -> None:
    assert contents(composed([Redact(r"(\w)\w+@x", r"\1…")], user("mail anna@x now"))) == ["mail a… now"]
    assert contents(composed([Redact("a")], user("a"))) == ["[redacted]"]


def test_a_text_of_just_that_size_stays_and_one_longer_is_as_long_as_may_be() -> None:
    text = "word " * 400
    size = estimate_text(text)
    assert shorten(text, size) == text
    assert shorten(text, size - 1) != text
    for wanted in (40, 80, 200):
        shorter = shorten(text, wanted)
        assert wanted * 0.8 <= estimate_text(shorter) <= wanted
        before, _, after = shorter.partition("\n[…")
        assert len(before) == pytest.approx(2 * len(after.partition("…]\n")[2]), abs=3)
    assert shorten("漢字 " * 300, 10).startswith("\n[…")


def test_a_text_no_longer_than_the_marker_stays() -> None:
    text = "word " * 8
    assert shorten(text, 1) == text
