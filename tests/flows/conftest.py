"""What tests of the flows ask for. After each, everything it wrote is audited, every call rebuilt to its hash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from convo.store.clock import now
from support.audit import audit


@pytest.fixture(autouse=True)
def audited(database_url: str) -> Iterator[None]:
    """Look at what the test left in the database, whatever it was about."""
    since = now()
    yield
    audit(database_url, since)


@pytest.fixture
def store(face: Any, database_url: str) -> Iterator[Any]:
    """A store in the test's face, on the test's database."""
    with face.Store(database_url) as opened:
        yield opened
