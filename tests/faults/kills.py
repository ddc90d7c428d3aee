"""Killing children at random moments, and looking at what they leave."""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import Any
from uuid import uuid4

from convo import Conversation, Store, Turn
from convo.errors import StreamInterrupted
from convo.flows.settings import CHECKPOINT
from convo.records import UNFINISHED
from faults.nursery import Child
from faults.talking import (
    LEASE,
    PIECE,
    ROUND,
    VERBS,
    Answers,
    answer_to,
    books,
    opened,
    question,
    run_on,
    take_up,
)

LONGEST_PAUSE = 0.01
"""Seconds until a child is killed, at most, once it has come as far as it was to."""

STEM = 4
"""Questions on the main branch that forks stand on."""


class Kills:
    """A conversation that one child after another goes on with; ``figures`` counts what became of it."""

    def __init__(self, url: str, verb: str, seed: int) -> None:
        self.url, self.verb, self.seed = url, verb, seed
        self.owner = f"kills-{uuid4().hex}"
        self.figures: Counter[str] = Counter()
        self.chance = random.Random(f"{verb} {seed}")
        self.store = Store(url, owner=self.owner)

    def run(self, kills: int) -> Counter[str]:
        """Kill as many children. Raises AssertionError for whatever is lost, doubled or damaged."""
        with self.store:
            self.prepare()
            for number in range(kills):
                reports = self._killed(self.seed + number)
                self.figures["kills"] += 1
                self.find_damage()
                self.look_at(reports)
            self.look_at_everything()
            self.find_damage()
        return self.figures

    def _killed(self, seed: int) -> list[Any]:
        work, reports = VERBS[self.verb]
        child = Child(work, self.url, self.owner, seed)
        early = list(iter(child.told, "ready"))
        early += [child.told() for _ in range(self.chance.randint(0, reports))]
        time.sleep(self.chance.uniform(0, LONGEST_PAUSE))
        return early + child.kill()

    def find_damage(self) -> None:
        assert list(self.store.verify()) == []

    def note(self, chat: Conversation) -> Turn | None:
        """Count how the last turn was left; return it where it is unfinished."""
        last = chat.turns()[-1:]
        status = last[0].status if last else "nothing yet"
        self.figures[status] += 1
        return last[0] if status in (*UNFINISHED, "running") else None

    def prepare(self) -> None:
        """What must be there before the first child."""

    def look_at(self, reports: list[Any]) -> None:
        """Compare what is stored with what the last child was told."""
        raise AssertionError

    def look_at_everything(self) -> None:
        """Look at the whole, once all are dead."""
        raise AssertionError


class TalkKills(Kills):
    """One branch, longer with every turn."""

    def look_at(self, reports: list[Any]) -> None:
        """Everything acknowledged is there; a turn that broke off kept its partial, and goes on to its right end."""
        chat = opened(self.store)
        unfinished = self.note(chat)
        seen = {report[0]: report[1] for report in reports if isinstance(report, tuple)}
        acknowledged = {report for report in reports if isinstance(report, int)}
        self.figures["acknowledged"] += len(acknowledged)
        pairs = dict(asked_and_answered(texts(chat)))
        for number in acknowledged:
            assert pairs[question(number)] == answer_to(question(number)), f"answer {number} was lost"
        if unfinished is not None:
            self._look_at_partial(chat, unfinished, seen)
            if self.chance.random() < 0.5:  # else the next child takes it up
                take_up(chat)

    def _look_at_partial(self, chat: Conversation, turn: Turn, seen: dict[int, int]) -> None:
        assert turn.input is not None
        number = turn.input[0] // 2
        kept = partial_of(chat, turn)
        assert answer_to(question(number)).startswith(kept)
        if self.verb == "stream":  # in the async face as much more may come as does while a part is being written
            assert seen.get(number, 0) - len(kept) <= CHECKPOINT[1] + 2 * PIECE, "more than a checkpoint was lost"
        self.figures["with a partial"] += bool(kept)

    def look_at_everything(self) -> None:
        """The path is every question with its answer, in order, once."""
        chat = opened(self.store)
        take_up(chat)
        path = texts(chat)
        assert path == [text for n in range(len(path) // 2) for text in (question(n), answer_to(question(n)))]
        self.figures["turns"] += len(path) // 2


class ForkKills(Kills):
    """Many branches on one stem."""

    def prepare(self) -> None:
        chat = opened(self.store)
        for number in range(STEM):
            chat.send(question(number))
        self.main = texts(chat)
        self.figures["forks"] = 0

    def look_at(self, reports: list[Any]) -> None:
        """Every fork acknowledged is there, where it was made; what was asked on it is answered."""
        made = {report[0]: report[1] for report in reports if isinstance(report, tuple)}
        answered = {report for report in reports if isinstance(report, int)}
        self.figures["acknowledged"] += len(reports)
        known = {branch.no: branch for branch in opened(self.store).branches()}
        for number, seq in made.items():
            assert known[number].fork_seq == seq
            side = self._branch(number)
            self.note(side)
            take_up(side)
            path = texts(side)
            assert path[:seq] == self.main[:seq]
            assert path[seq:] == [question(number), answer_to(question(number))] or (
                path[seq:] == [] and number not in answered
            )

    def look_at_everything(self) -> None:
        """The stem is as it was, and every branch stands on it."""
        assert texts(self._branch(0)) == self.main
        for branch in opened(self.store).branches()[1:]:
            path = texts(self._branch(branch.no))
            asked = [question(branch.no), answer_to(question(branch.no))]
            assert path in (self.main[: branch.fork_seq], self.main[: branch.fork_seq] + asked)
            self.figures["forks"] += 1

    def _branch(self, number: int) -> Conversation:
        return self.store.load(opened(self.store).id, branch=number, backend=Answers())


class RunKills(Kills):
    """One branch, longer with every run; ``made`` counts the calls of tools that were made, by whomever."""

    def prepare(self) -> None:
        self.made: Counter[tuple[str, str]] = Counter()

    def look_at(self, reports: list[Any]) -> None:
        """Everything acknowledged is there; whatever must not be made twice was not."""
        self.made.update(report for report in reports if isinstance(report, tuple))
        chat = self._talk()
        unfinished = self.note(chat)
        acknowledged = {report for report in reports if isinstance(report, int)}
        self.figures["acknowledged"] += len(acknowledged)
        path = texts(chat)
        for number in acknowledged:
            assert path[number * ROUND] == question(number)
            assert path[number * ROUND + ROUND - 1] == answer_to(question(number)), f"answer {number} was lost"
        if unfinished is not None and self.chance.random() < 0.5:  # else the next child takes it up
            run_on(chat, lambda made: self.made.update([made]))

    def look_at_everything(self) -> None:
        """Every question has its two results and its answer, once; what is not known of a call is said of it."""
        chat = self._talk()
        run_on(chat, lambda made: self.made.update([made]))
        path = texts(chat)
        for start in range(0, len(path), ROUND):
            number = start // ROUND
            asked, called, *results, answered = path[start : start + ROUND]
            assert (asked, called, answered) == (question(number), "", answer_to(question(number)))
            self._look_at_results(asked, results)
        assert max(self.made[call] for call in self.made if call[0] == "pay") == 1, "something was paid twice"
        self.figures["turns"] += len(path) // ROUND
        self.figures["looked twice"] += sum(n > 1 for call, n in self.made.items() if call[0] == "look")

    def _look_at_results(self, asked: str, results: list[str]) -> None:
        in_doubt = [text for text in results if text.startswith("interrupted")]
        self.figures["in doubt"] += len(in_doubt)
        known = sorted(set(results) - set(in_doubt))
        assert known == [f"looked {asked}", f"paid {asked}"][: 2 - len(in_doubt)]
        assert self.made["look", asked] >= 1
        assert self.made["pay", asked] == 1 or in_doubt

    def _talk(self) -> Conversation:
        return self.store.open("talk", backend=books, lease=LEASE)


KINDS: dict[str, type[Kills]] = {verb: {"fork": ForkKills, "run": RunKills}.get(verb, TalkKills) for verb in VERBS}


def texts(chat: Conversation) -> list[str]:
    """The texts of the whole path."""
    return [entry.text for entry in chat.history(limit=10_000)]


def asked_and_answered(path: list[str]) -> list[tuple[str, str]]:
    """The path in pairs; a question without an answer is left out."""
    return list(zip(path[::2], path[1::2], strict=False))


def partial_of(chat: Conversation, turn: Turn) -> str:
    """What is kept of an answer that broke off, as whoever follows it gets it."""
    came = []
    try:
        for delta in chat.follow(turn):
            came.append(delta.text)
    except StreamInterrupted:
        pass
    return "".join(came)
