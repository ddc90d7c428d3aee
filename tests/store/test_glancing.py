"""A look at a branch and messages of its path in one statement: given where the branch stands as the reader knew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from convo.store import branches, conversations, glancing, trees
from convo.store.branches import Glance, Place
from convo.store.history import ARMS, Span
from convo.store.tables import TABLES
from support.statements import captured
from support.stored import Database, beside


def glance(database: Database, place: Place) -> Glance:
    found = database.state(place).glance
    assert found is not None
    return found


def read(database: Database, place: Place, known: Glance, *wanted: Span) -> list[str] | None:
    found = database.read(lambda connection: glancing.read(connection, place, known, wanted))
    return None if found is None else [entry.text for entry in found]


def singles(count: int) -> list[Span]:
    """Each message by itself, the newest first."""
    return [Span(0, seq - 1, seq) for seq in range(count, 0, -1)]


@pytest.mark.parametrize(("count", "statements"), [(0, 1), (1, 1), (ARMS, 1), (ARMS + 1, 2)])
def test_messages_come_in_path_order_in_one_statement(database: Database, count: int, statements: int) -> None:
    place = database.create()
    texts = [str(number) for number in range(ARMS + 1)]
    database.append(place, *texts)
    known = glance(database, place)
    with captured() as seen:
        assert read(database, place, known, *singles(count)) == texts[:count]
    assert len(seen) == statements


def moved(connection: Any, place: Place) -> None:
    assert branches.move(connection, place, 2, 1, last_turn=None)


def configured(connection: Any, place: Place) -> None:
    conversations.change(connection, place.owner, place.conversation_id, settings={"system": "other"})


def pinned(connection: Any, place: Place) -> None:
    assert branches.set_pins(connection, place, [], [1])


def revised(connection: Any, place: Place) -> None:
    table = TABLES.conversations
    connection.execute(update(table).where(table.c.id == place.conversation_id).values(revision=1))


def cut(connection: Any, place: Place) -> None:
    turn = (place.conversation_id, 1)
    assert branches.move(connection, place, 2, 0, last_turn=turn[0], opens=turn, lease_ms=1)
    assert branches.release(connection, place, turn, 2, {"cuts": {"a": 1}})


def hidden(connection: Any, place: Place) -> None:
    trees.hide(connection, place.conversation_id, place.branch_no)


CHANGES: list[Callable[[Any, Place], None]] = [moved, configured, pinned, revised, cut, hidden]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("wanted", [[], [Span(0, 0, 2)]], ids=["no message", "two messages"])
def test_nothing_is_given_where_the_branch_stands_otherwise(
    database: Database, change: Callable[[Any, Place], None], wanted: list[Span]
) -> None:
    place = database.create()
    database.append(place, "a", "b")
    known = glance(database, place)
    assert read(database, place, known, *wanted) == (["a", "b"] if wanted else [])
    database.write(lambda connection: change(connection, place))
    assert read(database, place, known, *wanted) is None


def test_nothing_is_given_of_another_owners_branch_or_of_one_that_is_not_there(database: Database) -> None:
    place = database.create()
    database.append(place, "a", "b")
    known = glance(database, place)
    for other in (replace(place, owner="somebody else"), beside(place, 7)):
        assert read(database, other, known, Span(0, 0, 2)) is None
        assert read(database, other, known) is None
