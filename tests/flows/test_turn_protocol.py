"""The protocol of a turn: input committed, then the call, then the answer committed; and what is recorded of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from convo import Conversation, Store, assistant, system, user
from convo.completions import Choice, Completion, CompletionRequest, Usage
from convo.errors import BackendFailed, BackendUnavailable, MalformedResponse, NotFound, RateLimited
from convo.options import CompletionOptions
from convo.store.tables import TABLES
from convo.testing import ScriptedBackend
from support.audit import connected
from support.statements import captured


def seen_from_elsewhere(url: str, conversation: Any) -> tuple[list[str], list[str]]:
    """The texts and the statuses of the turns that another process would find."""
    with Store(url) as other:
        found = Conversation.load(other, conversation)
        return [entry.text for entry in found.history()], [turn.status for turn in found.turns()]


@pytest.mark.parametrize("verb", ["send", "stream"])
def test_the_input_is_committed_before_the_backend_is_asked(store: Any, database_url: str, verb: str) -> None:
    seen: list[Any] = []

    def backend(request: CompletionRequest) -> str:
        seen.append(seen_from_elsewhere(database_url, chat.id))
        return "hello yourself"

    chat = store.start(backend=backend)
    if verb == "send":
        chat.send("hello")
    else:
        list(chat.stream("hello"))
    assert seen == [(["hello"], ["running"])]


def test_the_answer_is_committed_before_it_is_given_back(store: Any, database_url: str) -> None:
    chat = store.start(backend=lambda request: "hello yourself")
    chat.send("hello")
    assert seen_from_elsewhere(database_url, chat.id) == (["hello", "hello yourself"], ["completed"])
    stream = chat.stream("again")
    list(stream)
    assert seen_from_elsewhere(database_url, chat.id)[0][-1] == stream.reply.text == "hello yourself"


def test_no_pooled_connection_is_held_while_the_backend_is_asked(face: Any, database_url: str) -> None:
    with face.Store(database_url, pool_size=1, max_overflow=0, pool_timeout=5) as store:
        chat = store.start(backend=lambda request: "unused")
        other = store.load(chat.id)
        answers = iter(chat.stream("hello", backend=lambda request: iter(["one ", "two"])))
        assert next(answers).text == "one "
        assert [entry.text for entry in other.history()] == ["hello"]
        assert [delta.text for delta in answers if delta.text] == ["two"]


def test_no_lock_is_held_while_the_backend_is_asked(store: Any, database_url: str) -> None:
    def backend(request: CompletionRequest) -> str:
        with Store(database_url) as other:
            Conversation.load(other, chat.id, branch="side").append("written meanwhile")
        return "yes"

    chat = store.start(backend=backend)
    side = chat.fork(name="side")
    assert chat.send("hello").text == "yes"
    assert [entry.text for entry in side.history()] == ["written meanwhile"]


def test_a_reply_tells_what_was_stored(store: Any) -> None:
    usage = Usage(3, 4, 7, details={"prompt_audio_seconds": 1})
    answer = Completion((Choice(assistant("hi"), "length"),), usage, model="m-2", id="r1", details={"created": 5})
    chat = store.start([system("Be kind."), "hm"], backend=lambda request: answer)
    reply = chat.send(["one", user("two", name="Ann")], metadata={"trace": "t-1"})
    assert (reply.text, reply.new_text, reply.finish_reason, reply.model) == ("hi", "hi", "length", "m-2")
    assert (reply.usage, dict(reply.details), reply.tool_calls) == (usage, {"created": 5}, ())
    assert [entry.text for entry in reply.inputs] == ["one", "two"]
    assert reply.entry == chat.history()[-1]
    assert (reply.entry.seq, reply.entry.turn_id) == (5, reply.turn.id)
    assert (reply.turn.input, reply.turn.output, reply.turn.metadata) == ((3, 4), (5, 5), {"trace": "t-1"})
    assert chat.turn(reply.turn.id)[0] == reply.turn
    assert chat.history()[3].message == user("two", name="Ann")


def test_a_call_is_recorded_with_what_was_sent_and_what_came(store: Any) -> None:
    usage = Usage(30, 4, 34, cached_tokens=20)
    backend = ScriptedBackend([Completion((Choice(assistant("hi"), "stop"),), usage, model="m-2")], name="house")
    chat = store.start(backend=backend, system="Be terse.", temperature=0.2)
    before = datetime.now(UTC) - timedelta(seconds=1)
    reply = chat.send("hello", max_tokens=9, model="m")
    turn, (call,) = chat.turn(reply.turn.id)
    assert (call.turn_id, call.call_no, call.kind, call.backend) == (turn.id, 1, "complete", "house")
    assert (call.model, call.usage, call.finish_reason, call.error) == ("m-2", usage, "stop", None)
    assert before < turn.started_at <= call.started_at <= call.ended_at <= turn.ended_at
    (sent,) = backend.requests
    assert [message.text for message in sent.messages] == ["Be terse.", "hello"]
    assert sent.options == CompletionOptions(temperature=0.2, max_tokens=9, model="m")
    assert chat.request(turn, call) == sent
    assert call.request_hash == sent.hash


def test_a_streamed_call_says_so(store: Any) -> None:
    chat = store.start(backend=lambda request: iter(["a", "b"]))
    stream = chat.stream("hello", model="asked-for")
    list(stream)
    _, (call,) = chat.turn(stream.reply.turn.id)
    assert (call.kind, call.model, call.finish_reason, call.usage) == ("stream", "asked-for", "stop", None)


@pytest.mark.parametrize(
    ("problem", "kept"),
    [
        (ValueError("a secret"), {"type": "BackendFailed", "cause": "ValueError"}),
        (RateLimited("slow down", status=429, code="3505", request_id="r-1"), {"type": "RateLimited", "status": 429}),
        (BackendUnavailable("down for now"), {"type": "BackendUnavailable", "message": "down for now"}),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("verb", ["send", "stream"])
def test_a_call_that_failed_is_recorded_with_its_error(store: Any, problem: Exception, kept: Any, verb: str) -> None:
    def backend(request: CompletionRequest) -> str:
        raise problem

    chat = store.start(backend=backend)
    expected = type(problem) if not isinstance(problem, ValueError) else BackendFailed
    with pytest.raises(expected):
        chat.send("hello") if verb == "send" else list(chat.stream("hello"))
    (turn,) = chat.turns()
    _, (call,) = chat.turn(turn.id)
    assert (turn.status, turn.calls, turn.output) == ("failed", 1, None)
    assert kept.items() <= call.error.items()
    assert call.error == turn.error
    assert "secret" not in str(call.error)
    assert (call.usage, call.finish_reason) == (None, None)
    assert [entry.text for entry in chat.history()] == ["hello"]


def test_the_usage_of_a_turn_is_the_sum_over_its_calls(store: Any) -> None:
    def broken(request: CompletionRequest) -> str:
        raise BackendUnavailable("down for now")

    backend = ScriptedBackend([Completion((Choice(assistant("hi"), "stop"),), Usage(5, 2, 7))], forever=True)
    chat = store.start(backend=backend)
    first = chat.send("hello")
    with pytest.raises(BackendUnavailable):
        chat.send("again", backend=broken)
    second = chat.resume()
    for reply, calls in ((first, 1), (second, 2)):
        used = chat.usage(reply.turn)
        assert (used.prompt_tokens, used.completion_tokens, used.total_tokens) == (5, 2, 7)
        assert len(chat.turn(reply.turn.id)[1]) == calls


def test_what_is_large_in_a_request_is_stored_once(store: Any, database_url: str) -> None:
    parameters = {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(50)}}
    tools = [{"type": "function", "function": {"name": "big", "parameters": parameters}}]
    chat = store.start(backend=lambda request: "yes", tools=tools, system="Be terse. " * 100)
    for text in ("one", "two", "three"):
        chat.send(text)
    store.load(chat.id, backend=lambda request: "yes").send("four")
    with connected(database_url) as connection:
        blobs, calls = TABLES.blobs, TABLES.calls
        here = blobs.c.conversation_id == chat.id, calls.c.conversation_id == chat.id
        assert connection.execute(select(func.count()).select_from(blobs).where(here[0])).scalar() == 2
        recipes = connection.execute(select(calls.c.recipe).where(here[1])).scalars().all()
    assert len(recipes) == 4
    assert max(len(str(recipe)) for recipe in recipes) < 300


def test_a_warm_turn_takes_at_most_eight_statements(store: Any) -> None:
    chat = store.start(backend=lambda request: "yes")
    chat.send("warming up")
    with captured() as statements:
        chat.send("hello")
    assert len(statements) <= 8, statements
    with captured() as statements:
        list(chat.stream("hello"))
    assert len(statements) <= 8, statements


def test_a_warm_append_takes_three_statements(store: Any) -> None:
    chat = store.start(["warming up"])
    with captured() as statements:
        chat.append("hello", assistant("hi"))
    assert len(statements) <= 3, statements


def test_turns_and_requests_of_others_are_not_found(store: Any) -> None:
    chat, other = store.start(backend=lambda request: "yes"), store.start()
    turn = chat.send("hello").turn
    with pytest.raises(NotFound):
        other.turn(turn.id)


def test_turns_are_listed_in_the_order_of_the_path(store: Any) -> None:
    chat = store.start(backend=lambda request: "yes")
    sent = [chat.send(f"{number}").turn for number in range(4)]
    assert chat.turns() == sent
    assert chat.turns(limit=2) == sent[-1:]
    assert chat.turns(limit=2, before=chat.history()[4]) == sent[1:2]


ODD: dict[str, dict[str, Any]] = {
    "a model with NUL": {"model": "a\0b"},
    "a model with half a character": {"model": "a\ud83d"},
    "a long model": {"model": "m" * 1000},
    "a backend of another name": {"backend": "b\0" * 300},
    "a usage beyond any column": {"usage": Usage(10**30)},
}


@pytest.mark.parametrize("facts", ODD.values(), ids=ODD)
def test_odd_facts_about_an_answer_do_not_lose_it(store: Any, facts: dict[str, Any]) -> None:
    chat = store.start(backend=lambda request: Completion((Choice(assistant("yes"), "stop\0" * 100),), **facts))
    reply = chat.send("hello")
    assert reply.text == "yes"
    (call,) = chat.turn(reply.turn.id)[1]
    assert len(call.model or "") <= 255
    assert [entry.text for entry in chat.history()] == ["hello", "yes"]


@pytest.mark.parametrize("wrong", [float("nan"), {1}, b"x"], ids=repr)
def test_a_usage_that_is_no_json_is_the_backends_fault(store: Any, wrong: Any) -> None:
    usage = Usage(1, 2, 3, details={"odd": wrong})
    chat = store.start(backend=lambda request: Completion((Choice(assistant("yes"), "stop"),), usage))
    with pytest.raises(MalformedResponse, match="is no JSON data"):
        chat.send("hello")
    assert [turn.status for turn in chat.turns()] == ["failed"]


def test_a_turn_without_messages_is_listed_while_it_is_the_last(store: Any) -> None:
    chat = store.start(["hello"], backend=ScriptedBackend([BackendUnavailable("down"), "yes"]))
    with pytest.raises(BackendUnavailable):
        chat.complete()
    (turn,) = chat.turns()
    assert (turn.status, turn.input, turn.output) == ("failed", None, None)
    assert store.load(chat.id).turns(limit=1) == [turn]
    assert chat.turns(before=chat.history()[0]) == []
    assert [turn.status for turn in chat.fork().turns()] == []
    chat.resume()
    assert [turn.status for turn in chat.turns()] == ["completed"]
