"""Reading the messages of a path.

Laws of this file:
- A path is a few ranges ``(branch, lo < seq <= hi)``; ``seq`` has no hole, so a range needs no ORDER BY and no LIMIT.
- No statement's cost depends on the length of the history or on the branches off the path. Finding the ranges is
  O(forks above the floor), reading is O(messages read).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Integer, bindparam, text, update
from sqlalchemy.engine import Connection

from convo.frozen import dataclass
from convo.records import Entry
from convo.store.prepared import Prepared
from convo.store.rows import ENTRY_COLUMNS, entry_from
from convo.store.tables import TABLES
from convo.store.types import Id

LEVELS = 500
"""Forks followed in one statement; MariaDB silently cuts a recursion at 1,001 rows (warning 1931)."""

ARMS = 100
"""Ranges read in one statement."""


@dataclass(frozen=True, slots=True)
class Span:
    """The messages of a path that one branch owns: ``lo < seq <= hi``."""

    branch_no: int
    lo: int
    hi: int


_PARENT = "JOIN convo_branches up ON up.conversation_id = :conversation AND up.branch_no = path.parent_no"
_PARENT_BY_KEY = """CROSS JOIN LATERAL (
              SELECT * FROM convo_branches WHERE conversation_id = :conversation AND branch_no = path.parent_no LIMIT 1
          ) up"""
"""For PostgreSQL, whose planner may else read every branch of a conversation to find one parent."""


def _walk(parent: str) -> Prepared:
    statement = f"""
    WITH RECURSIVE path(branch_no, lo, hi, parent_no, depth) AS (
        SELECT branch_no, fork_seq, :hi, parent_no, 1 FROM convo_branches
         WHERE conversation_id = :conversation AND branch_no = :branch
        UNION ALL
        SELECT up.branch_no, up.fork_seq, path.lo, up.parent_no, path.depth + 1
          FROM path {parent}
         WHERE path.lo > :floor AND path.depth < {LEVELS})
    SELECT branch_no, lo, hi, parent_no, depth FROM path
    """
    kinds: dict[str, Any] = {"conversation": Id, "branch": Integer, "hi": BigInteger, "floor": BigInteger}
    return Prepared(text(statement).bindparams(*(bindparam(name, type_=kind) for name, kind in kinds.items())))


_PATH = {"postgresql": _walk(_PARENT_BY_KEY), "sqlite": _walk(_PARENT), "mariadb": _walk(_PARENT)}


def spans(connection: Connection, conversation_id: UUID, branch_no: int, head: int, floor: int = 0) -> list[Span]:
    """Return the ranges of the path that ends at ``head`` of ``branch_no``, newest first, down to ``floor``.

    One statement for each 500 forks.
    """
    found: list[Span] = []
    branch: int | None = branch_no
    hi = head
    while branch is not None and (not found or hi > floor):
        given = {"conversation": conversation_id, "branch": branch, "hi": hi, "floor": floor}
        rows = sorted(_PATH[connection.dialect.name].run(connection, given), key=lambda row: row.depth)
        found += [Span(row.branch_no, row.lo, row.hi) for row in rows]
        if not rows or rows[-1].lo >= hi:  # a damaged path may lead in a circle
            break
        branch, hi = rows[-1].parent_no, rows[-1].lo
    return found


def clip(path: Sequence[Span], after: int, upto: int) -> list[Span]:
    """Return the parts of ``path`` with ``after < seq <= upto``."""
    cut = (Span(span.branch_no, max(span.lo, after), min(span.hi, upto)) for span in path)
    return [span for span in cut if span.hi > span.lo]


_SELECT = "SELECT " + ", ".join(ENTRY_COLUMNS) + " FROM convo_messages"


def arms(count: int) -> tuple[list[str], dict[str, Any]]:
    """Return the queries of ``count`` ranges, to be united, and the types of their ``parameters``."""
    arm = _SELECT + " WHERE conversation_id = :c AND branch_no = :b{0} AND seq > :lo{0} AND seq <= :hi{0}"
    kinds: dict[str, Any] = {"c": Id}
    for number in range(count):
        kinds |= {f"b{number}": Integer, f"lo{number}": BigInteger, f"hi{number}": BigInteger}
    return [arm.format(number) for number in range(count)], kinds


def parameters(conversation_id: UUID, ranges: Sequence[Span]) -> dict[str, Any]:
    """Return what the queries of ``ranges`` are run with."""
    given: dict[str, Any] = {"c": conversation_id}
    for number, span in enumerate(ranges):
        given[f"b{number}"], given[f"lo{number}"], given[f"hi{number}"] = span.branch_no, span.lo, span.hi
    return given


@lru_cache(maxsize=ARMS)
def _union(count: int) -> Prepared:
    queries, kinds = arms(count)
    statement = text(" UNION ALL ".join(queries))
    return Prepared(statement.bindparams(*(bindparam(key, type_=kind) for key, kind in kinds.items())))


def read(connection: Connection, conversation_id: UUID, wanted: Sequence[Span]) -> list[Entry]:
    """Return the messages in the ``wanted`` ranges, in path order. One statement for each 100 ranges."""
    entries: list[Entry] = []
    for start in range(0, len(wanted), ARMS):
        batch = wanted[start : start + ARMS]
        rows = _union(len(batch)).run(connection, parameters(conversation_id, batch)).fetchall()
        entries += [entry_from(conversation_id, row) for row in rows]
    return in_order(entries)


def in_order(entries: list[Entry]) -> list[Entry]:
    """Return messages of one path in its order."""
    return sorted(entries, key=attrgetter("seq"))


def annotate(connection: Connection, entry: Entry, metadata: dict[str, Any]) -> bool:
    """Set the metadata of a stored message; return whether it is there."""
    table = TABLES.messages
    key = (
        (table.c.conversation_id, entry.conversation_id),
        (table.c.branch_no, entry.branch_no),
        (table.c.seq, entry.seq),
    )
    statement = update(table).where(*(column == value for column, value in key), table.c.id == entry.id)
    return connection.execute(statement.values(metadata=metadata or None)).rowcount == 1
