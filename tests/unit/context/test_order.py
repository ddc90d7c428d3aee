"""The judge: each rule of a profile broken once, named with the index."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from convo.context.order import check
from convo.errors import OrderViolation
from convo.messages import Message, assistant, message_from, system, user
from convo.profiles import MISTRAL, OPENAI, PERMISSIVE, PrefixSupport, Profile

U, A, S = user("u"), assistant("a"), system("s")
IMAGE = {"type": "image_url", "image_url": "https://images.example/a.png"}


def asks(*ids: str, name: str = "f", content: Any = "") -> Message:
    return assistant(content, tool_calls=[{"id": id, "function": {"name": name}} for id in ids])


def tells(id: str | None, **more: Any) -> Message:
    return message_from({"role": "tool", "content": "r", "tool_call_id": id, **more})


ASKS, TELLS = asks("aaaaaaaa1"), tells("aaaaaaaa1")


@pytest.mark.parametrize(
    "messages",
    [
        [U],
        [S, U],
        [A, U],
        [S, A, U],
        [U, S, U],
        [U, A, U],
        [U, ASKS, TELLS],
        [S, ASKS, TELLS],
        [U, ASKS, TELLS, A, U],
        [U, ASKS, TELLS, ASKS, TELLS],
        [U, asks("aaaaaaaa1", "aaaaaaaa2"), TELLS, tells("aaaaaaaa2", name="f")],
        [U, assistant("{", prefix=True)],
        [U, ASKS, TELLS, assistant("{", prefix=True)],
        [user([IMAGE]), assistant([{"type": "thinking", "thinking": "hm"}]), user("")],
    ],
)
def test_what_mistral_accepts(messages: list[Message]) -> None:
    check(messages, MISTRAL)


TRAILING = replace(OPENAI, prefix=PrefixSupport(style="trailing"))


@pytest.mark.parametrize(
    ("messages", "profile", "index", "problem"),
    [
        ([], PERMISSIVE, -1, "there is no message"),
        ([TELLS, U], MISTRAL, 0, "does not let tool come first"),
        ([U, A, S, U], MISTRAL, 2, "does not let system follow assistant"),
        ([U, ASKS, TELLS, U], MISTRAL, 3, "does not let user follow tool"),
        ([U, A, A, U], MISTRAL, 2, "does not let assistant follow assistant"),
        ([U, U], replace(PERMISSIVE, merges=frozenset({"user"})), 1, "takes neighbours of role user as one message"),
        ([S, U, U], MISTRAL, 2, "does not let user follow user"),
        ([ASKS, TELLS], MISTRAL, 0, "does not let tool calls or a prefix open the list"),
        ([assistant("{", prefix=True)], MISTRAL, 0, "does not let tool calls or a prefix open the list"),
        ([U, A], MISTRAL, 1, "does not let assistant end the list"),
        ([U, S], MISTRAL, 1, "does not let system end the list"),
        ([U, S], replace(PERMISSIVE, system="start"), 1, "does not take a system message here"),
        ([S, U], replace(PERMISSIVE, system="none"), 0, "does not take a system message here"),
        ([S, A, S], replace(PERMISSIVE, system="start_or_after_user"), 2, "does not take a system message here"),
        ([U, assistant("{", prefix=True)], OPENAI, 1, "cannot continue an assistant message"),
        ([U, assistant("{", prefix=True), U], MISTRAL, 1, "only the last message may be a prefix"),
        ([U, ASKS], MISTRAL, 1, "assistant end"),
        ([U, ASKS], OPENAI, 1, "a tool call has no result"),
        ([U, ASKS, U], OPENAI, 2, "a tool call before it has no result"),
        ([U, asks("aaaaaaaa1", "aaaaaaaa2"), TELLS, A], OPENAI, 3, "a tool call before it has no result"),
        ([U, asks("aaaaaaaa1", "aaaaaaaa2"), TELLS], OPENAI, 2, "a tool call has no result"),
        ([U, ASKS, TELLS, TELLS], MISTRAL, 3, "must answer the next open call"),
        ([U, ASKS, tells("aaaaaaaa2")], MISTRAL, 2, "must answer the next open call"),
        ([U, A, TELLS], MISTRAL, 2, "must answer the next open call"),
        (
            [U, asks("aaaaaaaa1", "aaaaaaaa2"), tells("aaaaaaaa2"), TELLS],
            MISTRAL,
            2,
            "must answer the next open call",
        ),
        ([U, asks("null"), tells("null")], OPENAI, 1, "need ids, each its own"),
        ([U, asks(""), tells("")], replace(OPENAI, tool_call_id=None), 1, "need ids, each its own"),
        ([U, asks("x", "x"), tells("x"), tells("x")], OPENAI, 1, "need ids, each its own"),
        ([U, asks("call_1"), tells("call_1")], MISTRAL, 1, "the form of its tool call ids"),
        ([U, asks("x" * 41), tells("x" * 41)], OPENAI, 1, "the form of its tool call ids"),
        ([U, tells("x")], replace(PERMISSIVE, tool_call_id="y"), 1, "the form of its tool call id"),
        ([U, tells(None)], replace(PERMISSIVE, tool_call_id="y"), 1, "the form of its tool call id"),
        ([U, asks("aaaaaaaa1", name="get x!"), TELLS], MISTRAL, 1, "the name of a function it calls"),
        ([U, ASKS, tells("aaaaaaaa1", name="get x!")], MISTRAL, 2, "the name of its function"),
        ([user([IMAGE]), assistant([IMAGE]), U], MISTRAL, 1, "does not accept image_url from this role"),
        ([system([{"type": "thinking", "thinking": "hm"}]), U], OPENAI, 0, "does not accept thinking from this role"),
        ([U, asks("aaaaaaaa1", content="t"), TELLS], MISTRAL, 1, "does not accept content beside tool calls"),
        (
            [U, asks("aaaaaaaa1", content=[{"type": "text", "text": ""}]), TELLS],
            MISTRAL,
            1,
            "does not accept content beside tool calls",
        ),
        ([U, assistant(""), U], MISTRAL, 1, "says and calls nothing"),
        ([U, assistant(None), U], OPENAI, 1, "says and calls nothing"),
        ([U, assistant([{"type": "text", "text": ""}]), U], MISTRAL, 1, "says and calls nothing"),
        ([U, assistant("", tool_calls=[]), U], OPENAI, 1, "says and calls nothing"),
    ],
)
def test_a_broken_rule_is_named(messages: list[Message], profile: Profile, index: int, problem: str) -> None:
    with pytest.raises(OrderViolation, match=problem) as caught:
        check(messages, profile)
    assert caught.value.index == index


@pytest.mark.parametrize(
    ("messages", "profile"),
    [
        ([U, A], OPENAI),
        ([A, S, U, U, A, A], OPENAI),
        ([U, asks("call_1", content="t"), tells("call_1"), U], OPENAI),
        ([U, assistant("{", prefix=True)], TRAILING),
        ([TELLS, asks("null", "null"), U, assistant(None), S, tells(None)], PERMISSIVE),
        ([user([{"type": "hologram"}])], PERMISSIVE),
        ([S, S, U, S], replace(PERMISSIVE, system="start_or_after_user")),
        ([S, S, U], replace(PERMISSIVE, system="start")),
    ],
)
def test_what_other_profiles_accept(messages: list[Message], profile: Profile) -> None:
    check(messages, profile)
