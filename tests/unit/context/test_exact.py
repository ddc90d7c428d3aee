"""Exact counts: what mistral-common's own templates make of a request, message by message."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import pytest

from convo.context import exact
from convo.context.compose import compose
from convo.context.exact import GENERATIONS, MistralTokens
from convo.context.rules import Window
from convo.context.tokens import IMAGE, estimate
from convo.errors import InvalidSetting, MissingExtra
from convo.messages import Message, assistant, message_from, system, tool_call, tool_result, user
from convo.options import Tool
from convo.profiles import MISTRAL
from support.histories import path
from support.mistral_oracle import prompt_tokens

DATA = Path(__file__).parents[2] / "data" / "tool-conversations.jsonl"
TOOLS = [
    Tool.from_json(
        {
            "type": "function",
            "function": {"name": "wind", "description": "Ask for it.", "parameters": {"type": "object"}},
        }
    )
]
CHAT = [
    system("Be terse, but kind."),
    user("What is the wind in Paris, and in 東京? 🌬"),
    assistant("", tool_calls=[tool_call("wind", {"town": "Paris", "at": [1, 2]}, id="aaaaaaaa1")]),
    tool_result("aaaaaaaa1", '{"wind": 5, "où": "là"}'),
    assistant("", tool_calls=[tool_call("wind", {"town": "東京"}, id="aaaaaaaa2")]),
    tool_result("aaaaaaaa2", "not JSON at all"),
    assistant("It is fair."),
    user("Thanks!\n\n  And now?"),
]


@pytest.mark.parametrize("tools", [[], TOOLS], ids=["without tools", "with tools"])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_request_costs_what_the_generations_template_makes_of_it(generation: Any, tools: list[Tool]) -> None:
    count = MistralTokens(generation)
    assert sum(map(count, CHAT)) + count.tools(tools) + 1 == prompt_tokens(generation, CHAT, tools)


@pytest.mark.parametrize("generation", [13, 15])
def test_thinking_and_a_prefix_count_as_the_template_has_them(generation: Any) -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm, cheese"}]}
    chat = [
        user("A cheese?"),
        assistant([thinking, {"type": "text", "text": "Comté."}]),
        user("And?"),
        assistant("Well", prefix=True),
    ]
    count = MistralTokens(generation)
    assert sum(map(count, chat)) + 1 == prompt_tokens(generation, chat)


@pytest.mark.parametrize("generation", [7, 13])
def test_real_tool_conversations_cost_what_the_template_makes_of_them(generation: Any) -> None:
    count = MistralTokens(generation)
    for line in DATA.read_text(encoding="utf-8").splitlines()[::5]:
        messages: list[Message] = [message_from(message) for message in json.loads(line)["messages"]]
        entries = path(*messages, user("and now?"))
        composition = compose(entries, [Window(100_000)], MISTRAL, count=count)[0]
        made = prompt_tokens(generation, composition.messages)
        assert made - 1 <= composition.tokens <= made + 3 * len(messages)
        assert composition.estimated == composition.tokens


def test_composing_counts_by_it_and_keeps_the_budget() -> None:
    count = MistralTokens()
    turns = [(user(f"question {number}"), assistant("夏 " * 20)) for number in range(40)]
    entries = path(*(message for turn in turns for message in turn), user("and now?"))
    composition = compose(entries, [Window(600, 300)], MISTRAL, count=count)[0]
    assert 250 < composition.tokens <= 300
    assert composition.tokens == sum(line.tokens for line in composition.decisions if line.included)
    assert prompt_tokens(13, composition.messages) == composition.tokens + 1


def test_what_no_tokenizer_knows_is_estimated() -> None:
    count = MistralTokens()
    image = user([{"type": "text", "text": "look"}, {"type": "image_url", "image_url": "https://images.example/a.png"}])
    assert count(image) == IMAGE + 1 + 2
    assert count(user("\ud800")) >= 1
    assert count(assistant("", tool_calls=[tool_call("f", "{broken", id="aaaaaaaa1")])) > 3
    assert abs(count(CHAT[0]) - estimate(CHAT[0])) < 5


def test_a_generation_nobody_knows_is_named() -> None:
    with pytest.raises(InvalidSetting, match="one of 3, 7, 11, 13, 15"):
        MistralTokens(8)  # type: ignore[arg-type]


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("mistral_common"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    exact._encoder.cache_clear()
    with pytest.raises(MissingExtra, match=r"convo-sql\[mistral\]"):
        MistralTokens()
    exact._encoder.cache_clear()
