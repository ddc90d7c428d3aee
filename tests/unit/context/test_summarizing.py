"""Summaries as values, the rule that asks for them, and what composing makes of those that are there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from convo.context.compose import compose
from convo.context.explain import explain
from convo.context.rules import LastTurns, Policy, Redact, Window, can_be_stored, dump_policy, policy_key
from convo.context.state import ComposeState
from convo.context.summarizing import SYSTEM, TASK, AsksForSummary, Summarize, told_message
from convo.context.summary import HEADING, NeedsSummary, Part, Summary, Told
from convo.context.tokens import estimate, estimate_text
from convo.errors import ContextOverflow, InvalidSetting
from convo.messages import Message, assistant, system, user
from convo.profiles import MISTRAL, PERMISSIVE
from support.histories import path


def summary(first: int, last: int, text: str = "They spoke of cheese.", **more: Any) -> Summary:
    return Summary(first, last, text, estimate_text(text), "writer", **more)


def told(*parts: Summary, failed: str = "") -> Told:
    return Told(tuple(Part(part.first, part.last, part.digest) for part in parts), failed)


def chat(turns: int) -> list[Message]:
    """So many turns of 20 tokens, and a question of 5."""
    words = "one two three four five six"
    return [*(each for _ in range(turns) for each in (user(words), assistant(words))), user("now")]


def composed(
    policy: Policy, turns: int, *parts: Summary, cut: int = 0, failed: str = "", known: bool = True, **more: Any
) -> Any:
    """Compose that chat where ``parts`` have been told and what is behind ``cut`` has been cut away."""
    key = policy_key(policy)
    state = ComposeState().cut_at(key, cut, cut).telling(key, told(*parts, failed=failed)) if cut else ComposeState()
    summaries = {part.digest: part for part in parts} if known else {}
    given = {"entries": path(*chat(turns)), "policy": policy, "profile": PERMISSIVE, "state": state}
    return compose(**{**given, "summaries": summaries, **more})


def test_a_turn_of_the_chat_costs_twenty_tokens() -> None:
    assert [estimate(message) for message in chat(1)] == [10, 10, 5]


class TestValues:
    def test_a_summary_comes_back_from_its_json_and_is_named_by_it(self) -> None:
        one = summary(1, 4, model="small")
        assert Summary.from_json(json.loads(json.dumps(one.to_json()))) == one
        assert len(one.digest) == 64
        assert one.digest == summary(1, 4, model="small").digest
        assert len({one.digest, summary(1, 4).digest, summary(1, 5, model="small").digest}) == 3

    def test_what_is_told_comes_back_from_its_json(self) -> None:
        state = ComposeState().cut_at("key", 9, 12).telling("key", told(summary(1, 4), summary(5, 9), failed="Oh"))
        again = ComposeState.from_json(json.loads(json.dumps(state.to_json())))
        assert again == state
        assert again.told["key"].last == 9
        assert Told().last == 0
        assert "told" not in ComposeState().cut_at("key", 9, 12).to_json()

    def test_a_fork_keeps_what_tells_of_nothing_behind_it(self) -> None:
        parts = told(summary(1, 4), summary(5, 9), failed="Oh")
        state = ComposeState().cut_at("key", 9, 12).telling("key", parts).cut_at("other", 9, 12)
        assert state.before(10).told["key"].parts == parts.parts
        assert (state.before(10).cuts, state.before(10).marks) == ({"key": 9, "other": 9}, {"key": 10, "other": 10})
        earlier = state.before(9)
        assert earlier.told == {"key": Told(parts.parts[:1])}
        assert (earlier.cuts, earlier.marks) == ({"key": 4}, {"key": 9})
        assert state.before(5).cuts == {"key": 4}
        assert state.before(4) == ComposeState()
        assert ComposeState().cut_at("key", 0, 3).before(2).cuts == {"key": 0}

    def test_a_policy_that_is_forgotten_is_forgotten_with_its_summary(self) -> None:
        state = ComposeState().cut_at("key", 4, 4).telling("key", told(summary(1, 4)))
        for number in range(7):
            state = state.cut_at(f"policy {number}", 1, 1)
        assert set(state.told) == {"key"}
        assert state.cut_at("one more", 1, 1).told == {}

    def test_what_was_needed_becomes_a_part_or_takes_the_place_of_all(self) -> None:
        parts = (summary(3, 4), summary(5, 9))
        needs = NeedsSummary(after=9, upto=14, parts=parts, folds=False, tokens=50, most=400)
        added = needs.made(11, "New.", 2, "writer", "small")
        assert (added.first, added.last, added.model) == (11, 14, "small")
        assert [part.last for part in needs.told(added).parts] == [4, 9, 14]
        folding = NeedsSummary(after=9, upto=14, parts=parts, folds=True, tokens=50, most=400)
        whole = folding.made(11, "All.", 2, "writer", None)
        assert (whole.first, whole.last) == (3, 14)
        assert folding.told(whole) == told(whole)
        first = NeedsSummary(after=0, upto=4, parts=(), folds=True, tokens=50, most=400)
        assert first.made(1, "All.", 2, "writer", None).first == 1


class TestRule:
    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"when": 0}, "when must be a whole number"),
            ({"when": 1.5}, "when as a fraction must be over 0 and at most 1"),
            ({"when": 9, "keep": 10}, "keep is greater than when"),
            ({"when": 0.5, "keep": 0.6}, "keep is greater than when"),
            ({"when": 9, "keep": "few"}, "keep must be a whole number"),
            ({"when": 9, "max_tokens": 0}, "max_tokens must be a whole number"),
            ({"when": 9, "backend": 3}, "backend must be a backend or the name of one"),
            ({"when": 9, "instruction": 3}, "instruction must be a text"),
        ],
        ids=lambda value: str(value),
    )
    def test_what_cannot_be_is_said(self, given: dict[str, Any], said: str) -> None:
        with pytest.raises(InvalidSetting, match=f"Summarize: {said}"):
            Summarize(**given)

    def test_its_sizes_are_those_of_a_window(self) -> None:
        assert Summarize(400, 200).limits(None) == Window(400, 200).limits(None)
        assert Summarize(0.5).limits(1_000) == (500, 375)
        with pytest.raises(InvalidSetting, match="Summarize: a fraction needs") as caught:
            Summarize(0.5).limits(None)
        assert caught.value.field == "when"

    def test_a_summary_takes_at_most_a_quarter(self) -> None:
        assert Summarize(400, max_tokens=50).room(400) == 50
        assert Summarize(400).room(400) == 100

    def test_a_part_gets_half_of_what_is_left_and_little_left_is_told_anew(self) -> None:
        rule = Summarize(4_000, max_tokens=400)
        first = rule.needs((), 20, 4_000, 1.0)
        assert first == NeedsSummary(0, 20, (), folds=False, tokens=200, most=4_000)
        long = replace(summary(1, 20), tokens=301)
        assert rule.needs((long,), 40, 4_000, 1.0) == NeedsSummary(20, 40, (long,), folds=True, tokens=200, most=4_000)
        short = replace(long, tokens=300)
        assert rule.needs((short,), 40, 4_000, 1.0) == NeedsSummary(
            20, 40, (short,), folds=False, tokens=50, most=4_000
        )
        assert rule.needs((), 20, 4_000, 2.0).tokens == 100
        assert Summarize(4).needs((), 20, 4, 1.0).tokens == 1

    def test_only_one_window_is_in_a_policy(self) -> None:
        with pytest.raises(InvalidSetting, match="more than one Window or Summarize"):
            composed([Summarize(400), Window(300)], 1)

    def test_a_backend_counts_for_the_key_and_is_stored_by_name_alone(self) -> None:
        def writer(request: Any) -> str:
            return ""

        def other(request: Any) -> str:
            return ""

        keys = {policy_key([Summarize(9, backend=backend)]) for backend in (writer, other, None, "mistral:small")}
        assert len(keys) == 4
        assert policy_key([Summarize(9, backend=writer)]) in keys
        assert can_be_stored([Summarize(9), Summarize(9, backend="mistral:small")])
        assert not can_be_stored([Window(9), Summarize(9, backend=writer)])
        assert not can_be_stored([writer])
        with pytest.raises(InvalidSetting, match="writer of a Summarize cannot be stored"):
            dump_policy([Summarize(9, backend=writer)])
        assert dump_policy([Summarize(9, backend="mistral:small")]) == [
            {"rule": "Summarize", "when": 9, "backend": "mistral:small", "max_tokens": 1_000}
        ]


class TestComposing:
    def test_before_the_first_cut_it_is_as_a_window(self) -> None:
        composition, state = composed([Summarize(120, 80)], 5)
        assert len(composition.messages) == 11
        assert (composition.budget, composition.needs, state) == (120, None, ComposeState())

    def test_a_cut_leaves_room_for_the_summary_and_asks_for_it(self) -> None:
        policy = [Summarize(120, 120, max_tokens=30)]
        composition, state = composed(policy, 6)
        assert composition.tokens == 85
        assert state.cuts[policy_key(policy)] == 4
        assert composition.needs == NeedsSummary(0, 4, (), folds=False, tokens=15, most=120)
        lines = [line for line in composition.decisions if not line.included]
        assert [(line.seq, line.rule, line.note) for line in lines] == [
            (seq, "Summarize", "to be summarised when this is sent") for seq in (1, 2, 3, 4)
        ]

    def test_a_summary_stands_where_what_it_tells_stood(self) -> None:
        part = summary(1, 4, model="small")
        composition, state = composed([Summarize(200)], 4, part, cut=4, system="Be brief.")
        assert [message.text for message in composition.messages[:3]] == [
            "Be brief.",
            f"{HEADING}\n\nThey spoke of cheese.",
            "one two three four five six",
        ]
        assert composition.messages[1].role == "user"
        (line,) = [line for line in composition.decisions if line.rule == "Summarize" and line.included]
        assert (line.seq, line.note) == (None, "summary of seq 1 to 4, by small")
        assert {line.note for line in composition.decisions if not line.included} == {"told in the summary"}
        assert composition.needs is None
        assert state.told[policy_key([Summarize(200)])] == told(part)

    def test_it_stands_behind_what_is_kept_from_before(self) -> None:
        entries = path(system("Obey."), *chat(4))
        policy = [Summarize(200)]
        key, part = policy_key(policy), summary(2, 5)
        state = ComposeState().cut_at(key, 5, 5).telling(key, told(part)).pinned(2)
        composition, _ = compose(entries, policy, MISTRAL, state, summaries={part.digest: part})
        words = "one two three four five six"
        assert [message.text for message in composition.messages[:2]] == [
            "Obey.",
            f"{words}\n\n{HEADING}\n\nThey spoke of cheese.\n\n{words}",
        ]

    def test_it_never_parts_the_newest_turn(self) -> None:
        policy, part = [Summarize(200), LastTurns(1)], summary(1, 4)
        key = policy_key(policy)
        state = ComposeState().cut_at(key, 4, 4).telling(key, told(part))
        entries = path(user("a"), assistant("b"), user("c"), assistant("d"), assistant("e"))
        composition, _ = compose(entries, policy, PERMISSIVE, state, summaries={part.digest: part}, system="Obey.")
        assert [message.text for message in composition.messages] == [
            "Obey.",
            f"{HEADING}\n\nThey spoke of cheese.",
            "c",
            "d",
            "e",
        ]
        nobody = compose(path(assistant("e")), policy, PERMISSIVE, state, summaries={part.digest: part}, system="Obey.")
        assert nobody[0].messages[0].text == "Obey."

    def test_parts_stand_in_one_message_in_order(self) -> None:
        composition, _ = composed([Summarize(200)], 4, summary(1, 2, "First."), summary(3, 4, "Then."), cut=4)
        assert composition.messages[0].text == f"{HEADING}\n\nFirst.\n\nThen."
        notes = [line.note for line in composition.decisions if line.included and line.note]
        assert notes == ["summary of seq 1 to 4, by writer"]

    def test_one_that_is_not_known_is_not_told(self) -> None:
        composition, _ = composed([Summarize(200)], 4, summary(1, 4), cut=4, known=False)
        assert len(composition.messages) == 5
        assert {line.note for line in composition.decisions if not line.included} == {"in no summary"}

    def test_why_there_is_none_is_said(self) -> None:
        composition, _ = composed([Summarize(200)], 4, summary(1, 2), cut=4, failed="RateLimited")
        notes = {line.seq: line.note for line in composition.decisions if not line.included}
        failed = "in no summary: the last try ended with RateLimited"
        assert notes == {1: "told in the summary", 2: "told in the summary", 3: failed, 4: failed}

    def test_of_what_was_not_loaded_it_is_said_from_where_it_is_told(self) -> None:
        policy, part = [Summarize(400)], summary(8, 12)
        key = policy_key(policy)
        state = ComposeState().cut_at(key, 12, 12).telling(key, told(part))
        entries = [one for one in path(*chat(10)) if one.seq <= 4 or one.seq > 12]
        account = explain(compose(entries, policy, PERMISSIVE, state, summaries={part.digest: part})[0])
        lines = [(line.seq, line.note) for line in account.decisions if not line.included]
        assert lines == [
            *((seq, "in no summary") for seq in (1, 2, 3, 4)),
            (None, "seq 5 to 12: not loaded; told in the summary from seq 8 on"),
        ]

    def test_a_second_cut_asks_for_what_the_first_part_does_not_tell(self) -> None:
        policy, part = [Summarize(120, 60, max_tokens=30)], summary(1, 4)
        composition, state = composed(policy, 9, part, cut=4)
        cut = state.cuts[policy_key(policy)]
        assert cut > 4
        assert composition.needs == NeedsSummary(4, cut, (part,), folds=False, tokens=12, most=120)
        notes = {line.seq: line.note for line in composition.decisions if not line.included}
        assert (notes[4], notes[5]) == ("told in the summary", "to be summarised when this is sent")

    def test_one_that_does_not_fit_is_left_out_and_said_to_be(self) -> None:
        long = summary(1, 4, "word " * 100)
        composition, _ = composed([Summarize(60, 30)], 4, long, cut=4)
        assert composition.tokens <= 60
        assert not any(HEADING in message.text for message in composition.messages)
        notes = {line.seq: line.note for line in composition.decisions if not line.included}
        assert notes[1] == "its summary does not fit"
        with pytest.raises(ContextOverflow):
            composed([Summarize(4, 3)], 4, long, cut=4)

    def test_other_rules_see_it(self) -> None:
        composition, _ = composed([Summarize(200), Redact("cheese", "food"), LastTurns(2)], 4)
        assert composition.needs is None
        policy = [Summarize(200), Redact("cheese", "food"), LastTurns(2)]
        composition, _ = composed(policy, 4, summary(1, 4), cut=4)
        assert composition.messages[0].text == f"{HEADING}\n\nThey spoke of food."
        assert len(composition.messages) == 4


class TestRequest:
    def asked(self, *parts: Summary, folds: bool = False, **more: Any) -> list[str]:
        needs = NeedsSummary(after=0, upto=2, parts=parts, folds=folds, tokens=100, most=400)
        policy = [AsksForSummary(needs, **more)]
        composition, _ = compose(path(user("q"), assistant("a")), policy, MISTRAL, system=SYSTEM)
        return [message.text for message in composition.messages]

    def test_the_task_stands_behind_what_is_to_be_told(self) -> None:
        assert self.asked() == [SYSTEM, "q", "a", TASK.replace("{words}", "60")]

    def test_what_was_told_stands_before_it(self) -> None:
        texts = self.asked(summary(1, 2, "First."))
        assert texts[1] == f"{HEADING}\n\nFirst.\n\nq"
        assert texts[-1].endswith("has been told already: add only what is new.")
        assert self.asked(summary(1, 2, "First."), folds=True)[-1].endswith("yours takes its place.")

    def test_a_task_of_ones_own_is_given_the_number_of_words(self) -> None:
        assert self.asked(instruction="List them in {words} words.")[-1] == "List them in 60 words."
        needs = NeedsSummary(after=0, upto=2, parts=(), folds=False, tokens=3, most=400)
        composition, _ = compose(path(user("q"), assistant("a")), [AsksForSummary(needs, "{words}")], PERMISSIVE)
        assert composition.messages[-1].text == "10"

    def test_the_message_that_carries_a_summary_is_the_users(self) -> None:
        assert told_message([summary(1, 2, "A."), summary(3, 4, "B.")]) == user(f"{HEADING}\n\nA.\n\nB.")
