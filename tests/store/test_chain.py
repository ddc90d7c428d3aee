"""Writes that stand or fall with a head's compare-and-set: one statement on PostgreSQL, a transaction elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from convo.errors import StoreError, StoreRefused
from convo.messages import assistant, user
from convo.records import Turn
from convo.store import branches, conversations, history, ledger, schema
from convo.store.branches import Place
from convo.store.chain import Write
from convo.store.engine import parse_url, sync_engine
from convo.store.history import Span
from support.databases import kinds
from support.nasty import NASTY
from support.statements import captured
from support.stored import Database, entries_at, running_turn

POSTGRES = [kind for kind in kinds() if kind == "postgresql"]


def chained(database: Database, place: Place, head: int, then: list[Write], by: int = 1, **turn: Any) -> bool:
    """Move a branch's head with what is written then."""

    def work(connection: Any) -> bool:
        return branches.move(connection, place, head, by, **{"last_turn": None, **turn}, then=then)

    done: bool = database.run(database.port.write(work, chain=True))
    return done


def texts(database: Database, place: Place) -> list[str]:
    spans = [Span(place.branch_no, 0, 1_000)]
    return [entry.text for entry in database.read(lambda c: history.read(c, place.conversation_id, spans))]


def opening(place: Place, head: int, *said: Any) -> tuple[Turn, list[Write]]:
    turn = running_turn(place)
    entries = [replace(entry, turn_id=turn.id) for entry in entries_at(place, head, said)]
    return turn, [ledger.turn_write(turn, {"kind": "complete"}), ledger.messages_write(entries)]


def test_all_of_a_chain_is_written_with_the_head(database: Database) -> None:
    place = database.create()
    turn, then = opening(place, 0, user("a"), assistant("b"))
    assert chained(database, place, 0, then, by=2, last_turn=turn.id, opens=(turn.id, 1), lease_ms=60_000)
    state = database.state(place)
    assert (state.branch.head_seq, state.open_turn, state.last) == (2, turn.id, turn)
    assert texts(database, place) == ["a", "b"]


def test_nothing_of_a_chain_is_written_where_the_head_is_elsewhere(database: Database) -> None:
    place = database.create()
    database.append(place, "already")
    turn, then = opening(place, 0, user("late"))
    before = database.state(place)
    touch = conversations.touching_write(place.conversation_id)
    assert not chained(database, place, 0, [*then, touch])
    assert database.state(place) == before
    assert texts(database, place) == ["already"]
    assert database.read(lambda c: ledger.turn(c, place.conversation_id, turn.id)) is None


def test_a_chain_that_fails_in_its_last_part_has_written_nothing(database: Database) -> None:
    place = database.create()
    _, (turn, message) = opening(place, 0, user("a"))
    twice = Write(message.statement, [*message.given, *message.given])
    with pytest.raises(StoreError):
        chained(database, place, 0, [turn, twice])
    assert database.state(place).branch.head_seq == 0
    assert texts(database, place) == []


@pytest.mark.parametrize("database_url", POSTGRES, indirect=True)
def test_what_a_column_cannot_hold_is_refused_and_not_cut(database: Database) -> None:
    place = database.create()
    _, (turn, message) = opening(place, 0, user("a"))
    with pytest.raises(StoreRefused):
        chained(database, place, 0, [turn, Write(message.statement, [{**message.given[0], "role": "r" * 100}])])
    assert database.state(place).branch.head_seq == 0


def test_any_text_goes_through_a_chain(database: Database) -> None:
    place = database.create()
    for number, text in enumerate(NASTY):
        _, then = opening(place, number, user(text))
        assert chained(database, place, number, then[1:])
    assert texts(database, place) == [user(text).text for text in NASTY]


def test_a_chain_is_one_statement_where_the_database_takes_it_as_one(database: Database) -> None:
    place = database.create()
    _, then = opening(place, 0, user("a"))
    with captured() as statements:
        chained(database, place, 0, [*then, conversations.touching_write(place.conversation_id)])
    assert len(statements) == (1 if database.kind == "postgresql" else 4)


@pytest.mark.parametrize("empty_database_url", POSTGRES, indirect=True)
@pytest.mark.parametrize("face", ["sync", "async"])
def test_a_chain_is_read_committed_whatever_the_server_does_by_default(empty_database_url: str, face: str) -> None:
    schema.upgrade(empty_database_url)
    engine = sync_engine(parse_url(empty_database_url))
    with engine.begin() as connection:
        own = connection.exec_driver_sql("SELECT current_database()").scalar_one()
        connection.exec_driver_sql(f"ALTER DATABASE {own} SET default_transaction_isolation = 'serializable'")
    engine.dispose()
    database = Database(empty_database_url, face)
    level = database.port.write(lambda c: c.exec_driver_sql("SHOW transaction_isolation").scalar(), chain=True)
    assert database.run(level) == "read committed"
    database.close()
