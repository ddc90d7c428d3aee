"""Which messages go out: the window and its cuts, and the rules that slide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from convo.context.account import Composition
from convo.context.compose import compose
from convo.context.draft import Item
from convo.context.reach import OPENING
from convo.context.rewriting import CLEARED
from convo.context.rules import (
    ClearToolResults,
    Draft,
    DropImages,
    Insert,
    KeepFirst,
    LastMessages,
    LastTurns,
    Pinned,
    Window,
    policy_key,
)
from convo.context.state import ComposeState
from convo.errors import ContextOverflow, InvalidSetting
from convo.messages import assistant, system, tool_result, user
from convo.options import Tool
from convo.profiles import MISTRAL, OPENAI, PERMISSIVE
from convo.records import Entry
from support.histories import entry, loaded, path


def sized(entries: list[Entry], tokens: int = 10) -> list[Entry]:
    return [replace(one, tokens=tokens) for one in entries]


def turns(count: int, *, first: int = 1) -> list[Any]:
    return [message for number in range(first, count + 1) for message in (user(f"q{number}"), assistant(f"a{number}"))]


def seqs(composition: Composition) -> list[int]:
    return [line.seq for line in composition.decisions if line.included and line.seq is not None]


def left_out(composition: Composition) -> dict[int | None, str]:
    return {line.seq: line.rule for line in composition.decisions if not line.included}


QUESTION = [*turns(5), user("q6")]  # seq 1 to 11, 10 tokens each where sized


def test_a_window_that_holds_everything_cuts_nothing() -> None:
    state = ComposeState()
    composition, after = compose(sized(path(*QUESTION)), [Window(110)], PERMISSIVE, state)
    assert seqs(composition) == [*range(1, 12)]
    assert (composition.tokens, composition.budget) == (110, 110)
    assert after is state


def test_a_window_that_overflows_is_cut_to_its_refill_at_the_beginning_of_a_turn() -> None:
    policy = [Window(109, 60)]
    composition, after = compose(sized(path(*QUESTION)), policy, PERMISSIVE)
    assert seqs(composition) == [7, 8, 9, 10, 11]
    assert left_out(composition) == dict.fromkeys(range(1, 7), "Window")
    assert (after.cuts, after.marks) == ({policy_key(policy): 6}, {policy_key(policy): 11})


@pytest.mark.parametrize(
    ("refill", "first"), [(90, 3), (89, 5), (70, 5), (69, 7), (30, 9), (29, 11), (10, 11), (1, 11)]
)
def test_the_cut_keeps_as_much_as_the_refill_holds(refill: int, first: int) -> None:
    composition, _ = compose(sized(path(*QUESTION)), [Window(109, refill)], PERMISSIVE)
    assert seqs(composition)[0] == first


def test_without_a_refill_three_quarters_are_kept() -> None:
    composition, _ = compose(sized(path(*QUESTION)), [Window(100)], PERMISSIVE)
    assert composition.tokens == 70


def test_a_cut_stays_until_the_window_overflows_again() -> None:
    policy, entries = [Window(100, 60)], sized(path(*turns(9), user("q10")))
    state = ComposeState().cut_at(policy_key(policy), 8, 8)
    composition, after = compose(entries[:17], policy, PERMISSIVE, state)
    assert seqs(composition) == [*range(9, 18)]
    assert after is state
    composition, after = compose(entries, policy, PERMISSIVE, state)
    assert seqs(composition) == [15, 16, 17, 18, 19]
    assert after.cuts == {policy_key(policy): 14}


def test_a_cut_of_another_policy_is_not_used() -> None:
    state = ComposeState().cut_at(policy_key([Window(1_000)]), 8, 8)
    composition, _ = compose(sized(path(*QUESTION)), [Window(999)], PERMISSIVE, state)
    assert seqs(composition)[0] == 1


def test_a_window_counts_system_prompt_tools_and_what_is_kept_free() -> None:
    tool = Tool.from_json({"type": "function", "function": {"name": "look", "parameters": {}}})
    entries = sized(path(*QUESTION))
    whole = compose(entries, [], PERMISSIVE, system="Be terse.", tools=[tool, tool])[0]
    room = whole.tokens + 20
    fits = {"system": "Be terse.", "tools": [tool, tool], "reserve": 20}
    composition, _ = compose(entries, [Window(room)], PERMISSIVE, **fits)
    assert (composition.tokens, composition.reserve, composition.budget) == (whole.tokens, 20, room)
    assert whole.tokens == whole.estimated == 110 + sum(line.tokens for line in whole.decisions if line.seq is None)
    assert (whole.decisions[0].role, whole.decisions[0].note) == ("tools", "2 tool definitions")
    assert seqs(compose(entries, [Window(room - 1)], PERMISSIVE, **fits)[0])[0] > 1
    assert seqs(compose(entries, [Window(room)], PERMISSIVE, **{**fits, "reserve": 21})[0])[0] > 1


def test_estimates_are_multiplied_by_the_models_factor() -> None:
    entries = sized(path(*QUESTION))
    composition, _ = compose(entries, [Window(165)], PERMISSIVE, factor=1.5)
    assert (composition.tokens, composition.estimated) == (165, 110)
    assert seqs(compose(entries, [Window(164)], PERMISSIVE, factor=1.5)[0])[0] > 1
    assert compose(entries, [Window(100)], PERMISSIVE, factor=0.81)[0].tokens == 99
    assert {line.tokens for line in compose(entries, [], PERMISSIVE, factor=0.81)[0].decisions} == {9}


def test_a_fraction_is_of_the_models_context_length() -> None:
    entries = sized(path(*QUESTION))
    assert seqs(compose(entries, [Window(0.5)], PERMISSIVE, context_length=220)[0])[0] == 1
    assert compose(entries, [Window(0.5)], PERMISSIVE, context_length=218)[0].budget == 109
    with pytest.raises(InvalidSetting, match="context length"):
        compose(entries, [Window(0.5)], PERMISSIVE)


def test_what_must_stay_and_does_not_fit_is_an_overflow_with_the_numbers() -> None:
    entries = sized(path(*turns(2), user("q3"), assistant("", tool_calls=[{"id": "a", "function": {"name": "f"}}])))
    entries.append(replace(entry(7, tool_result("a", "r")), tokens=10))
    with pytest.raises(ContextOverflow, match=r"needs about 30 tokens, and the window leaves 29 for it$") as caught:
        compose(entries, [Window(29)], PERMISSIVE)
    assert (caught.value.needed, caught.value.budget) == (30, 29)
    with pytest.raises(ContextOverflow, match=r"leaves 25 for it beside 5 for the answer$") as caught:
        compose(entries, [Window(30)], PERMISSIVE, reserve=5)
    assert (caught.value.needed, caught.value.budget) == (35, 30)
    with pytest.raises(ContextOverflow, match="the window leaves 0 for it"):
        compose(entries, [Window(30)], PERMISSIVE, reserve=50)
    assert seqs(compose(entries, [Window(30)], PERMISSIVE)[0]) == [5, 6, 7]


def test_pins_and_the_first_messages_are_promises_that_may_overflow() -> None:
    entries = sized(path(*QUESTION))
    for policy, state in (([Window(29), KeepFirst(2)], ComposeState()), ([Window(29)], ComposeState().pinned(3, 4))):
        with pytest.raises(ContextOverflow) as caught:
            compose(entries, policy, PERMISSIVE, state)
        assert caught.value.needed == 30


def test_pinned_messages_stay_in_every_window() -> None:
    for policy in ([Window(60)], [LastTurns(2)], [LastMessages(3)], [Window(60), Pinned()]):
        composition, _ = compose(sized(path(*QUESTION)), policy, PERMISSIVE, ComposeState().pinned(2))
        assert seqs(composition) == [2, 9, 10, 11]
        assert {line.seq: line.rule for line in composition.decisions}[2] == "Pinned"
    composition, _ = compose(sized(path(*QUESTION)), [LastTurns(1), Pinned(4)], PERMISSIVE, ComposeState().pinned(2))
    assert seqs(composition) == [2, 4, 11]


def test_the_first_messages_stay_in_every_window() -> None:
    for policy in ([KeepFirst(2), Window(70)], [LastTurns(2), KeepFirst(2)], [KeepFirst(2), LastMessages(3)]):
        composition, _ = compose(sized(path(*QUESTION)), policy, PERMISSIVE)
        assert seqs(composition) == [1, 2, 9, 10, 11]
        assert {line.seq: line.rule for line in composition.decisions}[1] == "KeepFirst"


CALL = assistant("", tool_calls=[{"id": "aaaaaaaa1", "function": {"name": "f"}}])
ROUND = [user("q0"), CALL, tool_result("aaaaaaaa1", "r"), assistant("a0"), *QUESTION]


def test_a_round_the_first_messages_cut_through_is_not_kept() -> None:
    assert seqs(compose(path(*ROUND), [KeepFirst(2), LastTurns(1)], PERMISSIVE)[0]) == [1, 15]
    assert seqs(compose(path(*ROUND), [KeepFirst(3), LastTurns(1)], PERMISSIVE)[0]) == [1, 2, 3, 15]


def test_a_pinned_result_brings_its_call() -> None:
    for pin in (2, 3):
        composition, _ = compose(path(*ROUND), [LastTurns(1)], PERMISSIVE, ComposeState().pinned(pin))
        assert seqs(composition) == [2, 3, 15]


def test_a_pinned_result_whose_call_is_not_loaded_stays_out() -> None:
    entries = loaded(path(*ROUND), tail=1, pins=[3])
    composition, _ = compose(entries, [LastTurns(1)], MISTRAL, ComposeState().pinned(3))
    assert seqs(composition) == [15]
    assert left_out(composition)[3] == "profile"


def test_the_system_messages_that_open_a_path_stay() -> None:
    messages = [system("s1"), system("s2"), *QUESTION, system("late"), assistant("x"), user("q7")]
    for policy in ([Window(60, 50)], [LastTurns(1)], [LastMessages(1)]):
        composition, _ = compose(sized(path(*messages)), policy, PERMISSIVE)
        assert seqs(composition)[:2] == [1, 2]
        assert {line.seq: line.rule for line in composition.decisions}[1] == "opening"
    composition, _ = compose(path(*[system("s")] * 6, *QUESTION), [LastTurns(1)], PERMISSIVE)
    assert seqs(composition) == [1, 2, 3, 4, 17]
    composition, _ = compose(path(user("q"), system("s"), *QUESTION), [LastTurns(1)], PERMISSIVE)
    assert seqs(composition) == [13]


def test_last_turns_slide_and_store_nothing() -> None:
    state = ComposeState()
    for n in (1, 2, 3):
        composition, after = compose(path(*QUESTION), [LastTurns(n)], PERMISSIVE, state)
        assert seqs(composition) == [*range(13 - 2 * n, 12)]
        assert after is state
        assert composition.budget is None
    assert seqs(compose(path(*QUESTION), [LastTurns(6)], PERMISSIVE)[0]) == [*range(1, 12)]
    assert left_out(compose(path(*QUESTION), [LastTurns(1)], PERMISSIVE)[0])[1] == "LastTurns"


def test_user_messages_in_a_row_are_one_turn() -> None:
    messages = [user("a"), user("b"), assistant("x"), system("s"), user("c"), user("d"), assistant("y"), user("e")]
    assert seqs(compose(path(*messages), [LastTurns(2)], OPENAI)[0]) == [4, 5, 6, 7, 8]


def test_last_messages_begin_with_a_turn() -> None:
    for n, first in ((1, 11), (2, 11), (3, 9), (4, 9), (10, 3), (11, 1), (50, 1)):
        composition, _ = compose(path(*QUESTION), [LastMessages(n)], PERMISSIVE, system="not counted")
        assert seqs(composition)[0] == first
    long_turn = [user("q"), assistant("a"), user("q"), *[CALL, tool_result("aaaaaaaa1", "r")] * 3]
    assert seqs(compose(path(*long_turn), [LastMessages(2)], PERMISSIVE)[0]) == [*range(3, 10)]


def test_the_strictest_of_several_limits_holds() -> None:
    for policy in ([Window(60), LastTurns(1)], [LastTurns(1), Window(60)], [LastTurns(3), LastMessages(1), Window(60)]):
        assert seqs(compose(sized(path(*QUESTION)), policy, PERMISSIVE)[0]) == [11]


def test_the_newest_turn_stays_whatever_a_function_wants() -> None:
    composition, _ = compose(path(*QUESTION), [lambda draft: draft.only(lambda item: False)], PERMISSIVE)
    assert seqs(composition) == [11]
    assert left_out(composition)[1].endswith("<lambda>")


def test_a_cut_behind_the_newest_turn_leaves_it_whole() -> None:
    policy = [Window(60)]
    state = ComposeState().cut_at(policy_key(policy), 11, 11)
    assert seqs(compose(sized(path(*QUESTION)), policy, PERMISSIVE, state)[0]) == [11]


def test_entries_behind_the_cut_change_nothing() -> None:
    policy = [Window(100, 60)]
    entries = sized(path(*QUESTION))
    state = ComposeState().cut_at(policy_key(policy), 6, 6).pinned(2)
    few = compose(loaded(entries, tail=5, pins=[2]), policy, PERMISSIVE, state)
    assert compose(entries, policy, PERMISSIVE, state)[0].messages == few[0].messages
    assert [(line.note, line.rule) for line in few[0].decisions if line.seq is None] == [
        ("seq 1: not loaded", "Window"),
        ("seq 3 to 6: not loaded", "Window"),
    ]


def test_a_hole_before_the_tail_is_a_cut() -> None:
    policy = [Window(1_000)]
    composition, after = compose(loaded(sized(path(*QUESTION)), tail=4, first=2), policy, PERMISSIVE)
    assert seqs(composition) == [9, 10, 11]
    assert after.cuts == {policy_key(policy): 8}
    sliding = compose(loaded(sized(path(*QUESTION)), tail=4), [*policy, LastTurns(2)], PERMISSIVE)
    assert seqs(sliding[0]) == [9, 10, 11]
    assert sliding[1] == ComposeState()


def test_a_pin_right_before_the_tail_hides_no_hole() -> None:
    entries = path(*turns(4), user("q5"), user("pinned"), *turns(3), user("and now?"))
    policy, state = [LastMessages(5), Window(300)], ComposeState().pinned(10)
    few, after = compose(loaded(entries, tail=7, pins=[10]), policy, PERMISSIVE, state)
    assert (few.messages, after) == (compose(entries, policy, PERMISSIVE, state)[0].messages, state)


def test_what_was_put_in_goes_with_what_it_was_put_behind() -> None:
    call = assistant(tool_calls=[{"id": "a", "function": {"name": "get", "arguments": "{}"}}])
    entries = sized(path(user("q"), call, *turns(5), user("q6")))
    policy = [Window(110, 75)]
    whole, after = compose(entries, policy, PERMISSIVE)
    few, after_few = compose(loaded(entries, tail=9), policy, PERMISSIVE)
    assert seqs(whole) == [*range(7, 14)]
    assert (after, seqs(few)) == (after_few, seqs(whole))


def test_rules_that_change_old_messages_act_at_cuts() -> None:
    policy = [ClearToolResults(keep=1), Window(120, 100)]
    rounds = [
        message for number in range(4) for message in (user(f"q{number}"), CALL, tool_result("aaaaaaaa1", "r" * 40))
    ]
    entries = sized(path(*rounds, user("q")))
    composition, state = compose(entries[:12], policy, PERMISSIVE)
    assert [message.text for message in composition.messages if message.role == "tool"] == ["r" * 40] * 4
    composition, state = compose(entries, policy, PERMISSIVE, state)
    results = [message.text for message in composition.messages if message.role == "tool"]
    assert results == ["[old tool result cleared]"] * 2 + ["r" * 40]
    assert state.marks == {policy_key(policy): 13}
    longer = [*entries, *sized([entry(14, CALL), entry(15, tool_result("aaaaaaaa1", "new"))], 1)]
    composition, after = compose(longer, policy, PERMISSIVE, state)
    results = [message.text for message in composition.messages if message.role == "tool"]
    assert results == ["[old tool result cleared]"] * 2 + ["r" * 40, "new"]
    assert after is state


def test_where_rewriting_makes_room_enough_nothing_is_cut() -> None:
    policy = [ClearToolResults(keep=1), Window(300, 200)]
    rounds = [message for number in range(4) for message in (user(f"q{number}"), CALL, tool_result("aaaaaaaa1", "r"))]
    entries = [replace(one, tokens=90 if one.role == "tool" else 1) for one in path(*rounds, user("q"))]
    composition, state = compose(entries, policy, PERMISSIVE, head=13)
    assert seqs(composition) == [*range(1, 14)]
    assert (state.cuts, state.marks) == ({policy_key(policy): 0}, {policy_key(policy): 13})


def test_the_newest_seq_may_be_given() -> None:
    policy = [Window(60)]
    assert compose(sized(path(*QUESTION)), policy, PERMISSIVE, head=99)[1].marks == {policy_key(policy): 99}
    prefixed = [*sized(path(*QUESTION)), replace(entry(12, assistant("{", prefix=True)), tokens=1)]
    assert compose(prefixed, policy, MISTRAL)[1].marks == {policy_key(policy): 11}


def test_inserted_messages_count_and_stay() -> None:
    policy = [Insert("context " * 10, "start"), Window(100, 60)]
    composition, _ = compose(sized(path(*QUESTION)), policy, PERMISSIVE)
    assert composition.messages[0].text.startswith("context")
    assert composition.tokens <= 60


def test_what_a_profile_makes_of_the_list_counts() -> None:
    rounds = [user("q0"), CALL, user("q1"), CALL, user("q2")]
    tokens = compose(path(*rounds), [], MISTRAL)[0].tokens
    assert seqs(compose(path(*rounds), [Window(tokens)], MISTRAL)[0])[0] == 1
    composition, _ = compose(path(*rounds), [Window(tokens - 1, tokens - 1)], MISTRAL)
    assert seqs(composition)[0] == 3
    assert composition.tokens < tokens


def test_a_path_without_user_messages_is_one_turn() -> None:
    entries = sized(path(assistant("a"), assistant("b"), assistant("c", prefix=True)))
    policy = [LastMessages(1), LastTurns(1)]
    tokens = compose(entries, policy, MISTRAL)[0].tokens
    assert seqs(compose(entries, [*policy, Window(tokens)], MISTRAL)[0]) == [1, 2, 3]
    with pytest.raises(ContextOverflow):
        compose(entries, [*policy, Window(tokens - 1)], MISTRAL)


def test_functions_see_what_the_rules_left_and_act_in_order() -> None:
    seen: list[list[Any]] = []

    def look(draft: Draft) -> None:
        seen.append([item.message.text for item in draft.items])

    def add(draft: Draft) -> Draft:
        return draft.insert(0, user("added"))

    composition, _ = compose(path(*QUESTION), [look, add, look, LastTurns(1), DropImages()], PERMISSIVE)
    assert seen == [["q6"], ["added", "q6"]]
    assert [(line.seq, line.rule, line.note) for line in composition.decisions if line.included] == [
        (None, "test_functions_see_what_the_rules_left_and_act_in_order.<locals>.add", "inserted"),
        (11, "", ""),
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda draft: replace(draft, items=None),
        lambda draft: replace(draft, items=(*draft.items, "text")),
        lambda draft: replace(draft, items=tuple(replace(item, message={"role": "user"}) for item in draft.items)),
        lambda draft: replace(draft, items=tuple(replace(item, notes=None) for item in draft.items)),
        lambda draft: replace(draft, items=tuple(replace(item, rule=5) for item in draft.items)),
        lambda draft: replace(draft, items=tuple(replace(item, tokens=None) for item in draft.items)),
        lambda draft: replace(draft, profile=None),
        lambda draft: draft.each(lambda item: item.message.text.upper()),
    ],
)
def test_a_function_that_spoils_its_draft_is_told_so(spoil: Any) -> None:
    with pytest.raises(InvalidSetting, match="policy: ") as caught:
        compose(path(user("q")), [Window(100), spoil], OPENAI)
    assert caught.value.field == "policy"


def test_what_a_function_puts_in_uncounted_is_counted() -> None:
    def put_in(draft: Draft) -> Draft:
        return replace(draft, items=(Item(user("word " * 300), rule="mine"), *draft.items))

    with pytest.raises(ContextOverflow):
        compose(path(user("q")), [Window(100), put_in], OPENAI)
    assert compose(path(user("q")), [Window(1_000), put_in], OPENAI)[0].tokens > 250


def test_a_function_that_gives_back_no_draft_is_named() -> None:
    def forget(draft: Draft) -> Any:
        return [*draft.items]

    with pytest.raises(InvalidSetting, match="forget gave back a list, not a draft"):
        compose(path(user("q")), [forget], PERMISSIVE)


def test_a_function_that_doubles_or_invents_stored_messages_is_named() -> None:
    for items in (lambda draft: draft.items * 2, lambda draft: [replace(draft.items[0], seq=7)]):
        with pytest.raises(InvalidSetting, match="gave back a stored message twice, or one that is not there"):
            compose(path(user("q")), [lambda draft, items=items: replace(draft, items=tuple(items(draft)))], PERMISSIVE)


def test_what_a_function_changes_is_counted_anew() -> None:
    def shout(draft: Draft) -> Draft:
        items = [replace(item, message=user(item.message.text.upper())) for item in draft.items]
        return replace(draft, items=tuple(items))

    composition, _ = compose(path(user("word " * 50)), [shout], PERMISSIVE)
    line = composition.decisions[0]
    assert line.rule.endswith("shout")
    assert line.tokens == compose(path(user("WORD " * 50)), [], PERMISSIVE)[0].tokens
    assert composition.sources == (None,)


def test_what_the_model_takes_limits_a_greater_window_and_its_refill() -> None:
    entries = sized(path(*turns(10), user("now")))
    whole = compose(entries, [Window(1_000, 900)], OPENAI, most=210)[0]
    assert (whole.budget, whole.tokens) == (210, 210)
    cut = compose(entries, [Window(1_000, 900)], OPENAI, most=200)[0]
    assert (cut.budget, cut.tokens) == (200, 150)
    lower = compose(entries, [Window(1_000, 90)], OPENAI, most=200)[0]
    assert lower.tokens == 90
    assert compose(entries, [Window(100, 90)], OPENAI, most=200)[0].budget == 100


def test_a_rule_names_the_messages_it_pins() -> None:
    composition = compose(sized(path(*turns(6), user("now"))), [Pinned(2), Window(50, 40)], OPENAI)[0]
    assert [line.rule for line in composition.decisions if line.seq == 2] == ["Pinned"]


def test_rules_may_change_messages_up_to_the_mark_itself() -> None:
    call = assistant("", tool_calls=[{"id": "aaaaaaaa1", "function": {"name": "f"}}])
    again = assistant("", tool_calls=[{"id": "aaaaaaaa2", "function": {"name": "f"}}])
    entries = path(user("q"), call, tool_result("aaaaaaaa1", "old"), again, tool_result("aaaaaaaa2", "new"))
    policy = [ClearToolResults(1), Window(1_000)]
    for mark, kept in ((2, "old"), (3, "old"), (5, CLEARED)):
        state = ComposeState().cut_at(policy_key(policy), 0, mark)
        assert compose(entries, policy, OPENAI, state)[0].messages[2].content == kept
    three = [*entries, entry(6, again.replace(tool_calls=[{"id": "aaaaaaaa3", "function": {"name": "f"}}]))]
    three.append(entry(7, tool_result("aaaaaaaa3", "newest")))
    for mark, kept in ((4, "old"), (5, CLEARED)):
        state = ComposeState().cut_at(policy_key(policy), 0, mark)
        assert compose(three, policy, OPENAI, state)[0].messages[2].content == kept


def test_a_rule_of_ones_own_may_name_what_it_puts_in() -> None:
    def put_in(draft: Draft) -> Draft:
        (item, *rest) = draft.insert(0, user("first")).items
        return replace(draft, items=(replace(item, rule="mine", tokens=99), *rest))

    line = compose(path(user("q")), [put_in], OPENAI)[0].decisions[0]
    assert (line.rule, line.tokens) == ("mine", 99)


@pytest.mark.parametrize("policy", [[Window(40)], [Window(1_000), LastTurns(1)]], ids=str)
def test_a_message_from_before_a_hole_is_no_part_of_the_newest_turn(policy: list[Any]) -> None:
    entries = path(system("Be brief."), user("a"), assistant("b"), user("c"), *[assistant("d"), user("e")] * 10)
    loaded_ones = loaded(entries, tail=1, first=OPENING)
    state = ComposeState().cut_at(policy_key(policy), 23, 24)
    composition, _ = compose(loaded_ones, policy, PERMISSIVE, state)
    assert [message.text for message in composition.messages] == ["Be brief.", "e"]
