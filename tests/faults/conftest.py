"""What tests of faults ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from convo import Store


@pytest.fixture
def keeper(database_url: str) -> Iterator[Store]:
    """A store that nothing happens to: it prepares what others act on, and looks at what they leave."""
    with Store(database_url) as store:
        yield store
