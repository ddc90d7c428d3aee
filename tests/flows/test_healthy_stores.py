"""No store that is healthy is accused of damage: many stores, each with a few random conversations, all looked through.

``CONVO_TEST_STORES=1000`` makes a long run of it; see CONTRIBUTING.md.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from convo import Choice, Completion, CompletionRequest, Conversation, KeepFirst, Store, Summarize, assistant, system
from convo.errors import ContextOverflow
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


@pytest.fixture(params=kinds())
def made(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[tuple[str, random.Random]]:
    """New stores one after the other, each with dice of its own."""
    kind, seed = request.param, random.randrange(2**32)
    print(f"seed {seed}")

    def each() -> Iterator[tuple[str, random.Random]]:
        for number in range(stores() if kind == "sqlite" else 1):
            folder = tmp_path / str(number)
            folder.mkdir()
            url = databases.migrated(kind, folder) if kind == "sqlite" else databases.empty(kind, folder)
            upgrade(url)
            yield url, random.Random(seed + number)

    return each()


def test_no_healthy_store_is_accused(made: Iterator[tuple[str, random.Random]]) -> None:
    for url, chance in made:

        class Here(Talks):
            pass

        Here.url = url
        talks = Here()
        for _ in range(STEPS):
            act(talks, chance)
        talks.teardown()
        with Store(url, owner=None) as store:
            assert list(store.verify()) == [], url


WINDOWS = ("send", "append", "pin", "unpin", "fork", "edit", "regenerate", "choices", "switch", "delete_branch")


def windowed(store: Store, chance: random.Random) -> None:
    """A conversation whose windows are cut and told all the time, on branches that come and go."""
    policy = [KeepFirst(1), Summarize(120, 60, "scripted:Told.", max_tokens=20)]
    chat = store.start([system("Be kind.")], backend=lambda request: "Yes. " * chance.randrange(1, 20), policy=policy)
    for _ in range(STEPS):
        with suppress(ContextOverflow):  # of much that is pinned
            chat = in_window(chat, chance.choice(WINDOWS), chance)


def in_window(chat: Conversation, verb: str, chance: random.Random) -> Conversation:
    entries = chat.history(limit=1000)
    entry, branch = chance.choice(entries), chance.choice(chat.branches())
    match verb:
        case "send":
            chat.send("What? " * chance.randrange(1, 20))
        case "append":
            chat.append("So. " * chance.randrange(1, 20))
        case "pin" if entry.seq > 1 and len(entry.text) < 40:
            chat.pin(entry)
        case "unpin":
            chat.unpin(entry)
        case "fork":
            return chat.fork(at=entry)
        case "edit" if entry.role == "user":
            chat.edit(entry, "Or this?")
        case "regenerate" if entries[-1].role == "assistant":
            chat.regenerate()
        case "choices":
            chat.send("Three?", n=3, backend=three)
        case "switch":
            chat.switch(branch.no)
        case "delete_branch" if branch.no != chat.branch.no:
            chat.delete_branch(branch.no, switch_to=chat.branch.no)
    return chat


def three(request: CompletionRequest) -> Completion:
    return Completion(tuple(Choice(assistant(f"Answer {index}."), "stop", index) for index in range(3)))


def test_no_store_is_accused_whose_windows_are_cut(made: Iterator[tuple[str, random.Random]]) -> None:
    for url, chance in made:
        with Store(url) as store:
            windowed(store, chance)
            assert list(store.verify()) == [], url
