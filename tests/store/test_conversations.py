"""Conversations: made, found by the application's own name, listed newest first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.engine import Connection

from convo.errors import StoreRefused
from convo.records import ConversationInfo
from convo.store import branches, conversations
from convo.store.branches import Place
from convo.store.clock import new_id
from convo.store.conversations import NewConversation
from convo.store.tables import TABLES
from support.stored import Database


def info(database: Database, owner: str | None, place: Place) -> ConversationInfo | None:
    return database.read(lambda c: conversations.info(c, owner, place.conversation_id))


def page(
    database: Database, owner: str | None, limit: int, before: ConversationInfo | None = None
) -> list[ConversationInfo]:
    after = (before.active_at, before.id) if before else None
    return database.read(lambda c: conversations.page(c, owner, limit, after))


def test_a_conversation_is_read_back_as_it_was_made(database: Database, name: str) -> None:
    place = database.create(owner=name, external_id="order 7", title="Käse\x00", metadata={"b": [1], "a": None})
    found = info(database, name, place)
    assert found is not None
    assert (found.owner, found.external_id, found.title) == (name, "order 7", "Käse\x00")
    assert list(found.metadata.items()) == [("b", [1]), ("a", None)]
    assert found.active_branch_no == 0
    assert found.created_at == found.active_at
    assert found.created_at.utcoffset() == timedelta(0)


def test_a_new_conversation_has_an_empty_main_branch(database: Database) -> None:
    place = database.create(settings={"system": "Be terse."})
    found = database.state(place)
    assert (found.branch.no, found.branch.name, found.branch.head_seq, found.branch.parent_no) == (0, "main", 0, None)
    assert (found.revision, found.active_branch, found.open_turn, found.last) == (0, 0, None, None)
    assert found.settings == {"system": "Be terse."}
    assert database.path(place) == []


def test_a_conversation_is_found_by_its_owners_name_for_it(database: Database, name: str) -> None:
    place = database.create(owner=name, external_id="support")
    assert database.read(lambda c: conversations.find(c, name, "support")) == place.conversation_id
    assert database.read(lambda c: conversations.find(c, name + "x", "support")) is None
    assert database.read(lambda c: conversations.find(c, name, "other")) is None


@pytest.mark.parametrize("other", ["Support", "support ", " support", "suppört", "ｓupport", "support\u200b"])
def test_names_are_told_apart_to_the_last_byte(database: Database, name: str, other: str) -> None:
    first = database.create(owner=name, external_id="support")
    second = database.create(owner=name, external_id=other)
    assert database.read(lambda c: conversations.find(c, name, "support")) == first.conversation_id
    assert database.read(lambda c: conversations.find(c, name, other)) == second.conversation_id


def test_a_name_of_255_characters_outside_the_basic_plane_is_kept(database: Database, name: str) -> None:
    long = "🧀" * 255
    place = database.create(owner=name, external_id=long)
    assert database.read(lambda c: conversations.find(c, name, long)) == place.conversation_id
    found = info(database, name, place)
    assert found is not None
    assert found.external_id == long


def test_two_owners_may_use_one_name(database: Database, name: str) -> None:
    places = [database.create(owner=name + owner, external_id="support") for owner in ("", "a", "b")]
    assert len({place.conversation_id for place in places}) == 3


def test_a_name_that_is_taken_makes_no_second_conversation(database: Database, name: str) -> None:
    database.create(owner=name, external_id="support")
    again = NewConversation(id=new_id(), owner=name, external_id="support")
    with pytest.raises(StoreRefused):
        database.write(lambda c: conversations.create(c, again))
    assert database.read(lambda c: conversations.info(c, None, again.id)) is None
    assert database.read(lambda c: branches.state(c, again.id, None)) is None


def test_another_owners_conversation_is_not_there(database: Database, name: str) -> None:
    place = database.create(owner=name)
    assert info(database, name + "x", place) is None
    assert info(database, "", place) is None
    assert info(database, None, place) is not None
    assert not database.write(lambda c: conversations.change(c, name + "x", place.conversation_id, title="mine"))
    found = info(database, name, place)
    assert found is not None
    assert found.title is None


def test_conversations_are_listed_most_recently_active_first(database: Database, name: str) -> None:
    places = [database.create(owner=name) for _ in range(4)]
    database.write(lambda c: conversations.touch(c, places[1].conversation_id))
    expected = [places[number].conversation_id for number in (1, 3, 2, 0)]
    assert [found.id for found in page(database, name, 10)] == expected


def test_pages_have_no_gap_and_no_repeat_even_where_times_are_equal(database: Database, name: str) -> None:
    places = [database.create(owner=name) for _ in range(11)]
    moment = info(database, name, places[5])
    assert moment is not None
    same = [place.conversation_id for place in places[3:9]]

    def at_one_time(connection: Connection) -> None:
        table = TABLES.conversations
        connection.execute(update(table).where(table.c.id.in_(same)).values(active_at=moment.active_at))

    database.write(at_one_time)
    found: list[ConversationInfo] = []
    while batch := page(database, name, 4, found[-1] if found else None):
        found += batch
    assert found == page(database, name, 100)
    assert found == sorted(found, key=lambda one: (one.active_at, one.id), reverse=True)
    assert sorted(one.id for one in found) == sorted(place.conversation_id for place in places)


def test_a_page_begins_where_the_last_ended_whatever_has_been_written_since(database: Database, name: str) -> None:
    places = [database.create(owner=name) for _ in range(6)]
    first = page(database, name, 3)
    database.create(owner=name)
    database.write(lambda c: conversations.touch(c, places[0].conversation_id))
    rest = page(database, name, 10, first[-1])
    assert [one.id for one in rest] == [places[2].conversation_id, places[1].conversation_id]


def test_a_page_shows_one_owners_conversations_or_everybodys(database: Database, name: str) -> None:
    mine, theirs = database.create(owner=name), database.create(owner=name + "x")
    assert [one.id for one in page(database, name, 10)] == [mine.conversation_id]
    everybodys = {one.id for one in page(database, None, 1000)}
    assert {mine.conversation_id, theirs.conversation_id} <= everybodys


def test_title_metadata_settings_and_active_branch_can_be_changed(database: Database, name: str) -> None:
    place = database.create(owner=name, title="old")
    side = database.fork(place, 0, "side")
    changed = database.write(
        lambda c: conversations.change(
            c, name, place.conversation_id, title="new", metadata={"x": 1}, settings={"s": 2}, active_branch=1
        )
    )
    assert changed
    found = database.read(lambda c: branches.state(c, place.conversation_id, None))
    assert found is not None
    assert (found.branch.no, found.settings) == (side.branch_no, {"s": 2})
    shown = info(database, name, place)
    assert shown is not None
    assert (shown.title, shown.metadata) == ("new", {"x": 1})


def test_setting_what_is_set_already_is_a_success(database: Database, name: str) -> None:
    place = database.create(owner=name, title="same")
    for _ in range(2):
        assert database.write(lambda c: conversations.change(c, name, place.conversation_id, title="same"))
