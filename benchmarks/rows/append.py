"""Appending one turn: a question and an answer, each in a commit of its own, to histories of any length."""

from __future__ import annotations

from benchmarks.databases import scratch
from benchmarks.floor import Chat, Floor
from benchmarks.histories import ANSWERED, GIVEN, TEXT, convo_history, floor_history
from benchmarks.measure import Line, against, flatness, interleaved
from benchmarks.rows import Settings
from convo import Conversation, assistant, user


def run(settings: Settings) -> list[Line]:
    jobs = {}
    with scratch(settings.server) as database, database.store() as store:
        floor = database.floor()
        for length in settings.lengths:
            jobs[f"convo {length}"] = _ours(convo_history(store, length))
            jobs[f"floor {length}"] = _theirs(floor, floor_history(floor, length))
        costs = interleaved(jobs, settings.rounds)
        floor.close()
    lines = [
        against(f"append one turn at {length:,} messages", costs[f"convo {length}"], costs[f"floor {length}"], "≤ 1.5")
        for length in settings.lengths
    ]
    ours = [costs[f"convo {length}"] for length in settings.lengths]
    return [*lines, flatness("append: largest over smallest", ours, "≤ 1.1")]


def _ours(chat: Conversation):
    def job() -> None:
        chat.append(user(TEXT))
        chat.append(assistant(TEXT))

    return job


def _theirs(floor: Floor, chat: Chat):
    def job() -> None:
        floor.append(chat, GIVEN)
        floor.append(chat, ANSWERED)

    return job
