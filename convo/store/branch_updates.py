"""The UPDATEs of a branch's row. Each is made once for a database, its conditions and the columns it sets."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, exists, literal_column, update

from convo.store.clock import NOW_MS
from convo.store.prepared import Prepared
from convo.store.tables import TABLES

_B, _C = TABLES.branches.c, TABLES.conversations.c

BY_KEY = "FORCE INDEX (PRIMARY)"
"""How MariaDB is to find a branch's row: by another index it locks that first, and two writers lock each other out."""

_HERE = and_(_B.conversation_id == bindparam("conversation"), _B.branch_no == bindparam("branch"))
_CONDITIONS = {
    "head": _B.head_seq == bindparam("head"),
    "shown": _B.hidden_at.is_(None),
    "unrevised": exists().where(
        _C.id == bindparam("conversation"), _C.owner == bindparam("owner"), _C.revision == bindparam("revision")
    ),
    "no turn": _B.open_turn.is_(None),
    "turn": and_(_B.open_turn == bindparam("turn"), _B.open_attempt == bindparam("attempt")),
    "unasked": _B.cancel_attempt.is_(None),
    "after": _B.last_turn == bindparam("after"),
    "after none": _B.last_turn.is_(None),
}
"""By name, and the parameters of each; ``lapsed`` is one more, which differs by database."""


@lru_cache
def now_ms(dialect: str) -> ColumnElement[int]:
    """Return the database's own time, in milliseconds since 1970."""
    return literal_column(NOW_MS[dialect], BigInteger)


@lru_cache
def branch_update(dialect: str, where: tuple[str, ...], values: tuple[str, ...]) -> Prepared:
    """Return the UPDATE of the branch ``:branch`` of ``:conversation`` that sets the columns ``values``.

    ``where`` names its conditions. A column is set to ``:new_`` and its name; ``lease_until`` to that many
    milliseconds from now, and to NULL where that is NULL.
    """
    conditions = {**_CONDITIONS, "lapsed": _B.lease_until <= now_ms(dialect)}
    new: dict[str, ColumnElement[Any]] = {name: bindparam(f"new_{name}") for name in values}
    if "lease_until" in new:
        new["lease_until"] = now_ms(dialect) + bindparam("new_lease_until", type_=BigInteger)
    made = update(TABLES.branches).where(_HERE, *(conditions[name] for name in where)).values(new)
    return Prepared(made.with_hint(BY_KEY, dialect_name="mariadb"))
