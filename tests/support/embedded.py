"""For tests of what happens before the database is asked: they run on SQLite alone.

A test module imports ``database_url`` from here; it takes the place of the fixture for all databases.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support.databases import Databases


@pytest.fixture
def database_url(databases: Databases, tmp_path: Path) -> str:
    """A migrated SQLite database of the test's own."""
    return databases.migrated("sqlite", tmp_path)
