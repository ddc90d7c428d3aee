"""A branch replayed: its inputs sent again onto a new branch, its tools answered from the record."""

from __future__ import annotations

import asyncio
import time
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import pytest

from convo import AsyncStore, Store, Window
from convo.backends.scripted import ScriptedBackend
from convo.completions import CompletionRequest
from convo.errors import AlreadyExists, BackendFailed, InvalidOption
from convo.profiles import MISTRAL
from faults.nursery import Child
from support.bots import Bot, two_turns
from support.tooling import PATIENCE, path

LEASE = 0.5
"""Seconds after which the turn of a killed process may be taken over."""


@pytest.fixture
def chat(store: Any, name: str) -> Any:
    return two_turns(store, name)


def test_inputs_are_sent_again_onto_a_new_branch_and_nothing_else_moves(chat: Any) -> None:
    new = Bot("new")
    replay = chat.replay(backend=new, name="newer")
    assert (replay.source, replay.branch.name, len(replay.turns)) == ("main", "newer", 2)
    assert chat.branch.name == "main"
    chat.switch("newer")
    said = ["a:Hello!", "u:one", "a:new on one", "u:Is a human there?", "a:Yes, Ann.", "u:two", "a:new on two"]
    assert path(chat) == said
    assert [turn.reply.text for turn in replay.turns] == ["new on one", "new on two"]
    assert [turn.recorded.text for turn in replay.turns] == ["old on one", "old on two"]
    assert [[entry.text for entry in turn.inputs] for turn in replay.turns] == [["one"], ["two"]]
    assert (replay.usage.total_tokens, replay.usage.calls) == (30, 2)
    assert chat.turns()[-1].metadata["replay"]["branch"] == 0


def test_the_same_settings_send_the_same_requests(store: Any, name: str) -> None:
    old, again = Bot("same"), Bot("same")
    chat = store.open(name, backend=old, system="Be terse.", policy=[Window(200, 100)], profile=MISTRAL)
    for number in range(12):
        chat.send(f"question {number} " * 5, temperature=0.1 * number)
    chat.replay(backend=again)
    assert [request.hash for request in again.requests] == [request.hash for request in old.requests]


def test_a_replay_that_broke_off_is_gone_on_with(chat: Any) -> None:
    broken = ScriptedBackend(["new on one", ConnectionError("gone")])
    with pytest.raises(BackendFailed):
        chat.replay(backend=broken, name="newer")
    with pytest.raises(AlreadyExists, match="resume=True"):
        chat.replay(backend=broken, name="newer")
    again = Bot("new")
    replay = chat.replay(backend=again, name="newer", resume=True)
    assert len(again.requests) == 1
    assert [turn.reply.text for turn in replay.turns] == ["new on one", "new on two"]
    stored = chat.replay(backend=again, name="newer", resume=True)
    assert [turn.reply.text for turn in stored.turns] == ["new on one", "new on two"]
    assert len(again.requests) == 1
    with pytest.raises(InvalidOption, match="no replay"):
        chat.fork(at=chat.history()[0], name="side").replay("newer", backend=again, name="main", resume=True)


def test_a_replay_left_in_its_midst_is_gone_on_with(chat: Any) -> None:
    events = iter(chat.stream_replay(backend=Bot("new"), name="newer"))
    next(events)
    next(events)
    assert len(chat.replay(backend=Bot("new"), name="newer", resume=True).turns) == 2


def test_several_ways_are_tried_at_once(chat: Any) -> None:
    ways = {f"way {number}": {"backend": Bot(f"bot {number}")} for number in range(5)}
    found = chat.replay_each(ways, at_once=2)
    assert [*found] == [*ways]
    assert [replay.turns[0].reply.text for replay in found.values()] == [f"bot {number} on one" for number in range(5)]
    assert {branch.name for branch in chat.branches()} == {"main", *ways}


def replay_until_killed(pipe: Connection, url: str, conversation: UUID, face: str) -> None:
    """Replay with a model that says when it was asked for the second turn, and never answers that."""

    def model(request: CompletionRequest) -> str:
        if len(request.messages) > 5:
            pipe.send("asked")
            time.sleep(PATIENCE)
        return "before the kill"

    async def work() -> None:
        async with AsyncStore(url) as store:
            await (await store.load(conversation, backend=model)).replay(name="newer", lease=LEASE)

    if face == "async":
        asyncio.run(work())
    with Store(url) as store:
        store.load(conversation, backend=model).replay(name="newer", lease=LEASE)


def test_a_replay_that_was_killed_is_gone_on_with(face: Any, chat: Any, database_url: str) -> None:
    child = Child(replay_until_killed, database_url, chat.id, face.name)
    assert child.told() == "asked"
    child.kill()
    again = Bot("new")
    replay = chat.replay(backend=again, name="newer", resume=True, wait=PATIENCE)
    assert [turn.reply.text for turn in replay.turns] == ["before the kill", "new on two"]
    assert len(again.requests) == 1
    assert [entry.text for entry in chat.history()][-2:] == ["two", "old on two"]
