"""How long ``import convo`` takes, against importing sqlalchemy, pydantic and httpx, which it stands on.

Each round starts both in fresh interpreters, one after the other, so that a busy machine slows both alike. All byte
code is compiled in a round that does not count, into a folder of this run's own. Prints the medians in milliseconds and
the median of the rounds' ratios.

    python benchmarks/import_time.py [rounds]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

MEASURE = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"


def seconds(modules: str, compiled: str) -> float:
    """Return how long a fresh interpreter takes to import ``modules``, their byte code in the folder ``compiled``."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = compiled
    command = [sys.executable, "-c", MEASURE.format(modules)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout)


def main(rounds: int = 15) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as compiled:
        pairs = [
            (seconds("convo", compiled), seconds("sqlalchemy, pydantic, httpx", compiled)) for _ in range(rounds + 1)
        ][1:]
    ours, theirs = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
    ratio = statistics.median(mine / base for mine, base in pairs)
    print(f"convo {ours:.0f} ms; sqlalchemy, pydantic and httpx {theirs:.0f} ms; ratio {ratio:.2f} ({rounds} rounds)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
