"""A task cancelled at any await of any verb: nothing is held, nothing is half written, and the branch is free."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator, Iterator
from typing import Any

import pytest

from convo import AsyncStore, Store
from faults.scenes import VERBS, AsyncModel, Scene, Verb, is_between, is_thorough
from support.databases import kinds
from support.pools import InUse, counted


class Cancelled:
    """Awaits ``flow`` and cancels the task at its ``at``-th await (0: never); ``again``: at each one after it too.

    The former is what asyncio does, the latter what an anyio cancel scope does, as under Starlette.
    """

    def __init__(self, flow: Awaitable[Any], at: int, again: bool) -> None:
        self.awaits = 0
        self._flow, self._at, self._again = flow, at, again

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._flow.__await__()
        step = lambda: next(steps)
        while True:
            try:
                future = step()
            except StopIteration as end:
                return end.value
            self.awaits += 1
            if self.awaits == self._at or (self._again and 0 < self._at < self.awaits):
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            try:
                yield future
                step = lambda: next(steps)
            except BaseException as problem:
                step = lambda problem=problem: steps.throw(problem)


@pytest.fixture
def in_use() -> Iterator[InUse]:
    with counted() as found:
        yield found


async def run(store: AsyncStore, scene: Scene, verb: Verb, at: int, again: bool = False) -> tuple[int, bool]:
    """Run the verb in a task that is cancelled at its ``at``-th await; return how many there were, and whether."""
    own = store.for_owner(scene.owner)
    chat = await own.load(scene.id, backend=AsyncModel())
    flow = Cancelled(verb.act(own, chat), at, again)

    async def task() -> None:
        await flow

    (outcome,) = await asyncio.gather(asyncio.ensure_future(task()), return_exceptions=True)
    assert outcome is None or isinstance(outcome, asyncio.CancelledError), outcome
    return flow.awaits, outcome is not None


CASES = [(kind, False) for kind in kinds()] + [("sqlite", True)]
"""Where tasks are cancelled once, and where again and again: the flows are the same on every database."""


@pytest.mark.parametrize(("database_url", "again"), CASES, indirect=["database_url"])
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_cancelled_task_holds_nothing_and_leaves_nothing_half_done(
    verb: Verb, again: bool, database_url: str, keeper: Store, in_use: InUse
) -> None:
    async def all_awaits() -> None:
        async with AsyncStore(database_url) as store:
            scene = Scene.made(keeper, verb)
            before = scene.paths()
            awaits, _ = await run(store, scene, verb, 0)
            after = scene.paths()
            for at in range(1, awaits + 1):
                scene = Scene.made(keeper, verb)
                _, cancelled = await run(store, scene, verb, at, again)
                assert in_use.count == 0, f"cancelled at {at} of {awaits}, a connection is still in use"
                found = scene.paths()
                allowed = is_between(found, before, after) if cancelled else found == after
                assert allowed, f"cancelled at {at} of {awaits}: {found}"
                scene.check(thorough=is_thorough(database_url, at))

    asyncio.run(all_awaits())
