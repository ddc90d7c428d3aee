"""Learning how many tokens a model makes of the neutral estimate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

import pytest

from convo.context.compose import compose
from convo.context.factor import MEMORY, Factor
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
    factor, messages, errors = Factor(), list[Message](), list[float]()
    for number in range(1, 31):
        messages.append(user(" ".join(KINDS[kind].format(n=number * step) for step in range(1, 4))))
        composition = compose(path(*messages), [Window(4_000)], MISTRAL, factor=factor.value)[0]
        reported = count(composition.messages)
        errors.append(abs(composition.tokens - reported) / reported)
        factor = factor.after(composition.estimated, reported)
        messages.append(assistant(KINDS[kind].format(n=number)))
    assert median(errors[20:]) < 0.05


def test_it_is_the_mean_of_what_was_reported() -> None:
    assert Factor().after(100, 150) == Factor(1.5, 100)
    assert Factor().after(100, 150).after(300, 300) == Factor(1.125, 400)
    assert Factor().after(3, 1).value == 0.3333


def test_newer_reports_count_more_in_the_end() -> None:
    old = Factor(1.0, MEMORY)
    assert old.after(MEMORY, 2 * MEMORY) == Factor(1.5, MEMORY)
    assert old.after(100, 200).seen == MEMORY


@pytest.mark.parametrize(("estimated", "reported"), [(0, 10), (-1, 10), (100, 0), (100, 24), (100, 401)])
def test_a_report_of_something_else_is_not_learnt(estimated: int, reported: int) -> None:
    factor = Factor(1.2, 50)
    assert factor.after(estimated, reported) is factor
    assert Factor().after(100, 25).value == 0.25
    assert Factor().after(100, 400).value == 4.0
