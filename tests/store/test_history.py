"""Reading a path: its ranges, however deep the forks, and its messages, however many the ranges."""

from __future__ import annotations

import pytest
from sqlalchemy import insert
from sqlalchemy.engine import Connection

from convo.store import branches, history, ledger
from convo.store.branches import Place
from convo.store.clock import now
from convo.store.history import LEVELS, Span
from convo.store.tables import TABLES
from support.statements import captured
from support.stored import Database, beside, entries_at


def spans(database: Database, place: Place, head: int, floor: int = 0) -> list[Span]:
    return database.read(lambda c: history.spans(c, place.conversation_id, place.branch_no, head, floor))


def nested(database: Database, depth: int, each: int = 1) -> Place:
    """A conversation of ``depth`` branches, each standing on the last message of the one before it."""
    main = database.create()

    def work(connection: Connection) -> None:
        moment = now()
        rows = [
            {
                "conversation_id": main.conversation_id,
                "branch_no": number,
                "name": f"b{number}",
                "parent_no": number - 1,
                "fork_seq": number * each,
                "shown_parent_no": number - 1,
                "head_seq": (number + 1) * each,
                "created_at": moment,
            }
            for number in range(1, depth)
        ]
        branches.move(connection, main, 0, each, last_turn=None)
        if rows:
            connection.execute(insert(TABLES.branches), rows)
        entries = [
            entry
            for number in range(depth)
            for entry in entries_at(
                beside(main, number), number * each, [f"{number}.{offset}" for offset in range(each)]
            )
        ]
        ledger.add_messages(connection, entries)

    database.write(work)
    return beside(main, depth - 1)


def texts(depth: int, each: int) -> list[str]:
    return [f"{number}.{offset}" for number in range(depth) for offset in range(each)]


def test_an_unforked_branch_is_one_range(database: Database) -> None:
    place = database.create()
    database.append(place, "a", "b", "c")
    assert spans(database, place, 3) == [Span(0, 0, 3)]
    assert database.texts(place) == ["a", "b", "c"]


def test_an_empty_branch_is_one_empty_range(database: Database) -> None:
    place = database.create()
    assert spans(database, place, 0) == [Span(0, 0, 0)]
    assert database.path(place) == []


def test_a_branch_that_is_not_there_has_no_range(database: Database) -> None:
    place = database.create()
    assert spans(database, beside(place, 7), 3) == []


def test_a_fork_reads_its_parent_up_to_the_fork_and_then_its_own(database: Database) -> None:
    place = database.create()
    database.append(place, "a", "b", "c")
    side = database.fork(place, 2)
    assert database.texts(side) == ["a", "b"]
    database.append(side, "C", "D")
    database.append(place, "d")
    assert database.texts(side) == ["a", "b", "C", "D"]
    assert database.texts(place) == ["a", "b", "c", "d"]
    assert spans(database, side, 4) == [Span(1, 2, 4), Span(0, 0, 2)]


def test_a_fork_of_a_branch_without_messages_of_its_own_stands_on_the_owner(database: Database) -> None:
    place = database.create()
    database.append(place, "a", "b")
    side = database.fork(database.fork(place, 2), 2)
    database.append(side, "c")
    assert spans(database, side, 3) == [Span(2, 2, 3), Span(0, 0, 2)]
    assert database.texts(side) == ["a", "b", "c"]


def test_a_fork_before_the_first_message_shares_nothing(database: Database) -> None:
    place = database.create()
    database.append(place, "a")
    side = database.fork(place, 0)
    database.append(side, "A")
    assert spans(database, side, 1) == [Span(1, 0, 1)]
    assert database.texts(side) == ["A"]


@pytest.mark.parametrize("depth", [1, 2, 64, LEVELS, LEVELS + 1, 600, 1_203])
def test_nested_forks_are_read_in_order_however_deep(database: Database, depth: int) -> None:
    place = nested(database, depth)
    assert spans(database, place, depth) == [Span(no, no, no + 1) for no in reversed(range(depth))]
    assert database.texts(place) == texts(depth, 1)


@pytest.mark.parametrize("depth", [64, 600])
def test_a_window_is_read_from_deep_forks_without_what_lies_before_it(database: Database, depth: int) -> None:
    place = nested(database, depth, each=2)
    for after in (0, 1, 2, depth, depth * 2 - 3, depth * 2 - 2, depth * 2 - 1, depth * 2):
        assert database.texts(place, after) == texts(depth, 2)[after:]


def test_a_walk_stops_where_the_window_is_full(database: Database) -> None:
    place = nested(database, 64, each=2)
    assert [span.branch_no for span in spans(database, place, 128, floor=122)] == [63, 62, 61]
    assert [span.branch_no for span in spans(database, place, 128, floor=121)] == [63, 62, 61, 60]
    assert [span.branch_no for span in spans(database, place, 128, floor=128)] == [63]


@pytest.mark.parametrize(("depth", "statements"), [(64, 1), (LEVELS, 1), (LEVELS + 1, 2), (2 * LEVELS + 1, 3)])
def test_every_five_hundred_forks_take_one_statement(database: Database, depth: int, statements: int) -> None:
    place = nested(database, depth)
    with captured() as seen:
        spans(database, place, depth)
    assert len(seen) == statements


@pytest.mark.parametrize(("depth", "statements"), [(1, 1), (100, 1), (101, 2), (250, 3)])
def test_every_hundred_ranges_take_one_statement(database: Database, depth: int, statements: int) -> None:
    place = nested(database, depth, each=2)
    wanted = spans(database, place, depth * 2)
    with captured() as seen:
        found = database.read(lambda c: history.read(c, place.conversation_id, wanted))
    assert [entry.text for entry in found] == texts(depth, 2)
    assert len(seen) == statements


def test_reading_no_range_asks_the_database_nothing(database: Database) -> None:
    place = database.create()
    with captured() as seen:
        assert database.read(lambda c: history.read(c, place.conversation_id, [])) == []
    assert seen == []


def test_messages_of_other_conversations_and_branches_stay_out(database: Database) -> None:
    place, other = database.create(), database.create()
    for one in (place, other, database.fork(place, 0), database.fork(other, 0)):
        database.append(one, "a", f"{one.branch_no} of {one.conversation_id}")
    assert database.texts(place) == ["a", f"0 of {place.conversation_id}"]


def test_a_path_is_clipped_to_what_is_wanted() -> None:
    path = [Span(2, 6, 9), Span(1, 4, 6), Span(0, 0, 4)]
    assert history.clip(path, 0, 9) == path
    assert history.clip(path, 5, 7) == [Span(2, 6, 7), Span(1, 5, 6)]
    assert history.clip(path, 2, 3) == [Span(0, 2, 3)]
    assert history.clip(path, 6, 6) == []
    assert history.clip(path, 9, 12) == []


def test_an_annotation_replaces_the_metadata_of_one_message(database: Database) -> None:
    place = database.create()
    first, second = database.append(place, "a", "b")
    for metadata in ({"stars": 5}, {"stars": 5}, {"why": "\x00\ud800"}):
        assert database.write(lambda c, m=metadata: history.annotate(c, first, m))  # type: ignore[misc]
    stored = database.path(place)
    assert [entry.metadata for entry in stored] == [{"why": "\x00\ud800"}, {}]
    assert database.write(lambda c: history.annotate(c, first, {}))
    assert database.path(place) == [first, second]


def test_an_annotation_of_what_is_not_stored_says_so(database: Database) -> None:
    place = database.create()
    (stored,) = database.append(place, "a")
    (stranger,) = entries_at(place, 0, ["another message in the same place"])
    (later,) = entries_at(place, 1, ["not stored"])
    for entry in (stranger, later):
        assert not database.write(lambda c, e=entry: history.annotate(c, e, {"x": 1}))  # type: ignore[misc]
    assert database.path(place) == [stored]
