"""A branch with tool calls replayed: their results come from the record, from whoever is asked, or from the tools."""

from __future__ import annotations

from typing import Any

import pytest

from convo import tool
from convo.backends.scripted import ScriptedBackend
from convo.errors import InvalidMessage, NoRecordedResult, ToolRoundsExceeded
from support.embedded import database_url
from support.tooling import calls, path

__all__ = ["database_url"]


def asking_weather(*cities: str, then: str = "Fine.") -> list[Any]:
    return [*(calls(("weather", {"city": city})) for city in cities), then]


def weathers(store: Any, name: str) -> Any:
    """A turn on record in which the weather was asked for in Paris, Rome, and Paris again."""
    said = iter(["rain", "sun", "snow"])
    chat = store.open(name, backend=ScriptedBackend(asking_weather("Paris", "Rome", "Paris")))
    chat.run("How is it?", tools=[tool(lambda city: next(said), name="weather")])
    return chat


def test_results_on_record_are_found_by_name_and_arguments_then_by_order(store: Any, name: str) -> None:
    chat = weathers(store, name)
    replay = chat.replay(backend=ScriptedBackend(asking_weather("Rome", "Paris", "Paris", "Rome", "Paris")))
    chat.switch(replay.branch.no)
    assert [text for text in path(chat) if ":" not in text] == ["sun", "rain", "snow", "sun", "snow"]
    assert replay.turns[0].reply.text == "Fine."
    assert [entry.text for entry in replay.turns[0].reply.inputs] == ["How is it?"]


def test_equal_calls_made_at_once_get_results_in_order(store: Any, name: str) -> None:
    chat = weathers(store, name)
    paris = ("weather", {"city": "Paris"})
    replay = chat.replay(backend=ScriptedBackend([calls(paris, paris), "Fine."]))
    chat.switch(replay.branch.no)
    assert [text for text in path(chat) if ":" not in text] == ["rain", "snow"]


def test_a_call_that_is_not_on_record_stops_with_a_choice(store: Any, name: str) -> None:
    chat = weathers(store, name)
    stranger = ScriptedBackend([calls(("weather", {"city": "Oslo"})), "Cold.", "unused"])
    with pytest.raises(NoRecordedResult, match='tools="ask"') as stopped:
        chat.replay(backend=stranger, name="north")
    assert (stopped.value.branch, stopped.value.call.parsed_arguments()) == ("north", {"city": "Oslo"})
    asked: list[Any] = []
    replay = chat.replay(
        backend=stranger, name="north", resume=True, tools="ask", ask=lambda call: asked.append(call) or "minus ten"
    )
    assert replay.turns[0].reply.text == "Cold."
    assert [call.name for call in asked] == ["weather"]


def test_a_result_may_be_submitted_by_hand_and_the_replay_gone_on_with(store: Any, name: str) -> None:
    chat = weathers(store, name)
    chat.send("And now?", backend=ScriptedBackend("Later."))
    stranger = ScriptedBackend([calls(("weather", {"city": "Oslo"})), "Cold.", "Still."])
    with pytest.raises(NoRecordedResult) as stopped:
        chat.replay(backend=stranger, name="north")
    side = store.load(chat.id, branch="north", backend=stranger)
    side.submit({stopped.value.call.id: "minus ten"})
    replay = chat.replay(backend=stranger, name="north", resume=True)
    assert [turn.reply.text for turn in replay.turns] == ["Cold.", "Still."]


def test_whoever_is_asked_may_decline(store: Any, name: str) -> None:
    chat = weathers(store, name)
    with pytest.raises(NoRecordedResult):
        chat.replay(backend=ScriptedBackend(asking_weather("Oslo")), tools="ask", ask=lambda call: None)


def test_live_tools_are_called(store: Any, name: str) -> None:
    chat = weathers(store, name)
    live = tool(lambda city: f"live in {city}", name="weather")
    replay = chat.replay(backend=ScriptedBackend(asking_weather("Oslo")), tools="live", functions=[live])
    chat.switch(replay.branch.no)
    assert "live in Oslo" in path(chat)


def test_a_model_that_never_answers_is_stopped(store: Any, name: str) -> None:
    chat = weathers(store, name)
    with pytest.raises(ToolRoundsExceeded):
        chat.replay(backend=ScriptedBackend([calls(("weather", {"city": "Paris"}))], forever=True))


def test_a_path_forked_in_the_midst_of_a_tool_round_is_replayed_whole(store: Any, name: str) -> None:
    chat = store.open(name, backend=ScriptedBackend([calls(("weather", {"city": "Rome"})), "Bad.", "Good."]))
    asked = chat.send("How is it?")
    side = chat.fork(name="side")
    side.submit({asked.tool_calls[0].id: "rain"})
    replay = side.replay(backend=ScriptedBackend([calls(("weather", {"city": "Rome"})), "Better."]))
    assert (len(replay.turns), replay.turns[0].reply.text, replay.branch.fork_seq) == (1, "Better.", 0)


@pytest.mark.parametrize(
    "value", [object(), {1: object()}, float("nan"), 10**5000], ids=lambda value: type(value).__name__
)
def test_what_the_function_asked_gives_must_be_a_result(store: Any, name: str, value: Any) -> None:
    chat = weathers(store, name)
    with pytest.raises(InvalidMessage, match="what ask gave for 'weather' must be"):
        chat.replay(backend=ScriptedBackend(asking_weather("Oslo")), name="north", tools="ask", ask=lambda call: value)
    again = {"name": "north", "resume": True, "tools": "ask", "backend": ScriptedBackend(["Fine."])}
    assert chat.replay(**again, ask=lambda call: "snow").turns[0].reply.text == "Fine."
