"""How much of a path a policy asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from convo.context.reach import OPENING, Reach, reach
from convo.context.rules import (
    ClearToolResults,
    Draft,
    Insert,
    KeepFirst,
    LastMessages,
    LastTurns,
    MergeConsecutive,
    Pinned,
    Policy,
    SystemIntoUser,
    Window,
    policy_key,
)
from convo.context.state import ComposeState
from convo.messages import assistant, user
from support.histories import path

ENTRIES = [
    replace(one, tokens=10) for one in path(*[message for _ in range(5) for message in (user("q"), assistant("a"))])
]


def own(draft: Draft) -> None:
    return None


def tail(size: int) -> list[object]:
    return ENTRIES[len(ENTRIES) - size :]  # type: ignore[return-value]


def asked(needed: Reach) -> int:
    return next(size for size in range(len(ENTRIES) + 1) if needed.enough(ENTRIES[len(ENTRIES) - size :]))


@pytest.mark.parametrize(
    ("needed", "size"),
    [
        (Reach(), 10),
        (Reach(after=0), 10),
        (Reach(after=6), 4),
        (Reach(after=9), 1),
        (Reach(tokens=20), 3),
        (Reach(tokens=19), 3),
        (Reach(tokens=30), 4),
        (Reach(tokens=9), 3),
        (Reach(messages=4), 4),
        (Reach(messages=1), 3),
        (Reach(turns=1), 3),
        (Reach(turns=2), 5),
        (Reach(turns=5), 10),
        (Reach(turns=2, messages=4, tokens=1_000), 4),
        (Reach(after=8, turns=2), 2),
    ],
)
def test_the_tail_is_long_enough_at_the_first_limit_reached(needed: Reach, size: int) -> None:
    assert asked(needed) == size


def test_an_erased_message_begins_no_turn() -> None:
    erased = [replace(one, erased=one.seq == 9) for one in ENTRIES]
    assert not Reach(turns=1).enough(erased[-3:])
    assert Reach(turns=1).enough(erased[-5:])


WINDOW = Window(1_000)
CUT = ComposeState().cut_at(policy_key([WINDOW]), 17, 20)


@pytest.mark.parametrize(
    ("policy", "state", "needed"),
    [
        ([], ComposeState(), Reach()),
        ([own], ComposeState(), Reach()),
        ([WINDOW], ComposeState(), Reach(tokens=1_000, messages=251)),
        ([WINDOW], CUT, Reach(after=17, messages=251)),
        ([WINDOW], ComposeState().cut_at("another", 17, 20), Reach(tokens=1_000, messages=251)),
        ([LastTurns(3)], CUT, Reach(turns=3)),
        ([LastTurns(3), LastTurns(2)], ComposeState(), Reach(turns=2)),
        ([LastMessages(8), LastMessages(6)], ComposeState(), Reach(messages=7)),
        ([WINDOW, LastMessages(6), LastTurns(2)], ComposeState(), Reach(tokens=1_000, messages=7, turns=2)),
        ([KeepFirst(2)], ComposeState(), Reach(first=OPENING)),
        ([KeepFirst(9), KeepFirst(7)], ComposeState(), Reach(first=9)),
        ([Pinned(4, 2)], ComposeState().pinned(3, 4), Reach(pins=(2, 3, 4))),
        (
            [Insert("x"), SystemIntoUser(), MergeConsecutive(), WINDOW],
            ComposeState(),
            Reach(tokens=1_000, messages=251),
        ),
        ([ClearToolResults(2), WINDOW], ComposeState(), Reach(messages=251)),
        ([own, WINDOW], ComposeState(), Reach(messages=251)),
    ],
)
def test_what_a_policy_asks_for(policy: Policy, state: ComposeState, needed: Reach) -> None:
    assert reach(policy, state) == needed


def test_a_model_that_counts_less_is_given_more() -> None:
    assert reach([WINDOW], ComposeState(), factor=0.8).tokens == 1_250
    assert reach([WINDOW], ComposeState(), factor=3.0).tokens == 334
    assert reach([Window(0.5)], ComposeState(), context_length=1_000).tokens == 500
