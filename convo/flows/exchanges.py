"""A path cut into exchanges: what was given, and what came of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from convo.frozen import dataclass
from convo.messages import AssistantMessage, Message
from convo.records import Entry

INPUTS = ("user", "system")
"""The roles of what is given to a model, not made by it or on its account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Messages that were given, and what followed until the next were: answers, tool results.

    ``asked``: whether a model was asked; else all of it was put there by hand, an operator's answer say.
    """

    inputs: tuple[Entry, ...]
    rest: tuple[Entry, ...]
    asked: bool

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of it, in path order."""
        return self.inputs + self.rest

    @property
    def messages(self) -> list[Message]:
        """All its messages, in path order."""
        return [entry.message for entry in self.entries]

    @property
    def answers(self) -> list[Entry]:
        """The answers, those that call tools too."""
        return [entry for entry in self.rest if isinstance(entry.message, AssistantMessage)]

    @property
    def answer(self) -> Entry | None:
        """The last answer."""
        return next(reversed(self.answers), None)

    @property
    def prefix(self) -> str:
        """What the first answer was made to begin with."""
        return self.answers[0].prefix if self.answers else ""

    @property
    def turn_id(self) -> UUID | None:
        """The turn that answered first, or the one that took the input."""
        turns = (entry.turn_id for entry in (*self.answers, *self.entries))
        return next((turn_id for turn_id in turns if turn_id is not None), None)


def exchanges(entries: Sequence[Entry]) -> list[Exchange]:
    """Return ``entries``, consecutive ones of a path, as exchanges in order; none of it is left out.

    Where no turn is on record at all (a copy, an import), each input counts as one that a model was asked.
    """
    known = any(entry.turn_id is not None for entry in entries)
    return [_exchange(group, known) for group in _groups(entries)]


def _groups(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    group: list[Entry] = []
    for entry in entries:
        if group and entry.role in INPUTS and group[-1].role not in INPUTS:
            yield group
            group = []
        group.append(entry)
    if group:
        yield group


def _exchange(group: Sequence[Entry], known: bool) -> Exchange:
    inputs = tuple(entry for entry in group if entry.role in INPUTS)
    asked = any(entry.turn_id is not None for entry in group) if known else any(e.role == "user" for e in inputs)
    return Exchange(inputs=inputs, rest=tuple(group[len(inputs) :]), asked=asked)
