"""Measuring two things against each other on a machine that others use too.

Both are run in turn, round by round, so that whatever slows one slows the other; what counts is the ratio of the
medians. Wall time is what a user waits; CPU time, of all threads of this process, does not see other processes (nor the
disk, nor a database server).
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

Job = Callable[[], object]


@dataclass(frozen=True)
class Prepared:
    """A job on something made anew for each run, which is not counted."""

    make: Callable[[], Any]
    job: Callable[[Any], object]


@dataclass(frozen=True)
class Cost:
    """Seconds."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Line:
    """A line of the table. ``ratio`` and ``cpu_ratio`` are to the floor (or what ``against`` names)."""

    what: str
    ours: str
    theirs: str
    ratio: float | None
    cpu_ratio: float | None
    limit: str


def interleaved(jobs: Mapping[str, Job | Prepared], rounds: int, warm_up: int = 3) -> dict[str, Cost]:
    """Run every job once a round, in changing order; return the median cost of each."""
    costs: dict[str, list[Cost]] = {name: [] for name in jobs}
    for number in range(-warm_up, rounds):
        for name in _shifted([*jobs], number):
            cost = _timed(jobs[name])
            if number >= 0:
                costs[name].append(cost)
    return {name: _median(each) for name, each in costs.items()}


async def interleaved_async(
    jobs: Mapping[str, Callable[[], Awaitable[object]]], rounds: int, warm_up: int = 3
) -> dict[str, Cost]:
    """The same for coroutine functions, in the running event loop."""
    costs: dict[str, list[Cost]] = {name: [] for name in jobs}
    for number in range(-warm_up, rounds):
        for name in _shifted([*jobs], number):
            wall, cpu = time.perf_counter(), time.process_time()
            await jobs[name]()
            cost = Cost(time.perf_counter() - wall, time.process_time() - cpu)
            if number >= 0:
                costs[name].append(cost)
            await asyncio.sleep(0)
    return {name: _median(each) for name, each in costs.items()}


def _shifted(names: Sequence[str], number: int) -> list[str]:
    turn = number % len(names)
    return [*names[turn:], *names[:turn]]


def _timed(job: Job | Prepared) -> Cost:
    if isinstance(job, Prepared):
        job = partial(job.job, job.make())
    wall, cpu = time.perf_counter(), time.process_time()
    job()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(statistics.median(c.wall for c in costs), statistics.median(c.cpu for c in costs))


def against(what: str, ours: Cost, theirs: Cost, limit: str) -> Line:
    """The line for two costs."""
    return Line(what, millis(ours), millis(theirs), ours.wall / theirs.wall, ours.cpu / theirs.cpu, limit)


def millis(cost: Cost) -> str:
    return f"{cost.wall * 1000:.2f} ms ({cost.cpu * 1000:.2f})"


def flatness(what: str, costs: Sequence[Cost], limit: str) -> Line:
    """The line for the largest of costs over the smallest."""
    walls, cpus = [cost.wall for cost in costs], [cost.cpu for cost in costs]
    large = Cost(max(walls), max(cpus))
    small = Cost(min(walls), min(cpus))
    return Line(what, millis(large), millis(small), large.wall / small.wall, large.cpu / small.cpu, limit)


def table(lines: Sequence[Line], sides: tuple[str, str] = ("convo", "floor")) -> str:
    """The lines as a Markdown table."""
    ours, theirs = (f"{side}: wall (CPU)" for side in sides)
    head = f"| what | {ours} | {theirs} | ratio | CPU ratio | to reach |\n|---|---|---|---|---|---|"
    return "\n".join([head, *map(_row, lines)])


def _row(line: Line) -> str:
    ratios = ["" if ratio is None else f"{ratio:.2f}" for ratio in (line.ratio, line.cpu_ratio)]
    return f"| {line.what} | {line.ours} | {line.theirs} | {ratios[0]} | {ratios[1]} | {line.limit} |"
