"""Trials that a test runs for seconds and ``python -m faults`` for as long as one likes; each gives figures."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack

from convo import Store
from convo.store.engine import is_sqlite, parse_url
from faults.crowd import check, write_at_random
from faults.kills import KINDS
from support.processes import together
from support.tcp_proxy import CommitProxy, Cut

LOST = 0.05
"""How often the reply to a COMMIT is lost, on servers."""


def crowd_figures(url: str, seed: int, processes: int, writes: int, keys: int) -> Counter[str]:
    """Let ``processes`` write on two branches at once, through a proxy that loses replies; check their history."""
    with Store(url) as store, ExitStack() as stack:
        chat = store.start()
        chat.fork()
        through = None if is_sqlite(parse_url(url)) else stack.enter_context(CommitProxy(url, _losing(seed)))
        given = (through.url if through else url, chat.id)
        stories = together(write_at_random, [(*given, f"p{number}", seed, writes, keys) for number in range(processes)])
        paths = [
            [(entry.seq, entry.text) for entry in store.load(chat.id, branch=number).history(limit=10_000)]
            for number in (0, 1)
        ]
        figures = check(paths, stories)
        figures["replies lost"] = through.cuts if through else 0
        assert list(store.verify()) == []
    return figures


def _losing(seed: int) -> Callable[[int], Cut | None]:
    chance = random.Random(seed)

    def plan(number: int) -> Cut | None:
        return "after" if chance.random() < LOST else None

    return plan


def kill_figures(url: str, verb: str, seed: int, kills: int) -> Counter[str]:
    """Kill processes at random moments of ``verb``."""
    return KINDS[verb](url, verb, seed).run(kills)
