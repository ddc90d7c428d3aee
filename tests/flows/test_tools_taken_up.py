"""``run`` holds its branch while tools are called, and whatever ends it early, it can be taken up."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from convo import (
    AsyncConversation,
    AsyncStore,
    Delta,
    ToolFinished,
    TurnDone,
    Window,
    tool,
)
from convo.completions import CompletionRequest
from convo.errors import (
    BackendFailed,
    ContextOverflow,
    NothingToAnswer,
    NothingToResume,
    TurnClosed,
    TurnInProgress,
)
from convo.testing import ScriptedBackend
from support.stepping import cancelled_at
from support.tooling import PATIENCE, Slow, broken, calls, in_background, path, results, until, weather


def test_nobody_writes_between_a_call_and_its_result_however_long_it_takes(
    store: Any, elsewhere: Any, slow: Slow
) -> None:
    chat = store.start(backend=ScriptedBackend([calls("wait"), "Done."]), lease=0.3)
    thread, outcome = in_background(lambda: chat.run("Go!", tools=[tool(slow, name="wait")]))
    assert slow.called.wait(PATIENCE)
    other = elsewhere(chat, lambda request: "barged in")
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline:
        with pytest.raises(TurnInProgress):
            other.send("me too")
        time.sleep(0.05)
    slow.released.set()
    thread.join(PATIENCE)
    assert outcome[0].text == "Done."
    assert path(other) == ["u:Go!", "a:", "waited", "a:Done."]


def test_a_run_can_be_cancelled_while_its_tools_are_called(store: Any, elsewhere: Any, slow: Slow) -> None:
    chat = store.start(backend=ScriptedBackend([calls("wait", ("weather", {"city": "Paris"})), "Done."]))
    thread, outcome = in_background(lambda: chat.run("Go!", tools=[tool(slow, name="wait"), weather]))
    assert slow.called.wait(PATIENCE)
    other = elsewhere(chat, lambda request: "Never mind.")
    until(lambda: results(other) == ["sunny in Paris"])
    other.cancel(grace=PATIENCE)
    thread.join(PATIENCE)
    assert isinstance(outcome[0], TurnClosed)
    assert other.turns()[-1].status == "cancelled"
    assert other.send("never mind").text == "Never mind."
    assert path(other) == ["u:Go!", "a:", "sunny in Paris", "u:never mind", "a:Never mind."]


def test_a_run_is_followed_from_elsewhere_through_all_its_answers(store: Any, elsewhere: Any, slow: Slow) -> None:
    backend = ScriptedBackend([calls("wait", text="Let me see. "), calls("wait", text="And again. "), "So it is."])
    chat = store.start(backend=backend)
    thread, outcome = in_background(lambda: list(chat.stream_run("Go!", tools=[tool(slow, name="wait")])))
    assert slow.called.wait(PATIENCE)
    other = elsewhere(chat)
    (turn,) = other.turns()
    followed = other.follow(turn, after=4)
    texts = [next(followed).text]
    slow.released.set()
    *rest, last = followed
    thread.join(PATIENCE)
    assert texts == ["me see. "]
    assert "".join(delta.text for delta in rest) == "And again. So it is."
    assert last.finish_reason == "stop"
    assert "".join(event.text for event in outcome[0] if isinstance(event, Delta)) == "Let me see. And again. So it is."


def test_a_run_that_does_not_stop_is_ended_for_it(store: Any, elsewhere: Any, slow: Slow) -> None:
    chat = store.start(backend=ScriptedBackend([calls("wait"), "Done."]))
    thread, outcome = in_background(lambda: chat.run("Go!", tools=[weather], approve=lambda call: True))
    thread.join(PATIENCE)
    assert outcome[0].text == "Done."

    def approve(call: Any) -> bool:
        return slow() == "waited"

    again = store.start(backend=ScriptedBackend([calls(("weather", {"city": "Paris"})), "Done."]))
    thread, outcome = in_background(lambda: again.run("Go!", tools=[weather], approve=approve))
    assert slow.called.wait(PATIENCE)
    other = elsewhere(again)
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


@pytest.mark.parametrize("verb", ["run", "stream_run"])
def test_a_run_cancelled_at_any_step_is_taken_up_and_nothing_is_doubled(database_url: str, verb: str) -> None:
    made: list[int] = []

    async def later(number: int) -> int:
        await asyncio.sleep(0)
        made.append(number)
        return number

    def ask(request: CompletionRequest) -> Any:
        wanted = calls(("later", {"number": 1}), ("weather", {"city": "Paris"}))
        return wanted if request.messages[-1].role == "user" else "Done."

    async def go(chat: AsyncConversation) -> None:
        if verb == "run":
            await chat.run("Go!", tools=[later, weather])
        else:
            async with chat.stream_run("Go!", tools=[later, weather]) as stream:
                async for _ in stream:
                    pass

    async def cut_at(step: int) -> bool:
        made.clear()
        async with AsyncStore(database_url) as store:
            chat = await store.start(backend=ask)
            cut = await cancelled_at(go(chat), step)
            if cut and (last := (await chat.turns())[-1:]):
                assert last[0].status in ("interrupted", "awaiting_tools", "completed")
                if last[0].status != "completed":
                    await chat.run(None, tools=[later, weather])
                assert [entry.role[0] for entry in await chat.history()] == ["u", "a", "t", "t", "a"]
                assert len(made) <= 1
            assert asyncio.all_tasks() == {asyncio.current_task()}
        return cut

    async def work() -> int:
        step = 1
        while await cut_at(step):
            step += 1
        return step

    assert asyncio.run(work()) > 10
