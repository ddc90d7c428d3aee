"""Print the table: what convo costs beside the floor, on one database.

    python -m benchmarks                                        all rows on SQLite
    python -m benchmarks append turn --database postgresql://user@host/db --rounds 200
    python -m benchmarks --quick

A server's user must be allowed to create databases; those made are dropped again. Ratios of one run are to be
trusted, milliseconds of a busy machine are not.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version

from benchmarks.databases import described, parse
from benchmarks.measure import table
from benchmarks.rows import Settings

ROWS = ("append", "compose", "turn", "fork", "size", "writers", "crowd", "listing", "imports")


def main() -> None:
    arguments = _arguments()
    server = parse(arguments.database)
    quick = arguments.quick
    settings = Settings(
        server=server,
        rounds=arguments.rounds or (50 if quick else 200),
        lengths=(10, 1_000) if quick else (10, 1_000, 10_000, 100_000),
        others=500 if quick else 10_000,
        listed=5_000 if quick else 100_000,
        writer_turns=10 if quick else 50,
    )
    print(_machine(), described(server), sep="; ", flush=True)
    lines = []
    for row in arguments.rows or ROWS:
        lines += import_module(f"benchmarks.rows.{row}").run(settings)
        print(f"{row} done", file=sys.stderr, flush=True)
    print(table(lines))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("rows", nargs="*", type=_row, help=f"which rows; all of them: {', '.join(ROWS)}")
    parser.add_argument("--database", default="sqlite", help="sqlite, sqlite:////folder, or a server's URL")
    parser.add_argument("--rounds", type=int, help="runs of each measured step")
    parser.add_argument("--quick", action="store_true", help="shorter histories, fewer rounds")
    return parser.parse_args()


def _row(name: str) -> str:
    if name not in ROWS:
        raise argparse.ArgumentTypeError(f"there is no row {name!r}; rows are {', '.join(ROWS)}")
    return name


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("sqlalchemy", "pydantic"))
    python = f"Python {platform.python_version()}"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{datetime.now(UTC):%Y-%m-%d}; {_processor()}, {cores} cores; {python}, {packages}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


if __name__ == "__main__":
    main()
