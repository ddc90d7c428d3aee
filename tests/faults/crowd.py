"""Processes that write on the same branches at once, under keys that they share; and what must hold of their history.

Each process notes when it asked and when it was answered, by the clock of the machine that never goes back: so it
can be told which of two writes was over before the other began.
"""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from convo import Conversation, Store
from convo.completions import CompletionRequest

WAIT = 120.0
"""Seconds that a write waits for a turn that is running."""

VERBS = ("append", "send", "stream")


@dataclass(frozen=True)
class Write:
    """A write as the process knows it that asked for it: what was stored where, when it asked and was answered."""

    text: str
    key: str | None
    branch: int
    seqs: tuple[int, ...]
    asked: float
    answered: float


@dataclass
class Story:
    """What one process did, and how often it was asked by convo to answer each text."""

    writes: list[Write] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)


def answer_to(text: str) -> str:
    return f"re {text}"


def write_at_random(start: Any, url: str, conversation: UUID, label: str, seed: int, count: int, keys: int) -> Story:
    """Write ``count`` times, on a branch and by a verb taken at random, half of it under one of ``keys`` keys."""
    chance, story = random.Random(f"{seed} {label}"), Story()

    def backend(request: CompletionRequest) -> str:
        text = request.messages[-1].text
        story.calls[text] += 1
        return answer_to(text)

    with Store(url) as store:
        chats = [store.load(conversation, branch=branch, backend=backend) for branch in (0, 1)]
        start()
        for number in range(count):
            chat, verb = chance.choice(chats), chance.choice(VERBS)
            key = f"{verb} {chat.branch.no}.{chance.randrange(keys)}" if chance.random() < 0.5 else None
            story.writes.append(_write(chat, verb, key or f"{verb} {label}.{number}", key))
    return story


def _write(chat: Conversation, verb: str, text: str, key: str | None) -> Write:
    asked = time.monotonic()
    given: Any = {"wait": WAIT, "idempotency_key": key}
    if verb == "append":
        entries = chat.append(text, f"and {text}", **given)
    elif verb == "send":
        reply = chat.send(text, **given)
        entries = [*reply.inputs, reply.entry]
    else:
        with chat.stream(text, **given) as stream:
            assert "".join(delta.text for delta in stream) == answer_to(text)
            entries = [*stream.reply.inputs, stream.reply.entry]
    seqs = tuple(entry.seq for entry in entries)
    return Write(text, key, chat.branch.no, seqs, asked, time.monotonic())


def check(paths: Sequence[Sequence[tuple[int, str]]], stories: Iterable[Story]) -> Counter[str]:
    """Compare the branches' paths, (seq, text) each, with what the processes were told; return figures.

    Raises AssertionError where something acknowledged is missing, doubled, parted, out of order, or nobody's.
    """
    stories = list(stories)
    for branch, path in enumerate(paths):
        writes = [write for story in stories for write in story.writes if write.branch == branch]
        _check_places(path, writes)
        _check_order(writes)
    calls = sum((story.calls for story in stories), Counter[str]())
    assert set(calls.values()) <= {1}, f"asked more than once: {calls.most_common(3)}"
    keyed = [write.key for story in stories for write in story.writes if write.key]
    return Counter(
        writes=sum(len(story.writes) for story in stories),
        messages=sum(map(len, paths)),
        calls=calls.total(),
        retries=len(keyed) - len(set(keyed)),
    )


def _check_places(path: Sequence[tuple[int, str]], writes: Sequence[Write]) -> None:
    """Each text stands once, where everybody was told, its answer or second message right behind it."""
    assert [seq for seq, _ in path] == list(range(1, len(path) + 1)), "seq has a hole"
    told = defaultdict(set)
    for write in writes:
        told[write.text].add(write.seqs)
    assert all(len(places) == 1 for places in told.values()), "two were told different places of one write"
    stands = {text: seq for seq, text in path}
    assert len(stands) == len(path), "something stands there twice"
    for text, (seqs,) in told.items():
        second = f"and {text}" if text.startswith("append") else answer_to(text)
        assert seqs == (stands[text], stands[second]), f"{text} is not where it was told to be"
        assert seqs[1] == seqs[0] + 1, f"{text} was parted"
    assert len(path) == 2 * len(told), "something stands there that nobody wrote"


def _check_order(writes: Sequence[Write]) -> None:
    """What was answered before another was asked for stands before it, but where a key was used before."""
    first: dict[str, Write] = {}
    for write in sorted(writes, key=lambda write: write.answered):
        first.setdefault(write.text, write)
    asked = {text: min(write.asked for write in writes if write.text == text) for text in first}
    newest = 0
    ended = sorted(first.values(), key=lambda write: write.answered)
    for text in sorted(first, key=lambda text: asked[text]):
        while ended and ended[0].answered < asked[text]:
            newest = max(newest, ended.pop(0).seqs[-1])
        assert first[text].seqs[0] > newest, f"{text} stands before what had been answered when it was asked for"
