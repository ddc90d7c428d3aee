"""One module for each row of the table; each gives its lines from ``run(settings)``."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.engine import URL


@dataclass(frozen=True)
class Settings:
    """Where and how thoroughly to measure. ``lengths`` are histories, in messages, ascending."""

    server: URL
    rounds: int
    lengths: tuple[int, ...]
    others: int
    listed: int
    writers: int = 8
    writer_turns: int = 50
