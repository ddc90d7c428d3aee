"""What holds for every path, policy and profile, on examples that shrink; ``test_many_cases`` has the great numbers.

``CONVO_TEST_EXAMPLES`` raises the number of examples.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convo.context.account import Composition
from convo.context.calls import together
from convo.context.compose import compose
from convo.context.order import check
from convo.context.reach import OPENING, reach
from convo.context.rules import (
    ClearToolResults,
    DropThinking,
    Insert,
    KeepFirst,
    LastTurns,
    Redact,
    SystemIntoUser,
    TruncateToolResults,
    Window,
)
from convo.context.state import ComposeState
from convo.errors import ContextOverflow
from convo.messages import AssistantMessage, Message, assistant, tool_result, user
from convo.profiles import (
    MISTRAL,
    PERMISSIVE,
    Profile,
)
from convo.records import Entry
from support import promises
from support.dice import GENERATIONS, PROFILES, RULES
from support.histories import TEXTS, answerable, entry, loaded, paths
from support.mistral_oracle import refusals, tokens_v3

EXAMPLES = int(os.environ.get("CONVO_TEST_EXAMPLES", "40"))
examples = settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

WINDOWS = st.sampled_from([Window(size) for size in (60, 120, 250, 1_000, 6_000)])
POLICIES = st.builds(
    lambda rules, window: [*rules, *window],
    st.lists(st.sampled_from(RULES), max_size=3),
    st.one_of(st.just([]), WINDOWS.map(lambda w: [w])),
)
SYSTEM = st.one_of(st.none(), st.sampled_from(["Be terse.", "漢字で答えよ。"]))


@st.composite
def states(draw: st.DrawFn, entries: Sequence[Entry]) -> ComposeState:
    seqs = draw(st.lists(st.sampled_from([one.seq for one in entries]), max_size=3))
    return ComposeState().pinned(*(seq for pin in seqs for seq in together(entries, pin)))


@st.composite
def cases(draw: st.DrawFn, policies: st.SearchStrategy[Any] = POLICIES) -> dict[str, Any]:
    entries = answerable(draw(paths()))
    return {
        "entries": entries,
        "policy": draw(policies),
        "state": draw(states(entries)),
        "system": draw(SYSTEM),
    }


def composed(profile: Profile, case: dict[str, Any], **more: Any) -> Composition | None:
    """The composition of a case, None where its window is too small for what must stay."""
    try:
        return compose(profile=profile, **{**case, **more})[0]
    except ContextOverflow:
        return None


@examples
@given(cases(), st.sampled_from(PROFILES))
def test_every_composed_list_satisfies_its_profile(case: dict[str, Any], profile: Profile) -> None:
    composition = composed(profile, case)
    if composition is not None:
        check(composition.messages, profile)


@examples
@given(cases())
def test_mistral_common_accepts_what_leaves_in_every_version(case: dict[str, Any]) -> None:
    composition = composed(MISTRAL, case)
    if composition is not None:
        assert refusals(composition.messages) == {}
        assert tokens_v3(composition.messages) > 0


@examples
@given(cases(), st.sampled_from([*GENERATIONS]))
def test_each_generation_accepts_what_leaves_under_its_profile(case: dict[str, Any], version: int) -> None:
    composition = composed(GENERATIONS[version], case)
    if composition is not None:
        assert refusals(composition.messages, [version], exact=True) == {}


@examples
@given(cases(), st.sampled_from(PROFILES))
def test_every_text_is_there_verbatim_or_its_line_says_what_became_of_it(
    case: dict[str, Any], profile: Profile
) -> None:
    composition = composed(profile, case)
    if composition is not None:
        promises.every_text_is_there_or_told(case["entries"], composition)


@examples
@given(cases(), st.sampled_from(PROFILES), st.sampled_from([0, 7, 50]), st.sampled_from([0.5, 1.0, 1.3]))
def test_what_leaves_is_within_the_budget_and_its_lines_add_up(
    case: dict[str, Any], profile: Profile, reserve: int, factor: float
) -> None:
    composition = composed(profile, case, reserve=reserve, factor=factor)
    if composition is not None:
        promises.within_budget(composition)


@examples
@given(cases(), st.sampled_from(PROFILES))
def test_the_newest_user_turn_and_what_is_pinned_stay(case: dict[str, Any], profile: Profile) -> None:
    composition = composed(profile, case)
    if composition is not None:
        promises.newest_turn_stays(case["entries"], composition)
        promises.pinned_stay(case["state"].pins, composition)


@examples
@given(cases(), st.sampled_from(PROFILES), st.data())
def test_explain_accounts_for_every_loaded_message_once(case: dict[str, Any], profile: Profile, data: Any) -> None:
    entries = case["entries"]
    tail = data.draw(st.integers(len(entries) - promises.newest_turn(entries), len(entries)))
    case = {**case, "entries": loaded(entries, tail, first=OPENING, pins=case["state"].pins)}
    composition = composed(profile, case)
    if composition is not None:
        promises.accounted_once(case["entries"], composition)


@examples
@given(cases(), st.sampled_from(PROFILES))
def test_composing_is_deterministic(case: dict[str, Any], profile: Profile) -> None:
    first, again = composed(profile, case), composed(profile, case)
    assert first == again
    if first is not None:
        assert [message.to_json() for message in first.messages] == [message.to_json() for message in again.messages]


@examples
@given(cases(), st.sampled_from(PROFILES))
def test_sources_name_the_entries_that_leave_unchanged(case: dict[str, Any], profile: Profile) -> None:
    composition = composed(profile, case)
    if composition is not None:
        promises.sources_are_true(case["entries"], composition)


@st.composite
def plain_turns(draw: st.DrawFn, turns: int = 12) -> list[list[Message]]:
    """Turns as a working agent has them: a question, whole tool rounds, an answer that says something."""
    result = []
    for number in range(draw(st.integers(1, turns))):
        messages: list[Message] = [user(f"question {number} " + draw(st.sampled_from(["", "word " * 10])))]
        for step in range(draw(st.integers(0, 2))):
            ids = [f"call_{number}_{step}_{position}" for position in range(draw(st.integers(1, 2)))]
            said = draw(st.sampled_from(["", "let me see"]))
            messages.append(assistant(said, tool_calls=[{"id": id, "function": {"name": "look"}} for id in ids]))
            messages.extend(tool_result(id, draw(st.sampled_from(["no", "found " * 30]))) for id in reversed(ids))
        thought = [{"type": "thinking", "thinking": "hm"}] if draw(st.booleans()) else []
        messages.append(assistant([*thought, {"type": "text", "text": f"answer {number}"}]))
        result.append(messages)
    return result


STABLE_RULES = st.lists(
    st.one_of(
        st.builds(KeepFirst, st.integers(1, 3)),
        st.builds(ClearToolResults, st.integers(1, 2)),
        st.builds(TruncateToolResults, st.integers(5, 30)),
        st.builds(DropThinking, st.integers(0, 1)),
        st.builds(Redact, st.just("word")),
        st.just(Insert("Be kind.", "start")),
        st.just(SystemIntoUser()),
    ),
    max_size=3,
)


@examples
@given(plain_turns(), STABLE_RULES, st.sampled_from([150, 300, 700]), st.sampled_from(PROFILES), SYSTEM)
def test_between_cuts_the_list_grows_at_its_end_alone(
    turns: list[list[Message]], rules: list[Any], size: int, profile: Profile, system: str | None
) -> None:
    policy, state = [*rules, Window(size)], ComposeState()
    entries: list[Entry] = []
    before: tuple[Message, ...] = ()
    for message in (message for turn in turns for message in turn):
        entries.append(entry(len(entries) + 1, message))
        if isinstance(message, AssistantMessage) or (message.role == "tool" and waits(entries)):
            continue
        try:
            composition, after = compose(entries, policy, profile, state, system=system)
        except ContextOverflow:
            return
        if after == state:
            assert composition.messages[: len(before)] == before
        before, state = composition.messages, after


def waits(entries: Sequence[Entry]) -> bool:
    """Whether a call of the newest round still waits for its result."""
    members = together(entries, entries[-1].seq)
    return len(members) <= len(entries[members[0] - 1].message.calls)


@examples
@given(plain_turns(), STABLE_RULES, st.one_of(WINDOWS, st.builds(LastTurns, st.integers(1, 3))), st.data())
def test_what_else_is_loaded_changes_nothing(
    turns: list[list[Message]], rules: list[Any], limit: Any, data: Any
) -> None:
    policy = [*rules, limit]
    entries = [entry(seq, message) for seq, message in enumerate((m for turn in turns for m in turn), 1)]
    entries = answerable(entries)
    asked = data.draw(states(entries))
    for state in (asked, after_first_cut(entries, policy, asked)):
        if state is None:
            return
        needed = reach(policy, state)
        tail = next(size for size in range(len(entries) + 1) if needed.enough(entries[len(entries) - size :]))
        small = loaded(entries, tail, needed.first, needed.pins)
        try:
            whole = compose(entries, policy, PERMISSIVE, state)
        except ContextOverflow:
            with pytest.raises(ContextOverflow):
                compose(small, policy, PERMISSIVE, state)
            return
        part = compose(small, policy, PERMISSIVE, state)
        assert part[0].messages == whole[0].messages
        assert part[1] == whole[1]


def after_first_cut(entries: list[Entry], policy: list[Any], state: ComposeState) -> ComposeState | None:
    try:
        return compose(entries[: len(entries) * 2 // 3 + 1], policy, PERMISSIVE, state)[1]
    except ContextOverflow:
        return None


@examples
@given(cases(), st.data())
def test_ids_leave_the_same_in_every_request(case: dict[str, Any], data: Any) -> None:
    entries = case["entries"]
    shorter = answerable(entries[: data.draw(st.integers(1, len(entries)))])
    ids = []
    for one in (entries, shorter):
        outbound = compose(one, [], MISTRAL)[0]
        stored = outbound.call_ids
        sent = {call.id for message in outbound.messages for call in getattr(message, "calls", ())}
        ids.append({outbound_id: stored.get(outbound_id, outbound_id) for outbound_id in sent})
    assert all(ids[0].get(sent, origin) == origin for sent, origin in ids[1].items())


@examples
@given(
    st.lists(st.integers(1, 60), max_size=8),
    st.dictionaries(TEXTS, st.integers(0, 60), max_size=10),
    st.integers(1, 60),
)
def test_a_fork_copies_the_pins_up_to_it_and_the_cuts_before_it(
    pins: list[int], cuts: dict[str, int], fork: int
) -> None:
    state = ComposeState().pinned(*pins)
    for key, cut in cuts.items():
        state = state.cut_at(key, cut, cut + 5)
    forked = state.before(fork)
    assert set(forked.pins) == {pin for pin in pins if pin <= fork}
    assert all(cut < fork and forked.marks[key] <= fork for key, cut in forked.cuts.items())
    assert set(state.cuts) - set(forked.cuts) == {key for key, cut in state.cuts.items() if cut >= fork}
    assert ComposeState.from_json(state.to_json()) == state
