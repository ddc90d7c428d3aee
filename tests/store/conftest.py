"""The store on each database, through the port of each face."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.databases import kinds
from support.programs import left_out
from support.stored import Database

collect_ignore = ["test_proxy.py"] if left_out("pgbouncer") or "postgresql" not in kinds() else []


@pytest.fixture(params=["sync", "async"])
def database(request: pytest.FixtureRequest, database_url: str) -> Iterator[Database]:
    """A migrated database; on a server all tests share it: isolate by conversation, owner or ``name``."""
    made = Database(database_url, request.param)
    yield made
    made.close()
