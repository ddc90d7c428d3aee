"""Composing the next request from a new handle, and loading such a handle by the conversation's id.

Every history ends with a turn, as a conversation's does: so its window has been cut where it is longer than that. A
store that has met the conversation lately remembers its window; one without memory reads it anew, as the floor does in
both rows. To load the handle is not in the rows that compose; the floor, which has none, reads head and settings there.
"""

from __future__ import annotations

from benchmarks.databases import scratch
from benchmarks.floor import Floor
from benchmarks.histories import GIVEN, TEXT, cold, convo_history, floor_history, instant
from benchmarks.measure import Cost, Job, Line, Prepared, against, flatness, interleaved
from benchmarks.rows import Settings
from convo import Conversation, Store


def run(settings: Settings) -> list[Line]:
    jobs: dict[str, Job | Prepared] = {}
    with scratch(settings.server) as database, database.store() as store, database.store(memory=0) as forgetful:
        floor = database.floor()
        for length in settings.lengths:
            jobs |= _jobs(length, store, forgetful, floor)
        costs = interleaved(jobs, settings.rounds)
        floor.close()
    return [line for length in settings.lengths for line in _lines(length, costs)] + _flat(settings, costs)


def _jobs(length: int, store: Store, forgetful: Store, floor: Floor) -> dict[str, Job | Prepared]:
    chat, plain = convo_history(store, length), floor_history(floor, length)
    chat.send(TEXT)
    floor.turn(plain, GIVEN, instant)
    return {
        f"loaded {length}": lambda: cold(store, chat.id),
        f"floor loaded {length}": lambda: floor.load(plain.id),
        f"met {length}": Prepared(lambda: cold(store, chat.id), _composed),
        f"unmet {length}": Prepared(lambda: cold(forgetful, chat.id), _composed),
        f"floor {length}": lambda: floor.compose(plain.id, GIVEN),
    }


def _composed(chat: Conversation) -> None:
    chat.compose(TEXT)


def _lines(length: int, costs: dict[str, Cost]) -> list[Line]:
    at = f"at {length:,} messages"
    floor = costs[f"floor {length}"]
    return [
        against(f"compose from a new handle, its window remembered {at}", costs[f"met {length}"], floor, "≤ 1.5"),
        against(f"… its window read, as the floor's is {at}", costs[f"unmet {length}"], floor, "≤ 1.5"),
        against(f"load by id {at}", costs[f"loaded {length}"], costs[f"floor loaded {length}"], ""),
    ]


def _flat(settings: Settings, costs: dict[str, Cost]) -> list[Line]:
    full = [length for length in settings.lengths if length > 100]
    kinds = {"met": "compose, window remembered", "unmet": "compose, window read"} if full else {}
    return [
        flatness(f"{what}: largest over smallest", [costs[f"{kind} {length}"] for length in full], "≤ 1.1")
        for kind, what in kinds.items()
    ]
