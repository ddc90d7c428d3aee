"""What a branch remembers of how it was composed: where windows were cut, what was told of that, what is pinned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from itertools import chain
from typing import Any, Self

from convo.context.summary import Told
from convo.errors import CorruptRecord, InvalidSetting
from convo.frozen import dataclass

MAX_PINS = 32
"""Messages that can be pinned on one branch."""

MAX_POLICIES = 8
"""Policies whose cut a branch remembers; the one cut longest ago is forgotten first."""


@dataclass(frozen=True)
class ComposeState:
    """A branch's compose state; small, whatever the length of the branch.

    ``cuts``: for a policy's key the last seq that its window has cut away. ``marks``: the last seq whose message the
    policy's rewriting rules may change; it moves at cuts only. ``told``: what summaries tell of what was cut away.
    ``pins``: the seqs that every window keeps, ascending. ``opening``: who owns the first messages of the path as far
    as the fork, ascending pairs of a branch and the last seq that is its; empty where that is not known.
    """

    cuts: Mapping[str, int] = field(default_factory=dict)
    marks: Mapping[str, int] = field(default_factory=dict)
    told: Mapping[str, Told] = field(default_factory=dict)
    pins: tuple[int, ...] = ()
    opening: tuple[tuple[int, int], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the dict that ``from_json`` reads."""
        data: dict[str, Any] = {"cuts": {key: [cut, self.marks.get(key, 0)] for key, cut in self.cuts.items()}}
        if self.told:
            data["told"] = {key: told.to_json() for key, told in self.told.items()}
        if self.opening:
            data["opening"] = [[*pair] for pair in self.opening]
        return {**data, "pins": [*self.pins]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Self:
        """Return the state stored as ``data``; None or ``{}`` is the state of a new branch.

        Raises CorruptRecord for what is none.
        """
        try:
            state = cls._read(data or {})
            if not all(type(seq) is int for seq in state._numbers()):
                raise TypeError("numbers of messages and branches are whole")
        except (TypeError, ValueError, AttributeError):
            raise CorruptRecord(
                "what a branch remembers of its windows and pins cannot be read back: run a check of the store"
            ) from None
        return state

    def _numbers(self) -> Iterator[Any]:
        yield from chain(self.pins, self.cuts.values(), self.marks.values(), *self.opening)
        for told in self.told.values():
            yield from chain.from_iterable((part.first, part.last) for part in told.parts)

    @classmethod
    def _read(cls, given: Mapping[str, Any]) -> Self:
        cuts = given.get("cuts", {})
        return cls(
            cuts={key: cut for key, (cut, _) in cuts.items()},
            marks={key: mark for key, (_, mark) in cuts.items()},
            told={key: Told.from_json(told) for key, told in given.get("told", {}).items()},
            pins=tuple(given.get("pins", ())),
            opening=tuple((number, upto) for number, upto in given.get("opening", ())),
        )

    def cut_at(self, key: str, cut: int, mark: int) -> ComposeState:
        """Return the state after the window of the policy ``key`` was cut behind ``cut``, with rewriting up to
        ``mark``."""
        cuts = {**{name: seq for name, seq in self.cuts.items() if name != key}, key: cut}
        kept = [*cuts][-MAX_POLICIES:]
        marks = {**self.marks, key: mark}
        return replace(
            self,
            cuts={name: cuts[name] for name in kept},
            marks={name: marks.get(name, 0) for name in kept},
            told={name: told for name, told in self.told.items() if name in kept},
        )

    def telling(self, key: str, told: Told) -> ComposeState:
        """Return the state with ``told`` as what is told of what the policy ``key`` has cut away."""
        return replace(self, told={**self.told, key: told})

    def pinned(self, *seqs: int) -> ComposeState:
        """Return the state with the messages at ``seqs`` pinned; raises InvalidSetting beyond ``MAX_PINS``.

        Pin a tool call together with its results (``calls.together``): alone, it goes out with stand-ins for them.
        """
        pins = tuple(sorted({*self.pins, *seqs}))
        if len(pins) > MAX_PINS:
            raise InvalidSetting(f"{len(pins)} messages pinned; at most {MAX_PINS} can be: unpin some", field="pins")
        return replace(self, pins=pins)

    def unpinned(self, *seqs: int) -> ComposeState:
        """Return the state with the messages at ``seqs`` no longer pinned."""
        return replace(self, pins=tuple(pin for pin in self.pins if pin not in seqs))

    def before(self, fork_seq: int) -> ComposeState:
        """Return what a branch forked at the message ``fork_seq`` starts with: the pins up to it, the cuts before it.

        A cut at the fork message itself or later would leave the new branch nothing to go on from; where an earlier
        part has been summarised, the new branch starts from the end of that.
        """
        told = {key: one.before(fork_seq) for key, one in self.told.items()}
        told = {key: one for key, one in told.items() if one.parts}
        earlier = {key: told[key].last if key in told else 0 for key in self.cuts}
        cuts = {key: cut if cut < fork_seq else earlier[key] for key, cut in self.cuts.items()}
        cuts = {key: cut for key, cut in cuts.items() if cut or self.cuts[key] < fork_seq}
        marks = {key: min(self.marks.get(key, 0), fork_seq) for key in cuts}
        return ComposeState(cuts=cuts, marks=marks, told=told, pins=tuple(pin for pin in self.pins if pin <= fork_seq))

    def without_cuts(self) -> ComposeState:
        """Return the pins alone: what a policy given for one call starts from."""
        return ComposeState(pins=self.pins, opening=self.opening)
