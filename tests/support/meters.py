"""What statements cost a database, counted in its own units: not in time.

SQLite: steps of its virtual machine. PostgreSQL: rows read, used or not, and pages (EXPLAIN (ANALYZE, BUFFERS)).
MariaDB: rows that its storage engine was asked for (the session's Handler_read counters).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event

from support.statements import OWN, shape

Finish = Callable[[], dict[str, int]]


STATISTICS = {
    "sqlite": [],
    "postgresql": ["VACUUM ANALYZE convo_messages", "VACUUM ANALYZE convo_branches", "VACUUM ANALYZE convo_turns"],
    "mariadb": ["ANALYZE TABLE convo_messages", "ANALYZE TABLE convo_branches", "ANALYZE TABLE convo_turns"],
}
"""What has a server look at its tables, so that its plans are those of a database that has been there for a while."""


@dataclass(frozen=True)
class Cost:
    """A statement and what it cost."""

    text: str
    units: dict[str, int]

    @property
    def shape(self) -> str:
        return shape(self.text)


@contextmanager
def metered() -> Iterator[list[Cost]]:
    """Gather the cost of every statement that this process's sync engines send."""
    costs: list[Cost] = []
    running: list[Finish] = []

    def before(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if not statement.startswith(OWN):
            running.append(
                METERS[connection.dialect.name](connection.connection.driver_connection, statement, parameters)
            )

    def after(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if not statement.startswith(OWN):
            costs.append(Cost(statement, running.pop()()))

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    try:
        yield costs
    finally:
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "after_cursor_execute", after)


def _sqlite(raw: Any, statement: str, parameters: Any) -> Finish:
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    def finish() -> dict[str, int]:
        raw.set_progress_handler(None, 0)
        return {"steps": steps}

    raw.set_progress_handler(step, 1)
    return finish


def _postgresql(raw: Any, statement: str, parameters: Any) -> Finish:
    """Explain the statement where its effects are taken back; it then runs for good."""
    with raw.transaction(force_rollback=True), raw.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {statement}", parameters)
        found = cursor.fetchone()[0]
    plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    units = {"rows": _rows_read(plan), "pages": pages}
    return lambda: units


def _rows_read(node: dict[str, Any]) -> int:
    """Count at the leaves alone: how many nodes hand the rows on is the planner's choice, and no work of note."""
    beneath = sum(_rows_read(inner) for inner in node.get("Plans", []))
    if not any(name in node for name in ("Relation Name", "Index Name")) or node["Node Type"] == "ModifyTable":
        return beneath
    thrown_away = sum(count for name, count in node.items() if name.startswith("Rows Removed"))
    own = int((node["Actual Rows"] + thrown_away) * node["Actual Loops"])
    return max(own, beneath)  # a bitmap's rows are met twice: in the index, then in the table


def _mariadb(raw: Any, statement: str, parameters: Any) -> Finish:
    before = _handler_reads(raw)

    def finish() -> dict[str, int]:
        after = _handler_reads(raw)
        return {name: after[name] - before[name] for name in after}

    return finish


def _handler_reads(raw: Any) -> dict[str, int]:
    with raw.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
        return {name: int(count) for name, count in cursor.fetchall() if name not in _OF_THE_METER_ITSELF}


_OF_THE_METER_ITSELF = ("Handler_read_rnd_next", "Handler_read_rnd_deleted")
"""Reading the counters counts here; a statement that scanned a table would be seen by its first and next reads."""

METERS: dict[str, Callable[[Any, str, Any], Finish]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "mariadb": _mariadb,
    "mysql": _mariadb,
}
