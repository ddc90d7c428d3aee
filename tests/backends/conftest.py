"""What tests of backends ask for: each face, a chat server of each style."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from convo.testing import ChatServer
from support.asking import FACES, Asker


@pytest.fixture(params=FACES)
def asker(request: pytest.FixtureRequest) -> Iterator[Asker]:
    """Asks backends, in each face."""
    made = Asker(request.param)
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[ChatServer]:
    """A chat server that speaks Mistral's API."""
    with ChatServer() as running:
        yield running


@pytest.fixture
def openai_server() -> Iterator[ChatServer]:
    """A chat server that speaks OpenAI's API."""
    with ChatServer(style="openai") as running:
        yield running
