"""What tests of the flows ask for. After each, everything it wrote is audited, every call rebuilt to its hash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from convo import Conversation, Store
from convo.store.clock import now
from support.audit import audit
from support.tooling import Slow


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


@pytest.fixture
def elsewhere(database_url: str) -> Iterator[Callable[..., Any]]:
    """Opens a conversation as another process would, in the sync face."""
    with Store(database_url) as store:
        yield lambda chat, backend=None: Conversation.load(store, chat.id, backend=backend)


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    yield made
    made.released.set()
