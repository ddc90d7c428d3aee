"""Eight processes at once, keys that they share, replies to COMMITs lost on the way: one history that fits them all."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from faults.crowd import Story, Write, check
from faults.trials import crowd_figures

PROCESSES, WRITES = 8, 10


def test_what_processes_at_once_were_told_fits_one_history(database_url: str) -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    figures = crowd_figures(database_url, seed, PROCESSES, WRITES, keys=4)
    assert figures["writes"] == PROCESSES * WRITES
    assert figures["retries"] > 0
    assert (figures["replies lost"] > 0) == (not database_url.startswith("sqlite"))


def told(text: str, first: int, asked: float, key: str | None = None) -> Write:
    return Write(text, key, 0, (first, first + 1), asked, asked + 1)


RIGHT = [(1, "send a"), (2, "re send a"), (3, "append b"), (4, "and append b")]
WRITES_OF_RIGHT = [told("send a", 1, 0), told("append b", 3, 5)]
WRONG: dict[str, tuple[Sequence[tuple[int, str]], Sequence[Write]]] = {
    "lost": (RIGHT[:2], WRITES_OF_RIGHT),
    "a hole": ([*RIGHT[:2], (4, "append b"), (5, "and append b")], [told("send a", 1, 0), told("append b", 4, 5)]),
    "doubled": ([*RIGHT, (5, "send a"), (6, "re send a")], WRITES_OF_RIGHT),
    "parted": (
        [(1, "send a"), (2, "append b"), (3, "and append b"), (4, "re send a")],
        [Write("send a", None, 0, (1, 4), 0, 1), told("append b", 2, 5)],
    ),
    "out of order": (RIGHT, [told("send a", 1, 5), told("append b", 3, 0)]),
    "nobody's": (RIGHT, WRITES_OF_RIGHT[:1]),
    "told twice": (RIGHT, [*WRITES_OF_RIGHT, told("append b", 1, 9, key="k")]),
}


def test_the_checker_accepts_a_right_history() -> None:
    assert check([RIGHT], [Story(list(WRITES_OF_RIGHT))])["writes"] == 2


@pytest.mark.parametrize("wrong", WRONG)
def test_the_checker_finds_what_is_wrong(wrong: str) -> None:
    path, writes = WRONG[wrong]
    with pytest.raises((AssertionError, KeyError)):
        check([path], [Story(list(writes))])


def test_the_checker_finds_a_backend_asked_twice() -> None:
    story = Story(list(WRITES_OF_RIGHT))
    story.calls["send a"] = 2
    with pytest.raises(AssertionError, match="more than once"):
        check([RIGHT], [story])
