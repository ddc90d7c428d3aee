"""A database that fails at any statement of any verb: a typed error or success, no half turn, and one goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from convo import Store
from convo.errors import StoreError, TurnInProgress
from convo.ports import drive, transactions
from faults.scenes import LEASE, LEFT, SERVERS, VERBS, Model, Path, Scene, Verb, is_between, is_thorough


class Fault:
    """Raises ``error`` at the ``at``-th statement or commit of this process (0: never)."""

    def __init__(self, at: int, error: Exception | None = None) -> None:
        self.points = 0
        self.surfaced = False
        self._at, self._error = at, error

    def begin(self, *_: Any) -> None:
        """A transaction begins."""

    def point(self, *_: Any) -> None:
        self.points += 1
        if self._error is not None and self.points == self._at:
            raise OperationalError("", {}, self._error) from None


class Faults(Fault):
    """Raises ``error`` at every statement and commit of every transaction, at one more each time it is run again."""

    def __init__(self, error: Exception) -> None:
        super().__init__(0, error)
        self._passed = self._reached = 0
        self._raised = False

    def begin(self, *_: Any) -> None:
        self._reached = self._reached if self._raised else 0
        self._passed, self._raised = 0, False

    def point(self, *_: Any) -> None:
        self._passed += 1
        if self._passed > self._reached:
            self._reached, self._raised, self.points = self._passed, True, self.points + 1
            raise OperationalError("", {}, self._error) from None  # type: ignore[arg-type]


@contextmanager
def failing(fault: Fault) -> Iterator[Fault]:
    events = ("begin", fault.begin), ("before_cursor_execute", fault.point), ("commit", fault.point)
    for name, note in events:
        event.listen(Engine, name, note)
    try:
        yield fault
    finally:
        for name, note in events:
            event.remove(Engine, name, note)


class DiskBroken(Exception):
    """An error of no driver: nothing is known of it, so it is final."""


class Deadlock(Exception):
    """What a database says to the one of two that it gives up: to be tried again."""

    sqlstate = "40P01"


def clean_run(store: Any, keeper: Store, verb: Verb) -> tuple[int, list[Path], list[Path]]:
    """Run the verb without a fault; return its statements and commits, and the paths before and after.

    The second time: what a store reads once has been read.
    """
    faulty_run(store, Scene.made(keeper, verb), verb, Fault(0))
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


def lapsed(paths: list[Path]) -> list[Path]:
    """The paths where what came of an answer that was left could not be kept, and its lease was over before the next
    message came; which happens on a busy machine alone."""
    return [tuple(text for text in path if text != f"assistant: {LEFT}") for path in paths]


@pytest.mark.parametrize(("database_url", "face"), [("sqlite", "sync"), *SERVERS], indirect=True)
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_an_error_at_any_statement_leaves_no_half_turn(verb: Verb, face: Any, database_url: str, keeper: Store) -> None:
    with face.Store(database_url) as store:
        points, before, after = clean_run(store, keeper, verb)
        for at in range(1, points + 1):
            scene = Scene.made(keeper, verb)
            began = time.monotonic()
            fault = faulty_run(store, scene, verb, Fault(at, DiskBroken()))
            whole = [after, lapsed(after)] if time.monotonic() - began > LEASE else [after]
            found = scene.paths()
            allowed = is_between(found, before, after) if fault.surfaced else found in whole
            assert allowed, f"after an error at {at} of {points}: {found}"
            scene.check(wait=10, thorough=is_thorough(database_url, at))


@pytest.mark.parametrize(("database_url", "face"), [("sqlite", "sync"), ("sqlite", "async")], indirect=True)
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_passing_errors_at_every_statement_never_surface(
    verb: Verb, face: Any, database_url: str, keeper: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "TRIES", 40)
    monkeypatch.setattr(transactions, "_LONGEST_PAUSE", 0)
    with face.Store(database_url) as store:
        points, _, after = clean_run(store, keeper, verb)
        scene = Scene.made(keeper, verb)
        faults = faulty_run(store, scene, verb, Faults(Deadlock()))
        assert (faults.surfaced, scene.paths()) == (False, after)
        assert faults.points > points / 2  # of a sync checkpoint, which is tried once, only the first
        scene.check()
