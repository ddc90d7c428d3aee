"""The async face where it is used: by many tasks, over several event loops, across a fork."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from convo import AsyncConversation, AsyncStore
from convo.completions import CompletionRequest
from convo.errors import HandleInUse, SchemaMismatch, StoreUnavailable
from convo.store.schema import upgrade
from support.processes import program_output


async def echo(request: CompletionRequest) -> str:
    await asyncio.sleep(0)
    return f"heard {request.messages[-1].text}"


def test_a_store_is_first_used_by_many_tasks_at_once(database_url: str, name: str) -> None:
    async def talk(store: AsyncStore, number: int) -> str:
        chat = await store.open(f"{name}-{number}", backend=echo)
        return (await chat.send(str(number))).text

    async def all_at_once() -> list[str]:
        async with AsyncStore(database_url) as store:
            return await asyncio.gather(*(talk(store, number) for number in range(12)))

    assert asyncio.run(all_at_once()) == [f"heard {number}" for number in range(12)]


def test_a_first_use_that_fails_fails_for_every_task_and_can_be_mended(empty_database_url: str, name: str) -> None:
    async def scenario() -> str:
        async with AsyncStore(empty_database_url) as store:
            if not empty_database_url.startswith("sqlite"):
                problems = await asyncio.gather(*(store.open(name) for _ in range(5)), return_exceptions=True)
                assert [type(problem) for problem in problems] == [SchemaMismatch] * 5
                await asyncio.to_thread(upgrade, empty_database_url)
            chat = await store.open(name, backend=echo)
            return (await chat.send("now")).text

    assert asyncio.run(scenario()) == "heard now"


def test_one_handle_in_two_tasks_says_so(database_url: str, name: str) -> None:
    async def scenario() -> list[str]:
        async with AsyncStore(database_url) as store:
            chat = await store.open(name, backend=echo)
            first = asyncio.ensure_future(chat.send("first"))
            await asyncio.sleep(0)
            with pytest.raises(HandleInUse):
                await chat.send("second")
            await first
            return [entry.text for entry in await chat.history()]

    assert asyncio.run(scenario()) == ["first", "heard first"]


def test_many_tasks_write_to_one_branch_through_handles_of_their_own(database_url: str, name: str) -> None:
    async def write(store: AsyncStore, number: int) -> None:
        chat = await store.open(name)
        for turn in range(4):
            await chat.append(f"{number}.{turn}")

    async def scenario() -> list[str]:
        async with AsyncStore(database_url) as store:
            await asyncio.gather(*(write(store, number) for number in range(8)))
            return [entry.text for entry in await (await store.open(name)).history()]

    texts = asyncio.run(scenario())
    assert sorted(texts) == sorted(f"{number}.{turn}" for number in range(8) for turn in range(4))


def test_the_event_loop_runs_on_while_the_database_works(database_url: str, name: str) -> None:
    async def scenario() -> int:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0)
                ticks += 1

        async with AsyncStore(database_url) as store:
            chat = await store.open(name)
            ticking = asyncio.ensure_future(tick())
            before = ticks
            for number in range(10):
                await chat.append(str(number))
            ticking.cancel()
            return ticks - before

    assert asyncio.run(scenario()) > 20


def test_an_in_memory_database_outlives_the_event_loop() -> None:
    store = AsyncStore("sqlite://")

    async def say(text: str) -> list[str]:
        chat = await store.open("x")
        await chat.append(text)
        return [entry.text for entry in await chat.history()]

    assert asyncio.run(say("a")) == ["a"]
    assert asyncio.run(say("b")) == ["a", "b"]
    asyncio.run(store.aclose())


def test_a_stream_that_its_reader_drops_is_closed_by_the_loop(database_url: str, name: str) -> None:
    async def words(request: CompletionRequest) -> AsyncIterator[str]:
        for number in range(20):
            yield f"{number} "

    async def scenario() -> str:
        async with AsyncStore(database_url) as store:
            chat = await store.open(name, backend=words)
            async for _ in chat.stream("count"):
                break
            async with asyncio.timeout(20):
                while (await chat.turns())[-1].status == "running":
                    await asyncio.sleep(0.01)
            return (await chat.turns())[-1].status

    assert asyncio.run(scenario()) == "interrupted"


LOOP_AFTER_LOOP = """
    import asyncio, gc, sys, threading
    from convo import AsyncConversation, AsyncStore

    async def echo(request):
        return "heard " + request.messages[-1].text

    url, name = sys.argv[1:]
    kept = AsyncStore(url)

    async def short(number):
        chat = await AsyncConversation.open(url, name, backend=echo)
        return (await chat.send(f"short {number}")).text

    async def long(number):
        chat = await kept.open(name, backend=echo)
        parts = [delta.text async for delta in chat.stream(f"long {number}")]
        return "".join(parts)

    for number in range(3):
        print(asyncio.run(short(number)))
        print(asyncio.run(long(number)))
    gc.collect()
    asyncio.run(kept.aclose())
    print([thread.name for thread in threading.enumerate()])
"""


def test_loop_after_loop_leaves_no_connection_no_thread_and_no_warning(database_url: str, name: str) -> None:
    said = program_output(LOOP_AFTER_LOOP, database_url, name)
    expected = [f"heard {kind} {number}" for number in range(3) for kind in ("short", "long")]
    assert said == [*expected, "['MainThread']"]


BOTH_SIDES_OF_A_FORK = """
    import asyncio, os, sys
    from convo import AsyncConversation, AsyncStore

    async def echo(request):
        return "heard " + request.messages[-1].text

    url, name = sys.argv[1:]
    kept = AsyncStore(url)

    async def say(text):
        chat = await kept.open(name, backend=echo)
        await chat.send(text, wait=30)
        short = await AsyncConversation.open(url, name, backend=echo)
        await short.send(text + " shortly", wait=30)

    asyncio.run(say("before"))
    child = os.fork()
    asyncio.run(say("child" if child == 0 else "parent"))
    if child == 0:
        asyncio.run(kept.aclose())
        sys.exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, status

    async def show():
        for entry in await (await kept.open(name)).history():
            print(entry.text)
        await kept.aclose()

    asyncio.run(show())
"""


def test_parent_and_child_both_go_on_after_a_fork(database_url: str, name: str) -> None:
    said = program_output(BOTH_SIDES_OF_A_FORK, database_url, name, forks=True)
    expected = [f"{who}{how}" for who in ("before", "child", "parent") for how in ("", " shortly")]
    assert sorted(said[::2]) == sorted(expected)
    assert said[1::2] == [f"heard {text}" for text in said[::2]]


FORKED_INSIDE_A_LOOP = """
    import asyncio, os, sys
    from convo import AsyncStore

    url, name = sys.argv[1:]

    async def talk():
        async with AsyncStore(url) as store:
            chat = await store.open(name)
            await chat.append("before")
            child = os.fork()
            if child == 0:
                os._exit(work_of_the_child(store))
            assert os.waitpid(child, 0)[1] == 0
            await chat.append("after")
            for entry in await chat.history():
                print(entry.text)

    def work_of_the_child(store):
        async def say():
            await (await store.open(name)).append("child")
            await store.aclose()
        asyncio.run(say())
        return 0

    asyncio.run(talk())
"""


def test_a_child_forked_inside_a_loop_uses_the_store_on_a_loop_of_its_own(database_url: str, name: str) -> None:
    assert program_output(FORKED_INSIDE_A_LOOP, database_url, name, forks=True) == ["before", "child", "after"]


CLOSED_BY_A_CHILD = """
    import asyncio, os, sys, threading
    from sqlalchemy import text
    from convo import AsyncStore
    from convo.testing import ScriptedBackend

    url, name, how = sys.argv[1:]
    WHO = {"postgresql": "pg_backend_pid()", "mysql": "connection_id()", "mariadb": "connection_id()", "sqlite": "1"}

    def who(connection):
        return connection.execute(text("SELECT " + WHO[connection.dialect.name])).scalar()

    async def talk():
        store = AsyncStore(url)
        chat = await store.open(name, backend=ScriptedBackend("One two three four five."))
        stream = chat.stream("Count.", detached=how == "detached")
        given = [(await anext(stream)).text]
        connection = await store._port.read(who)
        child = os.fork()
        if child == 0:
            if how == "here":
                await store.aclose()
            else:
                other = threading.Thread(target=asyncio.run, args=[store.aclose()])
                other.start()
                other.join()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert how == "detached" or await store._port.read(who) == connection
        given += [delta.text async for delta in stream]
        print("".join(given), (await chat.turns())[-1].status)
        await store.aclose()

    asyncio.run(talk())
"""


@pytest.mark.parametrize("how", ["here", "elsewhere", "detached"])
def test_a_child_that_closes_what_it_inherited_leaves_the_parents_connections_and_streams_alone(
    database_url: str, name: str, how: str
) -> None:
    said = program_output(CLOSED_BY_A_CHILD, database_url, name, how, forks=True)
    assert said == ["One two three four five. completed"]


def test_a_server_that_is_down_is_said_in_one_sentence_by_every_task() -> None:
    async def scenario() -> None:
        for url in ("postgresql://nobody@127.0.0.1:1/none", "mariadb://nobody@127.0.0.1:1/none"):
            store = AsyncStore(url)
            problems = await asyncio.gather(*(store.open("x") for _ in range(3)), return_exceptions=True)
            assert [type(problem) for problem in problems] == [StoreUnavailable] * 3
            await store.aclose()

    asyncio.run(scenario())


def test_stores_are_kept_by_url_and_loop(database_url: str, name: str) -> None:
    async def ports() -> list[object]:
        chats = [await AsyncConversation.open(database_url, name) for _ in range(2)]
        return [chat._handle.port for chat in chats]

    first, again = asyncio.run(ports())
    assert first is again
    assert asyncio.run(ports())[0] is not first


def test_the_store_that_an_event_loop_shares_goes_with_the_loop(database_url: str, name: str) -> None:
    async def talk() -> weakref.ref[asyncio.AbstractEventLoop]:
        chat = await AsyncConversation.open(database_url, name, backend=echo)
        await chat.send("hello")
        return weakref.ref(asyncio.get_running_loop())

    loops = [asyncio.run(talk()) for _ in range(3)]
    gc.collect()
    assert [loop() for loop in loops] == [None] * 3


def test_closing_an_embedded_store_waits_for_its_transactions_while_the_event_loop_goes_on(tmp_path: Path) -> None:
    go_on = threading.Event()

    async def scenario() -> bool:
        store = AsyncStore(f"sqlite:///{tmp_path}/chat.db")
        await store.open("customer-42")
        under_way = asyncio.ensure_future(store._port.read(lambda connection: go_on.wait(5)))
        await asyncio.sleep(0.05)
        asyncio.get_running_loop().call_later(0.05, go_on.set)
        await store.aclose()
        return await under_way

    assert asyncio.run(scenario())
