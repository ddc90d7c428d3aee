"""``cancel`` of a turn whose runner is in the same process: nobody waits for a runner that waits for him."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from convo import Store, assistant, tool_call
from convo.completions import CompletionRequest, Delta
from convo.errors import NothingToCancel, TurnClosed
from convo.flows import resuming, runners, tools
from convo.flows.events import ToolFinished, ToolStarted
from convo.flows.handle import refresh
from convo.profiles import PERMISSIVE, PrefixSupport
from convo.testing import ScriptedBackend
from support.held import Held

LONG = 60.0
"""Seconds of grace that no test waits for: what is ended when they are over has lost what no checkpoint kept."""

PATIENCE = 20.0

CALLS = [tool_call("add", {"a": 1, "b": 2}, id="c00000001"), tool_call("add", {"a": 3, "b": 4}, id="c00000002")]


def pieces(request: CompletionRequest) -> Iterator[str]:
    yield from ("Good ", "morning ", "to ", "you")


def add(a: int, b: int) -> int:
    """Return the sum."""
    return a + b


def texts(chat: Any) -> list[str]:
    return [entry.text for entry in chat.history()]


def same(store: Any, chat: Any) -> Any:
    return chat


def another(store: Any, chat: Any) -> Any:
    return store.load(chat.id)


by = pytest.mark.parametrize("by", [same, another])


@by
@pytest.mark.parametrize("count", [1, 3])
def test_a_reader_may_cancel_what_he_reads_and_keeps_all_that_came(store: Any, by: Any, count: int) -> None:
    chat = store.start(backend=pieces)
    stream, read, ended = chat.stream("hello"), [], []
    for delta in stream:
        read.append(delta.text)
        if len(read) == count:
            ended.append(by(store, chat).cancel(grace=LONG))
    (entry,) = ended
    assert entry.text == "".join(read) == "".join(("Good ", "morning ", "to ")[:count])
    assert stream.reply.entry == entry
    assert (entry.finish_reason, stream.reply.turn.status) == ("cancelled", "cancelled")
    (turn,) = chat.turns()
    (call,) = chat.turn(turn.id)[1]
    assert (turn.status, call.finish_reason, call.error) == ("cancelled", "cancelled", None)
    assert chat.send("again").text == "Good morning to you"
    assert texts(chat) == ["hello", entry.text, "again", "Good morning to you"]


def test_a_reader_may_cancel_and_leave(store: Any) -> None:
    chat = store.start(backend=pieces)
    with chat.stream("hello") as stream:
        for _ in stream:
            assert chat.cancel(grace=LONG).text == "Good "
            with pytest.raises(NothingToCancel):
                chat.cancel(grace=LONG)
            break
    assert texts(chat) == ["hello", "Good "]
    assert chat.turns()[0].status == "cancelled"
    assert chat.send("again").text == "Good morning to you"


def test_where_nothing_has_come_but_what_was_asked_for_nothing_is_stored(store: Any) -> None:
    profile = replace(PERMISSIVE, prefix=PrefixSupport(style="flag", echoes_whole=False, echoes_stream=False))
    chat = store.start(backend=pieces, profile=profile)
    stream = chat.stream("hello", prefix="{")
    assert next(iter(stream)).text == "{"
    assert chat.cancel(grace=LONG) is None
    with pytest.raises(TurnClosed, match="cancelled"):
        next(stream)
    assert (texts(chat), chat.turns()[0].status) == (["hello"], "cancelled")
    with chat.stream("again", prefix="{") as stream:
        for delta in stream:
            if delta.text != "{":
                assert chat.cancel(grace=LONG).text == "{Good "
    assert stream.reply.entry.prefix == "{"


def test_a_resumed_answer_that_is_cancelled_is_stored_whole(store: Any) -> None:
    profile = replace(PERMISSIVE, prefix=PrefixSupport(style="flag", echoes_whole=False, echoes_stream=False))
    chat = store.start(backend=pieces, profile=profile)
    with chat.stream("hello") as stream:
        next(iter(stream))
    for _ in chat.stream_resume(backend=lambda request: iter(["evening", " all"])):
        assert chat.cancel(grace=LONG).text == "Good evening"
    assert texts(chat) == ["hello", "Good evening"]


@by
def test_a_run_may_be_cancelled_where_it_answers(store: Any, by: Any) -> None:
    backend = ScriptedBackend([assistant("Let me see. ", tool_calls=CALLS), "It is this"])
    chat = store.start(backend=backend)
    stream = chat.stream_run("add", tools=[add])
    for event in stream:
        if isinstance(event, Delta) and event.text.startswith("It"):
            assert by(store, chat).cancel(grace=LONG).text == event.text
    assert stream.reply.turn.status == "cancelled"
    assert texts(chat) == ["add", "Let me see. ", "3", "7", stream.reply.text]
    assert chat.send("again", backend=pieces).text == "Good morning to you"


@by
@pytest.mark.parametrize("at", [ToolStarted, ToolFinished])
def test_a_run_may_be_cancelled_while_its_tools_are_called(store: Any, by: Any, at: type) -> None:
    chat = store.start(backend=ScriptedBackend([assistant(tool_calls=CALLS), "never"]))
    stream = chat.stream_run("add", tools=[add])
    while not isinstance(next(stream), at):
        pass
    by(store, chat).cancel(grace=LONG)
    assert chat.turns()[-1].status == "cancelled"
    with pytest.raises(TurnClosed, match="stopped"):
        list(stream)
    assert chat.send("again", backend=pieces).text == "Good morning to you"


def test_who_waits_for_his_reader_in_another_thread_is_ended_at_once(database_url: str) -> None:
    with Store(database_url) as store:
        chat = store.start(backend=pieces)
        stream = chat.stream("hello")
        next(stream)
        with Store(database_url) as other:
            ended: list[Any] = []
            thread = threading.Thread(target=lambda: ended.append(other.load(chat.id).cancel(grace=LONG)))
            thread.start()
            thread.join()
        assert [entry.text for entry in ended] == ["Good "]
        assert list(stream) == []
        assert stream.reply.entry == ended[0]


def test_a_runner_that_moves_stops_at_the_next_piece_though_no_checkpoint_is_due(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves, asked, known = threading.Event(), threading.Event(), runners.stop_here

    async def told(*given: Any) -> bool:
        waited = await known(*given)
        asked.set()
        return waited

    def held_up(request: CompletionRequest) -> Iterator[str]:
        yield "Good "
        moves.set()
        assert asked.wait(LONG)
        yield from ("morning ", "to ", "you")

    monkeypatch.setattr(resuming, "stop_here", told)
    with Store(database_url) as store:
        chat = store.start(backend=held_up, checkpoint=None)
        stream = chat.stream("hello")
        next(stream)
        reader = threading.Thread(target=lambda: list(stream))
        reader.start()
        assert moves.wait(LONG)
        assert store.load(chat.id).cancel(grace=LONG).text == "Good morning "
        reader.join()
        assert stream.reply.turn.status == "cancelled"


def test_a_turn_whose_answer_comes_while_it_is_cancelled_is_ended_as_it_stands_then(
    store: Any, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is stored, and looked at by the handle, between the look that found the turn and the end of it."""
    chat, stored, told = store.start(["hm"]), threading.Event(), threading.Event()
    known, tool_round = resuming.partial_of, tools.ToolRound

    def held_up(*given: Any) -> Any:
        stored.set()
        assert told.wait(PATIENCE)
        return tool_round(*given)

    async def partial_of(handle: Any, turn: Any) -> Any:
        if not stored.is_set():
            answering.start()
            assert stored.wait(PATIENCE)
            await refresh(handle)
        return await known(handle, turn)

    monkeypatch.setattr(tools, "ToolRound", held_up)
    monkeypatch.setattr(resuming, "partial_of", partial_of)
    runner = Held(database_url, chat.id, lambda there: there.run("add", tools=[add]))
    answering = threading.Thread(target=runner.release, args=[assistant(tool_calls=CALLS)])
    try:
        chat.cancel(grace=0.0)
    finally:
        told.set()
        answering.join(PATIENCE)
    (turn,) = chat.turns()
    assert (turn.status, turn.calls, turn.output) == ("cancelled", 1, (3, 3))
    assert isinstance(runner.outcome, TurnClosed)
