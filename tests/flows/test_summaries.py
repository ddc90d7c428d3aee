"""What a window cuts away is told in a summary: written once, used again, added to, and never in the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from convo import MISTRAL, KeepFirst, Redact, Summarize
from convo.completions import Choice, Completion, CompletionRequest, Usage
from convo.context.rules import policy_key
from convo.context.summarizing import SYSTEM
from convo.context.summary import HEADING
from convo.errors import BackendError, InvalidSetting, RateLimited, TurnClosed
from convo.messages import assistant
from support.embedded import database_url

__all__ = ["database_url"]


class Writer:
    """Writes summaries; keeps what it was asked. ``fails`` is raised instead, as often as it stands there."""

    name, model, profile = "writer", "writer-1", MISTRAL
    usage: Usage | None = Usage(prompt_tokens=500, completion_tokens=20, total_tokens=520)

    def __init__(self, text: str = "Part {n}: cheese.") -> None:
        self.requests: list[CompletionRequest] = []
        self.fails: Callable[[], BaseException] | None = None
        self.text = text

    def complete(self, request: CompletionRequest) -> Completion:
        self.requests.append(request)
        if self.fails is not None:
            raise self.fails()
        text = self.text.format(n=len(self.requests))
        return Completion((Choice(assistant(text), "stop"),), usage=self.usage, model=self.model)


class Talker(Writer):
    """Answers; and writes the summaries too, where it is asked for them."""

    name, model = "talker", "talker-1"
    usage = None  # so that nothing is learnt about how it counts tokens

    def __init__(self) -> None:
        super().__init__("A fairly long answer number {n}, in several words.")


@pytest.fixture
def writer() -> Writer:
    return Writer()


@pytest.fixture
def talker() -> Talker:
    return Talker()


def talk(chat: Any, first: int, last: int) -> None:
    for number in range(first, last):
        chat.send(f"question number {number}")


def sent(backend: Writer) -> list[str]:
    """The texts of the last request."""
    return [message.text for message in backend.requests[-1].messages]


def summary_in(texts: Sequence[str]) -> str:
    """The summary in a request, ``""`` for none; under MISTRAL it is one message with the user's that follows."""
    return next((text for text in texts if text.startswith(HEADING)), "")


def until(chat: Any, writer: Writer, times: int) -> int:
    """Talk until the writer has been asked so often; return how many turns that were."""
    for number in range(400):
        chat.send(f"question number {number}")
        if len(writer.requests) == times:
            return number + 1
    raise AssertionError("no summary was asked for")


def rule(writer: Writer, **more: Any) -> Summarize:
    return Summarize(400, 200, writer, max_tokens=80, **more)


def test_what_is_cut_away_is_told_once_and_goes_out_in_its_place(store: Any, writer: Writer, talker: Talker) -> None:
    chat = store.start(backend=talker, policy=[rule(writer)], system="Be terse.")
    turns = until(chat, writer, 1)
    (asked,) = writer.requests
    assert asked.messages[0].text == SYSTEM
    assert asked.messages[1].text == "question number 0"
    assert asked.messages[-1].text.startswith("Summarise the messages above")
    told = sum(message.role == "user" for message in asked.messages) - 1
    texts = sent(talker)
    assert summary_in(texts) == f"{HEADING}\n\nPart 1: cheese.\n\nquestion number {told}"
    assert (texts[0], texts[-1]) == ("Be terse.", f"question number {turns - 1}")
    before = talker.requests[-1].messages
    talk(chat, turns, turns + 2)
    assert len(writer.requests) == 1
    assert talker.requests[-1].messages[: len(before)] == before
    assert [entry.seq for entry in chat.history(limit=1000)] == [*range(1, 2 * turns + 5)]


def test_the_summary_is_recorded_with_who_wrote_it_and_what_it_tells(
    store: Any, writer: Writer, talker: Talker
) -> None:
    policy = [rule(writer)]
    chat = store.start(backend=talker, policy=policy)
    until(chat, writer, 1)
    told = chat._handle.state.told[policy_key(policy)]
    (summary,) = (chat._handle.summaries[part.digest] for part in told.parts)
    assert (summary.first, summary.text, summary.backend, summary.model) == (1, "Part 1: cheese.", "writer", "writer-1")
    assert summary.last == chat._handle.state.cuts[policy_key(policy)] == told.last
    assert 1 <= summary.tokens <= 80
    turn, calls = chat.turn(chat.turns()[-1].id)
    assert [(call.kind, call.model) for call in calls] == [("summary", "writer-1"), ("complete", "talker-1")]
    assert turn.calls == 2
    assert [chat.request(turn, call).messages for call in calls] == [
        writer.requests[-1].messages,
        talker.requests[-1].messages,
    ]
    assert chat.usage(turn).by_model["writer-1"].total_tokens == 520


def test_a_later_handle_uses_the_summary_again(store: Any, writer: Writer, talker: Talker) -> None:
    policy = [rule(writer)]
    chat = store.start(backend=talker, policy=policy)
    until(chat, writer, 1)
    again = store.load(chat.id, backend=talker, policy=policy)
    assert list(again.compose("and now?").messages)[:-1] == list(chat.compose("and now?").messages)[:-1]
    again.send("and now?")
    assert summary_in(sent(talker)).startswith(f"{HEADING}\n\nPart 1")
    assert len(writer.requests) == 1


def test_the_next_cut_adds_a_part_and_leaves_the_first_as_it_is(store: Any, writer: Writer, talker: Talker) -> None:
    chat = store.start(backend=talker, policy=[rule(writer)])
    until(chat, writer, 2)
    second = writer.requests[1]
    assert second.messages[1].text.startswith(f"{HEADING}\n\nPart 1: cheese.\n\nquestion number ")
    assert "question number 0" not in [message.text for message in second.messages]
    assert second.messages[-1].text.endswith("add only what is new.")
    assert summary_in(sent(talker)).startswith(f"{HEADING}\n\nPart 1: cheese.\n\nPart 2: cheese.\n\nquestion number ")


def test_parts_that_grow_too_long_are_told_anew_as_one(store: Any, talker: Talker) -> None:
    writer = Writer("Part {n}: " + "cheese and wine " * 6)
    chat = store.start(backend=talker, policy=[rule(writer)])
    for number in range(120):
        chat.send(f"question number {number}")
        parts = summary_in(sent(talker)).count("Part ")
        assert parts <= 4
    assert any(request.messages[-1].text.endswith("yours takes its place.") for request in writer.requests)
    (first, *_) = chat._handle.state.told[policy_key([rule(writer)])].parts
    assert first.first == 1


def test_a_fork_shares_the_summary_of_what_it_shares(store: Any, writer: Writer, talker: Talker) -> None:
    policy = [rule(writer)]
    chat = store.start(backend=talker, policy=policy)
    until(chat, writer, 2)
    entries = chat.history(limit=1000)
    first, second = chat._handle.state.told[policy_key(policy)].parts
    side = chat.fork()
    side.send("aside")
    assert summary_in(sent(talker)).startswith(f"{HEADING}\n\nPart 1: cheese.\n\nPart 2: cheese.")
    earlier = chat.fork(at=entries[second.last - 3])
    earlier.send("aside")
    assert summary_in(sent(talker)).startswith(f"{HEADING}\n\nPart 1: cheese.\n\nquestion number ")
    before_any = chat.fork(at=entries[first.last - 3])
    before_any.send("aside")
    assert summary_in(sent(talker)) == ""
    assert sent(talker)[0] == "question number 0"
    assert len(writer.requests) == 2


@pytest.mark.parametrize(
    ("fails", "said"),
    [(lambda: RateLimited("too fast"), "RateLimited"), (lambda: RuntimeError("broken"), "BackendFailed")],
    ids=["refused", "raised"],
)
def test_a_summary_that_fails_holds_up_nothing_and_is_tried_at_the_next_cut(
    store: Any, writer: Writer, talker: Talker, fails: Any, said: str
) -> None:
    writer.fails = fails
    chat = store.start(backend=talker, policy=[rule(writer)])
    until(chat, writer, 1)
    assert chat.turns()[-1].status == "completed"
    assert summary_in(sent(talker)) == ""
    _, calls = chat.turn(chat.turns()[-1].id)
    assert [(call.kind, (call.error or {}).get("type")) for call in calls] == [("summary", said), ("complete", None)]
    chat.send("a question")
    assert len(writer.requests) == 1
    left_out = [line for line in chat.explain("and now?").decisions if not line.included]
    assert left_out
    assert all(line.note.endswith(f"in no summary: the last try ended with {said}") for line in left_out)
    writer.fails = None
    until(chat, writer, 2)
    assert writer.requests[1].messages[1].text == "question number 0"
    assert summary_in(sent(talker)).startswith(f"{HEADING}\n\nPart 2: cheese.")
    left_out = [line for line in chat.explain("and now?").decisions if not line.included]
    assert left_out
    assert all(line.note.endswith("told in the summary") for line in left_out)


def test_an_empty_summary_is_none(store: Any, talker: Talker) -> None:
    writer = Writer(" ")
    chat = store.start(backend=talker, policy=[rule(writer)])
    until(chat, writer, 1)
    assert summary_in(sent(talker)) == ""
    assert chat.turn(chat.turns()[-1].id)[1][0].error["type"] == "MalformedResponse"


def test_a_backend_that_cannot_be_had_holds_up_nothing(store: Any, talker: Talker) -> None:
    policy = [Summarize(400, 200, "nobody:knows-it", max_tokens=80)]
    chat = store.start(backend=talker, policy=policy)
    talk(chat, 0, 30)
    assert {turn.status for turn in chat.turns()} == {"completed"}
    notes = [line.note for line in chat.explain("?").decisions if not line.included]
    assert notes[-1].endswith("in no summary: the last try ended with InvalidSetting")


def test_the_backend_that_answers_writes_the_summaries_where_no_other_is_named(store: Any, talker: Talker) -> None:
    chat = store.start(backend=talker, policy=[Summarize(400, 200, max_tokens=80)], model="talker-2")
    talk(chat, 0, 20)
    (asked, *_) = [one for one in talker.requests if one.messages[0].text == SYSTEM]
    assert asked.options.to_json() == {"model": "talker-2", "max_tokens": 160}
    assert summary_in(sent(talker)).startswith(f"{HEADING}\n\nA fairly long answer")


def test_it_streams_too_and_within_a_run_of_tools(store: Any, writer: Writer, talker: Talker) -> None:
    chat = store.start(backend=talker, policy=[rule(writer)])
    for number in range(40):
        assert "".join(delta.text for delta in chat.stream(f"question number {number}")).startswith("A fairly")
    assert len(writer.requests) >= 1
    assert summary_in(sent(talker)).startswith(f"{HEADING}\n\nPart 1")

    def look(number: int) -> str:
        """Look something up."""
        return f"found {number}: " + "word " * 60

    asked = len(writer.requests)
    talker.complete = _calls_tools(talker, 12)  # type: ignore[method-assign]
    reply = chat.run("look it up", tools=[look], max_rounds=20)
    assert reply.text == "done"
    assert len(writer.requests) == asked or summary_in(sent(talker))


def _calls_tools(talker: Talker, rounds: int) -> Any:
    def complete(request: CompletionRequest) -> Any:
        talker.requests.append(request)
        done = sum(message.role == "tool" for message in request.messages)
        if done >= 2:
            return "done"
        return assistant(
            tool_calls=[{"id": f"call{done:05}", "function": {"name": "look", "arguments": '{"number":1}'}}]
        )

    return complete


def test_what_is_told_goes_through_the_policys_other_rules(store: Any, writer: Writer, talker: Talker) -> None:
    chat = store.start(backend=talker, policy=[rule(writer), Redact(r"number \d+", "[number]"), KeepFirst(2)])
    until(chat, writer, 1)
    texts = [message.text for message in writer.requests[0].messages]
    assert "question [number]" in texts
    assert not any("number 1" in text for text in texts)
    writer_saw = sum(text.startswith("question") for text in texts)
    assert writer_saw == chat._handle.state.cuts[policy_key(chat._handle.settings.policy)] / 2 - 1


def test_looking_asks_for_no_summary_and_says_that_one_is_due(store: Any, writer: Writer, talker: Talker) -> None:
    chat = store.start(backend=talker, policy=[rule(writer)])
    for number in range(100):
        left_out = [line for line in chat.explain(f"question number {number}").decisions if not line.included]
        if left_out:
            break
        chat.send(f"question number {number}")
    assert {line.note for line in left_out} == {"to be summarised when this is sent"}
    assert writer.requests == []


def test_a_turn_that_fails_after_its_summary_keeps_it(store: Any, writer: Writer, talker: Talker) -> None:
    chat = store.start(backend=talker, policy=[rule(writer)])
    number = 0
    while not writer.requests:
        talker.fails = (lambda: RateLimited("not now")) if _is_due(chat, number) else None
        try:
            chat.send(f"question number {number}")
        except BackendError:
            break
        number += 1
    assert chat.turns()[-1].status == "failed"
    talker.fails = None
    other = store.load(chat.id, backend=talker, policy=[rule(writer)])
    other.resume()
    assert len(writer.requests) == 1
    assert summary_in(sent(talker)).startswith(f"{HEADING}\n\nPart 1: cheese.")


def _is_due(chat: Any, number: int) -> bool:
    return any(not line.included for line in chat.explain(f"question number {number}").decisions)


def test_a_policy_with_a_backends_name_is_stored_with_the_conversation(store: Any, name: str, talker: Talker) -> None:
    policy = [Summarize(400, 200, "scripted:All about cheese.", max_tokens=80)]
    store.open(name, policy=policy)
    chat = store.open(name, backend=talker)
    assert chat._handle.settings.policy == tuple(policy)
    talk(chat, 0, 20)
    assert summary_in(sent(talker)).startswith(f"{HEADING}\n\nAll about cheese.\n\nquestion")


def test_a_backend_itself_is_not_stored(store: Any, name: str, writer: Writer) -> None:
    with pytest.raises(InvalidSetting, match="cannot be stored"):
        store.open(name).configure(policy=[rule(writer)])


def test_a_summary_that_is_too_long_is_shortened(store: Any, talker: Talker) -> None:
    writer = Writer("word " * 5_000)
    chat = store.start(backend=talker, policy=[rule(writer)])
    until(chat, writer, 1)
    assert "tokens left out …]" in summary_in(sent(talker))
    assert chat.explain("?").tokens <= 400


def test_what_stays_in_is_not_told_and_parts_nothing_around_it(store: Any, writer: Writer, talker: Talker) -> None:
    chat = store.start(backend=talker, policy=[rule(writer)])
    talk(chat, 0, 4)
    chat.pin(chat.history()[2])
    until(chat, writer, 1)
    texts = [message.text for message in writer.requests[0].messages]
    assert [text for text in texts if text.startswith("question")][:3] == [
        "question number 0",
        "question number 2",
        "question number 3",
    ]
    assert "question number 1" in sent(talker)[0]


def test_more_than_a_request_for_a_summary_holds_is_told_from_where_it_fits(
    store: Any, writer: Writer, talker: Talker
) -> None:
    policy = [rule(writer)]
    chat = store.start(backend=talker, policy=policy)
    for number in range(40):
        chat.append(f"question number {number}", assistant("An answer of many words. " * 12))
    chat.send("and now?")
    (asked,) = writer.requests
    told = [message.text for message in asked.messages if message.text.startswith("question")]
    (part,) = chat._handle.state.told[policy_key(policy)].parts
    assert 1 < part.first < part.last
    assert told[0] == f"question number {(part.first - 1) // 2}"
    notes = [(line.seq, line.note) for line in chat.explain("?").decisions if not line.included]
    assert notes == [
        *((seq, "in no summary") for seq in (1, 2, 3, 4)),
        (None, f"seq 5 to {part.last}: not loaded; told in the summary from seq {part.first} on"),
    ]


def test_a_task_of_ones_own_takes_the_place_of_the_built_in_one(store: Any, writer: Writer, talker: Talker) -> None:
    chat = store.start(backend=talker, policy=[rule(writer, instruction="List the cheeses, {words} words.")])
    until(chat, writer, 1)
    assert writer.requests[0].messages[-1].text == "List the cheeses, 24 words."


def test_a_branch_with_summaries_answers_from_its_record(store: Any, writer: Writer, talker: Talker) -> None:
    policy = [rule(writer)]
    chat = store.start(backend=talker, policy=policy)
    turns = until(chat, writer, 2)
    again = store.start(backend=chat.recorded(MISTRAL), policy=policy)
    writer.requests.clear()
    for number in range(turns):
        again.send(f"question number {number}")
    assert [entry.text for entry in again.history()] == [entry.text for entry in chat.history()]
    assert len(writer.requests) == 2


def test_another_choice_shares_pins_and_summary_with_the_first(store: Any, writer: Writer, talker: Talker) -> None:
    chat = store.start(backend=talker, policy=[rule(writer)])
    until(chat, writer, 1)
    chat.pin(chat.history()[-1])
    two = Completion(tuple(Choice(assistant(text), "stop", index) for index, text in enumerate(("one", "two"))))
    reply = chat.send("which?", n=2, backend=lambda request: two)
    side = store.load(chat.id, branch=reply.siblings[0].no, backend=talker, policy=[rule(writer)])
    side.send("and then?")
    assert summary_in(sent(talker)).startswith(f"{HEADING}\n\nPart 1: cheese.")
    assert len(writer.requests) == 1
    assert side._handle.state.pins == chat._handle.state.pins != ()


class Stopped(BaseException):
    """Ends whatever runs, and is no error."""


def test_a_turn_that_ends_while_its_summary_is_written_is_taken_up(store: Any, writer: Writer, talker: Talker) -> None:
    writer.fails = Stopped
    chat = store.start(backend=talker, policy=[rule(writer)])
    with pytest.raises(Stopped):
        until(chat, writer, 1)
    asked = chat.history()[-1].text
    turn, calls = chat.turn(chat.turns()[-1].id)
    assert (turn.status, [(call.kind, call.error["type"]) for call in calls]) == (
        "interrupted",
        [("complete", "Stopped")],
    )
    writer.fails = None
    other = store.load(chat.id, backend=talker, policy=[rule(writer)])
    other.resume()
    assert len(writer.requests) == 2
    assert summary_in(sent(talker)).startswith(f"{HEADING}\n\nPart 2: cheese.")
    assert sent(talker)[-1] == asked


def test_a_turn_written_over_while_its_summary_is_written_is_closed(
    store: Any, writer: Writer, talker: Talker, elsewhere: Any
) -> None:
    chat = store.start(backend=talker, policy=[rule(writer)], lease=1)

    def takes_over() -> BaseException:
        elsewhere(chat).cancel(grace=0)
        return RateLimited("too late anyway")

    writer.fails = takes_over
    with pytest.raises(TurnClosed):
        until(chat, writer, 1)
    assert chat.history()[-1].role == "user"
    assert chat.turns()[-1].status == "cancelled"
    writer.fails = None
    chat.send("and now?")
    assert chat.turns()[-1].status == "completed"
