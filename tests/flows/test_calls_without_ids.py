"""Tool calls that came without an id of their own: each waits for its result, and no other's result is taken for it."""

from __future__ import annotations

from typing import Any

import pytest

from convo import MISTRAL, assistant, tool_call, tool_result, user
from convo.errors import UnknownToolCall
from convo.messages import ToolMessage
from convo.testing import ScriptedBackend
from support.embedded import database_url

__all__ = ["database_url"]

NAMELESS: list[dict[str, Any]] = [
    {"function": {"name": "look"}},
    {"id": "", "function": {"name": "look"}},
    {"id": "null", "function": {"name": "listen"}},
]
DOUBLED = [tool_call("look", id="aaaaaaaa1"), tool_call("listen", id="aaaaaaaa1")]


@pytest.fixture
def store(face: Any, database_url: str) -> Any:
    return face.Store(database_url)


@pytest.mark.parametrize("calls", [NAMELESS, DOUBLED])
def test_each_waits_and_is_answered(store: Any, calls: list[Any]) -> None:
    backend = ScriptedBackend(["Done."], profile=MISTRAL)
    chat = store.start(backend=backend)
    chat.append("Look, and listen!", assistant(tool_calls=calls))
    waiting = chat.waiting()
    assert len({call.id for call in waiting}) == len(waiting) == len(calls)
    assert not {"", "null"} & {call.id for call in waiting}
    assert chat.submit({waiting[-1].id: "the last"}) is None
    assert chat.submit({call.id: "another" for call in waiting[:-1]}).text == "Done."
    sent = backend.requests[-1].messages[-len(calls) :]
    assert [message.text for message in sent] == ["another"] * (len(calls) - 1) + ["the last"]


@pytest.mark.parametrize("bring", ["start", "append", "send"])
def test_results_that_come_with_them_answer_them(store: Any, bring: str) -> None:
    messages = [
        user("Look!"),
        assistant(tool_calls=NAMELESS),
        tool_result("null", "one"),
        {"role": "tool", "content": "two"},
        tool_result("", "three"),
    ]
    backend = ScriptedBackend(["Yes."], profile=MISTRAL)
    chat = store.start(messages if bring == "start" else (), backend=backend)
    if bring == "append":
        chat.append(*messages)
    if bring == "send":
        chat.send(messages)
    else:
        assert chat.waiting() == ()
        chat.complete()
    calls = backend.requests[-1].messages[1].calls
    results = [message for message in backend.requests[-1].messages if isinstance(message, ToolMessage)]
    assert [(result.tool_call_id, result.text) for result in results] == [
        (call.id, text) for call, text in zip(calls, ("one", "two", "three"), strict=True)
    ]


def test_a_result_that_names_no_call_answers_the_first_that_waits(store: Any) -> None:
    call = tool_call("look")
    chat = store.start(backend=ScriptedBackend(["First.", "Second.", "Third."]))
    chat.append("Look!", assistant(tool_calls=[call]))
    assert chat.submit([tool_result(call, "a tree")]).text == "First."
    chat.append("Look again!", assistant(tool_calls=[call]))
    assert chat.submit({call.id: "a bush"}).text == "Second."
    chat.append("Once more!", assistant(tool_calls=[call, call, tool_call("look", id="mine")]))
    chat.append(tool_result("mine", "three"), tool_result(call, "one"))
    (left,) = chat.waiting()
    chat.append({"role": "tool", "content": "two"})
    results = [entry.message for entry in chat.history()][-3:]
    stored = chat.history()[-4].message.calls
    assert [result.tool_call_id for result in results] == [stored[2].id, stored[0].id, stored[1].id]
    assert left == stored[1]
    with pytest.raises(UnknownToolCall, match="none is waiting"):
        chat.append({"role": "tool", "content": "four"})


def test_a_handle_that_has_not_seen_the_call_gives_its_result_too(store: Any) -> None:
    chat = store.start()
    other = store.load(chat.id)
    chat.append("Look!", assistant(tool_calls=[tool_call("look")]))
    other.append({"role": "tool", "content": "a tree"})
    assert chat.waiting() == ()


def test_the_same_talk_is_on_record_whoever_brings_it_again(store: Any) -> None:
    def talk(backend: Any) -> Any:
        chat = store.start(backend=backend)
        chat.append("Look!", assistant(tool_calls=NAMELESS))
        chat.submit([tool_result("null", text) for text in ("one", "two", "three")])
        return chat

    recorded = talk(ScriptedBackend(["Done."])).recorded()
    assert talk(recorded).history()[-1].text == "Done."


def test_what_would_be_sent_is_what_is_sent(store: Any) -> None:
    backend = ScriptedBackend(["Yes."])
    chat = store.start(backend=backend)
    given = [user("Look!"), assistant(tool_calls=NAMELESS), *(tool_result("null", text) for text in ("1", "2", "3"))]
    foretold = chat.compose(given).messages
    chat.send(given)
    assert backend.requests[-1].messages == foretold


def test_one_put_in_the_place_of_another_is_given_an_id(store: Any) -> None:
    chat = store.start(["Look!", assistant("I see nothing.")])
    chat.edit(chat.history()[-1], assistant(tool_calls=[tool_call("look"), tool_call("look")]), answer=False)
    assert len({call.id for call in chat.waiting()}) == 2


@pytest.mark.parametrize("ids", [["mine", "yours"], ["null"], [""], ["mine"]])
def test_calls_that_can_be_told_apart_stay_as_they_came(store: Any, ids: list[str]) -> None:
    message = assistant(tool_calls=[tool_call("look", id=each) for each in ids])
    chat = store.start(["Look!", message])
    assert chat.history()[-1].message == message
    assert [call.id for call in chat.waiting()] == ids


@pytest.mark.parametrize(("asked", "answered"), [("null", "other"), ("mine", None), ("", "null")])
def test_a_call_is_not_waited_for_that_was_answered_by_a_result_of_another_id(
    store: Any, asked: str, answered: str | None
) -> None:
    result = {"role": "tool", "content": "a tree"} | ({"tool_call_id": answered} if answered else {})
    chat = store.start(["Look!", assistant(tool_calls=[tool_call("look", id=asked)]), result])
    assert chat.history()[-1].message.to_json() == result
    assert chat.waiting() == ()


def test_a_call_without_an_id_beside_one_that_has_one_does_not_get_its_result(store: Any) -> None:
    backend = ScriptedBackend(["Done."], profile=MISTRAL)
    chat = store.start(backend=backend)
    chat.append("Look!", assistant(tool_calls=[tool_call("look", id="aaaaaaaa1"), tool_call("listen")]))
    heard = chat.waiting()[1]
    assert chat.submit({heard.id: "a bird"}) is None
    chat.submit({"aaaaaaaa1": "a tree"})
    assert [message.text for message in backend.requests[-1].messages[-2:]] == ["a tree", "a bird"]
