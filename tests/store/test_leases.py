"""Leases: computed and compared by the database's clock alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from sqlalchemy import BigInteger, literal_column, select

from convo.store import branches, clock
from convo.store.branches import Place
from convo.store.clock import NOW_MS, new_id
from support.stored import Database

LONG, SHORT = 60_000, 30
PATIENCE = 20.0
"""Seconds within which a lease of ``SHORT`` milliseconds has lapsed on however busy a machine."""


def begin(database: Database, place: Place, head: int, turn: UUID, lease_ms: int) -> bool:
    return database.write(
        lambda c: branches.move(c, place, head, 1, last_turn=turn, opens=(turn, 1), lease_ms=lease_ms)
    )


def take_over(database: Database, place: Place, head: int, lost: tuple[UUID, int], turn: UUID) -> bool:
    return database.write(
        lambda c: branches.move(c, place, head, 1, last_turn=turn, opens=(turn, 1), lease_ms=LONG, over=lost)
    )


def until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def lapsed(database: Database, place: Place) -> bool:
    left = database.state(place).lease_left
    return left is not None and left <= 0


def test_a_live_lease_refuses_to_be_taken_over(database: Database) -> None:
    place, turn = database.create(), new_id()
    assert begin(database, place, 0, turn, LONG)
    assert not take_over(database, place, 1, (turn, 1), new_id())
    assert database.state(place).open_turn == turn


def test_a_lapsed_lease_is_taken_over_once(database: Database) -> None:
    place, turn, heir, late = database.create(), new_id(), new_id(), new_id()
    assert begin(database, place, 0, turn, SHORT)
    assert until(lambda: lapsed(database, place))
    assert take_over(database, place, 1, (turn, 1), heir)
    assert not take_over(database, place, 1, (turn, 1), late)
    assert not take_over(database, place, 2, (turn, 1), late)
    found = database.state(place)
    assert (found.open_turn, found.branch.head_seq) == (heir, 2)
    assert found.lease_left is not None
    assert found.lease_left > 0


def test_a_lapse_lets_nobody_in_who_does_not_take_over(database: Database) -> None:
    place, turn = database.create(), new_id()
    assert begin(database, place, 0, turn, SHORT)
    assert until(lambda: lapsed(database, place))
    assert not database.write(lambda c: branches.move(c, place, 1, 1, last_turn=None))


@pytest.mark.parametrize("stranger", ["turn", "attempt"])
def test_only_the_turn_and_attempt_seen_is_taken_over(database: Database, stranger: str) -> None:
    place, turn = database.create(), new_id()
    assert begin(database, place, 0, turn, SHORT)
    assert until(lambda: lapsed(database, place))
    lost = (new_id(), 1) if stranger == "turn" else (turn, 2)
    assert not take_over(database, place, 1, lost, new_id())


def test_a_message_without_a_turn_takes_over_and_leaves_the_branch_free(database: Database) -> None:
    place, turn = database.create(), new_id()
    assert begin(database, place, 0, turn, SHORT)
    assert until(lambda: lapsed(database, place))
    assert database.write(lambda c: branches.move(c, place, 1, 1, last_turn=None, over=(turn, 1)))
    found = database.state(place)
    assert (found.open_turn, found.open_attempt, found.lease_left, found.branch.head_seq) == (None, None, None, 2)


def test_a_lapse_that_nobody_used_does_no_harm(database: Database) -> None:
    place, turn = database.create(), new_id()
    assert begin(database, place, 0, turn, SHORT)
    assert until(lambda: lapsed(database, place))
    assert database.write(lambda c: branches.release(c, place, (turn, 1), 2, None))
    assert database.state(place).branch.head_seq == 2


def test_a_turn_that_was_taken_over_can_neither_renew_nor_release(database: Database) -> None:
    place, turn, heir = database.create(), new_id(), new_id()
    assert begin(database, place, 0, turn, SHORT)
    assert until(lambda: lapsed(database, place))
    assert take_over(database, place, 1, (turn, 1), heir)
    assert not database.write(lambda c: branches.renew(c, place, (turn, 1), LONG))
    assert not database.write(lambda c: branches.release(c, place, (turn, 1), 9, None))
    assert database.state(place).branch.head_seq == 2


def test_a_renewed_lease_lasts_longer_and_may_be_renewed_at_once_again(database: Database) -> None:
    place, turn = database.create(), new_id()
    assert begin(database, place, 0, turn, LONG)
    for _ in range(3):
        assert database.write(lambda c: branches.renew(c, place, (turn, 1), 2 * LONG))
    left = database.state(place).lease_left
    assert left is not None
    assert LONG < left <= 2 * LONG


def test_the_databases_clock_is_the_time_of_day_in_milliseconds(database: Database) -> None:
    statement = select(literal_column(NOW_MS[database.kind], BigInteger))
    before = time.time_ns() // 1_000_000
    moments = [database.read(lambda c: c.execute(statement).scalar_one()) for _ in range(3)]
    after = time.time_ns() // 1_000_000
    assert [before - 2, *moments, after + 2] == sorted([before - 2, *moments, after + 2])


def test_the_databases_clock_goes_on_inside_a_transaction(database: Database) -> None:
    statement = select(literal_column(NOW_MS[database.kind], BigInteger))

    def work(connection: object) -> bool:
        first = connection.execute(statement).scalar_one()  # type: ignore[attr-defined]
        return until(lambda: connection.execute(statement).scalar_one() > first)  # type: ignore[attr-defined]

    assert database.read(work)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_wrong_clock_of_a_client_changes_no_lease_and_no_order(
    database: Database, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, turn = database.create(), new_id()
    database.append(place, "first")
    wrong = timedelta(hours=hours)
    skewed = SimpleNamespace(time_ns=lambda: time.time_ns() + hours * 3600 * 10**9)
    monkeypatch.setattr(clock, "time", skewed)
    monkeypatch.setattr(clock, "datetime", SimpleNamespace(now=lambda zone: datetime.now(UTC) + wrong))
    database.append(place, "second")
    assert begin(database, place, 2, turn, LONG)
    monkeypatch.undo()
    left = database.state(place).lease_left
    assert left is not None
    assert 0 < left <= LONG
    assert database.write(lambda c: branches.release(c, place, (turn, 1), 2, None))
    database.append(place, "third")
    assert database.texts(place) == ["first", "second", "third"]


def test_identifiers_made_later_sort_later_and_say_when_and_what_they_are() -> None:
    made = []
    for _ in range(3):
        made.append(new_id())
        time.sleep(0.002)
    assert made == sorted(made)
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}
    assert abs((made[0].int >> 80) - time.time_ns() // 1_000_000) < 60_000
    assert len({new_id() for _ in range(1000)}) == 1000
