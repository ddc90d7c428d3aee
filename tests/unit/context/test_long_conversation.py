"""Hundreds of turns with tools under a window: cuts are few, and between them the list grows at its end alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from convo.backends.dialects import MISTRAL_DIALECT, OPENAI_DIALECT, Dialect
from convo.backends.encode import encode
from convo.completions import CompletionRequest
from convo.context.account import Composition
from convo.context.compose import compose
from convo.context.reach import reach
from convo.context.rules import ClearToolResults, DropThinking, Insert, Policy, TruncateToolResults, Window
from convo.context.state import ComposeState
from convo.messages import Message, assistant, tool_result, user
from convo.options import CompletionOptions, Tool
from convo.profiles import MISTRAL, OPENAI, Profile
from convo.records import Entry
from support.histories import entry, loaded
from support.mistral_oracle import refusals

TOOLS = [
    Tool.from_json(
        {"type": "function", "function": {"name": "weather", "description": "Ask.", "parameters": {"type": "object"}}}
    )
]
POLICIES: dict[str, Policy] = {
    "window": [Window(2_600, 1_000)],
    "rewriting": [
        ClearToolResults(keep=3),
        TruncateToolResults(120),
        DropThinking(keep=2),
        Insert("Use metric units.", "start"),
        Window(2_600, 1_000),
    ],
}


def turn(number: int) -> list[Message]:
    """A question, a tool round with a long result, a thoughtful answer."""
    call = f"call_{number}"
    thinking = {"type": "thinking", "thinking": f"result {number} will do"}
    return [
        user(f"What is the weather in town {number}?"),
        assistant("", tool_calls=[{"id": call, "function": {"name": "weather", "arguments": f'{{"town": {number}}}'}}]),
        tool_result(call, f"town {number}: " + "wind 5 m/s, " * (number % 40)),
        assistant([thinking, {"type": "text", "text": f"It is fair in town {number}."}]),
    ]


def requests(policy: Policy, profile: Profile, turns: int) -> Iterator[tuple[Composition, ComposeState, int]]:
    """Each request of the conversation, composed from what the policy asks to be loaded, and how much that was."""
    entries: list[Entry] = []
    state = ComposeState().pinned(1)
    for number in range(turns):
        for message in turn(number):
            entries.append(entry(len(entries) + 1, message))
            if message.role in ("user", "tool"):
                needed = reach(policy, state)
                size = next(
                    size
                    for size in (*range(0, len(entries), 8), len(entries))
                    if needed.enough(entries[len(entries) - size :])
                )
                given = loaded(entries, size, needed.first, needed.pins)
                composition, state = compose(given, policy, profile, state, system="Be brief.", tools=TOOLS)
                yield composition, state, len(given)


def sent(composition: Composition, dialect: Dialect) -> tuple[bytes, bytes]:
    """The body as it leaves: up to the last message, and from the definitions of the tools on."""
    options = CompletionOptions(tools=TOOLS)
    body = encode(dialect, CompletionRequest(composition.messages, options, "42"), "model", streamed=False)
    end = body.rindex(b'],"tools":[')
    return body[:end], body[end:]


@pytest.mark.parametrize(
    ("name", "profile", "dialect", "turns"),
    [("rewriting", MISTRAL, MISTRAL_DIALECT, 500), ("window", OPENAI, OPENAI_DIALECT, 250)],
    ids=["rewriting", "window"],
)
def test_the_body_of_a_request_nearly_always_begins_the_next_one(
    name: str, profile: Profile, dialect: Dialect, turns: int
) -> None:
    before: tuple[bytes, bytes] | None = None
    states: list[ComposeState] = []
    grown = total = most_loaded = 0
    for composition, state, size in requests(POLICIES[name], profile, turns):
        body = sent(composition, dialect)
        if before is not None:
            total += 1
            grown += body[0].startswith(before[0])
            assert body[1] == before[1]
        if not states or state != states[-1]:
            states.append(state)
            if profile is MISTRAL:
                assert refusals(composition.messages, [3, 11]) == {}
        before, most_loaded = body, max(most_loaded, size)
    assert len(states) > turns / 50
    assert grown >= total - len(states) + 1
    assert grown / total >= 0.95
    assert most_loaded < 500
