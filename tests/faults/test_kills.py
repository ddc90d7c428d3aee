"""``kill -9`` at random moments: nothing acknowledged is lost, nothing is doubled, and whoever comes next goes on."""

from __future__ import annotations

import pytest

from faults.kills import KINDS

KILLS = 25
"""For each verb: 100 on each database."""


@pytest.mark.parametrize("verb", KINDS)
def test_a_killed_process_loses_nothing_and_doubles_nothing(verb: str, database_url: str) -> None:
    figures = KINDS[verb](database_url, verb, seed=1).run(KILLS)
    assert figures["kills"] == KILLS
    assert figures["acknowledged"] > 0
