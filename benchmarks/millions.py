"""Make a database of millions of messages and measure whether it costs what one of thousands does.

    python -m benchmarks.millions                                       5,000,000 messages on SQLite, beside 50,000
    python -m benchmarks.millions --database postgresql://user@host/db --messages 1000000

Both databases are made from the same seed and removed afterwards; five million messages take about 3 GB and some
minutes. In the small one the same conversations are met again and again; so that this saves nothing, no window is
remembered, and every list is composed by a policy of the call's own, for which no cut is known. Ratios of one run are
to be trusted, milliseconds of a busy machine are not.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from benchmarks.databases import Scratch, described, parse, scratch
from benchmarks.histories import POLICY, TEXT, instant
from benchmarks.measure import Cost, Job, Line, against, interleaved, table
from convo import Store
from convo.store.engine import parse_url, sync_engine
from convo.store.prepared import Prepared
from convo.store.tables import TABLES

FEW = 50_000
LENGTH = 100
"""Messages of a conversation; one in fifty has twenty times as many."""

OWNERS = 5
START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = (
    "cheese valley snow shepherd quince bread winter market cellar rind milk summer road mountain salt story".split()
)
STATISTICS = {
    "sqlite": "ANALYZE",
    "postgresql": "VACUUM ANALYZE",
    "mariadb": "ANALYZE TABLE convo_messages, convo_turns",
}
ADD = {
    name: Prepared(insert(getattr(TABLES, name))) for name in ("keys", "conversations", "branches", "messages", "turns")
}

Rows = dict[str, list[dict[str, Any]]]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.millions", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--database", default="sqlite", help="sqlite, sqlite:////folder, or a server's URL")
    parser.add_argument("--messages", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    server = parse(given.database)
    print(f"{described(server)}; seed {given.seed}", flush=True)
    jobs: dict[str, Job] = {}
    with ExitStack() as stack:
        for size in (FEW, given.messages):
            database = stack.enter_context(scratch(server))
            began = time.monotonic()
            count = fill(database, size, random.Random(given.seed))
            print(f"{size:,} messages, {count:,} conversations: {time.monotonic() - began:.0f} s", file=sys.stderr)
            store = stack.enter_context(database.store(owner="owner-1", memory=0))
            jobs |= {f"{what} {size}": job for what, job in _jobs(store, count, random.Random(given.seed)).items()}
        costs = interleaved(jobs, given.rounds)
    lines = [_line(what, costs, given.messages) for what in ("open", "list", "search", "history", "compose", "turn")]
    print(table(lines, sides=(f"of {given.messages:,}", f"of {FEW:,}")))


def _line(what: str, costs: dict[str, Cost], many: int) -> Line:
    return against(what, costs[f"{what} {many}"], costs[f"{what} {FEW}"], "flat")


def _jobs(store: Store, count: int, chance: random.Random) -> dict[str, Job]:
    """What is measured; each run takes a conversation of the owner's at random."""

    def chat() -> Any:
        number = chance.randrange(count // OWNERS) * OWNERS + 1
        return store.open(f"talk {number}", backend=instant)

    return {
        "open": chat,
        "list": lambda: store.conversations(limit=50),
        "search": lambda: store.search("Quince", limit=10),
        "history": lambda: chat().history(20),
        "compose": lambda: chat().compose(TEXT, policy=POLICY),
        "turn": lambda: chat().send(TEXT, policy=POLICY),
    }


def fill(database: Scratch, messages: int, chance: random.Random) -> int:
    """Store so many messages in conversations of several owners; return how many conversations."""
    options = {"synchronous": "OFF"} if database.kind == "sqlite" else {}
    engine, left, number = sync_engine(parse_url(database.convo_url), **options), messages, 0
    while left > 0:
        rows: Rows = {name: [] for name in ADD}
        while left > 0 and len(rows["messages"]) < 20_000:
            length = min(LENGTH * (20 if number % 50 == 0 else 1), left)
            _add_conversation(rows, number, length, chance)
            left, number = left - length, number + 1
        with engine.begin() as connection:
            for name, statement in ADD.items():
                if rows[name]:
                    statement.run(connection, *rows[name])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(STATISTICS[database.kind]))
    engine.dispose()
    return number


def _add_conversation(rows: Rows, number: int, length: int, chance: random.Random) -> None:
    owner, made = f"owner-{number % OWNERS}", START + timedelta(seconds=number)
    conversation = _id(number, chance)
    named = {"owner": owner, "external_id": f"talk {number}"}
    rows["keys"].append({**named, "conversation_id": conversation})
    counters = {"active_branch": 0, "branch_counter": 0, "revision": 0, "created_at": made, "active_at": made}
    rows["conversations"].append({"id": conversation, **named, "metadata": {}, "settings": {}, **counters})
    turns = [_id(number, chance) for _ in range(length // 2)]
    branch = {"conversation_id": conversation, "branch_no": 0, "name": "main", "fork_seq": 0, "head_seq": length}
    rows["branches"].append({**branch, "last_turn": turns[-1] if turns else None, "created_at": made})
    for index, turn in enumerate(turns):
        first, last = 2 * index + 1, 2 * index + 2
        ranges = {"input_first": first, "input_last": first, "output_first": last, "output_last": last}
        state = {"status": "completed", "attempt": 1, "calls": 0, "started_at": made, "ended_at": made}
        rows["turns"].append({"conversation_id": conversation, "turn_id": turn, "branch_no": 0, **ranges, **state})
    for seq in range(1, length + 1):
        role = "user" if seq % 2 else "assistant"
        body = {"role": role, "content": " ".join(chance.choices(WORDS, k=20))}
        place = {"conversation_id": conversation, "branch_no": 0, "seq": seq, "id": _id(number, chance)}
        turn_id = turns[(seq - 1) // 2] if (seq - 1) // 2 < len(turns) else None
        rows["messages"].append(
            {**place, "turn_id": turn_id, "role": role, "body": body, "tokens": 30, "created_at": made}
        )


def _id(number: int, chance: random.Random) -> UUID:
    """A version 7 id of a time that rises with ``number``."""
    time_and_version = (1_767_225_600_000 + number * 1000) << 16 | 0x7 << 12 | chance.getrandbits(12)
    return UUID(int=time_and_version << 64 | 0x2 << 62 | chance.getrandbits(62))


if __name__ == "__main__":
    main()
