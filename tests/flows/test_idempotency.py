"""Idempotency keys: a verb repeated under one key has one effect and gives one answer, whoever repeats it and when."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from convo import Choice, Completion, Conversation, Store, assistant, tool_call
from convo.completions import CompletionRequest
from convo.errors import BackendFailed, IdempotencyMismatch, TurnClosed, TurnInProgress
from convo.flows import idempotency, resuming, running
from convo.testing import ScriptedBackend
from support.embedded import database_url
from support.held import Held

__all__ = ["database_url"]

KEY = {"idempotency_key": "once"}
CALL = tool_call("add", {"a": 1, "b": 2}, id="c00000001")
SHORT = Completion((Choice(assistant("a beginning"), "length"),))


def add(a: int, b: int) -> int:
    """Return the sum."""
    return a + b


class Counting:
    """Answers with how often it was asked; wants a sum made where the last message says "add"."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, request: CompletionRequest) -> Any:
        self.asked += 1
        wants_call = request.messages[-1].text == "add"
        return assistant(tool_calls=[CALL]) if wants_call else f"{request.prefix}answer {self.asked}"


def broken(request: CompletionRequest) -> str:
    raise ConnectionError


def read(stream: Any) -> Any:
    for _ in stream:
        pass
    return stream.reply


def nothing(chat: Any) -> None:
    """The conversation as it is."""


def fails(chat: Any) -> None:
    with suppress(BackendFailed):
        chat.send("go on", backend=broken)


@dataclass(frozen=True)
class Verb:
    """What is done twice, with ``**KEY``, on a conversation prepared by ``before``."""

    name: str
    act: Callable[[Any], Any]
    before: Callable[[Any], Any] = nothing


VERBS = [
    Verb("send", lambda chat: chat.send("what?", **KEY)),
    Verb("stream", lambda chat: read(chat.stream("what?", **KEY))),
    Verb("complete", lambda chat: chat.complete(**KEY), lambda chat: chat.append("and?")),
    Verb("stream None", lambda chat: read(chat.stream(None, **KEY)), lambda chat: chat.append("and?")),
    Verb("run", lambda chat: chat.run("add", tools=[add], **KEY)),
    Verb("stream_run", lambda chat: read(chat.stream_run("add", tools=[add], **KEY))),
    Verb("run None", lambda chat: chat.run(None, tools=[add], **KEY), lambda chat: chat.append("add")),
    Verb("submit", lambda chat: chat.submit({CALL.id: 3}, **KEY), lambda chat: chat.send("add")),
    Verb("stream_submit", lambda chat: read(chat.stream_submit({CALL.id: 3}, **KEY)), lambda chat: chat.send("add")),
    Verb("resume", lambda chat: chat.resume(**KEY), fails),
    Verb("stream_resume", lambda chat: read(chat.stream_resume(**KEY)), fails),
    Verb("regenerate", lambda chat: chat.regenerate(**KEY)),
    Verb("edit", lambda chat: chat.edit(chat.history()[0], "good morning", **KEY)),
]
each = pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)


def made(store: Any, verb: Verb, backend: Any) -> Any:
    chat = store.start(backend=backend)
    chat.send("hello")
    verb.before(chat)
    return chat


@each
@pytest.mark.parametrize("by", ["the same handle", "another process"])
def test_a_verb_repeated_under_its_key_gives_the_stored_reply(verb: Verb, by: str, store: Any, elsewhere: Any) -> None:
    backend = Counting()
    chat = made(store, verb, backend)
    first = chat.history()[0]
    reply = verb.act(chat)
    asked, path, branches = backend.asked, chat.history(), chat.branches()
    again = chat if by == "the same handle" else elsewhere(chat, backend)
    repeated = again.edit(first, "good morning", **KEY) if verb.name == "edit" else verb.act(again)
    assert (repeated.turn.id, repeated.text, repeated.entry) == (reply.turn.id, reply.text, reply.entry)
    assert backend.asked == asked
    assert again.history() == path
    assert again.branches() == branches
    assert again.branch.no == chat.branch.no


@each
def test_a_verb_whose_backend_failed_is_taken_up_under_its_key(verb: Verb, store: Any) -> None:
    backend = Counting()
    chat = made(store, verb, backend)
    first = chat.history()[0]
    chat = store.load(chat.id, backend=broken)
    with pytest.raises(BackendFailed):
        verb.act(chat)
    turns = chat.turn_counts()
    again = store.load(chat.id, backend=backend)
    reply = again.edit(first, "good morning", **KEY) if verb.name == "edit" else verb.act(again)
    assert again.turn_counts() == turns
    assert again.history()[-1].text == reply.text == f"answer {backend.asked}"


def test_messages_repeated_under_their_key_are_stored_once(store: Any, elsewhere: Any) -> None:
    chat = store.start()
    entries = chat.append("one", "two", **KEY)
    assert elsewhere(chat).append("one", "two", **KEY) == entries
    edited = store.start(["one", "two"])
    first = edited.history()[0]
    for _ in range(2):
        assert edited.edit(first, "uno", answer=False, **KEY) is None
    assert [branch.name for branch in edited.branches()] == ["main", "branch-1"]


def test_a_key_used_for_something_else_says_so(store: Any) -> None:
    chat = store.start(backend=Counting())
    chat.send("hello", **KEY)
    others: list[Callable[[], Any]] = [
        lambda: chat.send("good morning", **KEY),
        lambda: chat.append("hello", **KEY),
        lambda: chat.resume(**KEY),
        lambda: chat.fork().send("hello", **KEY),
    ]
    for other in others:
        with pytest.raises(IdempotencyMismatch):
            other()
    assert [entry.text for entry in chat.history()] == ["hello", "answer 1"]


def test_an_answer_that_ended_for_length_is_given_back_as_it_is(store: Any, database_url: str) -> None:
    """Though ``resume`` would lengthen it: also to who waited for it."""
    chat = store.start(backend=Counting())
    with Held(database_url, chat.id, lambda chat: chat.send("what?", **KEY), lease=40) as held:
        with pytest.raises(TurnInProgress):
            chat.send("what?", **KEY)
        threading.Timer(0.1, held.release, [SHORT]).start()
        reply = chat.send("what?", wait=30, **KEY)
    assert reply.text == chat.send("what?", **KEY).text == "a beginning"
    assert len(chat.branches()) == 1


@pytest.mark.parametrize("verb", ["send", "run"])
def test_who_waits_for_the_turn_of_a_key_takes_up_no_other(verb: str, store: Any, database_url: str) -> None:
    chat = store.start(backend=Counting())
    act = VERBS[0].act if verb == "send" else lambda chat: chat.run("what?", tools=[add], **KEY)
    held = Held(database_url, chat.id, act, lease=40)
    waiting = Retry(database_url, chat, lambda chat: act(Waiting(chat)))
    time.sleep(0.3)
    held.release("the answer")
    with pytest.raises(BackendFailed):
        store.load(chat.id).send("and?", wait=30, backend=broken)
    assert waiting.outcome().text == "the answer"
    assert [turn.status for turn in chat.turns()] == ["completed", "failed"]


@pytest.mark.parametrize("name", ["resume", "stream_resume", "run None"])
def test_who_is_overtaken_by_the_same_verb_under_the_same_key_gets_its_reply(
    name: str, store: Any, elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    verb = next(each for each in VERBS if each.name == name)
    backend = Counting()
    chat = store.start(backend=backend)
    fails(chat)
    recall = idempotency.recall

    async def overtaken(*given: Any) -> None:
        await recall(*given)
        monkeypatch.setattr(idempotency, "recall", recall)
        verb.act(elsewhere(chat, backend))

    monkeypatch.setattr(idempotency, "recall", overtaken)
    assert verb.act(chat).text == "answer 1"
    assert [entry.text for entry in chat.history()] == ["go on", "answer 1"]


class Waiting:
    """A conversation whose verbs wait for a running turn."""

    def __init__(self, chat: Conversation) -> None:
        self._chat = chat

    def __getattr__(self, name: str) -> Any:
        return lambda *given, **options: getattr(self._chat, name)(*given, wait=30, **options)


class Retry:
    """A verb repeated in a thread, by a handle of its own."""

    def __init__(self, url: str, chat: Any, act: Callable[[Conversation], Any]) -> None:
        self._given = url, chat.id, act
        self._thread = threading.Thread(target=self._run)
        self._outcome: Any = None
        self._thread.start()

    def _run(self) -> None:
        url, chat_id, act = self._given
        try:
            with Store(url) as store:
                self._outcome = act(store.load(chat_id, backend=Counting()))
        except Exception as problem:
            self._outcome = problem

    def outcome(self) -> Any:
        self._thread.join(30)
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


def test_a_turn_that_was_written_over_cannot_be_taken_up_under_its_key(store: Any) -> None:
    chat = store.start(backend=ScriptedBackend(["yes"]))
    with pytest.raises(BackendFailed):
        chat.send("what?", backend=broken, **KEY)
    chat.send("never mind")
    with pytest.raises(TurnClosed):
        chat.send("what?", **KEY)


@pytest.mark.parametrize("name", ["send", "complete", "stream", "run"])
def test_a_turn_written_over_while_it_is_taken_up_under_its_key_says_so(
    name: str, store: Any, elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = broken_off(store, name)
    meanwhile(monkeypatch, lambda: elsewhere(chat, Counting()).send("never mind"))
    with pytest.raises(TurnClosed):
        asked(name, chat)
    assert chat.history()[-1].text == "answer 1"


@pytest.mark.parametrize("name", ["send", "complete", "stream", "run"])
def test_a_turn_answered_while_it_is_taken_up_under_its_key_gives_that_answer(
    name: str, store: Any, elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = broken_off(store, name)
    meanwhile(monkeypatch, lambda: asked(name, elsewhere(chat, ScriptedBackend(["the other's"]))))
    assert asked(name, chat).text == "the other's"
    assert [turn.status for turn in chat.turns()] == ["completed"]


def asked(name: str, chat: Any, **given: Any) -> Any:
    if name == "complete":
        return chat.complete(**KEY, **given)
    if name == "run":
        return chat.run("what?", tools=[add], **KEY, **given)
    return chat.send("what?", **KEY, **given) if name == "send" else read(chat.stream("what?", **KEY, **given))


def broken_off(store: Any, name: str) -> Any:
    """A conversation whose turn failed under its key."""
    chat = store.start(["what?"] if name == "complete" else [], backend=Counting())
    with pytest.raises(BackendFailed):
        asked(name, chat, backend=broken)
    return chat


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    """Have ``act`` done once, between the look at a turn that is to be taken up and its next attempt."""
    plan = resuming.resume_opening

    async def overtaken(*given: Any) -> Any:
        planned = await plan(*given)
        replace_plan(plan)
        act()
        return planned

    def replace_plan(by: Any) -> None:
        for module in (resuming, running):
            monkeypatch.setattr(module, "resume_opening", by)

    replace_plan(overtaken)
