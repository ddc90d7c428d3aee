"""The tables, all named ``convo_*``. ``conversation_id`` leads every key but that of ``keys``.

``mount(metadata)`` defines them in an application's own ``MetaData``; migrations make them (see ``migrations/``),
never ``create_all``.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, UniqueConstraint

from convo.frozen import dataclass
from convo.store.types import REASON_LENGTH, Digest, Id, JsonText, Moment, Name

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


@dataclass(frozen=True)
class Tables:
    """The tables of one ``MetaData``."""

    conversations: Table
    keys: Table
    branches: Table
    messages: Table
    turns: Table
    calls: Table
    requests: Table
    partials: Table
    blobs: Table


def _conversation_key() -> Column[object]:
    return Column("conversation_id", Id, primary_key=True)


def mount(metadata: MetaData) -> Tables:
    """Define the tables in ``metadata`` and return them."""
    return Tables(
        conversations=_conversations(metadata),
        keys=_keys(metadata),
        branches=_branches(metadata),
        messages=_messages(metadata),
        turns=_turns(metadata),
        calls=_calls(metadata),
        requests=_requests(metadata),
        partials=_partials(metadata),
        blobs=_blobs(metadata),
    )


def _conversations(metadata: MetaData) -> Table:
    return Table(
        "convo_conversations",
        metadata,
        Column("id", Id, primary_key=True),
        Column("owner", Name(), nullable=False),
        Column("external_id", Name()),
        Column("title", JsonText),
        Column("metadata", JsonText, nullable=False),
        Column("settings", JsonText, nullable=False),
        Column("active_branch", Integer, nullable=False),
        Column("branch_counter", Integer, nullable=False),
        Column("revision", Integer, nullable=False),
        Column("created_at", Moment, nullable=False),
        Column("active_at", Moment, nullable=False),
        Index(None, "owner", "active_at", "id"),
    )


def _keys(metadata: MetaData) -> Table:
    return Table(
        "convo_keys",
        metadata,
        Column("owner", Name(), primary_key=True),
        Column("external_id", Name(), primary_key=True),
        Column("conversation_id", Id, nullable=False),
    )


def _branches(metadata: MetaData) -> Table:
    return Table(
        "convo_branches",
        metadata,
        _conversation_key(),
        Column("branch_no", Integer, primary_key=True, autoincrement=False),
        Column("name", Name()),
        Column("parent_no", Integer),
        Column("fork_seq", BigInteger, nullable=False),
        Column("shown_parent_no", Integer),
        Column("head_seq", BigInteger, nullable=False),
        Column("last_turn", Id),
        Column("open_turn", Id),
        Column("open_attempt", Integer),
        Column("lease_until", BigInteger),
        Column("cancel_attempt", Integer),
        Column("compose_state", JsonText),
        Column("pins", JsonText),
        Column("created_at", Moment, nullable=False),
        Column("hidden_at", Moment),
        UniqueConstraint("conversation_id", "name"),
        Index(None, "conversation_id", "parent_no", "fork_seq"),
    )


def _messages(metadata: MetaData) -> Table:
    return Table(
        "convo_messages",
        metadata,
        _conversation_key(),
        Column("branch_no", Integer, primary_key=True, autoincrement=False),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("id", Id, nullable=False),
        Column("turn_id", Id),
        Column("role", Name(16), nullable=False),
        Column("body", JsonText, nullable=False),
        Column("tokens", Integer, nullable=False),
        Column("marks", JsonText),
        Column("metadata", JsonText),
        Column("created_at", Moment, nullable=False),
    )


def _turns(metadata: MetaData) -> Table:
    return Table(
        "convo_turns",
        metadata,
        _conversation_key(),
        Column("turn_id", Id, primary_key=True),
        Column("branch_no", Integer, nullable=False),
        Column("status", Name(16), nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("input_first", BigInteger),
        Column("input_last", BigInteger),
        Column("output_first", BigInteger),
        Column("output_last", BigInteger),
        Column("calls", Integer, nullable=False),
        Column("pending", JsonText),
        Column("error", JsonText),
        Column("choice_of", Id),
        Column("metadata", JsonText),
        Column("started_at", Moment, nullable=False),
        Column("ended_at", Moment),
    )


def _calls(metadata: MetaData) -> Table:
    return Table(
        "convo_calls",
        metadata,
        _conversation_key(),
        Column("turn_id", Id, primary_key=True),
        Column("call_no", Integer, primary_key=True, autoincrement=False),
        Column("kind", Name(16), nullable=False),
        Column("backend", Name(), nullable=False),
        Column("model", Name()),
        Column("recipe", JsonText, nullable=False),
        Column("request_hash", Digest, nullable=False),
        Column("wire_hash", Digest),
        Column("usage", JsonText),
        Column("finish_reason", Name(REASON_LENGTH)),
        Column("error", JsonText),
        Column("started_at", Moment, nullable=False),
        Column("ended_at", Moment, nullable=False),
    )


def _requests(metadata: MetaData) -> Table:
    return Table(
        "convo_requests",
        metadata,
        _conversation_key(),
        Column("key", Name(), primary_key=True),
        Column("verb", Name(16), nullable=False),
        Column("fingerprint", Digest, nullable=False),
        Column("turn_id", Id),
        Column("step", Integer, nullable=False),
        Column("created_at", Moment, nullable=False),
    )


def _partials(metadata: MetaData) -> Table:
    return Table(
        "convo_partials",
        metadata,
        _conversation_key(),
        Column("turn_id", Id, primary_key=True),
        Column("attempt", Integer, primary_key=True, autoincrement=False),
        Column("part_no", Integer, primary_key=True, autoincrement=False),
        Column("body", JsonText, nullable=False),
        Column("created_at", Moment, nullable=False),
    )


def _blobs(metadata: MetaData) -> Table:
    return Table(
        "convo_blobs",
        metadata,
        _conversation_key(),
        Column("hash", Digest, primary_key=True),
        Column("body", JsonText, nullable=False),
    )


METADATA = MetaData(naming_convention=NAMING)
TABLES = mount(METADATA)
