"""The store on each database, through the port of each face."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.stored import Database


@pytest.fixture(params=["sync", "async"])
def database(request: pytest.FixtureRequest, database_url: str) -> Iterator[Database]:
    """A migrated database; on a server all tests share it: isolate by conversation, owner or ``name``."""
    made = Database(database_url, request.param)
    yield made
    made.close()
