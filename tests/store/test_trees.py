"""What stands beside what: siblings, names, branches hidden and freed, paths copied, keys of done work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from convo.errors import StoreRefused
from convo.records import Turn
from convo.store import branches, history, ledger, requests, trees
from convo.store.branches import Place
from convo.store.clock import new_id, now
from convo.store.requests import Done
from convo.store.tables import TABLES
from support.stored import Database, beside, running_turn


def count(database: Database, place: Place, table: str) -> int:
    rows = getattr(TABLES, table)
    counted = select(func.count()).where(rows.c.conversation_id == place.conversation_id)
    found: int = database.read(lambda c: c.execute(counted).scalar_one())
    return found


def siblings(database: Database, place: Place, parent_no: int | None, seq: int) -> list[str]:
    return [entry.text for entry in database.read(lambda c: trees.siblings(c, place.conversation_id, parent_no, seq))]


def delete(database: Database, place: Place) -> bool:
    def work(connection: Connection) -> bool:
        if not trees.hide(connection, place.conversation_id, place.branch_no):
            return False
        trees.free(connection, place.conversation_id, place.branch_no)
        return True

    return database.write(work)


def test_siblings_stand_after_the_same_message(database: Database) -> None:
    place = database.create()
    database.append(place, "a", "b", "c")
    for text in ("B1", "B2"):
        database.append(database.fork(place, 1), text)
    database.append(database.fork(place, 2), "C1")
    database.fork(place, 1)
    assert siblings(database, place, 0, 2) == ["b", "B1", "B2"]
    assert siblings(database, place, 0, 3) == ["c", "C1"]
    assert siblings(database, place, 0, 4) == []


def test_siblings_of_a_first_message_stand_on_nothing(database: Database) -> None:
    place = database.create()
    database.append(place, "a")
    database.append(database.fork(place, 0), "A")
    assert siblings(database, place, None, 1) == ["a", "A"]


def test_a_hidden_branch_is_nobodys_sibling(database: Database) -> None:
    place = database.create()
    database.append(place, "a", "b")
    side = database.fork(place, 1)
    database.append(side, "B")
    assert delete(database, side)
    assert siblings(database, place, 0, 2) == ["b"]


def test_a_branch_is_renamed_to_a_name_that_is_free(database: Database) -> None:
    place = database.create()
    side = database.fork(place, 0, "old")

    def rename(number: int, name: str) -> bool:
        return database.write(lambda c: trees.rename(c, place.conversation_id, number, name))

    assert rename(side.branch_no, "new")
    assert database.state(side).branch.name == "new"
    assert rename(side.branch_no, "new")
    assert not rename(9, "other")
    with pytest.raises(StoreRefused):
        rename(side.branch_no, "main")
    database.fork(place, 0, "old")


def test_a_branch_with_an_open_turn_is_not_hidden(database: Database) -> None:
    place = database.create()
    side, turn = database.fork(place, 0, "side"), new_id()
    assert database.write(lambda c: branches.move(c, side, 0, 1, last_turn=turn, opens=(turn, 1), lease_ms=60_000))
    assert not delete(database, side)
    assert database.write(lambda c: branches.release(c, side, (turn, 1), 1, None))
    assert delete(database, side)
    assert not delete(database, side)
    database.fork(place, 0, "side")


def ended_turn(database: Database, place: Place, first: int, last: int) -> Turn:
    turn = running_turn(place, input=(first, first), output=(last, last), status="completed", ended_at=now())
    database.write(lambda c: ledger.add_turn(c, turn, None))
    return turn


def test_a_branch_on_which_nothing_stands_goes_with_all_it_holds(database: Database) -> None:
    place = database.create()
    database.append(place, "a", "b")
    ended_turn(database, place, 1, 2)
    side = database.fork(place, 2)
    database.append(side, "c", "d")
    ended_turn(database, side, 3, 4)
    assert delete(database, side)
    assert [count(database, place, table) for table in ("branches", "messages", "turns")] == [1, 2, 1]
    assert database.texts(place) == ["a", "b"]


def test_what_another_branch_stands_on_stays_until_that_goes(database: Database) -> None:
    place = database.create()
    database.append(place, "a")
    side = database.fork(place, 1)
    database.append(side, "b", "c", "d")
    leaf = database.fork(side, 3)
    database.append(leaf, "D")
    assert delete(database, side)
    assert database.texts(leaf) == ["a", "b", "c", "D"]
    assert count(database, place, "messages") == 4
    assert delete(database, leaf)
    assert database.texts(place) == ["a"]
    assert [count(database, place, table) for table in ("branches", "messages")] == [1, 1]


def test_a_path_is_copied_whole_range_by_range(database: Database) -> None:
    place, target = database.create(), database.create()
    database.append(place, "a", "b")
    side = database.fork(place, 1)
    database.append(side, "B", "C")
    path = database.path(side)

    def work(connection: Connection) -> None:
        for span in history.spans(connection, place.conversation_id, side.branch_no, 3):
            trees.copy_span(connection, place.conversation_id, target.conversation_id, span)
        trees.set_head(connection, target.conversation_id, 3)

    database.write(work)
    copied = database.path(target)
    assert [(entry.seq, entry.id, entry.message) for entry in copied] == [
        (entry.seq, entry.id, entry.message) for entry in path
    ]
    assert {(entry.conversation_id, entry.branch_no) for entry in copied} == {(target.conversation_id, 0)}
    database.append(target, "D")
    assert database.texts(side) == ["a", "B", "C"]


DONE = Done(verb="send", fingerprint="ab" * 32, turn_id=new_id(), step=3)


def find(database: Database, place: Place, key: str) -> Any:
    return database.read(lambda c: requests.find(c, place.conversation_id, key))


@pytest.mark.parametrize("key", ["k", "K ", "ключ", "🧀" * 255])
def test_what_was_done_under_a_key_is_found_under_it_alone(database: Database, key: str) -> None:
    place, other = database.create(), database.create()
    database.write(lambda c: requests.add(c, place.conversation_id, key, DONE))
    assert find(database, place, key) == DONE
    assert find(database, other, key) is None
    assert find(database, place, key.swapcase() + "x") is None


def test_a_key_is_used_once(database: Database) -> None:
    place = database.create()
    database.write(lambda c: requests.add(c, place.conversation_id, "k", DONE))
    with pytest.raises(StoreRefused):
        database.write(lambda c: requests.add(c, place.conversation_id, "k", DONE))
    assert find(database, beside(place, 7), "k") == DONE


def test_old_keys_are_swept_owner_by_owner(database: Database, name: str) -> None:
    mine, theirs = database.create(owner=name), database.create(owner=name + "x")
    for place in (mine, theirs):
        database.write(lambda c, p=place: requests.add(c, p.conversation_id, "k", DONE))  # type: ignore[misc]
    soon = now() + timedelta(minutes=1)
    assert database.write(lambda c: requests.sweep(c, name, soon - timedelta(minutes=2))) == 0
    assert database.write(lambda c: requests.sweep(c, name, soon)) == 1
    assert find(database, mine, "k") is None
    assert find(database, theirs, "k") == DONE
