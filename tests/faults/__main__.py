"""Trials of reliability for as long as one likes: how many were made, and what was found.

    PYTHONPATH=tests python -m faults kills --count 2000 --database postgresql://user@host/db
    PYTHONPATH=tests python -m faults crowd --count 500 --seed 7

``kills``: processes are killed at random moments of every verb, and what they leave is compared with what they were
told. ``crowd``: 8 processes write at once, 20 writes each, on servers through a proxy that loses the replies to
COMMITs; a history must fit what each was told. Without --database it is SQLite, in a folder that is removed; a server
needs an empty database of its own, which is upgraded and not emptied. Ends with 1 and the seed at the first loss.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter

from convo.store.schema import upgrade
from faults.kills import KINDS
from faults.trials import crowd_figures, kill_figures

BATCH = 10
"""Kills in one conversation."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m faults", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("trial", choices=("kills", "crowd"))
    parser.add_argument("--count", type=int, default=100, help="kills, or rounds of the crowd")
    parser.add_argument("--database", help="the URL of a database of its own; SQLite where none is given")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.database or f"sqlite:///{folder}/chat.db"
        upgrade(url)
        print(f"{given.trial}, seed {given.seed}", flush=True)
        _run(given.trial, url, given.seed, given.count)


def _run(trial: str, url: str, seed: int, count: int) -> None:
    figures: Counter[str] = Counter()
    began = time.monotonic()
    done = 0
    try:
        while done < count:
            figures += _batch(trial, url, seed + done, done)
            done += BATCH if trial == "kills" else 1
            if sys.stdout.isatty():
                print(f"\r{done} of {count}", end="", flush=True)
    except AssertionError as problem:
        print(f"\nfound with seed {seed + done}: {problem}\n{_told(figures)}")
        raise SystemExit(1) from problem
    print(f"{_told(figures)}; 0 lost, 0 doubled, in {time.monotonic() - began:.0f} s")


def _batch(trial: str, url: str, seed: int, done: int) -> Counter[str]:
    if trial == "crowd":
        return crowd_figures(url, seed, processes=8, writes=20, keys=8)
    verbs = list(KINDS)
    return kill_figures(url, verbs[done // BATCH % len(verbs)], seed, BATCH)


def _told(figures: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(figures.items()))


if __name__ == "__main__":
    main()
