"""The branch of an ``edit``, of another answer or of a longer one comes with its turn, in one commit, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from convo import AsyncStore, Choice, Completion, Store, Window, assistant, system, tool_call
from convo.completions import CompletionRequest
from convo.errors import BranchMoved, ContextOverflow, NotFound, OrderViolation, Unsupported
from convo.ports import drive
from convo.store import conversations
from faults.scenes import ANSWER, AsyncModel, Model
from support.stepping import cancelled_at

SHORT = Completion((Choice(assistant(ANSWER[:600]), "length"),))
VERBS: dict[str, Callable[..., Any]] = {
    "edit": lambda chat, first, **given: chat.edit(first, "good morning", **given),
    "regenerate": lambda chat, first, **given: chat.regenerate(**given),
    "resume": lambda chat, first, **given: chat.resume(**given),
    "stream_resume": lambda chat, first, **given: read(chat.stream_resume(**given)),
}
each = pytest.mark.parametrize("verb", VERBS)


def read(stream: Any) -> Any:
    for _ in stream:
        pass
    return stream.reply


def talk(store: Any, backend: Any = None) -> Any:
    """A conversation whose answer ended for its length, on a branch that is not the active one."""
    chat = store.start(backend=lambda request: SHORT)
    chat.send("hello")
    chat.fork(name="side").switch("side")
    return store.load(chat.id, branch="main", backend=backend or Model())


def where(chat: Any) -> Any:
    entries = [(entry.seq, entry.text) for entry in chat.history()]
    return chat.branch.name, chat.info().active_branch_no, [branch.name for branch in chat.branches()], entries


class Careful(Model):
    """Says of every request that it cannot be sent, before anybody is asked."""

    def check_request(self, request: CompletionRequest, new: Any) -> None:
        raise Unsupported("not like this")


def broken(draft: Any) -> Any:
    raise KeyError("a mistake in it")


SILENT = replace(Model.profile, name="silent", follows=dict.fromkeys(Model.profile.follows, frozenset[str]()))
REFUSALS: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "its window is too small": ({"policy": [Window(1)]}, ContextOverflow),
    "its profile wants another order": ({"profile": SILENT}, OrderViolation),
    "its backend cannot send it": ({"backend": Careful()}, Unsupported),
    "its policy is broken": ({"policy": [broken]}, KeyError),
}


@each
@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_is_refused_before_anybody_is_asked_leaves_everything_as_it_was(
    verb: str, refusal: str, store: Any
) -> None:
    chat = talk(store)
    given, error = REFUSALS[refusal]
    first, before = chat.history()[0], where(chat)
    with pytest.raises(error):
        VERBS[verb](chat, first, **given)
    assert where(chat) == before
    assert VERBS[verb](chat, first).text == ANSWER
    assert where(chat)[:3] == ("branch-2", 2, ["main", "side", "branch-2"])


@each
def test_who_expects_another_end_is_told_before_a_branch_is_made(verb: str, store: Any) -> None:
    chat = talk(store)
    first, last = chat.history()
    before = where(chat)
    with pytest.raises(BranchMoved):
        VERBS[verb](chat, first, expect_head=first)
    assert where(chat) == before
    assert VERBS[verb](chat, first, expect_head=last).text == ANSWER


@each
def test_there_is_no_branch_before_its_turn(verb: str, store: Any, elsewhere: Any) -> None:
    chat, seen = talk(store), []

    def look(draft: Any) -> Any:
        seen.append([branch.name for branch in elsewhere(chat).branches()])
        return draft

    VERBS[verb](chat, chat.history()[0], policy=[look])
    assert seen == [["main", "side"]]


@each
def test_a_conversation_that_is_revised_meanwhile_is_composed_anew(verb: str, store: Any, elsewhere: Any) -> None:
    """As an erased message does: what was composed with it must not leave."""
    chat, composed = talk(store), []
    port, owner = elsewhere(chat)._handle.port, chat.info().owner

    def revise(draft: Any) -> Any:
        composed.append(draft)
        if len(composed) == 1:
            drive(port.write(lambda c: conversations.change(c, owner, chat.id, revision=1)))
        return draft

    assert VERBS[verb](chat, chat.history()[0], policy=[revise]).text == ANSWER
    assert len(composed) == 2
    assert where(chat)[1:3] == (chat.branch.no, ["main", "side", chat.branch.name])


@each
def test_a_branch_that_is_deleted_meanwhile_is_left_for_none(verb: str, store: Any, elsewhere: Any) -> None:
    chat = talk(store)

    def delete(draft: Any) -> Any:
        with suppress(NotFound):
            elsewhere(chat).delete_branch("main")
        return draft

    with pytest.raises(NotFound):
        VERBS[verb](chat, chat.history()[0], policy=[delete])
    assert [branch.name for branch in chat.branches()] == ["side"]
    chat.switch("side")
    assert chat.send("and on").text == ANSWER


async def in_async(verb: str, chat: Any, first: Any) -> None:
    if verb == "stream_resume":
        async with chat.stream_resume() as stream:
            async for _ in stream:
                pass
    else:
        await VERBS[verb](chat, first)


@each
def test_a_task_cancelled_anywhere_leaves_no_branch_without_a_turn(verb: str, database_url: str) -> None:
    with Store(database_url) as store:
        before, seen = where(talk(store)), set[int]()

        async def cancelled(store: AsyncStore, chat: Any, at: int) -> bool:
            handle = await store.load(chat.id, branch="main", backend=AsyncModel())
            was = await cancelled_at(in_async(verb, handle, chat.history()[0]), at)
            entries = [(entry.seq, entry.text) for entry in await handle.history()]
            turns = (await handle.turn_counts()).get(handle.branch.no)
            info = await handle.info()
            names = [branch.name for branch in await handle.branches()]
            seen.add(len(names))
            if len(names) == 2:
                assert (handle.branch.name, info.active_branch_no, names, entries) == before
            else:
                assert (turns, info.active_branch_no) == (1, handle.branch.no)
                assert handle.branch.name == names[-1]
            assert (await handle.send("and on")).text == ANSWER
            return was

        async def everywhere() -> None:
            async with AsyncStore(database_url) as other:
                at = 1
                while await cancelled(other, talk(store), at):
                    at += 1

        asyncio.run(everywhere())
        assert seen == {2, 3}


def test_an_edited_message_that_a_model_answers_comes_with_its_turn(store: Any) -> None:
    call = tool_call("look", {}, id="c00000001")
    chat = store.start([system("Be terse."), "hm", assistant(tool_calls=[call])], backend=Model())
    chat.submit({call.id: "the sky"})
    before = where(chat)
    for entry in (chat.history()[0], chat.history()[3]):
        with pytest.raises(ContextOverflow):
            chat.edit(entry, "the sea", policy=[Window(1)])
        assert where(chat) == before
    reply = chat.edit(chat.history()[3], "the sea")
    assert [entry.text for entry in chat.history()] == ["Be terse.", "hm", "", "the sea", ANSWER]
    assert [entry.text for entry in reply.inputs] == ["the sea"]


def test_an_edit_that_asks_nobody_can_be_refused_too(store: Any, elsewhere: Any, monkeypatch: Any) -> None:
    chat = talk(store)
    before, entries = where(chat), chat.history()
    write = chat._handle.port.write

    async def fail(work: Any, **given: Any) -> Any:
        raise NotFound("the store is gone")

    monkeypatch.setattr(chat._handle.port, "write", fail)
    with pytest.raises(NotFound):
        chat.edit(entries[1], "good day")
    monkeypatch.setattr(chat._handle.port, "write", write)
    assert where(chat) == before
    assert chat.edit(entries[1], "good day") is None
    assert where(chat) == ("branch-2", 2, ["main", "side", "branch-2"], [(1, "hello"), (2, "good day")])
