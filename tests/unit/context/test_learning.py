"""Learning how many tokens a model makes of the neutral estimate."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from statistics import median

import pytest

from convo.context.compose import compose
from convo.context.learning import DECAY, HIGHEST, LOWEST, Learned
from convo.context.rules import Window
from convo.messages import Message, assistant, user
from convo.profiles import MISTRAL
from support.histories import path
from support.mistral_oracle import tokens_v3

KINDS = {
    "English": "The ship left the harbour at {n} in the morning, and nobody on board knew where it was bound.",
    "code": "def step_{n}(self, value: int) -> int:\n    return self.table[value % {n}] if value > {n} else -1\n",
    "JSON": '{{"id": {n}, "name": "item-{n}", "tags": ["red", "blue"], "price": {{"amount": {n}.5, "unit": "EUR"}}}}',
    "CJK": "第{n}回の会議では、来年の予算について話し合いました。他们讨论了第{n}个问题，但是没有得出结论。",
}


def bytes_over_three(messages: Sequence[Message]) -> int:
    """A tokenizer unlike any other: three bytes to a token, and seven tokens around each message."""
    return sum(len(message.text.encode()) // 3 + 7 for message in messages)


@pytest.mark.parametrize("count", [tokens_v3, bytes_over_three], ids=["tekken", "bytes"])
@pytest.mark.parametrize("kind", KINDS)
def test_after_twenty_turns_the_estimate_of_a_request_is_near_its_report(
    kind: str, count: Callable[[Sequence[Message]], int]
) -> None:
    known, messages, errors = Learned(), list[Message](), list[float]()
    for number in range(1, 31):
        messages.append(user(" ".join(KINDS[kind].format(n=number * step) for step in range(1, 4))))
        composition = compose(path(*messages), [Window(4_000)], MISTRAL, factor=known.factor)[0]
        reported = count(composition.messages)
        errors.append(abs(composition.tokens - reported) / reported)
        known = known.after(reported, composition.estimated)
        messages.append(assistant(KINDS[kind].format(n=number)))
    assert median(errors[20:]) < 0.05


def test_nothing_is_known_before_the_first_report() -> None:
    assert Learned() == Learned.from_json(None) == Learned.from_json(Learned().to_json())
    assert (Learned().factor, Learned().limit) == (1.0, None)


def test_the_factor_is_what_was_reported_over_what_was_estimated_newer_reports_first() -> None:
    assert Learned().after(150, 100).factor == 1.5
    assert Learned().after(150, 100).after(100, 100).factor == round((150 * DECAY + 100) / (100 * DECAY + 100), 2)
    assert Learned().after(1, 3).factor == 0.33


def test_a_factor_is_bounded() -> None:
    assert Learned().after(100, 1).factor == HIGHEST
    assert Learned().after(1, 100).factor == LOWEST


@pytest.mark.parametrize(("reported", "estimated"), [(0, 10), (-1, 10), (10, 0), (10, -1)])
def test_a_report_of_nothing_teaches_nothing(reported: int, estimated: int) -> None:
    known = Learned().after(12, 10)
    assert known.after(reported, estimated) is known


def test_the_length_a_model_takes_is_remembered() -> None:
    known = Learned().after(12, 10).limited_to(8_000)
    assert (known.limit, known.factor) == (8_000, 1.2)
    assert known.limited_to(None) is known.limited_to(0) is known
    assert known.after(12, 10).limit == 8_000


def test_it_comes_back_from_json() -> None:
    for known in (Learned().after(12, 10), Learned().limited_to(9), Learned().after(1, 3).after(5, 7).limited_to(4)):
        stored = json.loads(json.dumps(known.to_json()))
        assert Learned.from_json(stored).factor == known.factor
        assert Learned.from_json(stored).limit == known.limit
