"""Try convo on PostgreSQL with a transaction-pooling proxy before it and a replica behind it.

    python -m benchmarks.pg_cluster --primary URL --proxy URL --replica URL --admin URL

``--proxy`` is PgBouncer in transaction mode before the primary; ``--admin`` the replica's, as a superuser, who holds
its replay up. The tables are made in the primary's database and stay. Prints what it saw; ends with 1 where anything
was lost, doubled or stale.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, event, text

from benchmarks.histories import TEXT, instant
from convo import AsyncStore, Store
from convo.store.engine import parse_url, sync_engine
from convo.store.schema import upgrade

BEHIND_PROXY: dict[str, Any] = {"connect_args": {"prepare_threshold": None}}
WRITERS, TURNS, HANDLES = 8, 50, 40


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pg_cluster", description=(__doc__ or "").partition("\n")[0]
    )
    for name in ("primary", "proxy", "replica", "admin"):
        parser.add_argument(f"--{name}", required=True, metavar="URL")
    urls = parser.parse_args()
    upgrade(urls.primary)
    for name, url, options in (("direct", urls.primary, {}), ("proxy", urls.proxy, BEHIND_PROXY)):
        print(
            f"{name}: {WRITERS} processes, own branches: {_writers(urls.primary, url, options):.0f} turns/s", flush=True
        )
    print(
        f"proxy: {HANDLES} tasks at once, a conversation each: {asyncio.run(_tasks(urls.proxy)):.0f} turns/s",
        flush=True,
    )
    _replica(urls.primary, urls.replica, urls.admin)


def _writers(primary: str, url: str, options: dict[str, Any]) -> float:
    """Have processes write to branches of one conversation through ``url``; check it on the primary."""
    with Store(primary) as store:
        first = store.start()
        branches = [first.fork().branch.no for _ in range(WRITERS)]
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(WRITERS + 1)
    processes = [context.Process(target=_write, args=(ready, url, options, first.id, branch)) for branch in branches]
    for process in processes:
        process.start()
    ready.wait(60)
    began = time.monotonic()
    for process in processes:
        process.join()
    took = time.monotonic() - began
    with Store(primary) as store:
        for branch in branches:
            entries = store.load(first.id, branch=branch).history(limit=1000)
            assert [entry.seq for entry in entries] == list(range(1, 2 * TURNS + 1)), "messages are missing or doubled"
        assert list(store.verify()) == []
    assert all(process.exitcode == 0 for process in processes)
    return WRITERS * TURNS / took


def _write(ready: Any, url: str, options: dict[str, Any], conversation: Any, branch: int) -> None:
    with Store(url, **options) as store:
        chat = store.load(conversation, branch=branch, backend=instant)
        ready.wait(60)
        for _ in range(TURNS):
            chat.send(TEXT)


async def _tasks(url: str) -> float:
    """Have more tasks than the proxy has server connections write at once, over an async store."""
    owner, began = f"tasks-{uuid4().hex}", time.monotonic()
    async with AsyncStore(url, owner=owner, pool_size=HANDLES, **BEHIND_PROXY) as store:

        async def talk(number: int) -> None:
            chat = await store.open(f"talk {number}", backend=instant)
            for _ in range(5):
                await chat.send(TEXT)

        await asyncio.gather(*map(talk, range(HANDLES)))
        took = time.monotonic() - began
        for number in range(HANDLES):
            chat = await store.open(f"talk {number}")
            assert len(await chat.history(limit=1000)) == 10
    return HANDLES * 5 / took


def _replica(primary: str, replica: str, admin: str) -> None:
    """Hold the replica's replay up, write on, and see what is shown from where."""
    owner = f"replica-{uuid4().hex}"
    with Store(primary, owner=owner, read_url=replica) as store, _connected(admin) as at_replica:
        chat = store.start(["one"], backend=_heard)
        _until(lambda: store.conversations(), "the replica has the conversation")
        at_replica("SELECT pg_wal_replay_pause()")
        try:
            with Store(primary, owner=owner) as other:
                other.load(chat.id).append("two")
                newer = other.start(["newer"]).id
            with _counted() as ports:
                assert [info.id for info in store.conversations()] == [chat.id]
                assert [entry.text for entry in chat.history()] == ["one"]
            print(f"replica held up: lists and shows what it has, from {_said(ports)}", flush=True)
            with _counted() as ports:
                reply = chat.send("three")
                assert reply.text == "one, two, three", reply.text
                assert len(chat.history()) == 4, "a handle does not see what it wrote itself"
            print(f"replica held up: a turn is composed of everything, and shown, from {_said(ports)}", flush=True)
        finally:
            at_replica("SELECT pg_wal_replay_resume()")
        _until(lambda: [info.id for info in store.conversations()] == [chat.id, newer], "the replica has caught up")
        with _counted() as ports:
            assert len(chat.history()) == 4
        print(f"replica caught up: shows all, from {_said(ports)}", flush=True)


def _heard(request: Any) -> str:
    return ", ".join(message.text for message in request.messages)


def _until(holds: Callable[[], Any], what: str) -> None:
    for _ in range(200):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within 10 s: {what}")


@contextmanager
def _connected(url: str) -> Iterator[Callable[[str], None]]:
    engine = sync_engine(parse_url(url))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield lambda statement: connection.execute(text(statement)) and None
    engine.dispose()


@contextmanager
def _counted() -> Iterator[Counter[int | None]]:
    """Count the statements that reach each server, by its port."""
    ports: Counter[int | None] = Counter()

    def note(connection: Any, *rest: Any) -> None:  # noqa: ARG001 - the event's signature
        ports[connection.engine.url.port] += 1

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield ports
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _said(ports: Counter[int | None]) -> str:
    return ", ".join(f"port {port}: {count} statements" for port, count in ports.items())


if __name__ == "__main__":
    main()
