"""Composing 100 messages alone in a database, and among many other conversations."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.databases import scratch
from benchmarks.histories import TEXT, add_convo_crowd, cold, convo_history
from benchmarks.measure import Job, Line, against, interleaved
from benchmarks.rows import Settings

LENGTH, CROWD_LENGTH = 100, 10


def run(settings: Settings) -> list[Line]:
    with ExitStack() as stack:
        jobs: dict[str, Job] = {}
        for name, others in (("alone", 0), ("crowd", settings.others)):
            database = stack.enter_context(scratch(settings.server))
            store = stack.enter_context(database.store())
            add_convo_crowd(database.convo_url, "", others, CROWD_LENGTH)
            conversation = convo_history(store, LENGTH).id
            jobs[name] = lambda s=store, c=conversation: cold(s, c).compose(TEXT)  # type: ignore[misc]
        costs = interleaved(jobs, settings.rounds)
    what = f"compose of {LENGTH} messages among {settings.others:,} other conversations, to alone"
    return [against(what, costs["crowd"], costs["alone"], "as alone")]
