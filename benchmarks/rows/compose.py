"""Composing the next request from a cold handle: the conversation is loaded by its id and the list is made."""

from __future__ import annotations

from uuid import UUID

from benchmarks.databases import scratch
from benchmarks.floor import Floor
from benchmarks.histories import GIVEN, TEXT, cold, convo_history, floor_history
from benchmarks.measure import Job, Line, against, flatness, interleaved
from benchmarks.rows import Settings
from convo import Store


def run(settings: Settings) -> list[Line]:
    jobs: dict[str, Job] = {}
    with scratch(settings.server) as database, database.store() as store:
        floor = database.floor()
        for length in settings.lengths:
            jobs[f"convo {length}"] = _ours(store, convo_history(store, length).id)
            jobs[f"floor {length}"] = _theirs(floor, floor_history(floor, length).id)
        costs = interleaved(jobs, settings.rounds)
        floor.close()
    lines = [
        against(
            f"compose from a cold handle at {length:,} messages",
            costs[f"convo {length}"],
            costs[f"floor {length}"],
            "≤ 1.5",
        )
        for length in settings.lengths
    ]
    ours = [costs[f"convo {length}"] for length in settings.lengths if length > 100]
    return [*lines, *([flatness("compose: largest over smallest", ours, "≤ 1.1")] if ours else [])]


def _ours(store: Store, conversation: UUID) -> Job:
    return lambda: cold(store, conversation).compose(TEXT)


def _theirs(floor: Floor, conversation: bytes) -> Job:
    return lambda: floor.compose(conversation, GIVEN)
