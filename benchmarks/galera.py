"""Write to all nodes of a MariaDB Galera cluster at once, kill one under load, and count what is stored.

    python -m benchmarks.galera --node URL --node URL --node URL --kill 'COMMAND' --killed 3

Every writer sends to one node and, where that is gone, to the next, under the same idempotency key; a turn that another
writer of the branch writes over when its lease is out stays a question, and its writer is told so. ``--kill`` is the
command that kills the node numbered ``--killed``, run after a third of the time. Prints its figures; ends with 1 where
an acknowledged turn is lost, one is stored twice, or the store is found damaged.
"""

from __future__ import annotations

import argparse
import multiprocessing
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, event

from convo import Store
from convo.errors import NotFound, StoreError, TurnClosed, TurnInProgress
from convo.store.schema import upgrade

KINDS = ("own conversation", "own branch of one conversation", "one branch, with wait=")
LEASE = 5.0
CERTIFICATION = 1213
PATIENCE = 60.0


@dataclass
class Seen:
    """What a writer saw: texts acknowledged and written over, retried conflicts, changes of node, its longest turn."""

    kind: str
    acknowledged: list[str] = field(default_factory=list)
    written_over: list[str] = field(default_factory=list)
    conflicts: int = 0
    moves: int = 0
    longest: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.galera", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--node", action="append", required=True, metavar="URL", dest="nodes")
    parser.add_argument("--kill", metavar="COMMAND")
    parser.add_argument("--killed", type=int, default=0, metavar="NUMBER", help="which node, counted from 1")
    parser.add_argument("--seconds", type=int, default=30)
    given = parser.parse_args()
    upgrade(given.nodes[0])
    with Store(given.nodes[0]) as store:
        shared = store.start()
        branches = [shared.fork().branch.no for _ in given.nodes]
    _settled(given.nodes, shared.id, branches[-1])
    places = [place for number, _ in enumerate(given.nodes) for place in (None, branches[number], shared.branch.no)]
    seen = _run(given, shared.id, places)
    alive = [node for number, node in enumerate(given.nodes, 1) if number != given.killed]
    _report(seen, given.seconds)
    _check(alive[0], seen)


def _settled(nodes: list[str], conversation: UUID, branch: int) -> None:
    """Wait until every node has what the first was told: a node may lag a moment."""
    for node in nodes:
        with Store(node) as store:
            for _ in range(100):
                try:
                    store.load(conversation, branch=branch)
                    break
                except NotFound:
                    time.sleep(0.1)


def _run(given: argparse.Namespace, conversation: UUID, places: list[int | None]) -> list[Seen]:
    context = multiprocessing.get_context("spawn")
    results, ready = context.Queue(), context.Barrier(len(places) + 1)
    for number, place in enumerate(places):
        nodes = given.nodes[number // 3 :] + given.nodes[: number // 3]
        work = (nodes, conversation, place, number, given.seconds, ready, results)
        context.Process(target=_write, args=work, daemon=True).start()
    ready.wait(120)
    if given.kill:
        time.sleep(given.seconds / 3)
        subprocess.run(given.kill, shell=True, check=True)
        print(f"node {given.killed} was killed after {given.seconds / 3:.0f} s", flush=True)
    return [results.get(timeout=given.seconds + 2 * PATIENCE) for _ in places]


def _write(
    nodes: list[str], shared: UUID, branch: int | None, number: int, seconds: int, ready: Any, results: Any
) -> None:
    seen = Seen(KINDS[number % 3])

    def note(context: Any) -> None:
        seen.conflicts += getattr(context.original_exception, "args", (0,))[0] == CERTIFICATION

    event.listen(Engine, "handle_error", note)
    writer = _Writer(nodes, shared, branch, f"writer-{number}")
    ready.wait(120)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        text, began = f"{number}: {len(seen.acknowledged) + len(seen.written_over)}", time.monotonic()
        try:
            seen.moves += writer.send(text)
            seen.acknowledged.append(text)
        except TurnClosed:
            seen.written_over.append(text)
        seen.longest = max(seen.longest, time.monotonic() - began)
    results.put(seen)


class _Writer:
    """Sends each text until it is acknowledged, by whichever node is there."""

    def __init__(self, nodes: list[str], shared: UUID, branch: int | None, name: str) -> None:
        self._nodes, self._shared, self._branch, self._name = nodes, shared, branch, name
        self._store, self._chat = Store(nodes[0]), None

    def send(self, text: str) -> int:
        """Return how often the node was changed on the way."""
        moves, end = 0, time.monotonic() + PATIENCE
        while True:
            try:
                self._chat = self._chat or self._opened()
                self._chat.send(text, idempotency_key=text, wait=PATIENCE)
                return moves
            except (StoreError, TurnInProgress):
                if time.monotonic() > end:
                    raise
                moves += 1
                self._nodes = [*self._nodes[1:], self._nodes[0]]
                self._store, self._chat = Store(self._nodes[0]), None
                time.sleep(0.2)

    def _opened(self) -> Any:
        if self._branch is None:
            return self._store.open(self._name, backend=_echo, lease=LEASE)
        return self._store.load(self._shared, branch=self._branch, backend=_echo, lease=LEASE)


def _echo(request: Any) -> str:
    return f"heard {request.messages[-1].text}"


def _report(seen: list[Seen], seconds: int) -> None:
    for kind in KINDS:
        some = [each for each in seen if each.kind == kind]
        turns, longest = sum(len(each.acknowledged) for each in some), max(each.longest for each in some)
        conflicts, moves = sum(each.conflicts for each in some), sum(each.moves for each in some)
        over = sum(len(each.written_over) for each in some)
        print(
            f"{len(some)} writers, {kind}: {turns} turns acknowledged, {turns / seconds:.0f} a second; "
            f"{conflicts} conflicts retried inside, {moves} changes of node, {over} turns written over, "
            f"longest turn {longest:.1f} s",
            flush=True,
        )


def _check(node: str, seen: list[Seen]) -> None:
    """Every acknowledged text is stored once, with its answer right behind it, and nothing is damaged."""
    stored: Counter[str] = Counter()
    unanswered = {text for each in seen for text in each.written_over}
    with Store(node) as store:
        for info in store.conversations(limit=1000):
            for branch in store.load(info.id).branches():
                entries = _all(store.load(info.id, branch=branch.no))
                own = [entry for entry in entries if entry.branch_no == branch.no and entry.text not in unanswered]
                stored.update(entry.text for entry in own if entry.role == "user")
                answers = zip(own[::2], own[1::2], strict=True)
                assert all(answer.text == f"heard {asked.text}" for asked, answer in answers), "turns are parted"
        findings = list(store.verify())
    acknowledged = {text for each in seen for text in each.acknowledged}
    lost, doubled = acknowledged - stored.keys(), [text for text, count in stored.items() if count > 1]
    print(f"{len(acknowledged)} turns acknowledged, {len(lost)} lost, {len(doubled)} doubled, {len(findings)} findings")
    if lost or doubled or findings:
        raise SystemExit(f"lost: {lost}; doubled: {doubled}; findings: {findings}")


def _all(chat: Any) -> list[Any]:
    entries = page = chat.history(limit=10_000)
    while len(page) == 10_000:
        page = chat.history(limit=10_000, before=page[0])
        entries = [*page, *entries]
    return entries


if __name__ == "__main__":
    main()
