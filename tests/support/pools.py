"""Database connections that are in use in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool


class InUse:
    """Counts the connections in use now, and how often one ever was."""

    count = 0
    ever = 0

    def taken(self, *_: Any) -> None:
        self.count += 1
        self.ever += 1

    def given_back(self, *_: Any) -> None:
        self.count -= 1


@contextmanager
def counted() -> Iterator[InUse]:
    """Count from here on; there must be something to count."""
    in_use = InUse()
    events = ("checkout", in_use.taken), ("checkin", in_use.given_back)
    for name, note in events:
        event.listen(Pool, name, note)
    yield in_use
    for name, note in events:
        event.remove(Pool, name, note)
    assert in_use.ever
