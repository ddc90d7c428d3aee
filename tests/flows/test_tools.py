"""``run``: the calls that a model wants are made, their results stored as they come, until it answers."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from convo import (
    AsyncConversation,
    AsyncStore,
    Delta,
    Store,
    ToolFinished,
    ToolStarted,
    TurnDone,
    tool,
    user,
)
from convo.backends.mistral import mistral
from convo.backends.openai import openai
from convo.completions import CompletionRequest, Usage
from convo.errors import (
    InvalidOption,
    InvalidSetting,
    ToolRoundsExceeded,
    Unsupported,
    WrongFace,
)
from convo.testing import ChatServer, ScriptedBackend, ServerReply
from support.tooling import PATIENCE, calls, path, results, weather


def test_calls_are_made_and_the_model_asked_again_in_one_turn(store: Any) -> None:
    backend = ScriptedBackend(
        [calls(("weather", {"city": "Paris"})), calls(("weather", {"city": "Rome"}), text="And"), "Sunny in both."]
    )
    chat = store.start(backend=backend)
    reply = chat.run("Paris and Rome?", tools=[weather])
    assert path(chat) == ["u:Paris and Rome?", "a:", "sunny in Paris", "a:And", "sunny in Rome", "a:Sunny in both."]
    assert (reply.text, reply.turn.status) == ("Sunny in both.", "completed")
    assert [entry.text for entry in reply.inputs] == ["Paris and Rome?"]
    (turn,) = chat.turns()
    assert (turn.id, turn.input, turn.output, turn.calls) == (reply.turn.id, (1, 1), (2, 6), 3)
    assert {entry.turn_id for entry in chat.history()} == {turn.id}
    assert [request.messages[-1].text for request in backend.requests] == [
        "Paris and Rome?",
        "sunny in Paris",
        "sunny in Rome",
    ]


def test_the_tools_are_offered_with_every_request(store: Any) -> None:
    backend = ScriptedBackend([calls(("weather", {"city": "Paris"})), "Sunny."])
    store.start(backend=backend).run("Paris?", tools=[weather, {"type": "web_search"}], temperature=0.5)
    for request in backend.requests:
        assert request.options.temperature == 0.5
        assert [each.function.name if each.function else each.type for each in request.options.tools or ()] == [
            "weather",
            "web_search",
        ]


def test_the_usage_of_a_run_is_that_of_all_its_requests(store: Any) -> None:
    chat = store.start(backend=ScriptedBackend([calls(("weather", {"city": "Paris"})), "Sunny."]))
    reply = chat.run("Paris?", tools=[weather])
    used = [call.usage for call in chat.turn(reply.turn.id)[1]]
    assert len(used) == 2
    assert reply.usage == sum(used, Usage())


def test_an_answer_without_calls_ends_at_once(store: Any) -> None:
    chat = store.start(backend=ScriptedBackend(["No need."]))
    assert chat.run("hello", tools=[weather]).text == "No need."
    assert path(chat) == ["u:hello", "a:No need."]


def test_what_forces_a_call_holds_for_the_first_request_alone(store: Any) -> None:
    backend = ScriptedBackend([calls(("weather", {"city": "Paris"})), "Sunny."])
    store.start(backend=backend).run("Paris?", tools=[weather], tool_choice="any")
    assert [request.options.tool_choice for request in backend.requests] == ["any", None]


def test_calls_of_one_answer_are_made_at_the_same_time(store: Any) -> None:
    together = threading.Barrier(3)

    def meet(number: int) -> int:
        together.wait(PATIENCE)
        return number

    chat = store.start(backend=ScriptedBackend([calls(*(("meet", {"number": n}) for n in range(3))), "Met."]))
    chat.run("Meet!", tools=[meet])
    assert sorted(results(chat)) == ["0", "1", "2"]


def test_more_calls_than_are_made_at_once_are_made_all_the_same(store: Any) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def count(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1
        return number

    wanted = calls(*(("count", {"number": n}) for n in range(40)))
    chat = store.start(backend=ScriptedBackend([wanted, "Counted."]))
    chat.run("Count!", tools=[count])
    assert sorted(map(int, results(chat))) == [*range(40)]
    assert 1 < most <= 16


def test_results_are_stored_as_they_arrive(store: Any, elsewhere: Any) -> None:
    first_is_stored = threading.Event()

    def slow() -> str:
        return "slow" if first_is_stored.wait(PATIENCE) else "never"

    def quick() -> str:
        return "quick"

    chat = store.start(backend=ScriptedBackend([calls("slow", "quick"), "Done."]))
    with chat.stream_run("Go!", tools=[slow, quick]) as stream:
        for event in stream:
            if isinstance(event, ToolFinished) and event.call.name == "quick":
                seen = elsewhere(chat)
                assert (results(seen), seen.turns()[-1].status) == (["quick"], "running")
                first_is_stored.set()
    assert results(chat) == ["quick", "slow"]


def test_a_stream_tells_of_pieces_and_calls_and_the_end(store: Any) -> None:
    chat = store.start(backend=ScriptedBackend([calls(("weather", {"city": "Paris"}), text="Let me see."), "Sunny."]))
    told: list[Any] = []
    with chat.stream_run("Paris?", tools=[weather]) as stream:
        told.extend(stream)
    texts = "".join(event.text for event in told if isinstance(event, Delta))
    events = [event for event in told if not isinstance(event, Delta)]
    assert texts == "Let me see.Sunny."
    assert [type(event) for event in events] == [ToolStarted, ToolFinished, TurnDone]
    started, finished, done = events
    assert started.call == finished.call
    assert (finished.text, finished.outcome, finished.entry.seq) == ("sunny in Paris", "ok", 3)
    assert done.reply == stream.reply
    assert stream.reply.text == "Sunny."


def fails(city: str) -> str:
    raise LookupError(f"no station in {city}")


def returns_nonsense(city: str) -> Any:
    return object()


@pytest.mark.parametrize(
    ("function", "wanted", "said"),
    [
        (fails, ("fails", {"city": "Oz"}), "error: LookupError: no station in Oz"),
        (weather, ("wether", {"city": "Oz"}), "error: there is no tool 'wether'; there are: weather"),
        (weather, ("weather", {"town": "Oz"}), "error: the arguments of weather are not valid: city: Field required"),
        (weather, ("weather", '{"city": '), "error: the arguments of weather are not JSON"),
        (returns_nonsense, ("returns_nonsense", {"city": "Oz"}), "error: PydanticSerializationError: Unable to"),
    ],
)
def test_what_goes_wrong_in_a_call_is_told_to_the_model(store: Any, function: Any, wanted: Any, said: str) -> None:
    backend = ScriptedBackend([calls(wanted), "I see."])
    chat = store.start(backend=backend)
    with chat.stream_run("Oz?", tools=[function]) as stream:
        outcomes = [event.outcome for event in stream if isinstance(event, ToolFinished)]
    assert outcomes == ["error"]
    (result,) = results(chat)
    assert result.startswith(said)
    assert "Traceback" not in result
    assert backend.requests[1].messages[-1].text == result


def test_a_long_error_is_cut() -> None:
    def fails_at_length() -> None:
        raise ValueError("x" * 100_000)

    with Store("sqlite://") as store:
        chat = store.start(backend=ScriptedBackend([calls("fails_at_length"), "I see."]))
        chat.run("Go!", tools=[fails_at_length])
        assert len(results(chat)[0]) == 2000


class Stop(BaseException):
    """What is no error of a tool."""


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def test_an_error_whose_text_cannot_be_had_is_told_all_the_same(store: Any) -> None:
    def breaks(city: str) -> str:
        raise Unspeakable

    chat = store.start(backend=ScriptedBackend([calls(("breaks", {"city": "Paris"})), "A pity."]))
    assert chat.run("Paris?", tools=[breaks]).text == "A pity."
    assert results(chat) == ["error: Unspeakable: its text cannot be had, for it raises RuntimeError"]


def test_what_is_no_error_of_a_tool_ends_the_run_and_leaves_the_turn(store: Any) -> None:
    def stops() -> None:
        raise Stop

    chat = store.start(backend=ScriptedBackend([calls("stops")]))
    with pytest.raises(Stop):
        chat.run("Go!", tools=[stops])
    assert chat.turns()[-1].status == "awaiting_tools"


# --- approval


def test_a_refused_call_is_not_made_and_the_model_is_told(store: Any) -> None:
    made: list[str] = []
    asked: list[str] = []

    def delete(path: str) -> str:
        made.append(path)
        return "gone"

    def approve(call: Any) -> bool | str:
        asked.append(call.parsed_arguments()["path"])
        return {"a": True, "b": False, "c": "not this one"}[asked[-1]]

    wanted = calls(*(("delete", {"path": each}) for each in "abc"))
    chat = store.start(backend=ScriptedBackend([wanted, "Done."]))
    chat.run("Clean up!", tools=[delete], approve=approve)
    assert (asked, made) == (["a", "b", "c"], ["a"])
    assert results(chat) == ["refused: the call was not approved", "refused: not this one", "gone"]


def test_a_tool_says_itself_whether_anybody_is_asked(store: Any) -> None:
    asked: list[str] = []

    def ask(who: str) -> Callable[[Any], bool]:
        return lambda call: asked.append(f"{who} about {call.name}") is None

    def act() -> str:
        return "done"

    tools = [
        tool(act, name="harmless", approve=False),
        tool(act, name="usual"),
        tool(act, name="strict", approve=True),
        tool(act, name="own", approve=ask("its own")),
    ]
    chat = store.start(backend=ScriptedBackend([calls("harmless", "usual", "strict", "own"), "Done."]))
    chat.run("Go!", tools=tools, approve=ask("the user"))
    assert asked == ["the user about usual", "the user about strict", "its own about own"]


def test_who_must_be_asked_must_be_there(store: Any) -> None:
    chat = store.start(backend=ScriptedBackend(["never"]))
    with pytest.raises(InvalidSetting, match="approve"):
        chat.run("Go!", tools=[tool(weather, approve=True)])
    assert path(chat) == []


def test_an_error_of_who_is_asked_is_the_users_own(store: Any) -> None:
    def approve(call: Any) -> bool:
        raise KeyError("nobody there")

    chat = store.start(backend=ScriptedBackend([calls(("weather", {"city": "Paris"})), "Sunny."]))
    with pytest.raises(KeyError):
        chat.run("Paris?", tools=[weather], approve=approve)
    assert (results(chat), chat.turns()[-1].status) == ([], "awaiting_tools")
    assert chat.run(None, tools=[weather]).text == "Sunny."


# --- time limits


def test_a_call_that_takes_too_long_is_left_and_its_late_result_ignored(store: Any) -> None:
    go_on, ended = threading.Event(), threading.Event()

    def hangs() -> str:
        go_on.wait(PATIENCE)
        ended.set()
        return "late"

    chat = store.start(backend=ScriptedBackend([calls("hangs", ("weather", {"city": "Paris"})), "Done."]))
    with chat.stream_run("Go!", tools=[tool(hangs, timeout=0.05), weather]) as stream:
        outcomes = {event.call.name: event.outcome for event in stream if isinstance(event, ToolFinished)}
    go_on.set()
    assert ended.wait(PATIENCE)
    assert outcomes == {"hangs": "timeout", "weather": "ok"}
    late = next(entry for entry in chat.history() if entry.role == "tool" and entry.incomplete)
    assert late.text == "error: there was no result within 0.05 seconds; whether the call took effect is not known"
    assert "late" not in results(chat)


def test_an_async_tool_that_ends_just_as_its_time_is_over_has_one_outcome() -> None:
    limit = 0.005

    async def punctual() -> str:
        await asyncio.sleep(limit)
        return "done"

    async def outcomes() -> list[str]:
        async with AsyncStore("sqlite://") as store:
            chat = await store.start(backend=ScriptedBackend([calls(*["punctual"] * 16), "Done."]))
            stream = chat.stream_run("Go!", tools=[tool(punctual, timeout=limit)])
            return [event.outcome async for event in stream if isinstance(event, ToolFinished)]

    assert {outcome for _ in range(5) for outcome in asyncio.run(outcomes())} <= {"ok", "timeout"}


# --- what goes with a call

USER: contextvars.ContextVar[str] = contextvars.ContextVar("USER")


def test_context_variables_go_with_every_call(face: Any, store: Any) -> None:
    def who() -> str:
        return USER.get()

    def changes() -> str:
        USER.set("mallory")
        return "changed"

    def ask(request: CompletionRequest) -> Any:
        return calls("who", "changes", "who") if request.messages[-1].role == "user" else "Done."

    def run() -> list[str]:
        USER.set("alice")
        chat = store.start(backend=ask)
        chat.run("Who?", tools=[who, changes])
        assert USER.get() == "alice"
        return results(chat)

    if face.name == "sync":
        assert sorted(contextvars.copy_context().run(run)) == ["alice", "alice", "changed"]
    else:

        async def run_async() -> None:
            USER.set("alice")
            chat = await AsyncConversation.start("sqlite://", backend=ask)
            await chat.run("Who?", tools=[who, changes])
            found = [entry.text for entry in await chat.history() if entry.role == "tool"]
            assert (sorted(found), USER.get()) == (["alice", "alice", "changed"], "alice")

        asyncio.run(run_async())


# --- rounds


def test_a_run_makes_no_more_rounds_than_permitted_and_may_be_taken_up(store: Any) -> None:
    made: list[str] = []

    def again(request: CompletionRequest) -> Any:
        number = len(made)
        return calls(("note", {"text": str(number)})) if number < 5 else "Enough."

    def note(text: str) -> str:
        made.append(text)
        return text

    chat = store.start(backend=again)
    with pytest.raises(ToolRoundsExceeded, match="after 2 rounds") as caught:
        chat.run("Go!", tools=[note], max_rounds=2)
    reply = caught.value.reply
    assert made == ["0", "1"]
    assert (reply.turn.status, [call.name for call in reply.tool_calls]) == ("awaiting_tools", ["note"])
    assert chat.waiting() == reply.tool_calls
    assert chat.run(None, tools=[note]).text == "Enough."
    assert made == ["0", "1", "2", "3", "4"]
    (turn,) = chat.turns()
    assert (turn.status, turn.output, turn.calls) == ("completed", (2, 12), 6)


@pytest.mark.parametrize("wrong", [{"max_rounds": 0}, {"max_rounds": True}, {"max_rounds": "3"}, {"approve": "yes"}])
def test_wrong_ways_to_run_are_refused_before_anything_is_stored(store: Any, wrong: dict[str, Any]) -> None:
    chat = store.start(backend=ScriptedBackend(["never"]))
    with pytest.raises(InvalidOption):
        chat.run("Go!", tools=[weather], **wrong)
    assert path(chat) == []


def test_a_run_takes_one_answer_at_a_time(store: Any) -> None:
    chat = store.start(backend=ScriptedBackend(["never"]))
    with pytest.raises(Unsupported, match="one answer"):
        chat.run("Go!", tools=[weather], n=2)
    assert path(chat) == []


def test_a_function_that_is_offered_must_be_there(store: Any) -> None:
    offered = tool(weather).definition.to_json()
    chat = store.start(backend=ScriptedBackend(["never"]), tools=[offered])
    for tools in ([offered], None):
        with pytest.raises(InvalidOption, match="weather"):
            chat.run("Go!", tools=tools)
    assert path(chat) == []


async def weather_later(city: str) -> str:
    await asyncio.sleep(0)
    return f"rain in {city}"


async def approve_later(call: Any) -> bool:
    await asyncio.sleep(0)
    return call.parsed_arguments()["city"] == "Paris"


def lazy(city: str) -> Any:
    return weather_later(city)


def test_async_tools_serve_the_async_face(face: Any, store: Any) -> None:
    wanted = calls(("weather_later", {"city": "Paris"}), ("lazy", {"city": "Paris"}), ("lazy", {"city": "Rome"}))
    chat = store.start(backend=ScriptedBackend([wanted, "Rain."]))
    if face.name == "sync":
        with pytest.raises(WrongFace, match="weather_later"):
            chat.run("Paris?", tools=[weather_later])
        with pytest.raises(WrongFace, match="approve weather"):
            chat.run("Paris?", tools=[weather], approve=approve_later)
        assert path(chat) == []
    else:
        chat.run("Paris?", tools=[weather_later, lazy], approve=approve_later)
        assert sorted(results(chat)) == ["rain in Paris", "rain in Paris", "refused: the call was not approved"]


def test_a_sync_function_that_turns_out_to_be_async_is_not_told_to_the_model() -> None:
    with Store("sqlite://") as store:
        chat = store.start(backend=ScriptedBackend([calls(("lazy", {"city": "Paris"}))]))
        with pytest.raises(WrongFace):
            chat.run("Paris?", tools=[lazy])
        assert (results(chat), chat.turns()[-1].status) == ([], "awaiting_tools")


def test_an_async_tool_that_takes_too_long_is_cancelled(database_url: str) -> None:
    cancelled = []

    async def hangs() -> None:
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            cancelled.append(True)

    async def cancels_itself() -> None:
        raise asyncio.CancelledError

    async def work() -> list[str]:
        async with AsyncStore(database_url) as store:
            chat = await store.start(backend=ScriptedBackend([calls("hangs", "cancels_itself"), "Done."]))
            await chat.run("Go!", tools=[tool(hangs, timeout=0.05), cancels_itself])
            return [entry.text for entry in await chat.history() if entry.role == "tool"]

    assert asyncio.run(work()) == [
        "error: RuntimeError: the tool was cancelled",
        "error: there was no result within 0.05 seconds; whether the call took effect is not known",
    ]
    assert cancelled == [True]


# --- against a server


@pytest.mark.parametrize("style", ["mistral", "openai"])
@pytest.mark.parametrize("verb", ["run", "stream_run"])
def test_tools_are_called_for_a_model_behind_http(store: Any, style: Any, verb: str) -> None:
    wanted = ServerReply(
        text="",
        tool_calls=(("abcdefgh1", "weather", '{"city": "Paris"}'), ("abcdefgh2", "weather", '{"city": "Rome"}')),
        fragments=style == "openai",
    )
    with ChatServer(wanted, "Sunny in both.", style=style) as server:
        kind = mistral if style == "mistral" else openai
        backend = kind("a-model", base_url=server.base_url, api_key="secret")
        chat = store.start(backend=backend)
        if verb == "run":
            reply = chat.run("Paris and Rome?", tools=[weather])
        else:
            with chat.stream_run("Paris and Rome?", tools=[weather]) as stream:
                list(stream)
            reply = stream.reply
        assert reply.text == "Sunny in both."
        assert sorted(results(chat)) == ["sunny in Paris", "sunny in Rome"]
        first, second = server.bodies
        assert first["tools"] == second["tools"]
        assert first["tools"][0]["function"]["description"] == "Tell the weather."
        answered = [message for message in second["messages"] if message["role"] == "tool"]
        assert {message["tool_call_id"] for message in answered} == {"abcdefgh1", "abcdefgh2"}


def test_messages_may_come_with_the_question(store: Any) -> None:
    chat = store.start(backend=ScriptedBackend([calls(("weather", {"city": "Paris"})), "Sunny."]))
    reply = chat.run([user("I am in Paris."), user("How is the weather?")], tools=[weather])
    assert [entry.text for entry in reply.inputs] == ["I am in Paris.", "How is the weather?"]
