"""Tool rounds: results stored as they come, the model asked when all are in, whoever gives them."""

from __future__ import annotations

from typing import Any

import pytest

from convo import MISTRAL, OPENAI, Conversation, Store, assistant, tool_call, tool_result, user
from convo.completions import CompletionRequest
from convo.errors import BackendFailed, BackendUnavailable, InvalidMessage, UnknownToolCall
from convo.testing import ScriptedBackend

PARIS = tool_call("weather", {"city": "Paris"}, id="c00000001")
ROME = tool_call("weather", {"city": "Rome"}, id="c00000002")
ASKS = assistant("", tool_calls=[PARIS, ROME])


def roles(chat: Any) -> str:
    return "".join(entry.role[0] for entry in chat.history())


def statuses(chat: Any) -> list[str]:
    return [turn.status for turn in chat.turns()]


def broken(request: CompletionRequest) -> str:
    raise ConnectionError("no backend today")


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend([ASKS, "Rain in both."], profile=MISTRAL)


@pytest.fixture
def chat(store: Any, backend: ScriptedBackend) -> Any:
    """A conversation whose model waits for two results."""
    chat = store.start(backend=backend)
    chat.send("The weather in Paris and Rome?")
    return chat


def test_a_turn_with_tool_calls_waits_for_their_results(chat: Any) -> None:
    (turn,) = chat.turns()
    assert (turn.status, turn.input, turn.output) == ("awaiting_tools", (1, 1), (2, 2))
    assert chat.waiting() == (PARIS, ROME)


def test_all_results_at_once_are_answered_in_the_same_turn(chat: Any, backend: ScriptedBackend) -> None:
    (before,) = chat.turns()
    reply = chat.submit({PARIS.id: "rain", ROME.id: {"rain": True}})
    assert reply.text == "Rain in both."
    assert (reply.turn.id, reply.turn.status, reply.turn.attempt) == (before.id, "completed", 2)
    assert (reply.turn.input, reply.turn.output, reply.turn.calls) == ((1, 1), (2, 5), 2)
    assert roles(chat) == "uatta"
    assert [message.role for message in backend.requests[1].messages] == ["user", "assistant", "tool", "tool"]
    assert [message.text for message in backend.requests[1].messages[2:]] == ["rain", '{"rain":true}']
    assert chat.waiting() == ()


def test_results_may_come_one_by_one_and_in_any_order(chat: Any, backend: ScriptedBackend) -> None:
    assert chat.submit({ROME.id: "snow"}) is None
    assert (statuses(chat), chat.waiting()) == (["awaiting_tools"], (PARIS,))
    assert chat.submit({PARIS.id: "rain"}).text == "Rain in both."
    assert statuses(chat) == ["completed"]
    assert [entry.text for entry in chat.history()][2:4] == ["snow", "rain"]
    assert [message.text for message in backend.requests[1].messages[2:]] == ["rain", "snow"]


def test_results_may_be_messages(chat: Any) -> None:
    assert chat.submit(tool_result(PARIS, "rain")) is None
    assert chat.submit([{"role": "tool", "content": "snow", "tool_call_id": ROME.id}]).text == "Rain in both."
    assert roles(chat) == "uatta"


def test_results_may_be_streamed_about(chat: Any) -> None:
    assert list(chat.stream_submit({PARIS.id: "rain"})) == []
    stream = chat.stream_submit({ROME.id: "snow"})
    assert "".join(delta.text for delta in stream) == stream.reply.text == "Rain in both."
    assert statuses(chat) == ["completed"]


@pytest.mark.parametrize(
    ("results", "error", "said"),
    [
        ({"c99999999": "?"}, UnknownToolCall, "waiting are c00000001, c00000002"),
        ({PARIS.id: "rain", "c99999999": "?"}, UnknownToolCall, "'c99999999'"),
        ([tool_result(PARIS, "rain"), tool_result(PARIS, "snow")], UnknownToolCall, "'c00000001'"),
        ({PARIS.id: float("nan")}, InvalidMessage, "content"),
        ({}, InvalidMessage, "there is no result to submit"),
        ([user("rain")], InvalidMessage, "not a message of role user"),
        (3, InvalidMessage, "must be a text, a dict or a message"),
        ("rain", InvalidMessage, "not a message of role user"),
    ],
    ids=str,
)
def test_a_wrong_result_is_refused_and_nothing_is_stored(chat: Any, results: Any, error: type, said: str) -> None:
    with pytest.raises(error) as caught:
        chat.submit(results)
    assert said in str(caught.value)
    assert (roles(chat), statuses(chat)) == ("ua", ["awaiting_tools"])
    if isinstance(caught.value, UnknownToolCall):
        assert {*caught.value.waiting} == {PARIS.id, ROME.id}


def test_a_result_is_taken_once(chat: Any) -> None:
    chat.submit({PARIS.id: "rain"})
    with pytest.raises(UnknownToolCall, match="waiting are c00000002"):
        chat.submit({PARIS.id: "rain"})
    chat.submit({ROME.id: "snow"})
    with pytest.raises(UnknownToolCall, match="none is waiting"):
        chat.submit({ROME.id: "snow"})
    assert roles(chat) == "uatta"


@pytest.mark.parametrize("verb", ["append", "send"])
def test_a_result_that_nobody_asked_for_is_refused_by_every_verb(chat: Any, verb: str) -> None:
    for messages in ([tool_result("c99999999", "?")], [user("hm"), tool_result(PARIS, "rain")]):
        with pytest.raises(UnknownToolCall):
            chat.append(*messages) if verb == "append" else chat.send(messages)
    assert (roles(chat), statuses(chat)) == ("ua", ["awaiting_tools"])


def test_a_round_may_be_brought_along_whole(store: Any) -> None:
    chat = store.start(backend=lambda request: "yes")
    chat.append("weather?", ASKS, tool_result(ROME, "snow"), tool_result(PARIS, "rain"), assistant("Rain."))
    chat.send(["and now?", assistant(tool_calls=[PARIS]), tool_result(PARIS, "rain")])
    assert roles(chat) == "uattauata"


def other_gives_one(other: Conversation) -> None:
    other.submit({PARIS.id: "rain"})


def other_writes_on(other: Conversation) -> None:
    other.send("never mind", backend=lambda request: "fine")


def test_the_last_missing_result_is_answered_whoever_gave_the_others(chat: Any, store: Any, database_url: str) -> None:
    with Store(database_url) as elsewhere:
        other_gives_one(elsewhere.load(chat.id, backend=lambda request: "unused"))
    assert chat.submit({ROME.id: "snow"}).text == "Rain in both."
    assert (roles(chat), statuses(chat)) == ("uatta", ["completed"])


@pytest.mark.parametrize(
    ("meanwhile", "path", "status"),
    [(other_gives_one, "uat", "awaiting_tools"), (other_writes_on, "uaua", "superseded")],
)
@pytest.mark.parametrize("results", [{PARIS.id: "snow"}, {PARIS.id: "snow", ROME.id: "snow"}], ids=["one", "both"])
def test_a_result_that_came_too_late_is_refused(
    chat: Any, database_url: str, meanwhile: Any, path: str, status: str, results: Any
) -> None:
    chat.history()
    with Store(database_url) as elsewhere:
        meanwhile(elsewhere.load(chat.id, backend=lambda request: "unused"))
    with pytest.raises(UnknownToolCall):
        chat.submit(results)
    assert (roles(chat), statuses(chat)[0]) == (path, status)


def test_a_handle_that_did_not_see_the_calls_may_answer_them(store: Any, database_url: str) -> None:
    chat = store.start(["The weather?"])
    chat.history()
    with Store(database_url) as elsewhere:
        elsewhere.load(chat.id, backend=lambda request: ASKS).complete()
    assert chat.submit({PARIS.id: "rain"}, backend=lambda request: "unused") is None
    chat.append(tool_result(ROME, "snow"))
    assert roles(chat) == "uatt"


def test_a_first_result_does_not_go_into_a_turn_that_was_written_over_meanwhile(store: Any, database_url: str) -> None:
    chat = store.start(backend=ScriptedBackend([ASKS, "done"]))
    chat.send("weather?")
    with Store(database_url) as other:
        with pytest.raises(BackendUnavailable):
            Conversation.load(other, chat.id, backend=ScriptedBackend([BackendUnavailable("down")])).complete()
        chat.submit({PARIS.id: "sun"})
        looked_at = Conversation.load(other, chat.id)
        owner, turns = looked_at.history()[-1].turn_id, looked_at.turns()
        assert [turn.status for turn in turns if turn.id == owner] == ["failed"]
    assert chat.submit({ROME.id: "rain"}).text == "done"


def test_on_a_fork_in_the_midst_of_a_round_the_results_make_a_turn_of_their_own(chat: Any) -> None:
    (waits,) = chat.turns()
    side = chat.fork(name="side")
    assert side.waiting() == (PARIS, ROME)
    reply = side.submit({PARIS.id: "rain", ROME.id: "snow"}, backend=lambda request: "On the side.")
    assert reply.turn.id != waits.id
    assert (reply.turn.branch_no, reply.turn.input, reply.turn.status) == (side.branch.no, (3, 4), "completed")
    assert (roles(side), roles(chat), statuses(chat)) == ("uatta", "ua", ["awaiting_tools"])
    assert chat.submit({PARIS.id: "rain", ROME.id: "snow"}).text == "Rain in both."


def test_on_a_fork_results_may_come_one_by_one_too(chat: Any) -> None:
    chat.submit({PARIS.id: "rain"})
    side = chat.fork(at=chat.history()[1])
    assert side.submit({ROME.id: "snow"}) is None
    assert side.submit({PARIS.id: "sun"}, backend=lambda request: "Sun and snow.").text == "Sun and snow."
    later = chat.fork()
    assert later.submit({ROME.id: "hail"}, backend=lambda request: "Rain and hail.").text == "Rain and hail."
    assert (roles(side), roles(later), roles(chat)) == ("uatta", "uatta", "uat")


def test_a_round_whose_answer_failed_keeps_the_results_and_is_resumed(chat: Any) -> None:
    with pytest.raises(BackendFailed):
        chat.submit({PARIS.id: "rain", ROME.id: "snow"}, backend=broken)
    assert (roles(chat), statuses(chat), chat.waiting()) == ("uatt", ["failed"], ())
    assert chat.resume().text == "Rain in both."
    assert (roles(chat), statuses(chat)) == ("uatta", ["completed"])


@pytest.mark.parametrize("profile", [MISTRAL, OPENAI], ids=lambda profile: profile.name)
def test_who_writes_on_over_waiting_calls_leaves_stand_ins_that_the_model_sees(store: Any, profile: Any) -> None:
    backend = ScriptedBackend([ASKS, "Fine."], profile=profile)
    chat = store.start(backend=backend)
    chat.send("The weather?")
    chat.submit({ROME.id: "snow"})
    chat.send("Never mind.")
    assert (roles(chat), statuses(chat)) == ("uatua", ["superseded", "completed"])
    sent = backend.requests[1].messages
    results = [message for message in sent if message.role == "tool"]
    assert [message.tool_call_id for message in results] == [PARIS.id, ROME.id]
    assert results[1].text == "snow"
    assert results[0].text != ""
    assert sent[-1].text == "Never mind."


def test_a_round_may_be_followed_by_another(store: Any) -> None:
    chat = store.start(backend=ScriptedBackend([assistant(tool_calls=[PARIS]), assistant(tool_calls=[ROME]), "Done."]))
    first = chat.send("The weather?")
    second = chat.submit({PARIS.id: "rain"})
    third = chat.submit({ROME.id: "snow"})
    assert {reply.turn.id for reply in (first, second, third)} == {first.turn.id}
    assert [reply.turn.status for reply in (second, third)] == ["awaiting_tools", "completed"]
    assert (third.turn.output, third.turn.calls, roles(chat)) == ((2, 6), 3, "uatata")


def test_calls_without_an_id_of_their_own_get_one(store: Any) -> None:
    calls = [tool_call("f"), tool_call("f"), tool_call("g", id="twice"), tool_call("g", id="twice")]
    chat = store.start(backend=ScriptedBackend([assistant(tool_calls=calls), "Done."]))
    reply = chat.send("go")
    ids = [call.id for call in reply.tool_calls]
    assert len({*ids}) == 4
    assert ids[2] == "twice"
    assert chat.submit(dict.fromkeys(ids, "ok")).text == "Done."


def test_a_round_survives_a_backend_that_is_down_for_the_first_call(store: Any) -> None:
    backend = ScriptedBackend([BackendUnavailable("down"), assistant(tool_calls=[PARIS]), "Done."])
    chat = store.start(backend=backend)
    with pytest.raises(BackendUnavailable):
        chat.send("The weather?")
    assert chat.resume().turn.status == "awaiting_tools"
    assert chat.submit({PARIS.id: "rain"}).turn.attempt == 3


def test_a_call_that_waits_is_found_before_any_number_of_results(store: Any) -> None:
    ids = [f"c{number:08}" for number in range(300)]
    calls = assistant(tool_calls=[tool_call("stock", id=each) for each in ids])
    chat = store.start([user("How much?"), calls, *(tool_result(each, "4") for each in ids[1:])])
    assert [call.id for call in chat.waiting()] == ids[:1]
