"""An answer that is made to begin with a given text: sent, joined exactly once, remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from convo import MISTRAL, OPENAI, PERMISSIVE, Profile, assistant, user
from convo.completions import CompletionRequest, Delta
from convo.errors import InvalidOption, NothingToAnswer, Unsupported
from convo.profiles import PrefixSupport
from convo.testing import ScriptedBackend
from support.embedded import database_url

__all__ = ["database_url"]

REST = '"name": "Ann"}'


class Continues:
    """A backend object that repeats the prefix or not, as its profile declares."""

    name = "continues"

    def __init__(self, echoes: bool | None, says: str = REST) -> None:
        support = PrefixSupport(style="flag", echoes_whole=echoes, echoes_stream=echoes)
        self.profile: Profile = replace(PERMISSIVE, prefix=support)
        self.requests: list[CompletionRequest] = []
        self._says = says

    def complete(self, request: CompletionRequest) -> str:
        self.requests.append(request)
        return self._says

    def stream(self, request: CompletionRequest) -> Any:
        self.requests.append(request)
        yield from self._says


CASES = [
    (Continues(False), "{", "{" + REST),
    (Continues(True, "{" + REST), "{", "{" + REST),
    (Continues(None), "{", "{" + REST),
    (Continues(None, "{" + REST), "{", "{" + REST),
    (Continues(False, "{" + REST), "{", "{{" + REST),
    (Continues(True, "ha ha ha"), "ha ", "ha ha ha"),
    (Continues(False, "ha ha"), "ha ", "ha ha ha"),
    (Continues(True, "def f():\n    return 1"), "def f():\n", "def f():\n    return 1"),
    (ScriptedBackend([REST], forever=True), "{", "{" + REST),
    (ScriptedBackend([REST], forever=True, echo=True), "{", "{" + REST),
]


@pytest.mark.parametrize(("backend", "prefix", "text"), CASES)
@pytest.mark.parametrize("verb", ["send", "stream"])
def test_the_prefix_stands_in_the_answer_exactly_once(
    store: Any, backend: Any, prefix: str, text: str, verb: str
) -> None:
    chat = store.start(backend=backend)
    if verb == "send":
        reply = chat.send("Who?", prefix=prefix)
    else:
        stream = chat.stream("Who?", prefix=prefix)
        assert "".join(delta.text for delta in stream) == text
        reply = stream.reply
    assert reply.text == text
    assert reply.new_text == text[len(prefix) :]
    (_, answer) = chat.history()
    assert (answer.text, answer.prefix) == (text, prefix)
    assert not answer.message.prefix
    assert backend.requests[-1].messages[-1] == assistant(prefix, prefix=True)
    assert backend.requests[-1].prefix == prefix


@pytest.mark.parametrize("repeats", [True, False])
def test_a_plain_function_may_repeat_the_prefix_or_not(store: Any, repeats: bool) -> None:
    def whole(request: CompletionRequest) -> str:
        return (request.prefix if repeats else "") + REST

    def pieces(request: CompletionRequest) -> Any:
        yield from whole(request)

    for backend in (whole, pieces):
        chat = store.start(backend=backend)
        assert chat.send("Who?", prefix="{").text == "{" + REST
        assert "".join(delta.text for delta in chat.stream("Who?", prefix="{")) == "{" + REST


def test_what_is_sent_later_holds_the_whole_answer_as_any_other(store: Any) -> None:
    backend = ScriptedBackend([REST, "Hm."], profile=MISTRAL)
    chat = store.start(backend=backend)
    chat.send("Who?", prefix="{")
    chat.send("And?")
    assert list(backend.requests[1].messages) == [user("Who?"), assistant("{" + REST), user("And?")]


def test_a_backend_that_cannot_continue_is_not_asked_and_nothing_is_stored(store: Any) -> None:
    backend = ScriptedBackend("unused", profile=OPENAI)
    chat = store.start(backend=backend)
    verbs: list[Callable[[], Any]] = [
        lambda: chat.send("Who?", prefix="{"),
        lambda: list(chat.stream("Who?", prefix="{")),
        lambda: chat.send("Who?", prefix="{", backend=lambda request: "unused", profile=OPENAI),
    ]
    for verb in verbs:
        with pytest.raises(Unsupported, match="cannot be given the beginning of its answer: leave prefix out"):
            verb()
    assert (chat.history(), backend.requests) == ([], [])


def test_a_prefix_may_be_given_to_complete(store: Any) -> None:
    chat = store.start(["Who?"], backend=ScriptedBackend([REST], profile=MISTRAL))
    assert chat.complete(prefix="{").text == "{" + REST
    assert [entry.text for entry in chat.history()] == ["Who?", "{" + REST]


def test_an_answer_is_not_lengthened_by_a_prefix(store: Any) -> None:
    chat = store.start(["Who?", assistant("Ann.")], backend=lambda request: "unused")
    with pytest.raises(NothingToAnswer):
        chat.complete()


@pytest.mark.parametrize("prefix", [3, b"{", ["{"], True], ids=repr)
def test_a_prefix_is_a_text(store: Any, prefix: Any) -> None:
    chat = store.start(backend=lambda request: "unused")
    with pytest.raises(InvalidOption, match="prefix: must be a text"):
        chat.send("Who?", prefix=prefix)
    assert chat.history() == []


def test_no_prefix_is_no_prefix(store: Any) -> None:
    for prefix in ("", None):
        reply = store.start(backend=lambda request: request.prefix or "none").send("Who?", prefix=prefix)
        assert (reply.text, reply.entry.prefix) == ("none", "")


def test_the_first_delta_is_the_prefix(store: Any) -> None:
    stream = store.start(backend=lambda request: iter(["1", "2"])).stream("Who?", prefix="{")
    deltas: list[Delta] = list(stream)
    assert [delta.text for delta in deltas if delta.text] == ["{", "1", "2"]
