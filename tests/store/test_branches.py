"""Branches: heads that move by compare-and-set, forks of one row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from convo.errors import StoreRefused
from convo.store import branches, conversations, forks
from convo.store.branches import NewBranch, Place
from convo.store.clock import new_id
from convo.store.tables import TABLES
from support.stored import Database, beside

LEASE = 60_000


def move(database: Database, place: Place, head: int, by: int = 1, **facts: Any) -> bool:
    return database.write(lambda c: branches.move(c, place, head, by, **{"last_turn": None, **facts}))


def head(database: Database, place: Place) -> int:
    return database.state(place).branch.head_seq


def test_a_head_moves_from_where_it_is_expected(database: Database) -> None:
    place = database.create()
    assert move(database, place, 0, 2)
    assert move(database, place, 2, 1)
    assert head(database, place) == 3


@pytest.mark.parametrize("expected", [0, 1, 3, -1])
def test_a_head_does_not_move_from_anywhere_else(database: Database, expected: int) -> None:
    place = database.create()
    assert move(database, place, 0, 2)
    assert not move(database, place, expected)
    assert head(database, place) == 2


def test_a_head_is_moved_by_its_owner_alone(database: Database, name: str) -> None:
    place = database.create(owner=name)
    for owner in ("", name + "x", name + " ", name.upper()):
        assert not move(database, replace(place, owner=owner), 0)
    assert head(database, place) == 0


def test_a_head_does_not_move_once_the_conversation_was_revised(database: Database) -> None:
    place = database.create()
    database.write(lambda c: conversations.change(c, "", place.conversation_id, revision=1))
    assert not move(database, place, 0)
    assert move(database, replace(place, revision=1), 0)


def test_a_branch_that_is_hidden_neither_moves_nor_shows(database: Database) -> None:
    place = database.create()
    side = database.fork(place, 0, "side")
    hidden = TABLES.branches.update().where(
        TABLES.branches.c.conversation_id == place.conversation_id, TABLES.branches.c.branch_no == side.branch_no
    )
    moment = database.state(side).branch.created_at
    database.write(lambda c: c.execute(hidden.values(hidden_at=moment)).rowcount)
    assert not move(database, side, 0)
    assert database.read(lambda c: branches.state(c, place.conversation_id, "side")) is None
    assert [branch.no for branch in database.read(lambda c: branches.listed(c, place.conversation_id))] == [0]


def test_a_branch_is_found_by_number_by_name_and_as_the_active_one(database: Database) -> None:
    place = database.create()
    side = database.fork(place, 0, "Side")
    for wanted, number in ((0, 0), ("main", 0), (None, 0), (side.branch_no, 1), ("Side", 1)):
        found = database.read(lambda c, w=wanted: branches.state(c, place.conversation_id, w))  # type: ignore[misc]
        assert found is not None
        assert found.branch.no == number
    for wanted in (2, -1, "side", "Side ", "", "1"):
        assert database.read(lambda c, w=wanted: branches.state(c, place.conversation_id, w)) is None  # type: ignore[misc]
    assert database.read(lambda c: branches.state(c, new_id(), None)) is None


def test_an_open_turn_lets_no_other_writer_move_the_head(database: Database) -> None:
    place = database.create()
    turn = new_id()
    assert move(database, place, 0, last_turn=turn, opens=(turn, 1), lease_ms=LEASE)
    assert not move(database, place, 1)
    assert not move(database, place, 1, opens=(new_id(), 1), lease_ms=LEASE)
    found = database.state(place)
    assert (found.branch.head_seq, found.open_turn, found.open_attempt) == (1, turn, 1)
    assert found.lease_left is not None
    assert 0 < found.lease_left <= LEASE


def test_a_released_branch_is_free_and_stands_where_the_turn_left_it(database: Database) -> None:
    place = database.create()
    turn = new_id()
    move(database, place, 0, last_turn=turn, opens=(turn, 1), lease_ms=LEASE)
    assert database.write(lambda c: branches.release(c, place, (turn, 1), 2, {"cuts": {}}))
    found = database.state(place)
    assert (found.branch.head_seq, found.open_turn, found.open_attempt, found.lease_left) == (2, None, None, None)
    assert move(database, place, 2)


def test_a_release_that_brings_no_compose_state_leaves_the_old_one(database: Database) -> None:
    place, cuts = database.create(), {"cuts": {"k": [1, 0]}}

    def run_a_turn(head: int, compose_state: dict[str, Any] | None) -> None:
        turn = new_id()
        assert move(database, place, head, last_turn=turn, opens=(turn, 1), lease_ms=LEASE)
        assert database.write(lambda c: branches.release(c, place, (turn, 1), head + 2, compose_state))

    run_a_turn(0, cuts)
    run_a_turn(2, None)
    assert database.state(place).compose_state == {**cuts, "pins": []}


def test_only_the_turn_and_attempt_that_is_open_can_release_or_renew(database: Database) -> None:
    place = database.create()
    turn = new_id()
    move(database, place, 0, last_turn=turn, opens=(turn, 2), lease_ms=LEASE)
    for stranger in ((turn, 1), (turn, 3), (new_id(), 2)):
        assert not database.write(lambda c, s=stranger: branches.release(c, place, s, 9, None))  # type: ignore[misc]
        assert not database.write(lambda c, s=stranger: branches.renew(c, place, s, LEASE))  # type: ignore[misc]
    found = database.state(place)
    assert (found.branch.head_seq, found.open_turn) == (1, turn)


def test_a_second_release_of_the_same_turn_does_nothing(database: Database) -> None:
    place = database.create()
    turn = new_id()
    move(database, place, 0, last_turn=turn, opens=(turn, 1), lease_ms=LEASE)
    assert database.write(lambda c: branches.release(c, place, (turn, 1), 2, None))
    assert not database.write(lambda c: branches.release(c, place, (turn, 1), 5, None))
    assert head(database, place) == 2


def test_pins_are_replaced_while_they_are_the_expected_ones(database: Database) -> None:
    place = database.create()

    def set_pins(old: list[int], new: list[int]) -> bool:
        return database.write(lambda c: branches.set_pins(c, place, old, new))

    assert not set_pins([1], [2])
    assert set_pins([], [1, 3])
    assert not set_pins([], [2])
    assert not set_pins([3, 1], [2])
    assert database.state(place).compose_state["pins"] == [1, 3]
    assert set_pins([1, 3], [])
    assert set_pins([], [2])
    assert database.state(place).compose_state["pins"] == [2]


def test_pins_and_cuts_are_written_apart(database: Database) -> None:
    place, turn = database.create(), new_id()
    move(database, place, 0, last_turn=turn, opens=(turn, 1), lease_ms=LEASE)
    assert database.write(lambda c: branches.set_pins(c, place, [], [1]))
    assert database.write(lambda c: branches.release(c, place, (turn, 1), 2, {"cuts": {"k": [1, 0]}}))
    assert database.state(place).compose_state == {"cuts": {"k": [1, 0]}, "pins": [1]}


def test_a_fork_is_one_row_whatever_it_stands_on(database: Database) -> None:
    place = database.create()
    database.append(place, *map(str, range(30)))
    tables = (TABLES.messages, TABLES.branches, TABLES.turns)

    def rows() -> list[int]:
        counted = [
            select(func.count()).where(table.c.conversation_id == place.conversation_id).scalar_subquery()
            for table in tables
        ]
        return list(database.read(lambda c: c.execute(select(*counted)).one()))

    before = rows()
    database.fork(place, 20)
    assert [after - was for was, after in zip(before, rows(), strict=True)] == [0, 1, 0]


def test_a_fork_is_given_back_as_it_is_stored(database: Database) -> None:
    place = database.create()
    database.append(place, "a", "b")
    new = NewBranch(name="warmer", parent_no=0, fork_seq=1, shown_parent_no=0, compose_state={"cuts": {}}, pins=[1])
    made = database.write(lambda c: forks.fork(c, place.conversation_id, 5, new))
    found = database.state(beside(place, 5))
    assert found.branch == made
    assert (made.no, made.name, made.parent_no, made.fork_seq, made.head_seq) == (5, "warmer", 0, 1, 1)
    assert found.compose_state == {"cuts": {}, "pins": [1]}


def test_branch_names_are_unique_in_a_conversation_to_the_last_byte(database: Database) -> None:
    place, other = database.create(), database.create()
    for name in ("warmer", "Warmer", "warmer "):
        database.fork(place, 0, name)
    database.fork(other, 0, "warmer")
    with pytest.raises(StoreRefused):
        database.fork(place, 0, "warmer")
    assert database.read(lambda c: forks.named(c, place.conversation_id, "warmer")) == 1
    assert database.read(lambda c: forks.named(c, place.conversation_id, "colder")) is None


def test_a_fork_that_fails_takes_no_number(database: Database) -> None:
    place = database.create()
    with pytest.raises(StoreRefused):
        database.fork(place, 0, "main")
    assert database.fork(place, 0).branch_no == 1


def test_numbers_count_up_and_never_come_again(database: Database) -> None:
    place = database.create()
    numbers = [database.write(lambda c: forks.next_number(c, place)) for _ in range(3)]
    claimed = database.write(lambda c: forks.claim_number(c, place.conversation_id))
    assert [*numbers, claimed] == [1, 2, 3, 4]


def test_no_number_is_given_to_another_owner_nor_after_a_revision(database: Database, name: str) -> None:
    place = database.create(owner=name)
    for stranger in (replace(place, owner=""), replace(place, revision=1), replace(place, conversation_id=new_id())):
        assert database.write(lambda c, s=stranger: forks.next_number(c, s)) is None  # type: ignore[misc]
    assert database.write(lambda c: forks.next_number(c, place)) == 1


def test_branches_are_listed_oldest_first(database: Database) -> None:
    place = database.create()
    for name in ("b", "a", "c"):
        database.fork(place, 0, name)
    found = database.read(lambda c: branches.listed(c, place.conversation_id))
    assert [(branch.no, branch.name) for branch in found] == [(0, "main"), (1, "b"), (2, "a"), (3, "c")]
