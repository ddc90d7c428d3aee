"""How long importing convo takes, against importing sqlalchemy, pydantic and httpx, which it stands on.

Each round starts both in fresh interpreters, one after the other, so that a busy machine slows both alike. All byte
code is compiled in a round that does not count, into a folder of this run's own. Prints the medians in milliseconds and
the median of the rounds' ratios, for ``import convo`` (which loads the public names when one of them is asked for) and
for ``from convo import Conversation`` (which loads them all).

    python benchmarks/import_time.py [rounds]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

MEASURE = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
FOUNDATION = "import sqlalchemy, pydantic, httpx"
STATEMENTS = ("import convo", "from convo import Conversation")


def seconds(statement: str, compiled: str) -> float:
    """Return how long a fresh interpreter takes to run ``statement``, byte code kept in the folder ``compiled``."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = compiled
    command = [sys.executable, "-c", MEASURE.format(statement)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout)


def measured(statement: str, rounds: int) -> tuple[float, float, float]:
    """Return the medians of ``statement`` and its foundation in milliseconds, and the median ratio."""
    with tempfile.TemporaryDirectory() as compiled:
        pairs = [(seconds(statement, compiled), seconds(FOUNDATION, compiled)) for _ in range(rounds + 1)][1:]
    ours, theirs = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
    return ours, theirs, statistics.median(mine / base for mine, base in pairs)


def main(rounds: int = 15) -> None:
    """Measure and print."""
    for statement in STATEMENTS:
        ours, theirs, ratio = measured(statement, rounds)
        print(f"{statement}: {ours:.0f} ms; {FOUNDATION}: {theirs:.0f} ms; ratio {ratio:.2f} ({rounds} rounds)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
