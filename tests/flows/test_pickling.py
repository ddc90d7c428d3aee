"""What convo gives back can be pickled and copied, to be cached or sent away; what holds connections says no."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from convo import Redact, ToolCall, Window, tool, tool_call
from convo.errors import InvalidMessage, Unsupported
from support.embedded import database_url
from support.faces import bare

__all__ = ["database_url"]

WAYS: list[Callable[[Any], Any]] = [lambda value: pickle.loads(pickle.dumps(value)), copy.deepcopy]


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


@pytest.fixture
def store(face: Any, database_url: str) -> Any:
    return face.Store(database_url)


@pytest.mark.parametrize("copied", WAYS, ids=["pickled", "copied"])
def test_what_is_given_back_survives(store: Any, copied: Callable[[Any], Any]) -> None:
    policy = [Window(200, 100), Redact("secret")]
    chat = store.start(backend=lambda request: "Yes. " * 20, policy=policy)
    replies = [chat.send(f"Is this secret {number}?") for number in range(6)]
    side = chat.fork(at=replies[0].entry, name="side")
    side.send("And that?")
    composed = chat.compose("And now?")
    assert copied(composed).decisions == composed.decisions != ()
    call = chat.turn(replies[0].turn.id)[1][0]
    given = [
        *replies,
        composed,
        call,
        chat.explain(turn=-1),
        chat.request(replies[0].turn, call),
        chat.history(),
        chat.turns(),
        chat.branches(),
        chat.info(),
        chat.usage(),
        chat.usage_by_turn(),
        chat.diff("main", "side"),
        chat.compare("main", "side"),
        chat.replay(),
        store.search("secret"),
        policy,
    ]
    for value in given:
        assert copied(value) == value


@tool(timeout=3, repeat="safe")
def stock_of(cheese: str) -> int:
    """How many are left."""
    return len(cheese)


def price_of(cheese: str, pieces: int = 1) -> int:
    """What it costs."""
    return pieces


def refuse(call: ToolCall) -> bool:
    return False


def test_a_tool_in_its_functions_place_is_found_there_again() -> None:
    assert pickled(stock_of) is stock_of


def test_a_tool_made_of_a_function_is_made_of_it_again() -> None:
    made = tool(price_of, name="price", timeout=2, approve=refuse)
    again = pickled(made)
    assert again == made
    assert again.arguments_of(tool_call("price", {"cheese": "Brie"})) == {"cheese": "Brie"}
    with pytest.raises(InvalidMessage, match="pieces"):
        again.arguments_of(tool_call("price", {"cheese": "Brie", "pieces": "many"}))
    assert copy.deepcopy(made) == made


@pytest.mark.parametrize("copied", WAYS, ids=["pickled", "copied"])
def test_stores_and_handles_say_that_they_cannot_be(store: Any, copied: Callable[[Any], Any]) -> None:
    chat = store.start(["Hello."])
    for one in (bare(chat), bare(store)):
        with pytest.raises(Unsupported, match="load"):
            copied(one)
