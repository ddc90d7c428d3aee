"""A model of conversations as plain lists of messages, and a backend that it can foretell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from convo import assistant, tool_call
from convo.completions import CompletionRequest

RESULT = "the sky"


@dataclass(frozen=True)
class Said:
    """A message: its role and text, what it looks at (of a tool call), and whether it belongs to a turn."""

    role: str
    text: str
    looks: str = ""
    of_turn: bool = False

    @property
    def told(self) -> tuple[str, str, str]:
        """What is compared with what is stored."""
        return self.role, self.text, self.looks


Path = list[Said]


def call_id(looks: str) -> str:
    """The id of the call that looks at this: its own, as every model gives them."""
    return f"call{looks.split()[-1]:>05}"


def answer(request: CompletionRequest) -> Any:
    """Answer by the last message alone: what begins with ``look`` is looked up first."""
    last = request.messages[-1]
    if last.role == "user" and last.text.startswith("look"):
        return assistant(tool_calls=[tool_call("look", {"at": last.text}, id=call_id(last.text))])
    return f"{last.role} said {last.text}"


def foretold(path: Sequence[Said]) -> Said:
    """What ``answer`` says at the end of ``path``."""
    last = path[-1]
    if last.role == "user" and last.text.startswith("look"):
        return Said("assistant", "", last.text, of_turn=True)
    return Said("assistant", f"{last.role} said {last.text}", of_turn=True)


def waits(path: Sequence[Said]) -> bool:
    """Whether a tool call at the end of ``path`` waits for its result."""
    return bool(path) and bool(path[-1].looks)


def as_stored(entry: Any) -> tuple[str, str, str]:
    """What is compared of a stored message with what the model says."""
    calls = getattr(entry.message, "calls", ())
    return entry.role, entry.text, json.loads(calls[0].arguments)["at"] if calls else ""


@dataclass
class Talk:
    """One conversation: its branches by number, None where one was deleted, and which is active."""

    branches: list[Path | None] = field(default_factory=lambda: [[]])
    active: int = 0

    def alive(self) -> list[int]:
        return [number for number, path in enumerate(self.branches) if path is not None]

    def path(self, number: int) -> Path:
        path = self.branches[number]
        assert path is not None
        return path

    def fork(self, path: Sequence[Said]) -> int:
        self.branches.append([*path])
        return len(self.branches) - 1


def groups(path: Sequence[Said]) -> list[Path]:
    """A path cut where an input follows what is none."""
    found: list[Path] = []
    for said in path:
        if not found or (said.role == "user" and found[-1][-1].role != "user"):
            found.append([])
        found[-1].append(said)
    return found


def replayed(path: Sequence[Said]) -> tuple[Path, int, bool] | None:
    """What a replay of ``path`` makes: the new path, how much of it is shared, and whether it got to the end.

    None where there is nothing to replay.
    """
    known = any(said.of_turn for said in path)
    steps = [
        (group, any(said.of_turn for said in group) if known else group[0].role == "user") for group in groups(path)
    ]
    results = {said.looks for said, after in pairwise(path) if said.looks and after.role == "tool"}
    first = next((number for number, (_, asked) in enumerate(steps) if asked), None)
    if first is None:
        return None
    made = [said for group, _ in steps[:first] for said in group]
    shared = len(made)
    for group, asked in steps[first:]:
        if not asked:
            made += group
            continue
        made += [replace(said, of_turn=True) for said in group if said.role == "user"]
        made.append(foretold(made))
        if made[-1].looks:
            if made[-1].looks not in results:
                return made, shared, False
            made.append(Said("tool", RESULT, of_turn=True))
            made.append(foretold(made))
    return made, shared, True
