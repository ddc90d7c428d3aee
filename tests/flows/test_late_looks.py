"""A look at the branch from before a write of the same handle, which comes after it: the handle knows better."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, update

from convo import AsyncStore, Store, assistant, tool_call
from convo.completions import CompletionRequest
from convo.errors import BranchMoved, CorruptRecord
from convo.flows.handle import refresh
from convo.ports import drive
from convo.store.tables import TABLES

PATIENCE = 10
CALL = tool_call("add", {"a": 1, "b": 2}, id="c00000001")


def add(a: int, b: int) -> int:
    """Return the sum."""
    return a + b


class Reader:
    """Takes a look at a conversation in a thread of its own, between the database and the handle until ``come``."""

    def __init__(self, chat: Any) -> None:
        self._read, self._told, self._came = threading.Event(), threading.Event(), threading.Event()
        self._port = chat._handle.port
        self._known = self._port.read
        self._port.read = self._held_up
        self._thread = threading.Thread(target=lambda: (chat.history(), self._came.set()))
        self._thread.start()
        assert self._read.wait(PATIENCE)

    async def _held_up(self, work: Any, **given: Any) -> Any:
        found = await self._known(work, **given)
        if threading.current_thread() is self._thread and not self._read.is_set():
            self._read.set()
            self._told.wait(PATIENCE)
        return found

    def come(self) -> None:
        """Let the look come."""
        self._told.set()
        assert self._came.wait(PATIENCE)
        self._thread.join()


VERBS: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "send": (lambda chat: chat.send("me too"), ["me too", "yes"]),
    "complete": (lambda chat: (chat.append("me too"), chat.complete()), ["me too", "yes"]),
    "stream": (lambda chat: (chat.append("me too"), list(chat.stream(None))), ["me too", "yes"]),
    "run": (lambda chat: chat.run("add", tools=[add]), ["add", "", "3", "yes"]),
}


def texts(entries: Any) -> list[str]:
    return [entry.text for entry in entries]


@pytest.mark.parametrize("verb", VERBS)
def test_a_look_that_comes_while_a_model_is_asked_costs_no_answer(verb: str, database_url: str) -> None:
    requests = []

    def backend(request: CompletionRequest) -> Any:
        requests.append(request)
        if request.messages[-1].text == "add":
            return assistant(tool_calls=[CALL])
        reader.come()
        return "yes"

    with Store(database_url) as store:
        chat = store.start(["hm"], backend=backend)
        reader = Reader(chat)
        act, expected = VERBS[verb]
        act(chat)
        assert texts(chat.history()) == ["hm", *expected]
        assert texts(requests[-1].messages) == ["hm", *expected[:-1]]
        assert chat.append("and on")[0].seq == len(expected) + 2


def test_a_look_that_comes_while_a_model_is_asked_costs_a_task_no_answer_either(database_url: str) -> None:
    async def main() -> list[str]:
        read, told = asyncio.Event(), asyncio.Event()

        async def held_up(work: Any, **given: Any) -> Any:
            found = await known(work, **given)
            if asyncio.current_task() is reader and not read.is_set():
                read.set()
                await told.wait()
            return found

        async def backend(request: CompletionRequest) -> str:
            told.set()
            await reader
            return "yes"

        async with AsyncStore(database_url) as store:
            chat = await store.start(["hm"], backend=backend)
            port: Any = chat._handle.port
            known, port.read = port.read, held_up
            reader = asyncio.ensure_future(chat.history())
            await read.wait()
            await chat.append("me too")
            await chat.complete()
            return texts(await chat.history())

    assert asyncio.run(main()) == ["hm", "me too", "yes"]


def test_a_look_at_a_branch_that_the_handle_has_left_is_not_taken_for_its_own(database_url: str) -> None:
    with Store(database_url) as store:
        chat = store.start(["hm", "yes"], backend=lambda request: "no")
        side = chat.fork(chat.history()[0], name="side")
        side.send("really?")
        reader = Reader(chat)
        chat.switch("side")
        reader.come()
        assert chat.branch.no == side.branch.no
        assert chat.send("sure?").entry.seq == 5
        assert texts(chat.history()) == ["hm", "really?", "no", "sure?", "no"]


@pytest.mark.parametrize("knows", ["its window", "its head alone"])
def test_a_handle_goes_on_where_its_database_has_lost_what_it_wrote_last(
    store: Any, elsewhere: Any, knows: str
) -> None:
    """As after a failover to a copy that was a little behind."""
    chat = store.start(["one", "two", "three"], backend=lambda request: request.messages[-1].text)
    b, m, port = TABLES.branches.c, TABLES.messages.c, elsewhere(chat)._handle.port
    back = update(TABLES.branches).where(b.conversation_id == chat.id).values(head_seq=1)
    gone = delete(TABLES.messages).where(m.conversation_id == chat.id, m.seq > 1)
    drive(port.write(lambda connection: [connection.execute(lost).rowcount for lost in (back, gone)]))
    if knows == "its window":
        assert chat.append("another")[0].seq == 2
    else:
        with pytest.raises(CorruptRecord):
            chat.send("another")
    assert chat.send("and on").text == "and on"
    assert texts(chat.history())[-2:] == ["and on", "and on"]
    assert texts(chat.history())[0] == "one"


def looked_at_before_its_first_write(chat: Any, change: Callable[[], object]) -> None:
    """Have ``change`` made once ``chat`` has composed, and looked at by its handle, as a task beside it may."""
    port = chat._handle.port
    known = port.write

    async def write(work: Any, **given: Any) -> Any:
        port.write = known
        change()
        await refresh(chat._handle)
        return await known(work, **given)

    port.write = write


ON_WHAT_IS_THERE: dict[str, Callable[[Any], Any]] = {
    "send": lambda chat: chat.send("me too"),
    "complete": lambda chat: chat.complete(),
    "stream": lambda chat: list(chat.stream(None)),
    "run": lambda chat: chat.run("me too", tools=[add]),
}


@pytest.mark.parametrize("verb", ON_WHAT_IS_THERE)
def test_a_look_between_composing_and_the_first_write_leaves_no_message_out(
    verb: str, store: Any, elsewhere: Any
) -> None:
    requests: list[CompletionRequest] = []
    chat = store.start(["hm"], backend=lambda request: requests.append(request) or "yes")
    looked_at_before_its_first_write(chat, lambda: elsewhere(chat).append("by another"))
    ON_WHAT_IS_THERE[verb](chat)
    said = ["hm", "by another"] if verb in ("complete", "stream") else ["hm", "by another", "me too"]
    assert [texts(request.messages) for request in requests] == [said]
    assert texts(chat.history()) == [*said, "yes"]


def test_a_look_between_placing_messages_and_the_append_of_them_parts_nothing(store: Any, elsewhere: Any) -> None:
    chat = store.start(["hm"])
    looked_at_before_its_first_write(chat, lambda: elsewhere(chat).append("by another"))
    assert chat.append("me too")[0].seq == 3
    assert texts(chat.history()) == ["hm", "by another", "me too"]


@pytest.mark.parametrize("verb", ["send", "append"])
def test_the_expected_head_is_judged_anew_where_the_branch_has_moved_and_was_looked_at(
    verb: str, store: Any, elsewhere: Any
) -> None:
    chat = store.start(["hm"], backend=lambda request: "yes")
    head = chat.history()[-1]
    looked_at_before_its_first_write(chat, lambda: elsewhere(chat).append("by another"))
    with pytest.raises(BranchMoved):
        getattr(chat, verb)("me too", expect_head=head)
    assert texts(chat.history()) == ["hm", "by another"]
