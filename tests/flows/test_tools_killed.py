"""A process that is killed in the midst of a run: what it had is kept, and only what is missing is done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import pytest

from convo import AsyncStore, Store, ToolFinished, ToolStarted, tool
from convo.completions import CompletionRequest
from convo.errors import NothingToResume
from faults.nursery import Child
from support.tooling import PATIENCE, calls, path, results, until

LEASE = 0.5
"""Seconds after which the turn of a killed process may be taken over."""


def ask(request: CompletionRequest) -> Any:
    """Want three calls made, and answer when their results are there."""
    return calls("quick", "look", "pay") if request.messages[-1].role == "user" else "Done."


def tools(note: Callable[[str], None], hang: bool) -> list[Any]:
    """``quick`` returns at once; ``pay`` must not be repeated, ``look`` may be, and both hang where told to."""

    def work(name: str, hangs: bool) -> str:
        note(name)
        if hangs:
            time.sleep(PATIENCE)
        return f"{name} done"

    return [
        tool(lambda: work("quick", False), name="quick"),
        tool(lambda: work("pay", hang), name="pay", repeat="never"),
        tool(lambda: work("look", hang), name="look", repeat="safe"),
    ]


def run_until_killed(pipe: Connection, url: str, conversation: UUID, face: str, hangs_in: str) -> None:
    """Run, telling the parent of every call of a tool (or of the model), until killed in the midst of it."""

    def model(request: CompletionRequest) -> Any:
        answer = ask(request)
        if hangs_in == "model" and answer == "Done.":
            pipe.send("model")
            time.sleep(PATIENCE)
        return answer

    given: Any = {"tools": tools(pipe.send, hang=hangs_in == "tools"), "idempotency_key": "go", "temperature": 0.25}
    if face == "sync":
        with Store(url) as store:
            store.load(conversation, backend=model, lease=LEASE).run("Go!", **given)
        return

    async def work() -> None:
        async with AsyncStore(url) as store:
            await (await store.load(conversation, backend=model, lease=LEASE)).run("Go!", **given)

    asyncio.run(work())


@pytest.fixture
def killed(face: Any, database_url: str, elsewhere: Any) -> Callable[[Any, str], Any]:
    """Has a child run on a conversation, kills it in the midst, and returns what it had called."""

    def kill(chat: Any, hangs_in: str) -> list[str]:
        child = Child(run_until_killed, database_url, chat.id, face.name, hangs_in)
        seen = elsewhere(chat)
        told = [child.told() for _ in range(4 if hangs_in == "model" else 3)]
        stored = 3 if hangs_in == "model" else 1
        until(lambda: len(results(seen)) == stored)
        assert seen.turns()[-1].status == "running"
        child.kill()
        return told

    return kill


def test_only_what_is_missing_is_done_again_and_only_where_that_is_safe(store: Any, killed: Any) -> None:
    chat = store.start(backend=ask)
    assert sorted(killed(chat, "tools")) == ["look", "pay", "quick"]
    made: list[str] = []
    with chat.stream_run(None, tools=tools(made.append, hang=False), wait=PATIENCE) as stream:
        events = [event for event in stream if isinstance(event, ToolStarted | ToolFinished)]
    assert made == ["look"]
    assert [(type(event), event.call.name) for event in events] == [
        (ToolFinished, "pay"),
        (ToolStarted, "look"),
        (ToolFinished, "look"),
    ]
    quick, pay, look = (entry for entry in chat.history() if entry.role == "tool")
    assert (quick.text, look.text) == ("quick done", "look done")
    assert pay.text.startswith("interrupted: the process that made this call ended before its result came")
    assert (quick.incomplete, pay.incomplete, look.incomplete) == (False, True, False)
    (turn,) = chat.turns()
    assert (turn.status, turn.calls, turn.input, turn.output) == ("completed", 2, (1, 1), (2, 6))
    assert stream.reply.text == "Done."
    assert [chat.request(turn, call).options.temperature for call in chat.turn(turn.id)[1]] == [0.25, 0.25]


def test_under_its_key_a_killed_run_is_taken_up(store: Any, killed: Any) -> None:
    chat = store.start(backend=ask)
    killed(chat, "tools")
    made: list[str] = []
    given: Any = {"tools": tools(made.append, hang=False), "idempotency_key": "go", "wait": PATIENCE}
    assert chat.run("Go!", **given).text == chat.run("Go!", **given).text == "Done."
    assert made == ["look"]


def test_results_that_were_all_there_are_not_made_again(store: Any, killed: Any) -> None:
    chat = store.start(backend=ask)
    assert sorted(killed(chat, "model")) == ["look", "model", "pay", "quick"]
    made: list[str] = []
    assert chat.run(None, tools=tools(made.append, hang=False), wait=PATIENCE).text == "Done."
    assert made == []
    assert sorted(results(chat)) == ["look done", "pay done", "quick done"]
    assert [call.error and call.error["type"] for call in chat.turn(chat.turns()[-1].id)[1]] == [None, "Lost", None]


def test_what_was_in_flight_is_known_to_whoever_comes_after_the_next(store: Any, killed: Any) -> None:
    """The one who takes the run up is stopped before he comes to the call in doubt."""
    chat = store.start(backend=ask)
    killed(chat, "tools")

    def approve(call: Any) -> bool:
        raise KeyError("nobody there")

    made: list[str] = []
    with pytest.raises(KeyError):
        chat.run(None, tools=tools(made.append, hang=False), approve=approve, wait=PATIENCE)
    assert results(chat) == ["quick done"]
    chat.run(None, tools=tools(made.append, hang=False))
    assert made == ["look"]
    assert [entry.incomplete for entry in chat.history() if entry.role == "tool"] == [False, True, False]


def test_resume_leaves_the_calls_of_a_killed_run_to_run(store: Any, killed: Any) -> None:
    chat = store.start(backend=ask)
    killed(chat, "tools")
    with pytest.raises(NothingToResume, match="run"):
        chat.resume(wait=PATIENCE)
    assert len(path(chat)) == 3


@pytest.mark.parametrize("verb", ["send", "cancel"])
def test_a_killed_run_blocks_nobody(store: Any, killed: Any, verb: str) -> None:
    chat = store.start(backend=lambda request: "hello")
    killed(chat, "tools")
    if verb == "send":
        chat.send("hello", wait=PATIENCE)
        assert path(chat) == ["u:Go!", "a:", "quick done", "u:hello", "a:hello"]
    else:
        chat.cancel(grace=PATIENCE)
    statuses = [turn.status for turn in chat.turns()]
    assert statuses == (["superseded", "completed"] if verb == "send" else ["cancelled"])
