"""What was used: summed over a turn, a branch, a path, a conversation; a shared prefix once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from convo.completions import Choice, Completion, CompletionRequest, Usage
from convo.errors import InvalidOption, NotFound, Unsupported
from convo.messages import assistant


def bot(request: CompletionRequest) -> Completion:
    usage = Usage(prompt_tokens=100, completion_tokens=10, total_tokens=110, cached_tokens=64)
    return Completion((Choice(assistant("yes"), "stop"),), usage=usage, model=request.options.model or "small")


def test_a_shared_prefix_is_counted_once(face: Any, database_url: str, name: str) -> None:
    chat = face.Conversation.open(database_url, name, backend=bot)
    first = chat.send("one")
    side = chat.fork(at=first.entry)
    chat.send("two")
    side.send("two")
    side.send("three", model="large")
    assert chat.usage(first.turn).total_tokens == 110
    assert [chat.usage(scope=scope).calls for scope in ("path", "branch", "conversation")] == [2, 2, 4]
    assert [side.usage(scope=scope).calls for scope in ("path", "branch", "conversation")] == [3, 2, 4]
    report = side.usage()
    assert (report.prompt_tokens, report.cached_tokens, report.fresh_tokens) == (300, 192, 108)
    assert {model: usage.total_tokens for model, usage in report.by_model.items()} == {"small": 220, "large": 110}


def test_usage_is_priced_by_the_public_list(face: Any, database_url: str, name: str) -> None:
    chat = face.Conversation.open(database_url, name, backend=bot)
    chat.send("one", model="mistral-large-latest")
    price = chat.usage().cost()
    assert isinstance(price, Decimal)
    assert Decimal(0) < price < Decimal("0.01")
    chat.send("two", model="nobody-knows-this-model")
    with pytest.raises(Unsupported, match="nobody-knows-this-model"):
        chat.usage().cost()


def test_a_wrong_scope_or_turn_is_said(face: Any, database_url: str, name: str) -> None:
    chat = face.Conversation.open(database_url, name, backend=bot)
    other = face.Conversation.open(database_url, name + "-other", backend=bot)
    with pytest.raises(InvalidOption, match="scope"):
        chat.usage(scope="everything")
    with pytest.raises(NotFound):
        chat.usage(other.send("one").turn)
