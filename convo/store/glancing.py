"""A look at how a branch stands, and in the same statement messages of its path: what a new handle composes from.

Law of this file: what was read beside a look is given only where the branch stood as the reader knew. Ranges beyond
the first hundred are read after it, as any window is: what is newer in them, the head's compare-and-set tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, bindparam, text
from sqlalchemy.engine import Connection

from convo.records import Entry
from convo.store import history
from convo.store.branches import Glance, Place
from convo.store.history import ARMS, Span
from convo.store.prepared import Prepared
from convo.store.rows import entry_from
from convo.store.types import Id, Name

_LOOK = """SELECT {columns}
  FROM convo_branches b JOIN convo_conversations c ON c.id = b.conversation_id
 WHERE b.conversation_id = :c AND b.branch_no = :branch AND b.hidden_at IS NULL AND c.owner = :owner"""
_NO_BRANCH = -1
"""What stands in the column of the branch's number in the row that is no message."""

_AS_A_MESSAGE = f"{_NO_BRANCH}, b.head_seq, NULL, NULL, c.settings, c.revision, b.compose_state, b.pins, NULL"
"""A glance in the columns of a message, each where one of its type stands."""


def read(connection: Connection, place: Place, known: Glance, wanted: Sequence[Span]) -> list[Entry] | None:
    """Return the messages in the ``wanted`` ranges, in path order; None where the branch does not stand as ``known``.

    One statement, and one more for each 100 ranges beyond 100.
    """
    here = {"c": place.conversation_id, "branch": place.branch_no, "owner": place.owner}
    if not wanted:
        row = _LOOKING.run(connection, here).one_or_none()
        return [] if row is not None and tuple(row) == known else None
    first = wanted[:ARMS]
    given = {**here, **history.parameters(place.conversation_id, first)}
    rows = _looking(len(first)).run(connection, given).fetchall()
    looks = [row for row in rows if row[0] == _NO_BRANCH]
    if not looks or _glance(looks[0]) != known:
        return None
    entries = [entry_from(place.conversation_id, row) for row in rows if row[0] != _NO_BRANCH]
    return history.in_order([*entries, *history.read(connection, place.conversation_id, wanted[ARMS:])])


def _glance(row: Sequence[Any]) -> Glance:
    _, head, _, _, settings, revision, compose_state, pins, _ = row
    return Glance(head, revision, settings, compose_state, pins)


@lru_cache(maxsize=ARMS)
def _looking(ranges: int) -> Prepared:
    arms, kinds = history.arms(ranges)
    return _prepared(" UNION ALL ".join([_LOOK.format(columns=_AS_A_MESSAGE), *arms]), kinds)


def _prepared(statement: str, kinds: Mapping[str, Any]) -> Prepared:
    kinds = {**kinds, "c": Id, "branch": Integer, "owner": Name()}
    return Prepared(text(statement).bindparams(*(bindparam(key, type_=kind) for key, kind in kinds.items())))


_LOOKING = _prepared(_LOOK.format(columns="b.head_seq, c.revision, c.settings, b.compose_state, b.pins"), {})
