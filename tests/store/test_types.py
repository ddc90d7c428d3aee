"""Columns that mean the same on every database: any text, any JSON, times to the microsecond, ids, digests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Text, insert, literal_column, select, type_coerce, update
from sqlalchemy.engine import Connection

from convo.errors import CorruptRecord, InvalidMessage, StoreRefused
from convo.messages import user
from convo.store import conversations, ledger
from convo.store.clock import new_id
from convo.store.rows import MAX_MESSAGE_BYTES, check_size
from convo.store.tables import TABLES
from convo.values import dump_json
from support.json_values import ANY_TEXT, VALUES, exactly
from support.stored import Database

ON_A_DATABASE = settings(
    max_examples=40, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def kept(database: Database, body: Any) -> Any:
    """What comes back of a JSON value that was stored."""
    place, digest = new_id(), "00" * 32
    database.write(lambda c: ledger.keep_blob(c, place, digest, body))
    return database.read(lambda c: ledger.blob(c, place, digest))


@ON_A_DATABASE
@given(value=VALUES)
def test_any_json_comes_back_with_its_keys_in_order(database: Database, value: Any) -> None:
    assert exactly(kept(database, [value])) == exactly([value])


@ON_A_DATABASE
@given(text=ANY_TEXT)
def test_any_text_comes_back(database: Database, text: str) -> None:
    assert exactly(kept(database, text)) == exactly(text)


@pytest.mark.parametrize("number", [2**63, -(2**63), 10**40, 0.1, 1e308, 5e-324, -0.0])
def test_any_number_comes_back(database: Database, number: float) -> None:
    assert exactly(kept(database, {"n": number})) == exactly({"n": number})


def test_a_text_is_kept_as_utf8_and_not_escaped(database: Database) -> None:
    body = "Сыр и 茶 🧀"
    place, digest = new_id(), "00" * 32
    database.write(lambda c: ledger.keep_blob(c, place, digest, body))
    b = TABLES.blobs.c
    raw = select(type_coerce(b.body, Text)).where(b.conversation_id == place)
    assert database.read(lambda c: c.execute(raw).scalar_one()) == f'"{body}"'


def largest(sign: str) -> int:
    """How many of a sign make the largest message: of its JSON in UTF-8, quotes and backslashes count twice."""
    empty, one = (dump_json({"role": "user", "content": text}) for text in ("", sign))
    sizes = [len(text.encode()) + sum(text.count(special) for special in "\\\"'") for text in (empty, one)]
    return (MAX_MESSAGE_BYTES - sizes[0]) // (sizes[1] - sizes[0])


@pytest.mark.parametrize("sign", ["x", '"', "🧀"])
def test_the_largest_message_is_stored(database_url: str, sign: str) -> None:
    database = Database(database_url, "sync")
    place = database.create()
    text = sign * largest(sign)
    database.append(place, user(text))
    assert database.path(place)[0].text == text
    database.close()


@pytest.mark.parametrize("sign", ["x", "é", "🧀", '"', "'", "\\", "\x00", "\n", "\ud800", "%"])
def test_a_message_one_sign_larger_is_refused(sign: str) -> None:
    check_size({"role": "user", "content": sign * largest(sign)})
    with pytest.raises(InvalidMessage, match="at most 15 MiB can be stored"):
        check_size({"role": "user", "content": sign * (largest(sign) + 1)})


MOMENTS = [
    datetime(2026, 11, 23, 9, 5, 1, 123456, tzinfo=UTC),
    datetime(2026, 11, 23, 9, 5, 1, 0, tzinfo=UTC),
    datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=-7, minutes=-30))),
    datetime(2100, 12, 31, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=14))),
]


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_a_time_comes_back_in_utc_to_the_microsecond(database: Database, moment: datetime) -> None:
    place = database.create()
    table = TABLES.conversations
    changed = update(table).where(table.c.id == place.conversation_id).values(active_at=moment)
    database.write(lambda c: c.execute(changed).rowcount)
    found = database.read(lambda c: conversations.info(c, "", place.conversation_id))
    assert found is not None
    assert found.active_at == moment
    assert found.active_at.utcoffset() == timedelta(0)


def test_times_sort_as_they_follow(database: Database) -> None:
    places = [database.create() for _ in MOMENTS]
    table = TABLES.conversations
    ids = [place.conversation_id for place in places]

    def work(connection: Connection) -> list[datetime]:
        for own, moment in zip(ids, MOMENTS, strict=True):
            connection.execute(update(table).where(table.c.id == own).values(active_at=moment))
        return list(
            connection.execute(select(table.c.active_at).where(table.c.id.in_(ids)).order_by("active_at")).scalars()
        )

    assert database.write(work) == sorted(MOMENTS)


def test_a_record_that_is_no_json_is_said_to_be_damaged(database: Database) -> None:
    place = database.create()
    database.append(place, "a")
    m = TABLES.messages
    damaged = update(m).where(m.c.conversation_id == place.conversation_id).values(body=literal_column("'{\"role\": '"))
    database.write(lambda c: c.execute(damaged).rowcount)
    with pytest.raises(CorruptRecord, match="check of the store"):
        database.path(place)


def test_a_message_that_is_none_is_said_to_be_damaged(database: Database) -> None:
    place = database.create()
    (entry,) = database.append(place, "a")
    m = TABLES.messages
    for body in ({"role": "nobody"}, ["a list"], "a text", 7):
        damaged = update(m).where(m.c.conversation_id == place.conversation_id).values(body=body)
        database.write(lambda c, damaged=damaged: c.execute(damaged).rowcount)  # type: ignore[misc]
        with pytest.raises(CorruptRecord, match="message 1 of branch 0 cannot be read back"):
            database.path(place)
    assert entry.seq == 1


def test_what_a_database_refuses_is_said_without_what_it_was(database: Database) -> None:
    place = database.create()
    (entry,) = database.append(place, "a secret text")
    with pytest.raises(StoreRefused) as caught:
        database.write(lambda c: ledger.add_messages(c, [replace(entry, id=new_id())]))
    assert "secret" not in str(caught.value)
    assert caught.value.code
    with pytest.raises(StoreRefused) as caught:
        database.write(
            lambda c: c.execute(insert(TABLES.branches), {"conversation_id": new_id(), "branch_no": 0}).rowcount
        )
    assert "wrote nothing" in str(caught.value)
