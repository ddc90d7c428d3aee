"""The record of turns and calls, and the blobs their recipes name."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from convo.completions import Usage
from convo.errors import StoreRefused
from convo.messages import assistant, tool_result, user
from convo.records import Call, Turn
from convo.store import ledger
from convo.store.branches import Place
from convo.store.clock import new_id, now
from convo.values import canonical_json
from support.stored import Database, entries_at, running_turn

PENDING = {"kind": "complete", "recipe": {"v": 1, "m": [[1, 1]]}, "hash": "ab" * 32, "at": "2026-01-01T00:00:00+00:00"}


def stored(database: Database, turn: Turn) -> Turn:
    found = database.read(lambda c: ledger.turn(c, turn.conversation_id, turn.id))
    assert found is not None
    return found


def pending(database: Database, turn: Turn) -> Any:
    return database.read(lambda c: ledger.pending(c, turn.conversation_id, turn.id))


def added(database: Database, place: Place, **facts: Any) -> Turn:
    turn = running_turn(place, **facts)
    database.write(lambda c: ledger.add_turn(c, turn, PENDING))
    return turn


def call_of(turn: Turn, number: int = 1, **facts: Any) -> Call:
    return Call(
        **{
            "turn_id": turn.id,
            "call_no": number,
            "kind": "complete",
            "backend": "scripted",
            "model": None,
            "recipe": {"v": 1, "m": [[1, 2]]},
            "request_hash": "0f" * 32,
            "wire_hash": None,
            "usage": None,
            "finish_reason": None,
            "error": None,
            "started_at": now(),
            "ended_at": now(),
            **facts,
        }
    )


def calls(database: Database, place: Place, *turn_ids: UUID) -> list[Call]:
    return database.read(lambda c: ledger.calls(c, place.conversation_id, turn_ids))


def test_a_turn_is_read_back_as_it_was_written(database: Database) -> None:
    place = database.create()
    facts = {"input": (1, 2), "output": (3, 3), "calls": 2, "metadata": {"b": 1, "a": "\x00"}, "choice_of": new_id()}
    turn = added(database, place, **facts, error={"type": "RateLimited"}, ended_at=now(), status="failed")
    assert stored(database, turn) == turn
    assert pending(database, turn) == PENDING


def test_a_turn_without_anything_is_read_back_so(database: Database) -> None:
    turn = added(database, database.create())
    found = stored(database, turn)
    assert found == turn
    assert (found.input, found.output, found.error, found.ended_at, found.metadata) == (None, None, None, None, {})


def test_a_turn_of_another_conversation_is_not_there(database: Database) -> None:
    place, other = database.create(), database.create()
    turn = added(database, place)
    assert database.read(lambda c: ledger.turn(c, other.conversation_id, turn.id)) is None
    assert database.read(lambda c: ledger.turns(c, other.conversation_id, [turn.id])) == []
    assert database.read(lambda c: ledger.turn_counts(c, other.conversation_id)) == {}


def test_turns_are_counted_by_branch(database: Database) -> None:
    place = database.create()
    side = database.fork(place, 0)
    for where in (place, place, side):
        added(database, where)
    assert database.read(lambda c: ledger.turn_counts(c, place.conversation_id)) == {0: 2, 1: 1}


def test_turns_are_read_by_id(database: Database) -> None:
    place = database.create()
    made = [added(database, place) for _ in range(3)]
    wanted = [made[2].id, made[0].id, new_id()]
    found = database.read(lambda c: ledger.turns(c, place.conversation_id, wanted))
    assert {turn.id for turn in found} == {made[0].id, made[2].id}
    assert database.read(lambda c: ledger.turns(c, place.conversation_id, [])) == []


def test_the_branchs_last_turn_comes_with_its_state(database: Database) -> None:
    from convo.store import branches

    place = database.create()
    turn = added(database, place, input=(1, 1), metadata={"x": 1})
    assert database.write(
        lambda c: branches.move(c, place, 0, 1, last_turn=turn.id, opens=(turn.id, 1), lease_ms=60_000)
    )
    assert database.state(place).last == turn


@pytest.mark.parametrize("status", ["running", "failed", "interrupted", "awaiting_tools"])
def test_an_unfinished_turn_is_reopened_at_the_next_attempt(database: Database, status: str) -> None:
    place = database.create()
    turn = added(database, place, status=status, error={"type": "X"}, ended_at=now())
    again = replace(turn, status="running", attempt=2, calls=1, error=None, ended_at=None)
    assert database.write(lambda c: ledger.reopen_turn(c, again, {"kind": "stream"}))
    assert stored(database, turn) == again
    assert pending(database, turn) == {"kind": "stream"}
    assert not database.write(lambda c: ledger.reopen_turn(c, again, {}))


@pytest.mark.parametrize("status", ["completed", "cancelled", "superseded"])
def test_a_closed_turn_is_never_reopened(database: Database, status: str) -> None:
    turn = added(database, database.create(), status=status)
    again = replace(turn, status="running", attempt=2)
    assert not database.write(lambda c: ledger.reopen_turn(c, again, {}))
    assert stored(database, turn) == turn


def test_a_turn_ends_with_the_attempt_that_runs(database: Database) -> None:
    turn = added(database, database.create(), input=(1, 1))
    ended = replace(turn, status="completed", calls=1, output=(2, 2), ended_at=now())
    assert not database.write(lambda c: ledger.end_turn(c, replace(ended, attempt=2)))
    assert stored(database, turn) == turn
    assert database.write(lambda c: ledger.end_turn(c, ended))
    assert stored(database, turn) == ended
    assert pending(database, turn) is None


def test_a_turn_ends_only_from_the_status_it_was_left_in(database: Database) -> None:
    turn = added(database, database.create(), status="failed")
    over = replace(turn, status="superseded", ended_at=now())
    assert not database.write(lambda c: ledger.end_turn(c, over))
    assert not database.write(lambda c: ledger.end_turn(c, over, was="interrupted"))
    assert stored(database, turn) == turn
    assert database.write(lambda c: ledger.end_turn(c, over, was="failed"))
    assert not database.write(lambda c: ledger.end_turn(c, over, was="failed"))
    assert stored(database, turn) == over


def test_a_call_is_read_back_as_it_was_written(database: Database) -> None:
    place = database.create()
    turn = added(database, place)
    usage = Usage(prompt_tokens=3, completion_tokens=4, total_tokens=7, details={"audio": 1})
    full = call_of(
        turn, 1, model="m", wire_hash="ab" * 32, usage=usage, finish_reason="stop", error={"type": "X"}, kind="stream"
    )
    bare = call_of(turn, 2)
    for call in (bare, full):
        database.write(lambda c, one=call: ledger.add_call(c, place.conversation_id, one))  # type: ignore[misc]
    assert calls(database, place, turn.id) == [full, bare]


def test_calls_are_listed_by_turn_and_number(database: Database) -> None:
    place = database.create()
    first, second = sorted((added(database, place) for _ in range(2)), key=lambda turn: turn.id)
    for turn, number in ((second, 1), (first, 2), (first, 1)):
        call = call_of(turn, number)
        database.write(lambda c, one=call: ledger.add_call(c, place.conversation_id, one))  # type: ignore[misc]
    found = calls(database, place, second.id, first.id)
    assert [(call.turn_id, call.call_no) for call in found] == [(first.id, 1), (first.id, 2), (second.id, 1)]
    assert calls(database, place) == []


def test_no_call_is_recorded_twice(database: Database) -> None:
    place = database.create()
    call = call_of(added(database, place))
    database.write(lambda c: ledger.add_call(c, place.conversation_id, call))
    with pytest.raises(StoreRefused):
        database.write(lambda c: ledger.add_call(c, place.conversation_id, replace(call, kind="stream")))
    assert calls(database, place, call.turn_id) == [call]


@pytest.mark.parametrize("said", ["x" * 300, "stop\x00", "lone \ud800", "🧀" * 300, ""])
def test_whatever_a_backend_calls_its_model_and_reasons_the_call_is_recorded(database: Database, said: str) -> None:
    place = database.create()
    call = call_of(added(database, place), backend=said, model=said, finish_reason=said)
    database.write(lambda c: ledger.add_call(c, place.conversation_id, call))
    (found,) = calls(database, place, call.turn_id)
    assert found.finish_reason is not None
    assert found.finish_reason[:4] == said[:4]


def test_a_blob_is_kept_once_under_its_hash(database: Database) -> None:
    place, other = database.create(), database.create()
    body = {"tools": ["\x00", "\ud83e", "🧀" * 1000], "n": [1.5, None, True]}
    digest = hashlib.sha256(canonical_json(body)).hexdigest()
    for _ in range(2):
        database.write(lambda c: ledger.keep_blob(c, place.conversation_id, digest, body))
    assert database.read(lambda c: ledger.blob(c, place.conversation_id, digest)) == body
    assert database.read(lambda c: ledger.blob(c, other.conversation_id, digest)) is None
    assert database.read(lambda c: ledger.blob(c, place.conversation_id, "00" * 32)) is None


def test_messages_are_read_back_with_all_that_is_known_of_them(database: Database) -> None:
    place = database.create()
    turn = new_id()
    calling = assistant(None, tool_calls=[{"id": "abc123def", "function": {"name": "f", "arguments": "{}"}}])
    given = entries_at(place, 0, [user("q"), calling, tool_result(calling.calls[0], "18"), assistant("a")], turn)
    marked = replace(given[3], finish_reason="length", prefix="a", incomplete=True, metadata={"z": 1, "a": [None]})
    entries = [*given[:3], marked]

    def work(connection: Any) -> None:
        from convo.store import branches

        assert branches.move(connection, place, 0, 4, last_turn=turn)
        ledger.add_messages(connection, entries)

    database.write(work)
    assert database.path(place) == entries
    assert database.path(place)[1].message.to_json() == calling.to_json()


def test_a_message_is_recognised_by_its_id_in_its_place(database: Database) -> None:
    place = database.create()
    (entry,) = database.append(place, "a")
    assert database.read(lambda c: ledger.has_message(c, entry))
    assert not database.read(lambda c: ledger.has_message(c, replace(entry, id=new_id())))
    assert not database.read(lambda c: ledger.has_message(c, replace(entry, seq=2)))
    assert not database.read(lambda c: ledger.has_message(c, replace(entry, branch_no=1)))


def test_no_two_messages_share_a_place(database: Database) -> None:
    place = database.create()
    (entry,) = database.append(place, "a")
    with pytest.raises(StoreRefused):
        database.write(lambda c: ledger.add_messages(c, [replace(entry, id=new_id())]))
    assert database.path(place) == [entry]


def test_no_message_writes_nothing(database: Database) -> None:
    database.write(lambda c: ledger.add_messages(c, []))
