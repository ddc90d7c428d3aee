"""The sync face where it is used: inside a running event loop, in threads, on both sides of a fork."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from convo import Conversation, Store
from convo.completions import CompletionRequest
from convo.errors import HandleInUse
from support.processes import program_output


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with Store(database_url) as made:
        yield made


def twenty_words(request: CompletionRequest) -> Iterator[str]:
    for number in range(20):
        yield f"{number} "


def echo(request: CompletionRequest) -> str:
    return f"heard {request.messages[-1].text}"


TWENTY = [f"{number} " for number in range(20)]


def test_a_verb_works_inside_a_running_event_loop(store: Store, name: str) -> None:
    async def in_a_notebook() -> str:
        chat = store.open(name, backend=echo)
        await asyncio.sleep(0)
        return chat.send("hi").text

    assert asyncio.run(in_a_notebook()) == "heard hi"
    assert [entry.text for entry in store.open(name).history()] == ["hi", "heard hi"]


def test_every_chunk_of_a_stream_arrives_inside_a_running_event_loop(store: Store, name: str) -> None:
    async def in_a_notebook() -> list[str]:
        pieces = []
        for delta in store.open(name, backend=twenty_words).stream("count"):
            pieces.append(delta.text)
            await asyncio.sleep(0)
        return pieces

    assert [piece for piece in asyncio.run(in_a_notebook()) if piece] == TWENTY
    assert store.open(name).history()[-1].text == "".join(TWENTY)


def test_a_stream_begun_inside_a_loop_goes_on_after_it_has_ended(store: Store, name: str) -> None:
    stream = store.open(name, backend=twenty_words).stream("count")

    async def begin() -> str:
        return next(stream).text

    first = asyncio.run(begin())
    assert [text for text in [first, *(delta.text for delta in stream)] if text] == TWENTY
    assert stream.reply.text == "".join(TWENTY)


def test_a_stream_that_its_reader_left_inside_a_loop_is_closed_at_once(store: Store, name: str) -> None:
    async def leave() -> None:
        with store.open(name, backend=twenty_words).stream("count") as stream:
            next(stream)

    asyncio.run(leave())
    chat = store.open(name, backend=echo)
    assert chat.turns()[-1].status == "interrupted"
    assert chat.send("and now?").text == "heard and now?"


def test_a_stream_that_its_reader_drops_is_closed_at_once(store: Store, name: str) -> None:
    chat = store.open(name, backend=twenty_words)
    for _ in chat.stream("count"):
        break
    assert chat.turns()[-1].status == "interrupted"
    assert chat.send("and now?").text == "".join(TWENTY)


def test_the_event_loops_hooks_are_left_as_they_were(store: Store, name: str) -> None:
    async def hooks_around() -> bool:
        before = sys.get_asyncgen_hooks()
        with store.open(name, backend=twenty_words).stream("count") as stream:
            next(stream)
            return before == sys.get_asyncgen_hooks() and before.firstiter is not None

    assert asyncio.run(hooks_around())


def test_threads_share_a_store_each_with_a_handle_of_its_own(store: Store, name: str) -> None:
    def talk(number: int) -> list[str]:
        chat = store.open(f"{name}-{number}", backend=echo)
        return [chat.send(f"{number}.{turn}").text for turn in range(5)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(talk, range(8)))
    assert answers == [[f"heard {number}.{turn}" for turn in range(5)] for number in range(8)]


def test_threads_may_write_to_one_branch_through_handles_of_their_own(store: Store, name: str) -> None:
    store.open(name)

    def write(number: int) -> None:
        chat = store.open(name)
        for turn in range(5):
            chat.append(f"{number}.{turn}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    texts = [entry.text for entry in store.open(name).history()]
    assert sorted(texts) == sorted(f"{number}.{turn}" for number in range(8) for turn in range(5))
    for number in range(8):
        assert [text for text in texts if text.startswith(f"{number}.")] == [f"{number}.{turn}" for turn in range(5)]


def test_a_handle_used_by_two_threads_at_once_says_so(store: Store, name: str) -> None:
    asked, answered = threading.Event(), threading.Event()

    def slow(request: CompletionRequest) -> str:
        asked.set()
        assert answered.wait(30)
        return "done"

    chat = store.open(name, backend=slow)
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(chat.send, "first")
        assert asked.wait(30)
        for misuse in (lambda: chat.send("second"), lambda: chat.append("second"), lambda: chat.fork()):
            with pytest.raises(HandleInUse, match="open a handle for each"):
                misuse()
        answered.set()
        assert reply.result().text == "done"
    assert [entry.text for entry in chat.history()] == ["first", "done"]


def test_one_url_is_one_store_for_the_whole_process(database_url: str, name: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        chats = list(pool.map(lambda _: Conversation.open(database_url, name), range(8)))
    assert len({chat.id for chat in chats}) == 1
    assert len({id(chat._handle.port) for chat in chats}) == 1


def test_a_store_is_used_again_after_it_was_closed(store: Store, name: str) -> None:
    chat = store.open(name, backend=echo)
    chat.send("one")
    store.close()
    assert chat.send("two").text == "heard two"
    assert len(store.open(name).history()) == 4


BOTH_SIDES_OF_A_FORK = """
    import os, sys
    from convo import Conversation, Store

    def echo(request):
        return "heard " + request.messages[-1].text

    url, name = sys.argv[1:]
    chat = Conversation.open(url, name, backend=echo)
    chat.send("before")
    store = Store(url)
    own = store.open(name)
    child = os.fork()
    if child == 0:
        chat.send("child 1", wait=30)
        assert own.history()[-1].text.startswith("heard ")
        chat.send("child 2", wait=30)
        sys.exit(0)
    chat.send("parent 1", wait=30)
    _, status = os.waitpid(child, 0)
    assert status == 0, status
    chat.send("parent 2")
    assert own.history()[-1].text == "heard parent 2"
    grandchild = os.fork()
    if grandchild == 0:
        store.close()
        sys.exit(0)
    os.waitpid(grandchild, 0)
    chat.send("parent 3")
    for entry in chat.history():
        print(entry.text)
    store.close()
"""


def test_parent_and_child_both_go_on_after_a_fork(database_url: str, name: str) -> None:
    said = program_output(BOTH_SIDES_OF_A_FORK, database_url, name, forks=True)
    asked = [text for text in said if not text.startswith("heard ")]
    assert sorted(asked) == ["before", "child 1", "child 2", "parent 1", "parent 2", "parent 3"]
    assert (asked[0], asked[-2:]) == ("before", ["parent 2", "parent 3"])
    assert said[1::2] == [f"heard {text}" for text in said[::2]]
