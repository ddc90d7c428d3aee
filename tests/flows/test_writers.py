"""Several writers on one branch: who goes, who waits, who is told, and who comes too late."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from convo import AsyncConversation, AsyncStore, Conversation, Entry, Store
from convo.completions import CompletionRequest
from convo.errors import (
    BackendFailed,
    BackendUnavailable,
    BranchMoved,
    HandleInUse,
    NotFound,
    NothingToResume,
    TurnClosed,
    TurnInProgress,
)
from convo.testing import ScriptedBackend
from support.held import Held

LEASE = 0.15


def texts(chat: Any) -> list[str]:
    return [entry.text for entry in chat.history()]


def lapse() -> None:
    time.sleep(LEASE + 0.03)


def broken(request: CompletionRequest) -> str:
    raise ConnectionError("no backend today")


def test_a_second_writer_is_told_which_turn_is_running_and_for_how_long(store: Any, database_url: str) -> None:
    chat = store.start(["hm"], backend=lambda request: "yes")
    with Held(database_url, chat.id, lease=40):
        for verb in (lambda: chat.send("me too"), lambda: chat.append("me too"), lambda: list(chat.stream("me too"))):
            with pytest.raises(TurnInProgress, match="a turn is running on branch 'main'") as caught:
                verb()
            assert caught.value.turn_id == chat.turns()[-1].id
            assert caught.value.head_seq == 2
            assert 0 < caught.value.lease_left <= 40
        assert texts(chat) == ["hm", "held"]


def test_a_writer_may_wait_for_the_turn_that_is_running(store: Any, database_url: str) -> None:
    chat = store.start(backend=lambda request: "yes")
    verbs: list[Callable[[], Any]] = [
        lambda: chat.send("me too", wait=30),
        lambda: chat.append("me too", wait=30),
        lambda: list(chat.stream("me too", wait=30)),
    ]
    for verb in verbs:
        with Held(database_url, chat.id) as held:
            threading.Timer(0.1, held.release).start()
            verb()
    answered, appended = ["held", "held answer", "me too", "yes"], ["held", "held answer", "me too"]
    assert texts(chat) == [*answered, *appended, *answered]


def test_waiting_ends_when_the_time_is_over(store: Any, database_url: str) -> None:
    chat = store.start(backend=lambda request: "yes")
    with Held(database_url, chat.id):
        with pytest.raises(TurnInProgress):
            chat.send("me too", wait=0.1)
        assert texts(chat) == ["held"]


def test_waiting_ends_when_the_lease_does(store: Any, database_url: str) -> None:
    chat = store.start(backend=lambda request: "yes")
    with Held(database_url, chat.id, lease=0.4) as held:
        assert chat.send("me too", wait=30).text == "yes"
        assert isinstance(held.release(), TurnClosed)


def test_two_handles_that_take_turns_see_all_that_was_said(store: Any, face: Any, database_url: str) -> None:
    backend = ScriptedBackend([lambda request: f"answer {len(request.messages)}"], forever=True)
    one = store.start(backend=backend)
    with face.Store(database_url) as elsewhere:
        two = elsewhere.load(one.id, backend=backend)
        for number in range(3):
            one.send(f"one {number}")
            two.send(f"two {number}")
        assert texts(one) == texts(two)
    assert [len(request.messages) for request in backend.requests] == [1, 3, 5, 7, 9, 11]


def test_a_writer_who_expects_another_end_is_told_and_writes_nothing(store: Any) -> None:
    chat = store.start(["one"], backend=lambda request: "yes")
    stale, cold = store.load(chat.id, backend=lambda request: "yes"), store.load(chat.id)
    (last,) = stale.history()
    reply = chat.send("two", expect_head=last)
    for late in (stale, cold, chat):
        with pytest.raises(BranchMoved, match="expected message 1") as caught:
            late.append("three", expect_head=last)
        assert caught.value.head_seq == 3
    assert texts(chat) == ["one", "two", "yes"]
    assert stale.send("three", expect_head=reply.entry).text == "yes"


def test_the_expected_end_is_a_message_not_a_number(store: Any) -> None:
    chat = store.start(["one"], backend=lambda request: "yes")
    side = chat.fork()
    (beside,) = side.append("two on the side")
    chat.append("two")
    for handle in (chat, store.load(chat.id, branch="main", backend=lambda request: "yes")):
        with pytest.raises(BranchMoved):
            handle.send("three", expect_head=beside)
    with pytest.raises(NotFound, match="another conversation"):
        store.start(["one"]).append("two", expect_head=chat.history()[0])
    assert texts(chat) == ["one", "two"]


def test_a_turn_whose_process_is_silent_past_its_lease_is_taken_over(store: Any, database_url: str) -> None:
    backend = ScriptedBackend("yes")
    chat = store.start(backend=backend)
    with Held(database_url, chat.id, lease=LEASE) as held:
        lost = chat.turns()[0].id
        lapse()
        assert chat.send("anybody there?").text == "yes"
        late = held.release()
    assert isinstance(late, TurnClosed)
    assert "another writer took this turn over; its answer was not stored" in str(late)
    assert [message.text for message in backend.requests[0].messages] == ["held", "anybody there?"]
    assert texts(chat) == ["held", "anybody there?", "yes"]
    turn, (call,) = chat.turn(lost)
    assert (turn.status, turn.calls, call.error["type"]) == ("superseded", 1, "Lost")
    assert chat.request(turn, call).messages[-1].text == "held"


def test_an_append_over_a_lost_turn_keeps_the_record_of_its_call(store: Any, database_url: str) -> None:
    chat = store.start()
    with Held(database_url, chat.id, lease=LEASE):
        lost = chat.turns()[0].id
        lapse()
        chat.append("anybody there?")
    turn, (call,) = chat.turn(lost)
    assert (turn.status, turn.calls, call.error["type"]) == ("superseded", 1, "Lost")


def test_a_lapse_that_nobody_used_does_no_harm(store: Any, database_url: str) -> None:
    chat = store.start(backend=lambda request: "yes")
    with Held(database_url, chat.id, lease=LEASE) as held:
        lapse()
        assert held.release().text == "held answer"
    assert texts(chat) == ["held", "held answer"]
    assert chat.send("and?").text == "yes"


def test_a_late_failure_changes_nothing_either(store: Any, database_url: str) -> None:
    chat = store.start(backend=lambda request: "yes")
    with Held(database_url, chat.id, lease=LEASE) as held:
        lapse()
        assert chat.resume().text == "yes"
        assert isinstance(held.release(BackendUnavailable("down")), BackendUnavailable)
    assert texts(chat) == ["held", "yes"]
    assert [turn.status for turn in chat.turns()] == ["completed"]


def test_of_two_that_resume_one_goes_and_the_other_is_told(store: Any, database_url: str) -> None:
    chat = store.start(backend=lambda request: "yes")
    with pytest.raises(BackendFailed):
        chat.send("hello", backend=broken)
    with Held(database_url, chat.id, lambda other: other.resume()) as held:
        with pytest.raises(TurnInProgress):
            chat.resume()
        assert held.release().text == "held answer"
    with pytest.raises(NothingToResume):
        chat.resume()
    assert texts(chat) == ["hello", "held answer"]


def again_failed(other: Conversation) -> None:
    with pytest.raises(BackendFailed):
        other.resume(backend=broken)


def cancelled(other: Conversation) -> None:
    other.cancel()


def partly_answered(other: Conversation) -> None:
    with other.stream_resume(backend=lambda request: iter(["part ", "two"])) as stream:
        assert next(iter(stream)).text == "part "


@pytest.mark.parametrize(
    ("meanwhile", "status", "path"),
    [
        (again_failed, "superseded", ["hello", "and?", "yes"]),
        (cancelled, "cancelled", ["hello", "and?", "yes"]),
        (partly_answered, "superseded", ["hello", "part ", "and?", "yes"]),
    ],
)
def test_what_became_of_a_turn_elsewhere_is_not_overlooked(
    store: Any, database_url: str, meanwhile: Callable[[Conversation], None], status: str, path: list[str]
) -> None:
    chat = store.start(backend=lambda request: "yes")
    with pytest.raises(BackendFailed):
        chat.send("hello", backend=broken)
    failed = chat.turns()[0].id
    with Store(database_url) as elsewhere:
        meanwhile(elsewhere.load(chat.id))
    chat.send("and?")
    assert texts(chat) == path
    assert chat.turn(failed)[0].status == status


def test_a_failed_completion_elsewhere_is_written_over_too(store: Any, database_url: str) -> None:
    chat = store.start(["hello"], backend=lambda request: "yes")
    with Store(database_url) as elsewhere:
        other = elsewhere.load(chat.id)
        with pytest.raises(BackendFailed):
            other.complete(backend=broken)
        failed = other._handle.last
    assert failed is not None
    assert failed.status == "failed"
    chat.send("and?")
    assert chat.turn(failed.id)[0].status == "superseded"


def test_many_writers_lose_nothing_and_stay_in_order(database_url: str, name: str) -> None:
    def write(number: int) -> None:
        with Store(database_url) as store:
            chat = store.open(name, backend=lambda request: f"answer to {request.messages[-1].text}")
            for step in range(5):
                chat.send(f"{number}.{step}", wait=60)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Store(database_url) as store:
        found = store.open(name).history()
    questions = [entry.text for entry in found[::2]]
    assert [entry.text for entry in found[1::2]] == [f"answer to {question}" for question in questions]
    for number in range(4):
        assert [text for text in questions if text.startswith(f"{number}.")] == [
            f"{number}.{step}" for step in range(5)
        ]


def test_a_handle_in_two_threads_says_so(database_url: str) -> None:
    def backend(request: CompletionRequest) -> str:
        with pytest.raises(HandleInUse, match="open a handle for each"):
            chat.append("from the backend")
        return "yes"

    with Store(database_url) as store:
        chat = store.start(backend=backend)
        assert chat.send("hello").text == "yes"
        assert texts(chat) == ["hello", "yes"]


def test_a_handle_in_two_tasks_says_so(database_url: str) -> None:
    async def backend(request: CompletionRequest) -> str:
        await asyncio.sleep(0.05)
        return "yes"

    async def main() -> list[Any]:
        async with AsyncStore(database_url) as store:
            chat: AsyncConversation = await store.start(backend=backend)
            results = await asyncio.gather(chat.send("one"), chat.send("two"), return_exceptions=True)
            entries: list[Entry] = await chat.history()
            return [*results, [entry.text for entry in entries]]

    one, two, path = asyncio.run(main())
    assert one.text == "yes"
    assert isinstance(two, HandleInUse)
    assert path == ["one", "yes"]


def test_a_branch_gets_a_name_of_its_own_where_the_usual_one_is_taken(store: Any) -> None:
    chat = store.start(["hello"])
    taken = chat.fork(name="branch-2")
    made = [chat.fork() for _ in range(2)]
    assert [branch.branch.no for branch in (taken, *made)] == [1, 2, 3]
    assert made[0].branch.name.startswith("branch-2-")
    assert made[1].branch.name == "branch-3"
    assert len(chat.branches()) == 4
