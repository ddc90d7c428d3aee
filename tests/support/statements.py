"""What reaches a database's driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.pool import Pool

OWN = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA")
"""Statements of the transaction and the connection themselves."""


@contextmanager
def captured() -> Iterator[list[str]]:
    """Gather the statements that any engine of this process sends, those of the transaction itself left out."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if not statement.startswith(OWN):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def shape(statement: str) -> str:
    """What a statement does to which table: ``UPDATE convo_branches``."""
    words = statement.split()
    table = next((word.strip("(),") for word in words if word.startswith("convo_")), "")
    return f"{words[0]} {table.partition('.')[0]}".strip()


@contextmanager
def connections_out() -> Iterator[Callable[[], int]]:
    """Give a function that says how many pooled connections of this process were taken out and not given back."""
    out: list[Any] = []

    def taken(connection: Any, record: Any, proxy: Any) -> None:
        out.append(record)

    def given_back(connection: Any, record: Any) -> None:
        out.remove(record)

    event.listen(Pool, "checkout", taken)
    event.listen(Pool, "checkin", given_back)
    try:
        yield lambda: len(out)
    finally:
        event.remove(Pool, "checkout", taken)
        event.remove(Pool, "checkin", given_back)
