"""How long ``convo --help`` takes as a whole process, against ``python -c "import typer"``, which it stands on.

Each round starts both, one after the other, so that a busy machine slows both alike; byte code is compiled in a round
that does not count. Prints the medians in milliseconds and the median of the rounds' ratios.

    python benchmarks/help_time.py [rounds]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

HELP = "import sys; sys.argv = ['convo', '--help']; from convo.cli import main; main()"
FOUNDATION = "import typer"


def seconds(code: str, compiled: str) -> float:
    """Return how long a fresh interpreter takes to run ``code``, byte code kept in the folder ``compiled``."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, env=env | {"PYTHONPYCACHEPREFIX": compiled}
    )
    return time.perf_counter() - start


def main(rounds: int = 15) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as compiled:
        pairs = [(seconds(HELP, compiled), seconds(FOUNDATION, compiled)) for _ in range(rounds + 1)][1:]
    ours, theirs = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
    ratio = statistics.median(mine / base for mine, base in pairs)
    print(f"convo --help: {ours:.0f} ms; {FOUNDATION}: {theirs:.0f} ms; ratio {ratio:.2f} ({rounds} rounds)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
