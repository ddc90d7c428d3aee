"""A stored branch as a backend: it answers exactly what is on record, and shows what changed where it cannot."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from convo import MISTRAL, OPENAI, Summarize, Window, assistant, tool
from convo.backends.scripted import ScriptedBackend
from convo.completions import Choice, Completion, Delta, Usage
from convo.context.summarizing import SYSTEM
from convo.errors import BackendFailed, InvalidSetting, RequestChanged
from support.embedded import database_url
from support.tooling import calls, path

OPENAI_WITH_PREFIX = replace(OPENAI, prefix=MISTRAL.prefix)

__all__ = ["database_url"]


def hold(chat: Any) -> list[Any]:
    """Say what a recorded conversation says, one way and the other."""
    replies = [chat.send("one", temperature=0.3), chat.send("two", response_format={"type": "json_object"})]
    with chat.stream("three") as stream:
        list(stream)
    return [*replies, stream.reply]


@pytest.fixture
def recorded(store: Any, name: str) -> Any:
    usage = Usage(prompt_tokens=7, completion_tokens=3, total_tokens=10)
    whole = Completion((Choice(assistant("I"), "length"),), usage=usage, model="large")
    chat = store.open(name, backend=ScriptedBackend([whole, "II", "III"]), system="Be terse.")
    hold(chat)
    return chat


def test_it_answers_exactly_what_is_on_record(store: Any, name: str, recorded: Any) -> None:
    backend = recorded.recorded()
    assert backend.left == 3
    again = store.open(f"{name} again", backend=backend, system="Be terse.")
    replies = hold(again)
    assert backend.left == 0
    assert [reply.message for reply in replies] == [entry.message for entry in recorded.history()][1::2]
    assert (replies[0].finish_reason, replies[0].model, replies[0].usage.total_tokens) == ("length", "large", 10)
    assert [call.request_hash for call in all_calls(again)] == [call.request_hash for call in all_calls(recorded)]


def all_calls(chat: Any) -> list[Any]:
    return [call for turn in chat.turns() for call in chat.turn(turn.id)[1]]


def test_a_request_that_changed_is_shown_beside_the_nearest_on_record(store: Any, name: str, recorded: Any) -> None:
    chat = store.open(f"{name} again", backend=recorded.recorded(), system="Be verbose.", temperature=0.3)
    with pytest.raises(RequestChanged) as changed:
        chat.send("one", top_p=0.5)
    assert changed.value.difference.splitlines() == [
        "--- as recorded",
        "+++ as asked now",
        "@@ -1,5 +1,6 @@",
        " temperature = 0.3",
        "+top_p = 0.5",
        " system:",
        "-    Be terse.",
        "+    Be verbose.",
        " user:",
        "     one",
    ]
    assert changed.value.__notes__ == [changed.value.difference]
    assert "nearest of the 3 that are is number 1" in str(changed.value)
    assert chat.turns()[-1].status == "failed"
    assert "Be verbose" not in str(chat.turns()[-1].error)


def test_the_nearest_is_the_one_of_the_same_turn(store: Any, name: str, recorded: Any) -> None:
    chat = store.open(f"{name} again", backend=recorded.recorded(), system="Be terse.")
    chat.send("one", temperature=0.3)
    with pytest.raises(RequestChanged, match="number 2") as changed:
        chat.send("zwei", response_format={"type": "json_object"})
    assert "-    two\n+    zwei" in changed.value.difference


def test_control_characters_and_long_differences_are_made_readable(store: Any, name: str) -> None:
    chat = store.open(name, backend=ScriptedBackend("\x1b[2Jred", forever=True))
    chat.send("\n".join(f"line {number}" for number in range(1000)))
    other = store.open(f"{name} again", backend=chat.recorded())
    with pytest.raises(RequestChanged) as changed:
        other.send("\x1b[2J")
    assert "\x1b" not in changed.value.difference
    assert len(changed.value.difference.splitlines()) < 220
    assert changed.value.difference.endswith("more lines")


def test_what_was_never_recorded_says_so(store: Any, name: str) -> None:
    chat = store.open(name)
    chat.append("hello", assistant("hello"))
    with pytest.raises(RequestChanged, match="nothing is on record"):
        chat.fork(at=chat.history()[0]).complete(backend=chat.recorded())


def test_a_request_made_several_times_is_answered_in_that_order(store: Any, name: str) -> None:
    chat = store.open(name, backend=ScriptedBackend(["first", ConnectionError("gone"), "second"]))
    chat.send("one", policy=[])
    with pytest.raises(BackendFailed):
        chat.send("two")
    chat.resume()
    backend = chat.recorded()
    again = store.open(f"{name} again", backend=backend)
    assert [again.send("one", policy=[]).text, again.send("two").text] == ["first", "second"]


def test_tool_rounds_prefixes_choices_and_thinking_come_as_they_were(store: Any, name: str) -> None:
    thought = assistant(
        [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "Yes."}]
    )
    two = Completion((Choice(assistant("A"), "stop"), Choice(assistant("B"), "stop", 1)))
    script = [calls(("look", {"at": "sky"}), text="Let me see."), "Blue.", "1}", two, thought]
    look = tool(lambda at: f"{at} seen", name="look")

    def talk(chat: Any) -> list[Any]:
        return [
            chat.run("Look!", tools=[look]).message,
            chat.send("As JSON.", prefix='{"n": ').message,
            *(choice.message for choice in chat.send("Choose.", n=2, temperature=1.0).choices),
            chat.send("Think.", policy=[Window(1000, 500)]).message,
        ]

    chat = store.open(name, backend=ScriptedBackend(script, profile=OPENAI_WITH_PREFIX))
    first = talk(chat)
    again = store.open(f"{name} again", backend=chat.recorded(OPENAI_WITH_PREFIX))
    assert talk(again) == first
    assert path(again) == path(chat)
    other = next(branch for branch in chat.branches() if branch.no)
    beside = store.load(chat.id, branch=other.no).recorded(OPENAI_WITH_PREFIX)
    assert beside.left == 4


def test_an_answer_that_was_continued_comes_as_a_whole(store: Any, name: str) -> None:
    def broken(request: Any) -> Any:
        yield Delta(text="It is ")
        raise ConnectionError("gone")

    whole = ScriptedBackend(["blue."], profile=MISTRAL)
    chat = store.open(name, backend=broken, profile=MISTRAL)
    with pytest.raises(BackendFailed), chat.stream("Which?") as stream:
        list(stream)
    chat.resume(backend=whole)
    assert path(chat) == ["u:Which?", "a:It is blue."]
    (recorded,) = chat.recorded(MISTRAL)._recorded
    assert recorded.request.prefix == "It is "
    again = store.open(f"{name} again", backend=broken, profile=MISTRAL)
    with pytest.raises(BackendFailed), again.stream("Which?") as stream:
        list(stream)
    assert again.resume(backend=chat.recorded(MISTRAL)).text == "It is blue."


def test_threads_share_it(store: Any, name: str) -> None:
    chat = store.open(name, backend=ScriptedBackend("hello", forever=True))
    chat.send("hi")
    backend = chat.recorded()
    (recorded,) = backend._recorded
    threads = [threading.Thread(target=backend._answer, args=(recorded.request,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert backend._asked[recorded.request.hash] == 8


def test_a_profile_is_needed(store: Any, name: str) -> None:
    with pytest.raises(InvalidSetting, match="profile"):
        store.open(name).recorded(profile="mistral")


def test_summaries_come_as_they_were_told(store: Any, name: str) -> None:
    def model(request: Any) -> str:
        return f"Told of {len(request.messages)}." if request.messages[0].text == SYSTEM else "Hm, " * 20

    def talk(chat: Any) -> None:
        for number in range(30):
            chat.send(f"question number {number}", policy=[Summarize(when=400, keep=200)])

    chat = store.open(name, backend=model)
    talk(chat)
    backend = chat.recorded()
    assert backend.left > 30
    again = store.open(f"{name} again", backend=backend)
    talk(again)
    assert backend.left == 0
    assert [call.request_hash for call in all_calls(again)] == [call.request_hash for call in all_calls(chat)]
