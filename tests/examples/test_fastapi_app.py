"""The FastAPI example ("fastapi_chat/app.py") as its page and other clients see it."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from convo.testing import ChatServer, faults
from support.databases import sqlite_url
from support.gates import Gate
from support.web_app import WebApp

WORDS = "word " * 600
"""Longer than what is kept at once (2 kB), so that something of it is kept before it ends."""


@pytest.fixture(scope="module")
def model() -> Iterator[ChatServer]:
    with ChatServer("Bonjour!", style="openai") as server:
        yield server


@pytest.fixture(scope="module")
def app(model: ChatServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebApp]:
    folder: Path = tmp_path_factory.mktemp("app")
    with WebApp(sqlite_url(folder / "chat.db"), f"llamacpp:local@{model.base_url}") as running:
        yield running


@pytest.fixture
def user(app: WebApp, model: ChatServer) -> Iterator[httpx.Client]:
    """A user whose browser has loaded the page: the cookie tells who it is."""
    model.reply("Bonjour!")
    with httpx.Client(base_url=app.url, timeout=30) as client:
        assert "<title>" in client.get("/").text
        yield client


def events(response: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in response.iter_lines() if line]


def said(response: httpx.Response) -> str:
    """The text of a stream that ended well."""
    *texts, last = events(response)
    assert last == {"end": True}
    return "".join(event["text"] for event in texts)


def ask(user: httpx.Client, text: str) -> httpx.Response:
    return user.post("/messages", json={"text": text})


def leave_in_the_midst(user: httpx.Client, text: str) -> None:
    with user.stream("POST", "/messages", json={"text": text}) as response:
        assert "text" in next(response.iter_lines())


def state(user: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = user.get("/chat").raise_for_status().json()
    return found


def test_an_answer_streams_and_stays(user: httpx.Client) -> None:
    assert state(user) == {"messages": [], "turn": None}
    assert said(ask(user, "Bonjour?")) == "Bonjour!"
    assert [message["text"] for message in state(user)["messages"]] == ["Bonjour?", "Bonjour!"]


def test_half_a_surrogate_pair_does_not_lock_a_user_out(user: httpx.Client) -> None:
    half = rb'{"text": "\ud83d"}'
    assert said(user.post("/messages", content=half, headers={"content-type": "application/json"})) == "Bonjour!"
    assert [message["text"] for message in state(user)["messages"]] == ["\ud83d", "Bonjour!"]


def test_who_has_no_cookie_has_no_chat(app: WebApp) -> None:
    assert httpx.get(f"{app.url}/chat").status_code == 401


def test_users_do_not_see_each_others_turns(app: WebApp, user: httpx.Client, model: ChatServer) -> None:
    gate = Gate(after=3)
    model.misbehave(gate)
    leave_in_the_midst(user, "A secret.")
    turn = state(user)["turn"]
    with httpx.Client(base_url=app.url) as other:
        other.get("/")
        assert state(other) == {"messages": [], "turn": None}
        assert [list(event) for event in events(other.get(f"/turns/{turn}"))] == [["error"]]
    gate.open()


def test_an_answer_whose_reader_hung_up_is_read_to_its_end(user: httpx.Client, model: ChatServer) -> None:
    gate = Gate(after=600)
    model.reply(WORDS)
    model.misbehave(gate)
    leave_in_the_midst(user, "Are you there?")
    turn = state(user)["turn"]
    gate.open()
    assert said(user.get(f"/turns/{turn}")) == WORDS
    assert state(user)["turn"] is None
    assert state(user)["messages"][-1]["text"] == WORDS


def test_a_second_question_meanwhile_is_refused_and_the_first_goes_on(user: httpx.Client, model: ChatServer) -> None:
    gate = Gate(after=3)
    model.misbehave(gate)
    leave_in_the_midst(user, "First.")
    assert [list(event) for event in events(ask(user, "Second."))] == [["error"]]
    turn = state(user)["turn"]
    gate.open()
    assert said(user.get(f"/turns/{turn}")) == "Bonjour!"


def test_a_model_that_fails_keeps_the_question_and_can_be_asked_again(user: httpx.Client, model: ChatServer) -> None:
    model.misbehave(faults.status(400))
    assert [list(event) for event in events(ask(user, "Bonjour?"))] == [["error"]]
    assert state(user)["messages"] == [{"role": "user", "text": "Bonjour?"}]
    assert user.post("/resume").status_code == 204
    assert state(user)["messages"][-1]["text"] == "Bonjour!"


def test_nothing_to_resume_or_cancel_is_a_conflict(user: httpx.Client) -> None:
    assert user.post("/resume").status_code == 409
    assert user.post("/cancel").status_code == 409


def test_a_server_that_is_stopped_leaves_what_came_to_be_resumed(
    app: WebApp, user: httpx.Client, model: ChatServer
) -> None:
    gate = Gate(after=600)
    model.reply(WORDS)
    model.misbehave(gate)
    with user.stream("POST", "/messages", json={"text": "Count."}) as response:
        lines = response.iter_lines()
        for _ in range(900):
            next(lines)
        app.stop(signal.SIGTERM)
    gate.open()
    app.start()
    turn = state(user)["turn"]
    *kept, last = events(user.get(f"/turns/{turn}"))
    assert list(last) == ["error"]
    assert WORDS.startswith("".join(event["text"] for event in kept))
    model.reply("and the end.")
    assert user.post("/resume").status_code == 204
    assert said(user.get(f"/turns/{turn}")).startswith("word word word")
    assert state(user)["messages"][-1]["text"].endswith("and the end.")


def test_stop_keeps_what_came(user: httpx.Client, model: ChatServer) -> None:
    model.reply(WORDS)
    model.misbehave(lambda answer: faults.stall(500, 0.5)(faults.stall(10, 1.2)(answer)), times=1)
    leave_in_the_midst(user, "Tell me all.")
    deadline = time.monotonic() + 30
    assert user.post("/cancel").status_code == 204
    while state(user)["turn"]:
        assert time.monotonic() < deadline
    assert WORDS.startswith(state(user)["messages"][-1]["text"])
