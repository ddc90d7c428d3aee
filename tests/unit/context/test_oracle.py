"""Recorded histories, and mistral-common's verdicts on them."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from convo.chunks import TextChunk
from convo.context.account import Composition
from convo.context.compose import compose
from convo.context.draft import Draft
from convo.context.order import check
from convo.context.rules import (
    DEFAULT_POLICY,
    ClearToolResults,
    DropImages,
    DropThinking,
    Insert,
    KeepFirst,
    LastMessages,
    LastTurns,
    MergeConsecutive,
    Pinned,
    Policy,
    Redact,
    Summarize,
    SystemIntoUser,
    TruncateToolResults,
    Window,
)
from convo.errors import InvalidMessage, OrderViolation
from convo.messages import Message, message_from
from convo.profiles import MISTRAL, OPENAI, PERMISSIVE, Profile
from convo.records import Entry
from support import promises
from support.dice import GENERATIONS, PROFILES
from support.histories import answerable, path
from support.mistral_oracle import VERSIONS, refusals, tokens_v3

DATA = Path(__file__).parents[2] / "data"
CASES: dict[str, dict[str, Any]] = {
    case["name"]: case for case in json.loads((DATA / "message-order-cases.json").read_text(encoding="utf-8"))["cases"]
}
EVERY = 1 if os.environ.get("CONVO_TEST_EXAMPLES") else 3
"""Each conversation goes through one in so many policies; long runs leave none out."""


def buildable(name: str) -> list[Message] | None:
    """The messages of a case, None where one of them is no message (another role, content null)."""
    try:
        return [message_from(message) for message in CASES[name]["messages"]]
    except InvalidMessage:
        return None


HISTORIES = {name: messages for name in CASES if (messages := buildable(name)) is not None}
NOT_SEEN = {"user_prefix_field", "extra_field_name_on_user"}  # refused for a field that the helper leaves out
NOT_CONVERTED = {"assistant_reference_chunk", "assistant_thinking_chunk_api_shape", "user_thinking_chunk"}


def test_nearly_every_case_can_be_built() -> None:
    assert set(CASES) - set(HISTORIES) == {"tool_result_null_content", "unknown_role_developer"}


@pytest.mark.parametrize("name", sorted(set(HISTORIES) - NOT_SEEN - NOT_CONVERTED - {"tool_def_bad_name"}))
def test_the_second_judge_gives_the_recorded_verdicts(name: str) -> None:
    verdicts = CASES[name]["verdicts"]
    assert set(refusals(HISTORIES[name])) == {version for version in VERSIONS if not verdicts[f"v{version}"]["ok"]}


def accepted(messages: list[Message], profile: Any) -> bool:
    try:
        check(messages, profile)
    except OrderViolation:
        return False
    return True


@pytest.mark.parametrize("name", sorted(HISTORIES))
def test_what_the_profiles_accept_every_tokenizer_version_they_speak_for_accepts(name: str) -> None:
    messages = HISTORIES[name]
    if accepted(messages, MISTRAL):
        assert refusals(messages) == {}
    for version, profile in GENERATIONS.items():
        if accepted(messages, profile):
            assert refusals(messages, [version], exact=True) == {}


def test_the_judge_refuses_and_accepts_as_the_profile_says() -> None:
    assert {name for name, messages in HISTORIES.items() if accepted(messages, MISTRAL)} == {
        "assistant_reference_chunk",
        "assistant_thinking_chunk_api_shape",
        "assistant_user",
        "extra_field_name_on_user",
        "single_user_empty_chunk_list",
        "single_user_empty_string",
        "tool_call_args_empty_string",
        "tool_call_args_object",
        "tool_def_bad_name",
        "tool_roundtrip",
        "tool_roundtrip_then_answer_user",
        "tool_then_assistant_prefix",
        "two_sequential_tool_rounds",
        "user_prefix_field",
        "user_text_chunks",
    }


def accounted(entries: list[Entry], composition: Composition) -> None:
    """Every text is in the list, or its line says why not."""
    sent = [text for message in composition.messages for text in texts(message)]
    lines = {line.seq: line for line in composition.decisions if line.seq is not None}
    assert set(lines) == {one.seq for one in entries}
    for one in entries:
        line = lines[one.seq]
        if line.included and line.rule in ("", "KeepFirst", "opening") and not line.note.startswith("left out"):
            assert all(any(text in other for other in sent) for text in texts(one.message))
        else:
            assert line.rule or line.note


def texts(message: Message) -> list[str]:
    return [chunk.text for chunk in message.chunks if isinstance(chunk, TextChunk)]


@pytest.mark.parametrize("profile", [MISTRAL, *GENERATIONS.values(), OPENAI, PERMISSIVE], ids=lambda one: one.name)
@pytest.mark.parametrize("name", sorted(HISTORIES))
def test_every_history_is_made_acceptable(name: str, profile: Any) -> None:
    messages = [one.replace(prefix=None) if profile is OPENAI else one for one in HISTORIES[name]]
    entries = answerable(path(*messages))
    composition = compose(entries, DEFAULT_POLICY, profile)[0]
    accounted(entries, composition)
    if profile is MISTRAL:
        assert refusals(composition.messages) == {}
        assert tokens_v3(composition.messages) > 0


@cache
def conversations() -> list[list[Message]]:
    lines = (DATA / "tool-conversations.jsonl").read_text(encoding="utf-8").splitlines()
    return [[message_from(message) for message in json.loads(line)["messages"]] for line in lines]


def test_every_tool_conversation_is_accepted_whole() -> None:
    for messages in conversations():
        entries = answerable(path(*messages))
        composition = compose(entries, DEFAULT_POLICY, MISTRAL)[0]
        assert refusals(composition.messages) == {}
        accounted(entries, composition)
        assert composition.messages[: len(messages)] == tuple(messages)


def test_every_tool_conversation_is_accepted_cut_anywhere() -> None:
    for messages in conversations():
        for stop in range(1, len(messages)):
            entries = answerable(path(*messages[:stop]))
            composition = compose(entries, DEFAULT_POLICY, MISTRAL)[0]
            assert refusals(composition.messages, [3, 11]) == {}
            accounted(entries, composition)


def own_rule(draft: Draft) -> Draft:
    return draft.only(lambda item: "error" not in item.message.text)


POLICIES: tuple[Policy, ...] = (
    [],
    [Window(900)],
    [LastTurns(2)],
    [LastMessages(5), KeepFirst(2)],
    [ClearToolResults(1), Window(700, 400)],
    [TruncateToolResults(30)],
    [DropThinking(), DropImages()],
    [Insert("Today is Friday.", "start"), Insert("Be brief.")],
    [Redact(r"\d+", "#")],
    [SystemIntoUser()],
    [MergeConsecutive(), Pinned(2)],
    [Summarize(900, max_tokens=100)],
    [own_rule],
    [
        KeepFirst(1),
        ClearToolResults(2),
        TruncateToolResults(60),
        Redact("a"),
        Insert("x", "after_question"),
        Window(600),
    ],
)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda one: one.name)
def test_every_tool_conversation_goes_through_every_policy(profile: Profile) -> None:
    versions = [*GENERATIONS] if profile is MISTRAL else [v for v, own in GENERATIONS.items() if own is profile]
    for number, messages in enumerate(conversations()):
        entries = answerable(path(*messages))
        for policy in POLICIES[number % EVERY :: EVERY]:
            composition = compose(entries, policy, profile)[0]
            check(composition.messages, profile)
            assert refusals(composition.messages, versions[number % 5 :][:1], exact=True) == {}
            promises.every_text_is_there_or_told(entries, composition)
            promises.within_budget(composition)


def test_tool_conversations_that_begin_anywhere_are_accepted() -> None:
    for messages in conversations():
        for start in range(1, len(messages), 3):
            entries = answerable(path(*messages[start:]))
            assert refusals(compose(entries, [], MISTRAL)[0].messages, [3, 11]) == {}


def test_the_estimate_of_whole_requests_is_near_the_tokenizers_count() -> None:
    ratios = []
    for messages in conversations():
        composition = compose(answerable(path(*messages)), DEFAULT_POLICY, MISTRAL)[0]
        ratios.append(composition.tokens / tokens_v3(composition.messages))
    assert 0.8 <= sorted(ratios)[len(ratios) // 2] <= 1.1
    assert max(ratios) / min(ratios) < 1.35
