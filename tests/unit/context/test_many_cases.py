"""Every promise of a composition, on thousands of random histories, policies and profiles at once.

A case is made of its number alone, which a failure names. ``CONVO_TEST_EXAMPLES`` says how many there are.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convo.context.account import Composition
from convo.context.compose import compose
from convo.context.order import check
from convo.context.reach import OPENING
from convo.errors import ContextOverflow
from convo.profiles import MISTRAL
from support import promises
from support.dice import GENERATIONS, Case, throw
from support.histories import loaded
from support.mistral_oracle import VERSIONS, refusals

MANY = int(os.environ.get("CONVO_TEST_EXAMPLES", "10000"))
many = settings(deadline=None, database=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
NUMBERS = st.integers(0, 2**48)


def composed(case: Case, **more: Any) -> Composition | None:
    """The composition of a case, None where its window is too small for what must stay."""
    try:
        return compose(**{"entries": case.entries, "profile": case.profile, **case.given, **more})[0]
    except ContextOverflow:
        return None


@settings(many, max_examples=MANY)
@given(NUMBERS)
def test_every_promise_is_kept(number: int) -> None:
    case = throw(number)
    composition = composed(case)
    if composition is None:
        return
    check(composition.messages, case.profile)
    promises.every_text_is_there_or_told(case.entries, composition)
    promises.within_budget(composition)
    promises.newest_turn_stays(case.entries, composition)
    promises.pinned_stay(case.given["state"].pins, composition)
    promises.accounted_once(case.entries, composition)
    promises.sources_are_true(case.entries, composition)
    promises.no_orphans(composition, case.profile.strict_tools)
    assert refused_by_mistral_common(case, composition, number) == {}
    assert composed(case) == composition


def refused_by_mistral_common(case: Case, composition: Composition, number: int) -> dict[int, str]:
    """What one of its validators says: of a generation's profile its own, of the portable one any."""
    if case.profile is MISTRAL:
        return refusals(composition.messages, [VERSIONS[number % len(VERSIONS)]])
    own = [version for version, profile in GENERATIONS.items() if profile is case.profile]
    return refusals(composition.messages, own, exact=True)


@settings(many, max_examples=max(MANY // 10, 10))
@given(NUMBERS)
def test_what_is_not_loaded_is_accounted_for_as_a_stretch(number: int) -> None:
    case = throw(number)
    entries = case.entries
    newest = len(entries) - promises.newest_turn(entries)
    tail = newest + number % (len(entries) - newest + 1)
    part = loaded(entries, tail, first=OPENING, pins=case.given["state"].pins)
    composition = composed(case, entries=part)
    if composition is not None:
        promises.accounted_once(part, composition)
        promises.within_budget(composition)
        check(composition.messages, case.profile)


def test_the_cases_are_nasty() -> None:
    cases = [throw(number) for number in range(250)]
    composed_ones = [each for each in map(composed, cases) if each is not None]
    assert len(composed_ones) > 150
    notes = {line.note.partition(":")[0] for each in composed_ones for line in each.decisions}
    rules = {line.rule for each in composed_ones for line in each.decisions}
    assert {"stand-in", "bridge", "call ids or names mapped", "no longer a prefix"} <= notes
    assert {"Window", "Summarize", "erased", "profile", "Pinned", "LastTurns"} <= rules


def test_a_case_is_made_of_its_number_alone() -> None:
    for number in range(20):
        assert throw(number) == throw(number)
