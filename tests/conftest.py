"""What every test may ask for: a database of each kind, each face, a name of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from support.databases import Databases, kinds

if TYPE_CHECKING:
    from support.faces import AsyncFace, SyncFace


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """The databases of this process; those made on servers go when it ends."""
    made = Databases(tmp_path_factory.mktemp("databases"))
    yield made
    made.close()


@pytest.fixture(params=kinds())
def database_url(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> str:
    """A migrated database. On a server all tests share it: isolate by ``name``."""
    return databases.migrated(request.param, tmp_path)


@pytest.fixture(params=kinds())
def empty_database_url(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> str:
    """A database of the test's own, without tables."""
    return databases.empty(request.param, tmp_path)


@pytest.fixture
def name() -> str:
    """A text that no other test has: for external ids and owners."""
    return f"test-{uuid4().hex}"


@pytest.fixture(params=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Iterator[SyncFace | AsyncFace]:
    """The sync face, and the async one made to look like it: ``face.Conversation``, ``face.Store``."""
    from support.faces import FACES

    chosen = FACES[request.param]()
    yield chosen
    chosen.close()
