"""A list that is grown from the last one is the list that composing anew gives, whatever has come since."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convo.context import compose as composing
from convo.context.compose import compose
from convo.context.order import check
from convo.context.reach import OPENING
from convo.context.rules import KeepFirst, Window, policy_key
from convo.context.state import ComposeState
from convo.errors import ContextOverflow, OrderViolation
from convo.messages import assistant, system, tool_result, user
from convo.profiles import MISTRAL, OPENAI, PERMISSIVE, PrefixSupport
from support.histories import entry, path

SAID = ("hi", "word " * 12, "…", "漢字かな", "")
CALL = {"id": "aaaaaaaa1", "function": {"name": "get", "arguments": "{}"}}
PROFILES = (MISTRAL, replace(OPENAI, prefix=PrefixSupport(style="trailing")), PERMISSIVE)


@pytest.fixture
def grown(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each list was grown, in the order in which they were asked for."""
    seen: list[bool] = []
    really = composing.grown

    def watched(*given: Any) -> Any:
        seen.append((left := really(*given)) is not None)
        return left

    monkeypatch.setattr(composing, "grown", watched)
    return seen


def spoken(dice: random.Random) -> Iterator[Any]:
    """Talk without end: question and answer mostly, and now and then what breaks the row."""
    if dice.random() < 0.5:
        yield system("Be brief.")
    while True:
        yield user(dice.choice(SAID))
        if dice.random() < 0.06:
            yield user("and more")
        if dice.random() < 0.05:
            yield assistant(tool_calls=[CALL])
            yield tool_result("aaaaaaaa1", "42")
        if dice.random() < 0.04:
            yield system("From now on in French.")
        yield assistant(dice.choice(SAID[:4]))


def as_a_handle_loads(entries: list[Any], cut: int) -> list[Any]:
    return [one for one in entries if one.seq > cut or one.seq <= OPENING]


@settings(deadline=None, max_examples=400)
@given(st.integers(0, 2**48))
def test_a_list_that_grows_is_the_one_composed_anew(number: int) -> None:
    dice = random.Random(number)
    policy = [Window(dice.choice((80, 200, 1_000)))]
    how: dict[str, Any] = {"profile": dice.choice(PROFILES), "factor": dice.choice((1.0, 1.0, 1.37))}
    talk, entries, state, earlier = spoken(dice), [], ComposeState(), None
    for seq in range(1, dice.randrange(4, 40)):
        entries.append(entry(seq, next(talk), erased=dice.random() < 0.01))
        if dice.random() < 0.04:
            how["system"] = dice.choice((None, "Answer in one word.", "Be kind."))
        if dice.random() < 0.03:
            state = state.pinned(dice.randrange(1, seq + 1))
        now = as_a_handle_loads(entries, state.cuts.get(policy_key(policy), 0))
        if dice.random() < 0.05:
            now.append(entry(seq + 1, assistant("To beg", prefix=True)))
        elif dice.random() < 0.2:  # a preview of what is not stored then
            now.append(entry(seq + 1, user("and if I asked this?")))
        given_now = {"entries": now, "policy": policy, "state": state, "head": seq, **how}
        try:
            anew, moved = compose(**given_now)
        except (ContextOverflow, OrderViolation) as problem:
            with pytest.raises(type(problem)):
                compose(**given_now, earlier=earlier)
            continue
        longer, moved_too = compose(**given_now, earlier=earlier)
        assert (longer, longer.decisions, moved_too) == (anew, anew.decisions, moved)
        earlier = longer
        if now[-1] is entries[-1]:
            state = moved


def test_a_preview_is_no_beginning_of_what_is_sent_then(grown: list[bool]) -> None:
    said = path(user("Hi"), assistant("Hello."))
    asked = [entry(3, user(text)) for text in ("this?", "that?")]
    preview, _ = compose([*said, asked[0]], [Window(1_000)], MISTRAL)
    sent, _ = compose([*said, asked[1]], [Window(1_000)], MISTRAL, earlier=preview)
    assert grown == [True]
    assert [message.text for message in sent.messages] == ["Hi", "Hello.", "that?"]
    shorter, _ = compose(said[:1], [Window(1_000)], MISTRAL, earlier=sent)
    assert [message.text for message in shorter.messages] == ["Hi"]


def test_between_two_cuts_only_what_is_new_is_looked_at(grown: list[bool]) -> None:
    entries, state, earlier, lengths = [], ComposeState(), None, []
    for seq in range(1, 200):
        entries.append(entry(seq, user("word " * 20) if seq % 2 else assistant("word " * 20)))
        if seq % 2:
            now = as_a_handle_loads(entries, max(state.cuts.values(), default=0))
            earlier, state = compose(now, [Window(1_000)], MISTRAL, state, earlier=earlier)
            lengths.append(len(earlier.messages))
    cuts = sum(later < before for before, later in pairwise(lengths))
    assert cuts > 5
    assert grown.count(False) == 0  # also where it must be cut then, and right after a cut
    assert len(grown) == len(lengths) - 1


def test_an_opening_system_message_stays_in_what_is_grown(grown: list[bool]) -> None:
    entries = path(system("Be brief."), *[user("word " * 30), assistant("word " * 30)] * 4, user("and now?"))
    first, state = compose(entries, [Window(200)], MISTRAL)
    assert max(state.cuts.values()) > OPENING
    longer = [*entries, entry(11, assistant("Well.")), entry(12, user("Go on."))]
    composition, _ = compose(
        as_a_handle_loads(longer, max(state.cuts.values())), [Window(200)], MISTRAL, state, earlier=first
    )
    assert grown == [True]
    assert composition.messages[0] == system("Be brief.")


@pytest.mark.parametrize("loaded", [14, 15])
def test_nothing_is_grown_over_a_hole_behind_the_cut(loaded: int, grown: list[bool]) -> None:
    entries = path(system("Be brief."), *[user("word " * 30), assistant("word " * 30)] * 4, user("and now?"))
    first, state = compose(entries, [Window(200)], MISTRAL)
    longer = [*entries, *[entry(seq, user("w") if seq % 2 == 0 else assistant("w")) for seq in range(11, 21)]]
    holed = [longer[0], *longer[loaded:]]
    again = compose(holed, [Window(200)], MISTRAL, state, earlier=first)
    assert grown == [False]
    assert again == compose(holed, [Window(200)], MISTRAL, state)


@pytest.mark.parametrize(
    "changed",
    [
        {"system": "Be kind."},
        {"factor": 1.5},
        {"profile": OPENAI},
        {"policy": [Window(1_000), KeepFirst(1)]},
        {"count": lambda message: 7},
        {"state": ComposeState().pinned(1)},
        {"entries": path(user("Hi"), assistant("Hello."), user("How?"))},  # read anew
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_nothing_is_grown_where_something_else_was_asked_for(changed: dict[str, Any], grown: list[bool]) -> None:
    entries = path(user("Hi"), assistant("Hello."), user("How?"))
    how: dict[str, Any] = {"entries": entries, "policy": [Window(1_000)], "profile": MISTRAL}
    first, _ = compose(**{**how, "entries": entries[:1]})
    again, _ = compose(**{**how, **changed}, earlier=first)
    assert grown == [False]
    assert again == compose(**{**how, **changed})[0]


def test_a_turn_that_reaches_back_behind_the_cut_is_not_cut_through() -> None:
    policy = [Window(1_000)]
    said = path(user("Hi"), assistant("Hello."), user("How?"), assistant("Well."))
    said[1] = entry(2, said[1].message, erased=True)
    state = ComposeState(cuts={policy_key(policy): 2}, marks={policy_key(policy): 0})
    first, _ = compose(said[2:3], policy, PERMISSIVE, state)
    longer, _ = compose(said, policy, PERMISSIVE, state, earlier=first)
    assert longer == compose(said, policy, PERMISSIVE, state)[0]


def test_the_rest_of_a_list_is_judged_as_the_whole_would_be() -> None:
    asked = [user("Hi"), assistant("Hello.")]
    for rest in ([user("How?")], [assistant("Well.")], [system("Be brief.")], [tool_result("aaaaaaaa1", "42")]):
        for profile in PROFILES:
            assert verdict(asked + rest, profile, judged=2) == verdict(asked + rest, profile)


def verdict(messages: list[Any], profile: Any, **known: int) -> str:
    try:
        check(messages, profile, **known)
    except OrderViolation as problem:
        return str(problem)
    return "accepted"
