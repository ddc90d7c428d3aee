"""How a path is made into a list that its profile accepts: every repair, and the line that tells of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from convo.context.account import Composition
from convo.context.compose import compose
from convo.context.layout import NO_RESULT
from convo.errors import OrderViolation, Unsupported
from convo.messages import assistant, message_from, system, user
from convo.profiles import MISTRAL, MISTRAL_V7, OPENAI, PERMISSIVE, PrefixSupport
from support.histories import entry, path
from support.mistral_oracle import refusals

IMAGE = {"type": "image_url", "image_url": "https://images.example/a.png"}
THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
TRAILING = replace(OPENAI, prefix=PrefixSupport(style="trailing"))


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def asks(*ids: str, content: Any = "", name: str = "f", **more: Any) -> Any:
    calls = [{"id": id, "function": {"name": name, "arguments": "{}"}} for id in ids]
    return assistant(content, tool_calls=calls, **more)


def tells(id: str | None, content: Any = "r", **more: Any) -> Any:
    return message_from({"role": "tool", "content": content, "tool_call_id": id, **more})


def composed(*messages: Any, profile: Any = MISTRAL, policy: Any = (), **more: Any) -> Composition:
    composition = compose(path(*messages), policy, profile, **more)[0]
    if profile == MISTRAL:
        assert refusals(composition.messages) == {}
    return composition


def shape(composition: Composition) -> list[Any]:
    """The list in short: U, A, T or S with the content; an assistant's calls by their ids."""
    short = []
    for message in composition.messages:
        said: Any = (
            message.content if isinstance(message.content, str | None) else [c.to_json() for c in message.content]
        )
        ids = [call.id for call in getattr(message, "calls", ())]
        short.append((message.role[0].upper(), said, ids) if ids else (message.role[0].upper(), said))
    return short


def notes(composition: Composition) -> list[tuple[int | None, bool, str, str]]:
    return [(line.seq, line.included, line.rule, line.note) for line in composition.decisions]


def test_what_the_profile_accepts_leaves_as_it_is() -> None:
    messages = [system("s"), user("u"), asks("aaaaaaaa1"), tells("aaaaaaaa1", name="f"), assistant("a"), user("v")]
    for profile in (MISTRAL, OPENAI, PERMISSIVE):
        composition = composed(*messages, profile=profile)
        assert list(composition.messages) == messages
        assert composition.sources == (1, 2, 3, 4, 5, 6)
        assert composition.call_ids == {}
        assert notes(composition) == [(1, True, "opening", ""), *((seq, True, "", "") for seq in range(2, 7))]


def test_the_system_prompt_goes_first_and_is_merged_with_stored_ones() -> None:
    composition = composed(system("stored"), user("u"), system="given")
    assert shape(composition) == [("S", "given\n\nstored"), ("U", "u")]
    assert composition.sources == (None, 2)
    assert notes(composition) == [
        (None, True, "system", "the conversation's system prompt; one message with seq 1"),
        (1, True, "opening", "one message with the conversation's system prompt"),
        (2, True, "", ""),
    ]
    assert shape(composed(system("stored"), user("u"), system="given", profile=OPENAI)) == [
        ("S", "given"),
        ("S", "stored"),
        ("U", "u"),
    ]
    assert shape(composed(user("u"), system="")) == [("U", "u")]


def test_neighbours_of_a_role_are_merged_with_a_blank_line() -> None:
    composition = composed(user("a"), user(""), user("b"), assistant("c"), assistant([text("d"), THINKING]), user("e"))
    assert shape(composition) == [("U", "a\n\nb"), ("A", [text("c"), text("d"), THINKING]), ("U", "e")]
    assert notes(composition)[0] == (1, True, "", "one message with seq 2, seq 3")
    assert composition.sources == (None, None, 6)
    assert len(composed(user("a"), user("b"), profile=OPENAI).messages) == 2


def test_chunks_of_merged_messages_are_strung_together() -> None:
    composition = composed(user([text("a"), IMAGE]), user("b"), user(""), user([text("c")]))
    assert shape(composition) == [("U", [text("a"), IMAGE, text("b"), text("c")])]
    assert shape(composed(user(""), user(""))) == [("U", "")]


def test_results_come_right_behind_their_call_in_its_order() -> None:
    composition = composed(
        user("u"), asks("aaaaaaaa1", "aaaaaaaa2"), tells("aaaaaaaa2", "2"), user("v"), tells("aaaaaaaa1", "1")
    )
    assert shape(composition) == [
        ("U", "u"),
        ("A", "", ["aaaaaaaa1", "aaaaaaaa2"]),
        ("T", "1"),
        ("T", "2"),
        ("A", "…"),
        ("U", "v"),
    ]
    assert [line.seq for line in composition.decisions] == [1, 2, 5, 3, None, 4]


def test_a_call_without_result_gets_a_stand_in() -> None:
    for profile in (MISTRAL, OPENAI, PERMISSIVE):
        composition = composed(
            user("u"), asks("aaaaaaaa1", "aaaaaaaa2"), tells("aaaaaaaa2"), user("v"), profile=profile
        )
        assert [message.role for message in composition.messages][:4] == ["user", "assistant", "tool", "tool"]
        stand_in = composition.messages[2]
        assert stand_in.to_json() == {"role": "tool", "content": NO_RESULT, "tool_call_id": "aaaaaaaa1", "name": "f"}
        assert (None, True, "profile", "stand-in: the call has no result") in notes(composition)


def test_a_call_that_ends_the_path_is_answered_too() -> None:
    assert shape(composed(user("u"), asks("aaaaaaaa1"))) == [("U", "u"), ("A", "", ["aaaaaaaa1"]), ("T", NO_RESULT)]


def test_an_orphan_result_stays_out_where_the_profile_is_strict() -> None:
    messages = [user("u"), assistant("a"), tells("aaaaaaaa1"), user("v")]
    for profile in (MISTRAL, OPENAI):
        composition = composed(*messages, profile=profile)
        assert shape(composition) == [("U", "u"), ("A", "a"), ("U", "v")]
        assert (3, False, "profile", "a result of no call in the list") in notes(composition)
    assert len(composed(*messages, profile=PERMISSIVE).messages) == 4


def test_a_second_result_of_a_call_is_an_orphan() -> None:
    composition = composed(user("u"), asks("aaaaaaaa1"), tells("aaaaaaaa1", "1"), tells("aaaaaaaa1", "2"))
    assert shape(composition)[2:] == [("T", "1")]


def test_ids_are_mapped_on_both_sides() -> None:
    composition = composed(user("u"), asks("call_1"), tells("call_1", name="f"))
    assert shape(composition)[1] == ("A", "", ["sc7YU2h1O"])
    assert composition.messages[2].to_json() == {
        "role": "tool",
        "content": "r",
        "tool_call_id": "sc7YU2h1O",
        "name": "f",
    }
    assert composition.call_ids == {"sc7YU2h1O": "call_1"}
    assert composition.sources == (1, None, None)
    assert notes(composition)[1:] == [
        (2, True, "", "call ids or names mapped"),
        (3, True, "", "call id or name mapped"),
    ]


def test_a_missing_id_is_made_on_both_sides() -> None:
    for profile in (MISTRAL, OPENAI):
        composition = composed(user("u"), asks("null"), tells("aaaaaaaa1"), profile=profile)
        call, result = composition.messages[1], composition.messages[2]
        assert call.calls[0].id == result.tool_call_id != "null"
    composition = composed(user("u"), asks("null"), tells(None), profile=PERMISSIVE)
    assert composition.sources == (1, 2, 3)
    assert composition.call_ids == {}


def test_an_id_pattern_alone_maps_ids_and_keeps_the_order() -> None:
    profile = replace(PERMISSIVE, tool_call_id="[a-zA-Z0-9]{9}")
    composition = composed(user("u"), asks("call_1"), user("v"), tells("call_1"), profile=profile)
    assert [message.role for message in composition.messages] == ["user", "assistant", "user", "tool"]
    assert composition.messages[3].tool_call_id == composition.messages[1].calls[0].id == "sc7YU2h1O"


def test_names_are_made_portable_on_both_sides() -> None:
    composition = composed(user("u"), asks("aaaaaaaa1", name="get x!"), tells("aaaaaaaa1", name="get x!"))
    assert composition.messages[1].calls[0].name == "get_x_"
    assert composition.messages[2].name == "get_x_"
    composition = composed(user("u"), asks("aaaaaaaa1", name="get x!"), tells("aaaaaaaa1", name="ok"))
    assert composition.messages[2].name == "ok"


def test_a_bridge_stands_between_a_tool_result_and_the_user() -> None:
    composition = composed(user("u"), asks("aaaaaaaa1"), tells("aaaaaaaa1"), user("v"))
    assert shape(composition)[3:] == [("A", "…"), ("U", "v")]
    assert (None, True, "profile", "bridge: user after tool is not accepted") in notes(composition)
    assert len(composed(user("u"), asks("x"), tells("x"), user("v"), profile=OPENAI).messages) == 4


def test_what_is_said_beside_calls_goes_ahead_of_them() -> None:
    messages = [user("u"), asks("aaaaaaaa1", content="let me see"), tells("aaaaaaaa1")]
    composition = composed(*messages)
    assert shape(composition) == [
        ("U", "u"),
        ("A", "let me see"),
        ("U", "…"),
        ("A", "", ["aaaaaaaa1"]),
        ("T", "r"),
    ]
    assert composition.sources == (1, None, None, None, 3)
    assert notes(composition)[1:3] == [
        (2, True, "", "what it says goes ahead of its calls"),
        (None, True, "profile", "bridge: assistant after assistant is not accepted"),
    ]
    for profile in (OPENAI, MISTRAL_V7):
        assert list(composed(*messages, profile=profile).messages) == messages


def test_content_beside_calls_that_says_nothing_is_left_out() -> None:
    composition = composed(user("u"), asks("aaaaaaaa1", content=[text("")]), tells("aaaaaaaa1"))
    assert shape(composition) == [("U", "u"), ("A", "", ["aaaaaaaa1"]), ("T", "r")]
    assert composed(user("u"), asks("aaaaaaaa1", content=None), tells("aaaaaaaa1")).sources == (1, 2, 3)


def test_text_before_calls_merges_where_both_may_be_together() -> None:
    composition = composed(
        user("u"), assistant("a"), asks("aaaaaaaa1", content="b"), tells("aaaaaaaa1"), profile=MISTRAL_V7
    )
    assert shape(composition) == [("U", "u"), ("A", "a\n\nb", ["aaaaaaaa1"]), ("T", "r")]
    assert refusals(composition.messages, [7, 11, 13, 15], exact=True) == {}


def test_an_assistant_message_that_says_nothing_is_left_out() -> None:
    for mute in (assistant(""), assistant(None), assistant([text("")]), assistant("", tool_calls=[])):
        composition = composed(user("u"), mute, user("v"))
        assert shape(composition) == [("U", "u\n\nv")]
        assert (2, False, "profile", "says nothing and calls nothing") in notes(composition)
        assert len(composed(user("u"), mute, user("v"), profile=PERMISSIVE).messages) == 3


def test_an_empty_list_of_calls_is_left_out() -> None:
    composition = composed(user("u"), assistant("a", tool_calls=[]), user("v"), profile=PERMISSIVE)
    assert composition.messages[1].to_json() == {"role": "assistant", "content": "a"}


def test_chunks_a_profile_refuses_are_left_out_and_named() -> None:
    composition = composed(user("u"), assistant([THINKING, text("a")]), user("v"), profile=OPENAI)
    assert shape(composition) == [("U", "u"), ("A", [text("a")]), ("U", "v")]
    assert (2, True, "", "left out, not accepted by openai: thinking") in notes(composition)
    composition = composed(user("u"), assistant([THINKING]), user("v"), profile=OPENAI)
    assert (2, False, "profile", "left out, not accepted by openai: thinking; says nothing and calls nothing") in notes(
        composition
    )


def test_a_message_that_held_refused_chunks_alone_says_so_to_the_model() -> None:
    hologram = {"type": "hologram"}
    composition = composed(user([hologram]), asks("aaaaaaaa1"), tells("aaaaaaaa1", [IMAGE, hologram]), profile=OPENAI)
    assert shape(composition)[0] == ("U", "[left out: hologram]")
    assert shape(composition)[2] == ("T", "[left out: hologram, image_url]")
    composition = composed(system([THINKING]), user("u"), profile=OPENAI)
    assert shape(composition) == [("U", "u")]
    assert (1, False, "profile", "left out, not accepted by openai: thinking; says nothing and calls nothing") in notes(
        composition
    )


def test_a_system_message_after_an_answer_goes_out_as_the_users() -> None:
    composition = composed(user("u"), assistant("a"), system("late"), user("v"))
    assert shape(composition) == [("U", "u"), ("A", "a"), ("U", "late\n\nv")]
    assert notes(composition)[2] == (3, True, "", "system message sent as the user's; one message with seq 4")
    assert shape(composed(user("u"), assistant("a"), system("late"), user("v"), profile=OPENAI))[2] == ("S", "late")


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([user("u"), system("s"), user("v")], [("U", "u"), ("S", "s"), ("U", "v")]),
        ([user("u"), system("s"), system("t"), user("v")], [("U", "u"), ("S", "s\n\nt"), ("U", "v")]),
        ([user("u"), system("s")], [("U", "u\n\ns")]),
        ([user("u"), system("s"), assistant("a"), user("v")], [("U", "u\n\ns"), ("A", "a"), ("U", "v")]),
        ([system("s"), assistant("a"), user("v")], [("S", "s"), ("A", "a"), ("U", "v")]),
        ([system("s"), system("t")], [("U", "s\n\nt")]),
        ([system("s")], [("U", "s")]),
        (
            [user("u"), asks("aaaaaaaa1"), system("s"), tells("aaaaaaaa1")],
            [("U", "u"), ("A", "", ["aaaaaaaa1"]), ("T", "r"), ("A", "…"), ("U", "s")],
        ),
    ],
)
def test_where_a_system_message_may_stand_under_mistral(messages: list[Any], expected: list[Any]) -> None:
    assert shape(composed(*messages)) == expected


def test_where_a_system_message_may_stand_under_other_profiles() -> None:
    first_only = replace(PERMISSIVE, system="start")
    none_at_all = replace(PERMISSIVE, system="none")
    messages = [system("s"), user("u"), system("t"), user("v")]
    assert shape(composed(*messages, profile=first_only)) == [("S", "s"), ("U", "u"), ("U", "t\n\nv")]
    assert shape(composed(*messages, profile=none_at_all)) == [("U", "s\n\nu"), ("U", "t\n\nv")]
    assert shape(composed(*messages, profile=none_at_all, system="given"))[0] == ("U", "given\n\ns\n\nu")
    assert shape(composed(system("s"), assistant("a"), user("u"), profile=none_at_all))[0] == ("U", "s")
    assert shape(composed(user("u"), system("s"), profile=replace(first_only, last=frozenset({"user"})))) == [
        ("U", "u"),
        ("U", "s"),
    ]


def test_a_system_prompt_alone_is_no_list() -> None:
    with pytest.raises(OrderViolation, match="system end"):
        compose([], [], MISTRAL, system="given")
    with pytest.raises(OrderViolation, match="no message to send"):
        compose([], [], PERMISSIVE)


def test_a_path_that_begins_with_calls_gets_an_opening() -> None:
    composition = composed(asks("aaaaaaaa1"), tells("aaaaaaaa1"), user("u"))
    assert shape(composition)[:2] == [("U", "…"), ("A", "", ["aaaaaaaa1"])]
    assert notes(composition)[0] == (None, True, "profile", "bridge: assistant first is not accepted")
    assert shape(composed(asks("aaaaaaaa1"), tells("aaaaaaaa1"), system="s"))[0] == ("S", "s")
    assert shape(composed(assistant("{", prefix=True))) == [("U", "…"), ("A", "{")]
    assert shape(composed(assistant("hello"), user("u"))) == [("A", "hello"), ("U", "u")]


def test_a_step_no_bridge_can_mend_is_refused() -> None:
    with pytest.raises(OrderViolation):
        composed(asks("aaaaaaaa1"), tells("aaaaaaaa1"), user("u"), profile=replace(MISTRAL_V7, bridge=None))


def test_a_list_that_ends_with_an_answer_is_refused() -> None:
    with pytest.raises(OrderViolation, match="assistant end the list") as caught:
        composed(user("u"), assistant("a"))
    assert caught.value.index == 1


def test_a_prefix_goes_last_and_on_its_own() -> None:
    composition = composed(user("u"), assistant("a"), assistant("{", prefix=True))
    assert shape(composition) == [("U", "u"), ("A", "a"), ("U", "…"), ("A", "{")]
    assert composition.messages[-1].prefix
    assert shape(composed(user("u"), assistant("a"), assistant("{", prefix=True), profile=TRAILING))[1:] == [
        ("A", "a"),
        ("A", "{"),
    ]


def test_a_prefix_that_is_not_last_is_an_answer() -> None:
    composition = composed(user("u"), assistant("a", prefix=True), user("v"))
    assert composition.messages[1].to_json() == {"role": "assistant", "content": "a"}
    assert notes(composition)[1] == (2, True, "", "no longer a prefix")


def test_a_prefix_that_says_nothing_asks_for_nothing() -> None:
    assert shape(composed(user("u"), assistant("", prefix=True))) == [("U", "u")]


def test_calls_cannot_be_continued() -> None:
    composition = composed(user("u"), asks("aaaaaaaa1", prefix=True))
    assert [message.role for message in composition.messages] == ["user", "assistant", "tool"]
    assert not composition.messages[1].prefix


def test_a_prefix_that_cannot_be_continued_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="openai cannot continue an assistant message"):
        composed(user("u"), assistant("{", prefix=True), profile=OPENAI)


def test_erased_entries_stay_out_and_incomplete_answers_go_out() -> None:
    entries = [
        entry(1, user("u")),
        entry(2, assistant(""), erased=True),
        entry(3, assistant("half an ans"), incomplete=True),
        entry(4, user("v")),
    ]
    composition = compose(entries, [], MISTRAL)[0]
    assert shape(composition) == [("U", "u"), ("A", "half an ans"), ("U", "v")]
    assert notes(composition)[1] == (2, False, "erased", "erased")


def test_the_results_of_an_erased_call_stay_out() -> None:
    entries = [
        entry(1, user("u")),
        entry(2, assistant(""), erased=True),
        entry(3, tells("aaaaaaaa1")),
        entry(4, user("v")),
    ]
    assert shape(compose(entries, [], MISTRAL)[0]) == [("U", "u\n\nv")]
