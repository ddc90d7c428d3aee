"""How a database means to find the rows of a statement: which tables it would read through, and whether it sorts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event

from support.statements import OWN


@dataclass(frozen=True)
class Plan:
    """A statement, the tables its plan names, those of them read from end to end, and those whose rows it sorts."""

    text: str
    tables: tuple[str, ...]
    scans: tuple[str, ...]
    sorts: tuple[str, ...]


@contextmanager
def planned() -> Iterator[list[Plan]]:
    """Gather the plan of every statement that this process's sync engines send."""
    plans: list[Plan] = []

    def before(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if not statement.startswith(OWN):
            raw = connection.connection.driver_connection
            plans.append(EXPLAIN[connection.dialect.name](raw, statement, parameters[0] if many else parameters))

    event.listen(Engine, "before_cursor_execute", before)
    try:
        yield plans
    finally:
        event.remove(Engine, "before_cursor_execute", before)


def _sqlite(raw: Any, statement: str, parameters: Any) -> Plan:
    details = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    named = [match for detail in details if (match := re.match(r"(SCAN|SEARCH) (\w+)", detail))]
    tables = tuple(match[2] for match in named)
    scans = tuple(match[2] for match in named if match[1] == "SCAN")
    sorts = any(detail.startswith("USE TEMP B-TREE") for detail in details)
    return Plan(statement, tables, scans, tables if sorts else ())


def _postgresql(raw: Any, statement: str, parameters: Any) -> Plan:
    with raw.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
        found = cursor.fetchone()[0]
    nodes = [*_nested((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])]
    tables = tuple(node["Relation Name"] for node in nodes if "Relation Name" in node)
    scans = tuple(node["Relation Name"] for node in nodes if node.get("Node Type") == "Seq Scan")
    sorting = [below for node in nodes if "Sort" in node.get("Node Type", "") for below in _nested(node)]
    sorts = tuple(node["Relation Name"] for node in sorting if "Relation Name" in node)
    return Plan(statement, tables, scans, sorts)


def _mariadb(raw: Any, statement: str, parameters: Any) -> Plan:
    with raw.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}", parameters)  # its JSON is none where a parameter holds a quote
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    read = [row for row in rows if row["table"] and row["select_type"] != "INSERT"]
    scans = tuple(row["table"] for row in read if row["type"] in ("ALL", "index"))
    sorts = tuple(row["table"] for row in read if "filesort" in (row["Extra"] or ""))
    return Plan(statement, tuple(row["table"] for row in read), scans, sorts)


def _nested(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = [*value.values()]
    for inner in value if isinstance(value, list) else ():
        yield from _nested(inner)


EXPLAIN: dict[str, Callable[[Any, str, Any], Plan]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "mariadb": _mariadb,
    "mysql": _mariadb,
}
