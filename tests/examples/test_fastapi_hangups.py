"""Readers of the FastAPI example who hang up in the midst, twenty at once, on every database."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import httpx
import pytest
import uvicorn

from convo import Store
from convo.testing import ChatServer
from support.gates import Gate
from support.pools import counted
from support.web_app import FOLDER, free_port

READERS = 20
PATIENCE = 60.0
TEXT = "word " * 40


@pytest.fixture
def model() -> Iterator[ChatServer]:
    with ChatServer(TEXT, style="openai") as server:
        yield server


@pytest.fixture
def base_url(model: ChatServer, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The example, served by uvicorn in this process, so that its connections can be counted."""
    monkeypatch.setenv("CHAT_DATABASE", database_url)
    monkeypatch.setenv("CHAT_BACKEND", f"llamacpp:local@{model.base_url}")
    config = uvicorn.Config(_loaded(FOLDER / "app.py").app, port=free_port(), log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    _until(lambda: server.started, "the application does not listen")
    yield f"http://127.0.0.1:{config.port}"
    server.should_exit = True
    thread.join(PATIENCE)


def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("fastapi_chat_app", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _until(come: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not come():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)


async def hang_up(base_url: str) -> str:
    """Ask as a new user, and leave when the answer has begun; return who asked."""
    async with httpx.AsyncClient(base_url=base_url, timeout=PATIENCE) as client:
        await client.get("/")
        async with client.stream("POST", "/messages", json={"text": "Are you there?"}) as response:
            assert "text" in await anext(response.aiter_lines())
        return client.cookies["user"]


def test_twenty_who_hang_up_at_once_leave_no_turn_running_and_no_connection_in_use(
    base_url: str, model: ChatServer, database_url: str
) -> None:
    gate = Gate(after=3)
    model.misbehave(gate, times=READERS)

    async def all_at_once() -> list[str]:
        return await asyncio.gather(*(hang_up(base_url) for _ in range(READERS)))

    with counted() as in_use, Store(database_url, owner=None) as store:
        users = asyncio.run(all_at_once())
        _until(lambda: in_use.count == 0, "a connection is held while the model answers")
        gate.open()
        chats = [store.for_owner(user).open("support") for user in users]
        _until(lambda: all(chat.turns()[-1].status == "completed" for chat in chats), "a turn is left running")
        assert {chat.history()[-1].text for chat in chats} == {TEXT}
        _until(lambda: in_use.count == 0, "a connection is left in use")
    assert model.hangups == 0
