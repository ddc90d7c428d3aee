"""Profiles: what a provider accepts, as data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from convo.backends.dialects import DIALECTS
from convo.profiles import MISTRAL, MISTRAL_V3, MISTRAL_V7, MISTRAL_V11, MISTRAL_V13, MISTRAL_V15, OPENAI, PERMISSIVE

GENERATIONS = (MISTRAL_V3, MISTRAL_V7, MISTRAL_V11, MISTRAL_V13, MISTRAL_V15)
SENDS_THINKING = ("chunks", "reasoning_content", "reasoning")


@pytest.mark.parametrize(
    ("profile", "accepted", "refused"),
    [
        (MISTRAL, ["aaaaaaaa1"], ["", "null", "aaaaaaaa", "aaaaaaaa12", "aaaaaaaa-", "aaaaaaaa1\n", "ünïcode99"]),
        (MISTRAL_V11, ["aaaaaaaa1"], ["call_1"]),
        (MISTRAL_V13, ["call_1", "\n", "nullx", "x" * 99], ["", "null"]),
        (OPENAI, ["call_1", "x" * 40], ["", "x" * 41]),
        (PERMISSIVE, ["", "null", "x" * 99], []),
    ],
)
def test_which_ids_may_leave(profile: object, accepted: list[str], refused: list[str]) -> None:
    assert [id for id in (*accepted, *refused) if profile.accepts_id(id)] == accepted  # type: ignore[attr-defined]


def test_which_names_may_leave() -> None:
    for profile in (MISTRAL, OPENAI, *GENERATIONS):
        assert [name for name in ("a-b_1", "n" * 64, "n" * 65, "", "a b", "a\n") if profile.accepts_name(name)] == [
            "a-b_1",
            "n" * 64,
        ]
    assert PERMISSIVE.accepts_name("a b")


def test_which_chunks_may_leave() -> None:
    assert PERMISSIVE.accepts_chunk("user", "hologram")
    assert MISTRAL.accepts_chunk("assistant", "thinking")
    assert not OPENAI.accepts_chunk("assistant", "thinking")
    assert [one.name for one in GENERATIONS if one.accepts_chunk("assistant", "thinking")] == [
        "mistral-v11",
        "mistral-v13",
        "mistral-v15",
    ]
    assert [one.name for one in GENERATIONS if one.accepts_chunk("tool", "image_url")] == ["mistral-v15"]
    assert not replace(PERMISSIVE, chunks={"user": frozenset({"text"})}).accepts_chunk("user", "image_url")


def test_the_generations_keep_the_order_of_what_they_are_made_from() -> None:
    for profile in GENERATIONS:
        assert (profile.follows, profile.last, profile.merges) == (MISTRAL.follows, MISTRAL.last, MISTRAL.merges)
    assert [profile.text_with_calls for profile in GENERATIONS] == [False, True, True, True, True]


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_a_dialect_that_sends_thinking_is_given_thinking(name: str) -> None:
    dialect = DIALECTS[name]
    assert dialect.profile.accepts_chunk("assistant", "thinking") == (dialect.thinking in SENDS_THINKING)
