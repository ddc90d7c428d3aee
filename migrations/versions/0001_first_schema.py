"""The first schema: conversations, keys, branches, messages, turns, calls, requests, partials, blobs.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MARIADB = ("mysql", "mariadb")
_OPTIONS = {
    "mysql_charset": "utf8mb4",
    "mariadb_charset": "utf8mb4",
    "mysql_engine": "InnoDB",
    "mariadb_engine": "InnoDB",
}


def _id():
    native = sa.LargeBinary(16).with_variant(postgresql.UUID(), "postgresql")
    return native.with_variant(mysql.BINARY(16), *_MARIADB)


def _digest():
    return sa.LargeBinary(32).with_variant(mysql.BINARY(32), *_MARIADB)


def _moment():
    native = sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
    return native.with_variant(mysql.DATETIME(fsp=6), *_MARIADB)


def _json():
    return sa.Text().with_variant(mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), *_MARIADB)


def _name(length=255):
    kept = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_nopad_bin")
    return sa.String(length).with_variant(kept, *_MARIADB)


def _required(name, kind):
    return sa.Column(name, kind, nullable=False)


def _create(name, *columns, key):
    constraint = sa.PrimaryKeyConstraint(*key, name=f"pk_{name}")
    op.create_table(name, *columns, constraint, **_OPTIONS)


def upgrade():
    _create(
        "convo_conversations",
        _required("id", _id()),
        _required("owner", _name()),
        sa.Column("external_id", _name()),
        sa.Column("title", _json()),
        _required("metadata", _json()),
        _required("settings", _json()),
        _required("active_branch", sa.Integer()),
        _required("branch_counter", sa.Integer()),
        _required("revision", sa.Integer()),
        _required("created_at", _moment()),
        _required("active_at", _moment()),
        key=["id"],
    )
    op.create_index("ix_convo_conversations_owner_active_at_id", "convo_conversations", ["owner", "active_at", "id"])
    _create(
        "convo_keys",
        _required("owner", _name()),
        _required("external_id", _name()),
        _required("conversation_id", _id()),
        key=["owner", "external_id"],
    )
    _create(
        "convo_branches",
        _required("conversation_id", _id()),
        _required("branch_no", sa.Integer()),
        sa.Column("name", _name()),
        sa.Column("parent_no", sa.Integer()),
        _required("fork_seq", sa.BigInteger()),
        sa.Column("shown_parent_no", sa.Integer()),
        _required("head_seq", sa.BigInteger()),
        sa.Column("last_turn", _id()),
        sa.Column("open_turn", _id()),
        sa.Column("open_attempt", sa.Integer()),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("cancel_attempt", sa.Integer()),
        sa.Column("compose_state", _json()),
        sa.Column("pins", _json()),
        _required("created_at", _moment()),
        sa.Column("hidden_at", _moment()),
        sa.UniqueConstraint("conversation_id", "name", name="uq_convo_branches_conversation_id_name"),
        key=["conversation_id", "branch_no"],
    )
    op.create_index(
        "ix_convo_branches_conversation_id_parent_no_fork_seq",
        "convo_branches",
        ["conversation_id", "parent_no", "fork_seq"],
    )
    _create(
        "convo_messages",
        _required("conversation_id", _id()),
        _required("branch_no", sa.Integer()),
        _required("seq", sa.BigInteger()),
        _required("id", _id()),
        sa.Column("turn_id", _id()),
        _required("role", _name(16)),
        _required("body", _json()),
        _required("tokens", sa.Integer()),
        sa.Column("marks", _json()),
        sa.Column("metadata", _json()),
        _required("created_at", _moment()),
        key=["conversation_id", "branch_no", "seq"],
    )
    _create(
        "convo_turns",
        _required("conversation_id", _id()),
        _required("turn_id", _id()),
        _required("branch_no", sa.Integer()),
        _required("status", _name(16)),
        _required("attempt", sa.Integer()),
        sa.Column("input_first", sa.BigInteger()),
        sa.Column("input_last", sa.BigInteger()),
        sa.Column("output_first", sa.BigInteger()),
        sa.Column("output_last", sa.BigInteger()),
        _required("calls", sa.Integer()),
        sa.Column("pending", _json()),
        sa.Column("error", _json()),
        sa.Column("choice_of", _id()),
        sa.Column("metadata", _json()),
        _required("started_at", _moment()),
        sa.Column("ended_at", _moment()),
        key=["conversation_id", "turn_id"],
    )
    _create(
        "convo_calls",
        _required("conversation_id", _id()),
        _required("turn_id", _id()),
        _required("call_no", sa.Integer()),
        _required("kind", _name(16)),
        _required("backend", _name()),
        sa.Column("model", _name()),
        _required("recipe", _json()),
        _required("request_hash", _digest()),
        sa.Column("wire_hash", _digest()),
        sa.Column("usage", _json()),
        sa.Column("finish_reason", _name(64)),
        sa.Column("error", _json()),
        _required("started_at", _moment()),
        _required("ended_at", _moment()),
        key=["conversation_id", "turn_id", "call_no"],
    )
    _create(
        "convo_requests",
        _required("conversation_id", _id()),
        _required("key", _name()),
        _required("verb", _name(16)),
        _required("fingerprint", _digest()),
        sa.Column("turn_id", _id()),
        _required("step", sa.Integer()),
        _required("created_at", _moment()),
        key=["conversation_id", "key"],
    )
    _create(
        "convo_partials",
        _required("conversation_id", _id()),
        _required("turn_id", _id()),
        _required("attempt", sa.Integer()),
        _required("part_no", sa.Integer()),
        _required("body", _json()),
        _required("created_at", _moment()),
        key=["conversation_id", "turn_id", "attempt", "part_no"],
    )
    _create(
        "convo_blobs",
        _required("conversation_id", _id()),
        _required("hash", _digest()),
        _required("body", _json()),
        key=["conversation_id", "hash"],
    )


def downgrade():
    for name in "blobs partials requests calls turns messages branches keys conversations".split():
        op.drop_table(f"convo_{name}")
