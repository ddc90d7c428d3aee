"""Taking up a turn that failed, was left, or whose process died."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from convo import MISTRAL, OPENAI, PERMISSIVE, Choice, Completion, Profile, assistant, tool_call
from convo.completions import CompletionRequest, Delta
from convo.errors import BackendFailed, BackendUnavailable, NothingToResume, StreamInterrupted, Unsupported
from convo.options import CompletionOptions
from convo.testing import ScriptedBackend

KEY = {"idempotency_key": "once"}


def broken(request: CompletionRequest) -> str:
    raise ConnectionError("no backend today")


def texts(chat: Any) -> list[str]:
    return [entry.text for entry in chat.history()]


def test_a_failed_turn_is_asked_again_with_what_it_was_asked_with(store: Any) -> None:
    backend = ScriptedBackend([BackendUnavailable("down"), "[1]}"])
    chat = store.start(backend=backend, temperature=0.5)
    with pytest.raises(BackendUnavailable):
        chat.send("hello", prefix="{", max_tokens=9, stop=["]"])
    reply = chat.resume()
    first, again = backend.requests
    assert again == first
    assert first.options == CompletionOptions(temperature=0.5, max_tokens=9, stop=["]"])
    assert first.prefix == "{"
    assert (reply.text, reply.entry.prefix, reply.turn.attempt, reply.turn.error) == ("{[1]}", "{", 2, None)
    assert texts(chat) == ["hello", "{[1]}"]
    assert [bool(call.error) for call in chat.turn(reply.turn.id)[1]] == [True, False]


def test_options_given_with_the_resumption_are_laid_over_those_it_had(store: Any) -> None:
    backend = ScriptedBackend([BackendUnavailable("down"), "yes"])
    chat = store.start(backend=backend)
    with pytest.raises(BackendUnavailable):
        chat.send("hello", max_tokens=9, temperature=0.1)
    chat.resume(max_tokens=20)
    assert backend.requests[1].options == CompletionOptions(temperature=0.1, max_tokens=20)


def test_a_turn_may_fail_again_and_again(store: Any) -> None:
    chat = store.start(backend=broken)
    with pytest.raises(BackendFailed):
        chat.send("hello", random_seed=7)
    for _ in range(3):
        with pytest.raises(BackendFailed):
            chat.resume()
    backend = ScriptedBackend("yes")
    reply = store.load(chat.id).resume(backend=backend)
    assert (reply.turn.attempt, reply.turn.calls, reply.turn.input) == (5, 5, (1, 1))
    assert backend.requests[0].options.random_seed == 7
    assert texts(chat) == ["hello", "yes"]


@pytest.mark.parametrize(
    ("profile", "continued"), [(PERMISSIVE, True), (MISTRAL, True), (OPENAI, False)], ids=lambda value: str(value)[:30]
)
def test_what_had_streamed_is_continued_where_the_backend_can(store: Any, profile: Profile, continued: bool) -> None:
    backend = ScriptedBackend(["Good morning to you", " evening"], profile=profile)
    chat = store.start(backend=backend)
    with chat.stream("hello") as stream:
        assert "".join(next(iter(stream)).text for _ in range(2)) == "Good"
    reply = chat.resume()
    assert reply.text == ("Good evening" if continued else " evening")
    assert texts(chat) == ["hello", reply.text]
    assert backend.requests[1].prefix == ("Good" if continued else "")
    assert reply.turn.status == "completed"


def test_a_resumption_is_streamed_from_where_it_broke_off(store: Any) -> None:
    chat = store.start(backend=ScriptedBackend(["Good morning to you", " evening to you"]))
    with chat.stream("hello") as stream:
        seen = "".join(next(iter(stream)).text for _ in range(2))
    again = chat.stream_resume()
    seen += "".join(delta.text for delta in again)
    assert seen == again.reply.text == "Good evening to you"
    assert texts(chat) == ["hello", "Good evening to you"]


def test_a_stream_that_broke_off_is_interrupted_and_a_refused_one_failed(store: Any) -> None:
    def breaks(problem: Exception) -> Any:
        def backend(request: CompletionRequest) -> Iterator[str]:
            yield "Good "
            raise problem

        return backend

    for problem, status in ((StreamInterrupted("cut"), "interrupted"), (BackendUnavailable("down"), "failed")):
        chat = store.start(backend=breaks(problem))
        with pytest.raises(type(problem)):
            list(chat.stream("hello"))
        assert [turn.status for turn in chat.turns()] == [status]
        assert chat.resume(backend=ScriptedBackend("morning")).text == "Good morning"


def several(request: CompletionRequest) -> Completion:
    return Completion(tuple(Choice(assistant(f"answer {index}"), "stop", index) for index in range(request.options.n)))


def breaking_off(request: CompletionRequest) -> Iterator[Delta]:
    yield Delta(text="one ")
    yield Delta(text="uno ", index=1)
    raise ConnectionError


SEVERAL: dict[str, Callable[[Any], Any]] = {
    "failed": lambda chat: chat.send("how?", n=2, backend=broken, **KEY),
    "broken off": lambda chat: list(chat.stream("how?", n=2, backend=breaking_off, **KEY)),
}


@pytest.mark.parametrize("how", SEVERAL)
def test_a_turn_with_several_choices_is_not_resumed_and_the_error_says_what_to_do(store: Any, how: str) -> None:
    chat = store.start(backend=several)
    with pytest.raises(BackendFailed):
        SEVERAL[how](chat)
    for act in (chat.resume, lambda: chat.send("how?", n=2, **KEY), lambda: chat.run(None, tools=[])):
        with pytest.raises(Unsupported) as told:
            act()
    assert "resume(n=1)" in str(told.value)
    if how == "failed":
        assert "complete(n=...)" in str(told.value)
        reply = chat.complete(n=2)
    else:
        assert "cancel()" in str(told.value)
        assert chat.cancel().text == "one "
        assert "regenerate(n=...)" in str(told.value)
        reply = chat.regenerate(n=2)
    assert [choice.message.text for choice in reply.choices] == ["answer 0", "answer 1"]
    assert texts(chat) == ["how?", "answer 0"]


@pytest.mark.parametrize("how", SEVERAL)
def test_a_turn_with_several_choices_is_resumed_for_one_and_does_not_hold_up_the_next(store: Any, how: str) -> None:
    chat = store.start(backend=several, n=1)
    with pytest.raises(BackendFailed):
        SEVERAL[how](chat)
    assert chat.resume(n=1).text == "answer 0"
    assert chat.send("how?", n=2, **KEY).text == "answer 0"
    with pytest.raises(BackendFailed):
        chat.send("and?", n=2, backend=broken)
    assert chat.send("never mind").text == "answer 0"
    assert texts(chat) == ["how?", "answer 0", "and?", "never mind", "answer 0"]


def test_there_is_nothing_to_resume_and_the_error_says_why(store: Any) -> None:
    chat = store.start(backend=lambda request: "yes")
    for expected in ("there is none", "it is completed"):
        with pytest.raises(NothingToResume, match=expected):
            chat.resume()
        chat.send("hello")
    chat.send("weather?", backend=lambda request: assistant(tool_calls=[tool_call("weather", id="c00000001")]))
    with pytest.raises(NothingToResume, match=r"it is awaiting_tools: give the results to submit\(\)"):
        chat.resume()


def test_a_turn_written_over_is_superseded_and_its_input_stays(store: Any) -> None:
    backend = ScriptedBackend("yes")
    chat = store.start(backend=broken)
    with pytest.raises(BackendFailed):
        chat.send("one")
    chat.send("two", backend=backend)
    assert [message.text for message in backend.requests[0].messages] == ["one", "two"]
    assert [(turn.status, turn.input) for turn in chat.turns()] == [("superseded", (1, 1)), ("completed", (2, 2))]
    with pytest.raises(NothingToResume):
        chat.resume()


def test_what_had_streamed_of_a_turn_written_over_stays_as_a_message_and_the_model_sees_it(store: Any) -> None:
    backend = ScriptedBackend(["Good morning to you", "yes"], profile=MISTRAL)
    chat = store.start(backend=backend)
    with chat.stream("one") as stream:
        next(iter(stream)), next(iter(stream))
    chat.send("two")
    assert [(entry.text, entry.incomplete) for entry in chat.history()] == [
        ("one", False),
        ("Good", True),
        ("two", False),
        ("yes", False),
    ]
    assert [message.text for message in backend.requests[1].messages] == ["one", "Good", "two"]


def test_a_prefix_alone_is_no_partial_answer(store: Any) -> None:
    chat = store.start(backend=ScriptedBackend(["[1]}", "[2]}"]))
    with chat.stream("one", prefix="{") as stream:
        assert next(iter(stream)).text == "{"
    chat.send("two")
    assert texts(chat) == ["one", "two", "[1]}"]


CRASHING = """
import sys, time
from convo import Conversation

def backend(request):
    print("asked", flush=True)
    time.sleep(60)

chat = Conversation.open(sys.argv[1], sys.argv[2], backend=backend, lease=0.5, temperature=0.5)
chat.send("hello", prefix="{", max_tokens=9)
"""


def test_a_turn_whose_process_was_killed_is_resumed_with_all_it_was_asked_with(
    store: Any, database_url: str, name: str
) -> None:
    chat = store.open(name, temperature=0.5)
    arguments = [sys.executable, "-c", CRASHING, database_url, name]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "asked\n"
        process.kill()
    assert texts(chat) == ["hello"]
    (lost,) = chat.turns()
    assert (lost.status, lost.input, lost.calls) == ("running", (1, 1), 0)
    time.sleep(0.5)
    backend = ScriptedBackend("[1]}")
    reply = chat.resume(backend=backend)
    assert (reply.turn.id, reply.turn.attempt, reply.text) == (lost.id, 2, "{[1]}")
    assert backend.requests[0].options == CompletionOptions(temperature=0.5, max_tokens=9)
    assert texts(chat) == ["hello", "{[1]}"]
    _, calls = chat.turn(lost.id)
    assert [(call.error or {}).get("type") for call in calls] == ["Lost", None]
    assert calls[0].request_hash == calls[1].request_hash
