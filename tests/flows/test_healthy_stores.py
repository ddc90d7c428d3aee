"""No store that is healthy is accused of damage: many stores, each with a few random conversations, all looked through.

``CONVO_TEST_STORES=1000`` makes a long run of it; see CONTRIBUTING.md.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from convo import Store
from convo.store.schema import upgrade
from flows.test_lists import Talks
from support.databases import Databases, kinds
from support.embedded import database_url

__all__ = ["database_url"]

STEPS = 25
ACTS = ("append", "send", "submit", "fork", "edit", "regenerate", "switch", "delete_branch", "copy", "replay", "reopen")


def act(talks: Talks, chance: random.Random) -> None:
    name = chance.choice(ACTS)
    if name == "copy" and len(talks.talks) >= 4:
        return
    given = {"pick": chance.randrange(2**20)}
    second = {"append": "humans", "send": "looks", "fork": "where", "regenerate": "whole"}.get(name)
    if second:
        given[second] = chance.randrange(2) if second != "where" else chance.randrange(2**20)
    if name in ("switch", "delete_branch"):
        given["other"] = chance.randrange(2**20)
    if name == "edit":
        given |= {"where": chance.randrange(2**20), "answered": chance.randrange(2)}
    getattr(talks, name)(**given)


def stores() -> int:
    return int(os.environ.get("CONVO_TEST_STORES", "4"))


@pytest.mark.parametrize("kind", kinds())
def test_no_healthy_store_is_accused(kind: str, databases: Databases, tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    for number in range(stores() if kind == "sqlite" else 1):
        folder = tmp_path / str(number)
        folder.mkdir()
        url = databases.migrated(kind, folder) if kind == "sqlite" else databases.empty(kind, folder)
        upgrade(url)

        class Here(Talks):
            pass

        Here.url = url
        chance, talks = random.Random(seed + number), Here()
        for _ in range(STEPS):
            act(talks, chance)
        talks.teardown()
        with Store(url, owner=None) as store:
            assert list(store.verify()) == [], f"store {number}"
