"""A database that fails at any statement of any verb: a typed error or success, no half turn, and one goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from convo import Store
from convo.errors import StoreError, TurnInProgress
from convo.ports import drive
from faults.scenes import LEASE, VERBS, Model, Path, Scene, Verb, is_between
from support.databases import kinds


class Fault:
    """Raises ``error`` at the ``at``-th statement or commit of this process (0: never), for ``times`` in a row."""

    def __init__(self, at: int, error: Exception | None = None, times: int = 1) -> None:
        self.points = 0
        self.surfaced = False
        self._at, self._error, self._times = at, error, times

    def point(self, *_: Any) -> None:
        self.points += 1
        if self._error is not None and self._at <= self.points < self._at + self._times:
            raise OperationalError("", {}, self._error) from None


@contextmanager
def failing(fault: Fault) -> Iterator[Fault]:
    names = ("before_cursor_execute", "commit")
    for name in names:
        event.listen(Engine, name, fault.point)
    try:
        yield fault
    finally:
        for name in names:
            event.remove(Engine, name, fault.point)


class DiskBroken(Exception):
    """An error of no driver: nothing is known of it, so it is final."""


class Deadlock(Exception):
    """What a database says to the one of two that it gives up: to be tried again."""

    sqlstate = "40P01"


def clean_run(store: Any, keeper: Store, verb: Verb) -> tuple[int, list[Path], list[Path]]:
    """Run the verb without a fault; return its statements and commits, and the paths before and after."""
    scene = Scene.made(keeper, verb)
    before = scene.paths()
    return faulty_run(store, scene, verb, Fault(0)).points, before, scene.paths()


def faulty_run(store: Any, scene: Scene, verb: Verb, fault: Fault) -> Fault:
    """Run the verb, and let the fault come meanwhile; note whether it surfaced, as the typed error it must be."""
    own = store.for_owner(scene.owner)
    chat = own.load(scene.id, backend=Model(), lease=LEASE)
    with failing(fault):
        try:
            drive(verb.act(own, chat))
        except (StoreError, TurnInProgress):  # the latter where the turn before could not be let go
            fault.surfaced = True
    return fault


EMBEDDED = [("sqlite", "sync"), ("sqlite", "async")]
EVERYWHERE = [*EMBEDDED, *((kind, "sync") for kind in kinds()[1:])]


@pytest.mark.parametrize(("database_url", "face"), EVERYWHERE, indirect=True)
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_an_error_at_any_statement_leaves_no_half_turn(verb: Verb, face: Any, database_url: str, keeper: Store) -> None:
    with face.Store(database_url) as store:
        points, before, after = clean_run(store, keeper, verb)
        for at in range(1, points + 1):
            scene = Scene.made(keeper, verb)
            fault = faulty_run(store, scene, verb, Fault(at, DiskBroken()))
            found = scene.paths()
            allowed = is_between(found, before, after) if fault.surfaced else found == after
            assert allowed, f"after an error at {at} of {points}: {found}"
            scene.check(wait=10)


@pytest.mark.parametrize(("database_url", "face"), EMBEDDED, indirect=True)
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_passing_error_at_any_statement_never_surfaces(
    verb: Verb, face: Any, database_url: str, keeper: Store
) -> None:
    with face.Store(database_url) as store:
        points, _, after = clean_run(store, keeper, verb)
        for at in range(1, points + 1):
            scene = Scene.made(keeper, verb)
            fault = faulty_run(store, scene, verb, Fault(at, Deadlock()))
            assert (fault.surfaced, scene.paths()) == (False, after), f"after an error at {at} of {points}"
            scene.check()
