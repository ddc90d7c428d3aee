"""What tests of backends ask for: each face, a chat server of each style."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec

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


NEEDS = {
    "real_model": lambda: bool(os.environ.get("CONVO_TEST_MODEL_URL")),
    "chaos": lambda: bool(os.environ.get("CONVO_TEST_CHAOS_URL")),
    "litellm": lambda: find_spec("litellm") is not None,
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need what is not there; each names its need by a marker."""
    missing = {marker for marker, there in NEEDS.items() if not there()}
    left_out = [item for item in items if missing & {mark.name for mark in item.iter_markers()}]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
