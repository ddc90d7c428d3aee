"""What is known of a model from its own answers."""

from __future__ import annotations

import json

from convo.context.factor import Factor
from convo.context.learning import Learned


def test_nothing_is_known_at_first() -> None:
    assert Learned() == Learned.from_json(None) == Learned.from_json({})
    assert (Learned().factor, Learned().limit) == (1.0, None)


def test_reports_and_refusals_are_learnt_side_by_side() -> None:
    known = Learned().after(100, 150).limited_to(8_000).after(300, 300)
    assert known == Learned(Factor(1.125, 400), 8_000)
    assert known.factor == 1.125
    assert Learned().limited_to(0).limit == 1


def test_it_comes_back_from_json() -> None:
    for known in (Learned(), Learned().after(100, 150), Learned().after(3, 4).limited_to(9)):
        assert Learned.from_json(json.loads(json.dumps(known.to_json()))) == known
