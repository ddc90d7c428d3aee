"""Connections to a database server that break around a COMMIT, or are ended by the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from convo import Store
from convo.errors import StoreError
from convo.ports import drive, transactions
from faults.kills import partial_of
from faults.scenes import VERBS, Model, Scene, Verb
from support.databases import kinds
from support.tcp_proxy import CommitProxy, Cut

PLAN: tuple[Cut | None, ...] = ("before", "during", "after", None)
"""What happens to every COMMIT, and to it again each time it is tried anew: then it passes."""

servers = pytest.mark.parametrize("database_url", kinds()[1:], indirect=True)


@pytest.fixture
def proxy(database_url: str) -> Iterator[CommitProxy]:
    with CommitProxy(database_url) as made:
        yield made


def run(store: Any, keeper: Store, verb: Verb) -> Scene:
    """Prepare a scene beside the proxy and run the verb through it."""
    scene = Scene.made(keeper, verb)
    own = store.for_owner(scene.owner)
    chat = own.load(scene.id, backend=Model())
    drive(verb.act(own, chat))
    return scene


@servers
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_commit_whose_connection_breaks_has_its_effect_once(
    verb: Verb, face: Any, proxy: CommitProxy, keeper: Store
) -> None:
    with face.Store(proxy.url) as store:
        after = run(store, keeper, verb).paths()
        start = proxy.commits + 1
        proxy.plan = lambda number: PLAN[(number - start) % len(PLAN)]
        scene = run(store, keeper, verb)
        proxy.plan = lambda number: None
        assert proxy.cuts >= 3
        assert scene.paths() == after
        scene.check()


@servers
@pytest.mark.parametrize("cut", ["before", "during", "after"])
@pytest.mark.parametrize("tries", [1, 3])
def test_a_write_whose_last_commit_breaks_says_that_it_may_be_there(
    cut: Cut, tries: int, face: Any, proxy: CommitProxy, keeper: Store, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "TRIES", tries)
    with face.Store(proxy.url, owner=name) as store:
        chat = store.start(["hello"])
        proxy.plan = lambda number: cut
        with pytest.raises(StoreError, match="whether it was committed is not known") as told:
            chat.append("and this?")
        proxy.plan = lambda number: None
        assert told.value.in_doubt
        assert "wrote nothing" not in str(told.value)
        path = [entry.text for entry in keeper.for_owner(name).load(chat.id).history()]
        assert path == ["hello", "and this?"] if cut == "after" else path[:1] == ["hello"]
        assert chat.append("and on")[0].seq == len(path) + 1
    assert list(keeper.for_owner(name).verify()) == []


@servers
@pytest.mark.parametrize("end", ["is read to its end", "is left"])
def test_a_checkpoint_whose_acknowledgement_is_lost_is_kept_once_and_the_next_ones_follow_it(
    end: str, face: Any, proxy: CommitProxy, keeper: Store, name: str
) -> None:
    own = keeper.for_owner(name)
    pieces = [f"{number:03}" * 250 for number in range(20)]
    with face.Store(proxy.url, owner=name) as store:
        chat = store.start(backend=lambda request: iter(pieces))
        start = proxy.commits
        proxy.plan = lambda number: "after" if number - start in (2, 4, 5) else None
        with chat.stream("what?") as stream:
            read = [next(stream).text for _ in range(15)]
            if end == "is read to its end":
                read += [delta.text for delta in stream]
        assert proxy.cuts == 3
        (turn,) = chat.turns()
        if end == "is left":
            assert turn.status == "interrupted"
            assert partial_of(own.load(chat.id), turn) == "".join(read)
        else:
            assert [entry.text for entry in chat.history()] == ["what?", "".join(pieces)]
    assert list(own.verify()) == []
