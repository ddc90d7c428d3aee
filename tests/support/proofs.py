"""What a test left in database files is looked through: every call must rebuild to what was sent."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from convo import Store
from support.databases import sqlite_url

LARGEST = 5_000_000
"""Bytes of a file; those that are larger were blown up by hand."""


@pytest.fixture(autouse=True)
def proven(tmp_path: Path) -> Iterator[None]:
    """A test module imports this, and every call in the database files it leaves is proven."""
    yield
    for file in tmp_path.rglob("*.db"):
        if file.stat().st_size < LARGEST and _is_convos(file):
            with Store(sqlite_url(file), owner=None) as store:
                assert [finding for finding in store.verify() if finding.kind == "unproven"] == []


def _is_convos(file: Path) -> bool:
    with closing(sqlite3.connect(file)) as db:
        return bool(db.execute("SELECT 1 FROM sqlite_master WHERE name = 'convo_calls'").fetchone())
