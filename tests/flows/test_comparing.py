"""Two branches side by side: what is shared is folded, what differs is told by word."""

from __future__ import annotations

from typing import Any

import pytest

from convo.completions import Choice, Completion, CompletionRequest, Usage
from convo.errors import NotFound
from convo.flows.comparing import Piece, words
from convo.messages import assistant


def bot(request: CompletionRequest) -> Completion:
    warm = (request.options.temperature or 0) > 0.5
    text = f"A {'warm' if warm else 'cool'} answer to {request.messages[-1].text}"
    usage = Usage(prompt_tokens=10, completion_tokens=5, total_tokens=15)
    return Completion((Choice(assistant(text), "stop"),), usage=usage, model="warm" if warm else "cool")


def test_turns_are_paired_from_where_the_branches_part(face: Any, database_url: str, name: str) -> None:
    chat = face.Conversation.open(database_url, name, backend=bot)
    first = chat.send("one")
    side = chat.fork(at=first.entry, name="side")
    chat.send("two")
    side.send("two", temperature=1.0)
    chat.send("three")
    found = chat.diff("main", "side")
    assert (found.a, found.b, found.shared, len(found.pairs)) == ("main", "side", 2, 2)
    pair, rest = found.pairs
    assert not pair.same
    assert [piece for piece in pair.answered() if piece.change != "same"] == [
        Piece("only a", "cool"),
        Piece("only b", "warm"),
    ]
    assert [piece.change for piece in pair.asked()] == ["same"]
    assert (pair.a.models, pair.b.models) == (("cool",), ("warm",))
    assert (pair.a.options, pair.b.options) == ({}, {"temperature": 1.0})
    assert rest.b is None
    assert rest.a.answered == "A cool answer to three"
    assert [usage.total_tokens for usage in found.usage()] == [30, 15]
    assert side.diff("main").pairs[0].same is False


def test_a_branch_compared_with_itself_shares_everything(face: Any, database_url: str, name: str) -> None:
    chat = face.Conversation.open(database_url, name, backend=bot)
    chat.send("one")
    found = chat.diff("main")
    assert (found.shared, found.pairs) == (2, ())


def test_branches_that_share_nothing_are_paired_from_the_start(face: Any, database_url: str, name: str) -> None:
    chat = face.Conversation.open(database_url, name, backend=bot)
    chat.edit(chat.send("one").inputs[0], "ONE")
    found = chat.diff("main")
    assert (found.shared, len(found.pairs)) == (0, 1)
    assert found.pairs[0].b.asked == "ONE"


def test_a_branch_that_is_not_there_is_said(face: Any, database_url: str, name: str) -> None:
    chat = face.Conversation.open(database_url, name, backend=bot)
    with pytest.raises(NotFound, match="nowhere"):
        chat.diff("nowhere")


def test_words_add_up_to_both_texts() -> None:
    a, b = "The quick brown fox, it jumps.", "The slow brown fox - it jumps twice."
    pieces = words(a, b)
    assert "".join(piece.text for piece in pieces if piece.change != "only b") == a
    assert "".join(piece.text for piece in pieces if piece.change != "only a") == b
