"""``run``: the calls that a model wants are made, their results stored as they come, until it answers."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from convo import (
    AsyncConversation,
    AsyncStore,
    Conversation,
    Delta,
    Store,
    ToolFinished,
    ToolStarted,
    TurnDone,
    assistant,
    tool,
    tool_call,
    user,
)
from convo.completions import CompletionRequest, Usage
from convo.errors import (
    BackendFailed,
    InvalidOption,
    InvalidSetting,
    NothingToAnswer,
    NothingToResume,
    ToolRoundsExceeded,
    TurnClosed,
    TurnInProgress,
    Unsupported,
    WrongFace,
)
from convo.testing import ChatServer, ScriptedBackend, ServerReply

PATIENCE = 30.0


def weather(city: str) -> str:
    """Tell the weather.

    Args:
        city: Where.
    """
    return f"sunny in {city}"


def calls(*wanted: Any, text: str = "") -> Any:
    """An answer that wants tools called: ``(name, arguments)`` or names."""
    pairs = [(each, {}) if isinstance(each, str) else each for each in wanted]
    made = [tool_call(name, given, id=f"call{number:05}") for number, (name, given) in enumerate(pairs)]
    return assistant(text or None, tool_calls=made)


def path(chat: Any) -> list[str]:
    """The messages: tool results as they are, the others by the first letter of their role and their text."""
    history = chat.history()
    return [entry.text if entry.role == "tool" else f"{entry.role[0]}:{entry.text}" for entry in history]


def results(chat: Any) -> list[str]:
    return [entry.text for entry in chat.history() if entry.role == "tool"]


def elsewhere(url: str, chat: Any, backend: Any = None) -> Any:
    """The same conversation as another process would open it, in the sync face."""
    return Conversation.load(Store(url), chat.id, backend=backend)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


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


def test_results_are_stored_as_they_arrive(store: Any, database_url: str) -> None:
    first_is_stored = threading.Event()

    def slow() -> str:
        return "slow" if first_is_stored.wait(PATIENCE) else "never"

    def quick() -> str:
        return "quick"

    chat = store.start(backend=ScriptedBackend([calls("slow", "quick"), "Done."]))
    with chat.stream_run("Go!", tools=[slow, quick]) as stream:
        for event in stream:
            if isinstance(event, ToolFinished) and event.call.name == "quick":
                seen = elsewhere(database_url, chat)
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


# --- the branch is held


class Slow:
    """A tool that waits until it is released, and says when it was called."""

    def __init__(self) -> None:
        self.called, self.released = threading.Event(), threading.Event()

    def __call__(self) -> str:
        """Wait."""
        self.called.set()
        return "waited" if self.released.wait(PATIENCE) else "never"


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    yield made
    made.released.set()


def in_background(act: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    outcome: list[Any] = []

    def work() -> None:
        try:
            outcome.append(act())
        except BaseException as problem:  # it is looked at by the test
            outcome.append(problem)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, outcome


def test_nobody_writes_between_a_call_and_its_result_however_long_it_takes(
    store: Any, database_url: str, slow: Slow
) -> None:
    chat = store.start(backend=ScriptedBackend([calls("wait"), "Done."]), lease=0.3)
    thread, outcome = in_background(lambda: chat.run("Go!", tools=[tool(slow, name="wait")]))
    assert slow.called.wait(PATIENCE)
    other = elsewhere(database_url, chat, lambda request: "barged in")
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline:
        with pytest.raises(TurnInProgress):
            other.send("me too")
        time.sleep(0.05)
    slow.released.set()
    thread.join(PATIENCE)
    assert outcome[0].text == "Done."
    assert path(other) == ["u:Go!", "a:", "waited", "a:Done."]


def test_a_run_can_be_cancelled_while_its_tools_are_called(store: Any, database_url: str, slow: Slow) -> None:
    chat = store.start(backend=ScriptedBackend([calls("wait", ("weather", {"city": "Paris"})), "Done."]))
    thread, outcome = in_background(lambda: chat.run("Go!", tools=[tool(slow, name="wait"), weather]))
    assert slow.called.wait(PATIENCE)
    other = elsewhere(database_url, chat, lambda request: "Never mind.")
    until(lambda: results(other) == ["sunny in Paris"])
    other.cancel(grace=PATIENCE)
    thread.join(PATIENCE)
    assert isinstance(outcome[0], TurnClosed)
    assert other.turns()[-1].status == "cancelled"
    assert other.send("never mind").text == "Never mind."
    assert path(other) == ["u:Go!", "a:", "sunny in Paris", "u:never mind", "a:Never mind."]


def test_a_run_that_does_not_stop_is_ended_for_it(store: Any, database_url: str, slow: Slow) -> None:
    chat = store.start(backend=ScriptedBackend([calls("wait"), "Done."]))
    thread, outcome = in_background(lambda: chat.run("Go!", tools=[weather], approve=lambda call: True))
    thread.join(PATIENCE)
    assert outcome[0].text == "Done."

    def approve(call: Any) -> bool:
        return slow() == "waited"

    again = store.start(backend=ScriptedBackend([calls(("weather", {"city": "Paris"})), "Done."]))
    thread, outcome = in_background(lambda: again.run("Go!", tools=[weather], approve=approve))
    assert slow.called.wait(PATIENCE)
    other = elsewhere(database_url, again)
    other.cancel(grace=0.1)
    assert other.turns()[-1].status == "cancelled"
    slow.released.set()
    thread.join(PATIENCE)
    assert isinstance(outcome[0], TurnClosed)
    assert results(other) == []


# --- left and taken up


def test_a_reader_who_leaves_leaves_the_calls_to_be_taken_up(store: Any, slow: Slow) -> None:
    made: list[str] = []

    def note(text: str) -> str:
        made.append(text)
        return text

    wanted = calls(("note", {"text": "one"}), "wait_never", "wait_safe")
    chat = store.start(backend=ScriptedBackend([wanted, "Done."]))
    tools = [note, tool(slow, name="wait_never"), tool(slow, name="wait_safe", repeat="safe")]
    with chat.stream_run("Go!", tools=tools) as stream:
        for event in stream:
            if isinstance(event, ToolFinished):
                break
    assert (made, results(chat), chat.turns()[-1].status) == (["one"], ["one"], "awaiting_tools")
    slow.released.set()
    with chat.stream_run(None, tools=tools) as stream:
        finished = {event.call.name: event for event in stream if isinstance(event, ToolFinished)}
    assert made == ["one"]
    assert {name: event.outcome for name, event in finished.items()} == {
        "wait_never": "interrupted",
        "wait_safe": "ok",
    }
    assert finished["wait_never"].entry.incomplete
    assert finished["wait_never"].text.startswith("interrupted: the process that made this call ended")
    (turn,) = chat.turns()
    assert (turn.status, turn.id, stream.reply.text) == ("completed", stream.reply.turn.id, "Done.")


def test_calls_that_wait_since_send_are_made(store: Any) -> None:
    chat = store.start(backend=ScriptedBackend([calls(("weather", {"city": "Paris"})), "Sunny."]))
    first = chat.send("Paris?", tools=[tool(weather).definition], temperature=0.25)
    reply = chat.run(None, tools=[weather])
    assert (reply.turn.id, reply.turn.attempt, reply.text) == (first.turn.id, 3, "Sunny.")
    assert chat.request(reply.turn, chat.turn(reply.turn.id)[1][-1]).options.temperature == 0.25


def test_a_call_of_which_one_result_was_submitted_is_made_for_the_others_only(store: Any) -> None:
    wanted = calls(("weather", {"city": "Paris"}), ("weather", {"city": "Rome"}))
    chat = store.start(backend=ScriptedBackend([wanted, "Done."]))
    chat.send("Both?", tools=[tool(weather).definition])
    assert chat.submit({"call00000": "foggy"}) is None
    chat.run(None, tools=[weather])
    assert results(chat) == ["foggy", "sunny in Rome"]


def test_a_fork_in_the_midst_of_a_round_runs_by_itself(store: Any) -> None:
    backend = ScriptedBackend([calls(("weather", {"city": "Paris"})), "Sunny.", "Sunny here too."])
    chat = store.start(backend=backend)
    chat.send("Paris?", tools=[tool(weather).definition])
    side = chat.fork(name="side")
    chat.run(None, tools=[weather])
    reply = side.run(None, tools=[weather])
    assert path(side) == ["u:Paris?", "a:", "sunny in Paris", "a:Sunny here too."]
    assert (reply.turn.input, reply.turn.output) == ((3, 3), (4, 4))
    assert [turn.status for turn in side.turns()] == ["completed", "completed"]


@pytest.mark.parametrize("before", ["question", "nothing", "answer", "failed"])
def test_without_calls_that_wait_a_run_answers_what_is_there(store: Any, before: str) -> None:
    chat = store.start(backend=ScriptedBackend(["hello yourself", "never"]))
    if before in ("nothing", "answer"):
        if before == "answer":
            chat.send("hello")
        with pytest.raises(NothingToAnswer):
            chat.run(None, tools=[weather])
        return
    if before == "question":
        chat.append("hello")
    else:
        with pytest.raises(BackendFailed):
            chat.send("hello", backend=broken)
    assert chat.run(None, tools=[weather]).text == "hello yourself"
    assert path(chat) == ["u:hello", "a:hello yourself"]


def broken(request: CompletionRequest) -> Any:
    raise ConnectionError("no backend today")


def test_a_backend_that_fails_after_the_tools_leaves_their_results(store: Any) -> None:
    made: list[str] = []

    def note(text: str) -> str:
        made.append(text)
        return text

    script = ScriptedBackend([calls(("note", {"text": "one"})), ConnectionError("gone"), "Done."])
    chat = store.start(backend=script)
    with pytest.raises(BackendFailed):
        chat.run("Go!", tools=[note])
    assert (results(chat), chat.turns()[-1].status) == (["one"], "failed")
    assert chat.run(None, tools=[note]).text == "Done."
    assert made == ["one"]
    assert [call.error is None for call in chat.turn(chat.turns()[-1].id)[1]] == [True, False, True]


def test_a_request_that_cannot_be_composed_after_the_tools_leaves_their_results(store: Any) -> None:
    from convo import Window
    from convo.errors import ContextOverflow

    def read() -> str:
        return "word " * 5000

    chat = store.start(backend=ScriptedBackend([calls("read"), "Read."]))
    with pytest.raises(ContextOverflow):
        chat.run("Read!", tools=[read], policy=[Window(500, 400)])
    (turn,) = chat.turns()
    assert (turn.status, turn.calls, len(results(chat))) == ("failed", 1, 1)
    assert chat.run(None, tools=[read]).text == "Read."


def test_resume_does_not_pass_over_calls_that_wait(store: Any) -> None:
    chat = store.start(backend=ScriptedBackend([calls(("weather", {"city": "Paris"})), "Sunny."]))
    chat.send("Paris?", tools=[tool(weather).definition])
    with pytest.raises(NothingToResume, match="run"):
        chat.resume()


# --- idempotency


def test_a_run_under_a_key_has_one_effect(store: Any) -> None:
    made: list[str] = []

    def note(text: str) -> str:
        made.append(text)
        return text

    backend = ScriptedBackend([calls(("note", {"text": "one"})), "Done."])
    chat = store.start(backend=backend)
    first = chat.run("Go!", tools=[note], idempotency_key="k")
    again = chat.run("Go!", tools=[note], idempotency_key="k")
    assert (made, len(backend.requests)) == (["one"], 2)
    assert (again.entry, again.turn, again.text, again.usage) == (first.entry, first.turn, first.text, first.usage)
    with chat.stream_run("Go!", tools=[note], idempotency_key="k") as stream:
        assert [type(event) for event in stream] == [TurnDone]
    assert stream.reply == again


def test_a_run_that_was_left_is_taken_up_under_its_key(store: Any, slow: Slow) -> None:
    made: list[str] = []

    def note(text: str) -> str:
        made.append(text)
        return text

    wanted = calls(("note", {"text": "one"}), "wait")
    chat = store.start(backend=ScriptedBackend([wanted, "Done."]))
    tools = [note, tool(slow, name="wait", repeat="safe")]
    with chat.stream_run("Go!", tools=tools, idempotency_key="k") as stream:
        next(event for event in stream if isinstance(event, ToolFinished))
    slow.released.set()
    assert chat.run("Go!", tools=tools, idempotency_key="k").text == "Done."
    assert (made, results(chat)) == (["one"], ["one", "waited"])


# --- against a server


@pytest.mark.parametrize("style", ["mistral", "openai"])
@pytest.mark.parametrize("verb", ["run", "stream_run"])
def test_tools_are_called_for_a_model_behind_http(store: Any, style: Any, verb: str) -> None:
    from convo.backends.mistral import mistral
    from convo.backends.openai import openai

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


# --- the async face alone


def test_a_cancelled_run_cancels_its_tasks_and_can_be_taken_up(database_url: str) -> None:
    ended: list[str] = []

    async def hangs(name: str) -> str:
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            ended.append(name)
            raise
        return name

    async def work() -> None:
        async with AsyncStore(database_url) as store:
            wanted = calls(("hangs", {"name": "one"}), ("weather", {"city": "Paris"}), ("hangs", {"name": "two"}))
            chat = await store.start(backend=ScriptedBackend([wanted, "Done."]))
            stream = chat.stream_run("Go!", tools=[hangs, weather])
            finished = asyncio.Event()

            async def read() -> None:
                async for event in stream:
                    if isinstance(event, ToolFinished):
                        finished.set()

            task = asyncio.create_task(read())
            await asyncio.wait_for(finished.wait(), PATIENCE)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await stream.aclose()
            assert sorted(ended) == ["one", "two"]
            assert [turn.status for turn in await chat.turns()] == ["awaiting_tools"]
            reply = await chat.run(None, tools=[tool(hangs), weather])
            assert reply.text == "Done."
            found = [entry.text[:11] for entry in await chat.history() if entry.role == "tool"]
            assert found == ["sunny in Pa", "interrupted", "interrupted"]
        assert {task.get_name() for task in asyncio.all_tasks()} == {asyncio.current_task().get_name()}  # type: ignore[union-attr]

    asyncio.run(work())


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


def test_messages_may_come_with_the_question(store: Any) -> None:
    chat = store.start(backend=ScriptedBackend([calls(("weather", {"city": "Paris"})), "Sunny."]))
    reply = chat.run([user("I am in Paris."), user("How is the weather?")], tools=[weather])
    assert [entry.text for entry in reply.inputs] == ["I am in Paris.", "How is the weather?"]
