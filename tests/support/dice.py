"""Random cases of composing, thrown quickly: the same number gives the same case.

Messages are drawn from a pool that is made once, nasty ones among them, so that a case costs a fraction of what it
costs to compose it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from convo.context.calls import together
from convo.context.draft import Draft
from convo.context.rules import (
    ClearToolResults,
    DropImages,
    DropThinking,
    Insert,
    KeepFirst,
    LastMessages,
    LastTurns,
    MergeConsecutive,
    Pinned,
    Redact,
    Summarize,
    SystemIntoUser,
    TruncateToolResults,
    Window,
    policy_key,
)
from convo.context.state import ComposeState
from convo.context.summary import Part, Summary, Told
from convo.context.tokens import estimate_text
from convo.messages import Message, assistant, message_from, system, tool_result, user
from convo.options import Tool
from convo.profiles import (
    MISTRAL,
    MISTRAL_V3,
    MISTRAL_V7,
    MISTRAL_V11,
    MISTRAL_V13,
    MISTRAL_V15,
    OPENAI,
    PERMISSIVE,
    PrefixSupport,
    Profile,
)
from convo.records import Entry
from support.histories import CHUNKS, answerable, entry

GENERATIONS = {3: MISTRAL_V3, 7: MISTRAL_V7, 11: MISTRAL_V11, 13: MISTRAL_V13, 15: MISTRAL_V15}
PROFILES = (MISTRAL, *GENERATIONS.values(), replace(OPENAI, prefix=PrefixSupport(style="trailing")), PERMISSIVE)
TEXTS = (
    "",
    " ",
    "hi",
    "line\n\nline",
    "…",
    "\x00\x1b[2J",
    "漢字かな交じり文",
    "😀" * 5,
    "word " * 40,
    "SHOUTED",
    "\ud800",
)
CALL_IDS = ("aaaaaaaa1", "aaaaaaaa2", "call_1", "call_2", "null", "", "x" * 60, "9 chars !", "ünïcode99")
NAMES = ("get", "get_it", "get x!", "", "n" * 70, "naïve")
ARGUMENTS = ("{}", '{"q": 1}', "", '{"broken', '{"q": [1, "two"]}')
POOL = 250
"""Messages of each kind."""

TOOLS = [Tool.from_json({"type": "function", "function": {"name": "get", "parameters": {"type": "object"}}})]


def drop_shouting(draft: Draft) -> Draft:
    return draft.only(lambda item: not item.message.text.isupper())


def leave_as_it_is(draft: Draft) -> None:
    return None


RULES: tuple[Any, ...] = (
    *(LastTurns(n) for n in (1, 2, 4)),
    *(LastMessages(n) for n in (1, 3, 8)),
    *(KeepFirst(n) for n in (1, 2, 4)),
    *(ClearToolResults(n) for n in (1, 2)),
    *(TruncateToolResults(n) for n in (1, 10, 40)),
    *(DropThinking(n) for n in (0, 1, 2)),
    *(DropImages(n) for n in (0, 1)),
    *(Redact(pattern) for pattern in ("hi", "o", ".")),
    *(Insert([user("context")], at) for at in ("start", "before_question", "after_question")),  # type: ignore[arg-type]
    Insert([assistant("x", tool_calls=[{"id": "null", "function": {"name": "f"}}])], "start"),
    SystemIntoUser(),
    MergeConsecutive(),
    Pinned(1),
    drop_shouting,
    leave_as_it_is,
)
WINDOWS = (
    *(Window(size) for size in (60, 120, 250, 1_000, 6_000)),
    *(Summarize(size, max_tokens=40) for size in (120, 250, 1_000)),
)


@dataclass(frozen=True)
class Pool:
    """Messages ready made: by role, those with calls, and results by the id they answer."""

    users: list[Message]
    systems: list[Message]
    answers: list[Message]
    calls: list[Message]
    results: dict[str | None, list[Message]]


@cache
def pool() -> Pool:
    dice = random.Random(1)
    return Pool(
        users=[user(_content(dice, "image", "audio", "document", "unknown")) for _ in range(POOL)],
        systems=[system(_content(dice, "thinking")) for _ in range(POOL // 4)],
        answers=[_answer(dice) for _ in range(POOL)],
        calls=[assistant(dice.choice((None, *TEXTS)), tool_calls=_calls(dice)) for _ in range(POOL)],
        results={call_id: [_result(dice, call_id) for _ in range(20)] for call_id in (*CALL_IDS, None)},
    )


def _content(dice: random.Random, *kinds: str) -> Any:
    if dice.random() < 0.7:
        return dice.choice(TEXTS)
    texts = [{"type": "text", "text": dice.choice(TEXTS)} for _ in range(2)]
    return [dice.choice([*texts, *(CHUNKS[kind] for kind in kinds)]) for _ in range(dice.randrange(4))]


def _calls(dice: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "id": dice.choice(CALL_IDS),
            "function": {"name": dice.choice(NAMES), "arguments": dice.choice(ARGUMENTS)},
        }
        for _ in range(dice.randint(1, 3))
    ]


def _answer(dice: random.Random) -> Message:
    content = None if dice.random() < 0.1 else _content(dice, "thinking", "reference", "unknown", "image")
    calls = dice.choice((None, None, [], _calls(dice)))
    return assistant(content, tool_calls=calls, prefix=dice.random() < 0.2)


def _result(dice: random.Random, call_id: str | None) -> Message:
    if call_id is not None and dice.random() < 0.5:
        return tool_result(call_id, dice.choice(TEXTS))
    named = {"name": dice.choice(NAMES)} if dice.random() < 0.5 else {}
    return message_from(
        {"role": "tool", "content": _content(dice, "image", "reference", "unknown"), "tool_call_id": call_id} | named
    )


def throw_path(dice: random.Random, most: int = 14) -> list[Entry]:
    """A path of up to about ``most`` entries that ends with something to answer: turns as they mostly are, and not."""
    given, messages = pool(), list[Message]()
    for _ in range(dice.choice((0, 0, 1, 2))):
        messages.append(dice.choice((*given.systems, *given.answers)))
    while len(messages) < most and dice.random() < 0.85:
        messages += _turn(dice, given) if dice.random() < 0.6 else _anything(dice, given)
    entries = [replace(_entry_of(message), seq=seq) for seq, message in enumerate(messages, 1)]
    return answerable([_marked(dice, one) for one in entries] or [entry(1, dice.choice(given.users))])


@cache
def _entry_of(message: Message) -> Entry:
    return entry(1, message)


def _turn(dice: random.Random, given: Pool) -> list[Message]:
    turn = [dice.choice(given.users) for _ in range(dice.choice((1, 1, 2)))]
    for _ in range(dice.choice((0, 1, 2))):
        calls = dice.choice(given.calls)
        results = [dice.choice(given.results[call.id]) for call in calls.calls]  # type: ignore[union-attr]
        dice.shuffle(results)
        turn += [calls, *results[dice.random() < 0.25 :]]
    return turn if dice.random() < 0.2 else [*turn, dice.choice(given.answers)]


def _anything(dice: random.Random, given: Pool) -> list[Message]:
    kinds = (given.users, given.answers, given.calls, given.systems, given.results[dice.choice((*CALL_IDS, None))])
    return [dice.choice(dice.choice(kinds)) for _ in range(dice.randrange(6))]


def _marked(dice: random.Random, one: Entry) -> Entry:
    chance = dice.random()
    if chance < 0.05:
        return replace(one, message=message_from({"role": one.role, "content": ""}), tokens=0, erased=True)
    return replace(one, incomplete=True) if chance < 0.1 and one.role == "assistant" else one


@dataclass(frozen=True)
class Case:
    """What is composed; ``entries`` is the whole path."""

    entries: list[Entry]
    profile: Profile
    given: dict[str, Any]


def throw(number: int) -> Case:
    """Return the case of that number."""
    dice = random.Random(number)
    entries = throw_path(dice)
    policy = [*dice.sample(RULES, dice.choice((0, 1, 2, 3))), *dice.choice(((), *((window,) for window in WINDOWS)))]
    state, summaries = _state(dice, entries, policy)
    given = {
        "policy": policy,
        "state": state,
        "summaries": summaries,
        "system": dice.choice((None, None, "Be terse.", "漢字で答えよ。")),
        "tools": dice.choice(((), (), TOOLS)),
        "reserve": dice.choice((0, 0, 7, 50)),
        "factor": dice.choice((1.0, 1.0, 0.5, 1.3)),
    }
    return Case(entries, dice.choice(PROFILES), given)


def _state(dice: random.Random, entries: Sequence[Entry], policy: list[Any]) -> tuple[ComposeState, dict[str, Summary]]:
    pins = [dice.choice(entries).seq for _ in range(dice.choice((0, 0, 1, 3)))]
    state = ComposeState().pinned(*(seq for pin in pins for seq in together(entries, pin)))
    starts = [one.seq for one in entries[1:] if one.role == "user" and entries[one.seq - 2].role == "assistant"]
    if not starts or dice.random() < 0.5:
        return state, {}
    cut, key = dice.choice(starts) - 1, policy_key(policy)
    state = state.cut_at(key, cut, dice.randint(cut, len(entries)))
    text = "They spoke of cheese."
    summary = Summary(1, cut, text, estimate_text(text), "writer")
    told = Told((Part(1, cut, summary.digest),), dice.choice(("", "RateLimited")))
    return state.telling(key, told), dice.choice(({summary.digest: summary}, {}))
