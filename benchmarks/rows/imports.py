"""Importing: ``import convo`` and ``from convo import Conversation`` beside what they stand on."""

from __future__ import annotations

from benchmarks.import_time import measured
from benchmarks.measure import Line
from benchmarks.rows import Settings

ROUNDS = 15


def run(settings: Settings) -> list[Line]:  # noqa: ARG001 - every row is given them
    return [_line("import convo", "≤ 1.15"), _line("from convo import Conversation", "≤ 1.25")]


def _line(statement: str, limit: str) -> Line:
    ours, theirs, ratio = measured(statement, ROUNDS)
    return Line(
        f"{statement}, to sqlalchemy, pydantic, httpx", f"{ours:.0f} ms", f"{theirs:.0f} ms", ratio, None, limit
    )
