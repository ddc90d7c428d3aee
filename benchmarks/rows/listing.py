"""Listing the 50 newest conversations of an owner who has few, and of one who has many."""

from __future__ import annotations

from benchmarks.databases import scratch
from benchmarks.histories import add_convo_crowd, add_floor_crowd
from benchmarks.measure import Job, Line, against, flatness, interleaved
from benchmarks.rows import Settings
from convo import Store

PAGE, FEW = 50, 100


def run(settings: Settings) -> list[Line]:
    with scratch(settings.server) as database:
        floor, jobs = database.floor(), dict[str, Job]()
        store = Store(database.convo_url, owner="few")
        for count, owner in ((FEW, "few"), (settings.listed, "many")):
            add_convo_crowd(database.convo_url, owner, count, 0)
            add_floor_crowd(floor, owner, count, 0)
            jobs[f"convo {owner}"] = _ours(store.for_owner(owner))
            jobs[f"floor {owner}"] = lambda name=owner: floor.newest(name, PAGE)  # type: ignore[misc]
        costs = interleaved(jobs, settings.rounds)
        floor.close()
        store.close()
    return [
        against(
            f"list {PAGE} newest of {settings.listed:,} conversations",
            costs["convo many"],
            costs["floor many"],
            "≤ 1.5",
        ),
        flatness(f"list: of {settings.listed:,} over of {FEW}", [costs["convo many"], costs["convo few"]], "flat"),
    ]


def _ours(store: Store) -> Job:
    return lambda: store.conversations(limit=PAGE)
