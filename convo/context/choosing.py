"""Rules that choose which messages go out, and the promises that keep some of them in.

What every one of them promises: the newest user turn (the newest user message and all after it) stays, and so do
pinned messages, those of ``KeepFirst``, and the system messages that open the path. The list begins where a user
turn begins.
"""

from __future__ import annotations

from typing import Any, ClassVar

from convo.context.draft import Draft
from convo.context.phases import BuiltInRule, Phase, check_count
from convo.errors import InvalidSetting
from convo.frozen import dataclass


@dataclass(frozen=True)
class Window(BuiltInRule):
    """What goes out never passes ``max_tokens``, and is cut seldom, so that a provider's prompt cache holds.

    Only when system prompt, tools, kept messages and all since the last cut pass ``max_tokens`` is the oldest part cut
    away, at the beginning of a user turn, until at most ``refill_to`` are left (three quarters of ``max_tokens``
    where it is not given). Until the next cut the list grows at its end alone, byte for byte; rules that change old
    messages act at cuts.

    Both are numbers of tokens, or fractions (greater than 0, at most 1) of the model's context length. Raises
    ContextOverflow when composing where the newest user turn and what is kept do not fit.
    """

    max_tokens: int | float
    refill_to: int | float | None = None

    phase: ClassVar[Phase] = Phase.WINDOW

    def __post_init__(self) -> None:
        check_sizes("Window", ("max_tokens", self.max_tokens), ("refill_to", self.refill_to))

    def limits(self, context_length: int | None) -> tuple[int, int]:
        """Return (max_tokens, refill_to) as numbers of tokens, for a model with this context length."""
        return limits("Window", self.max_tokens, self.refill_to, context_length)

    def _apply(self, draft: Draft) -> Draft:
        return draft.behind_the_cut()


def check_sizes(rule: str, most: tuple[str, Any], refill: tuple[str, Any]) -> None:
    """Raise InvalidSetting unless both (name, value) are sizes of a window, and the second not the greater one."""
    _check_size(rule, *most)
    if refill[1] is None:
        return
    _check_size(rule, *refill)
    if isinstance(refill[1], float) == isinstance(most[1], float) and refill[1] > most[1]:
        raise InvalidSetting(f"{rule}: {refill[0]} is greater than {most[0]}", field=refill[0])


def _check_size(rule: str, name: str, value: Any) -> None:
    if isinstance(value, float):
        if not 0 < value <= 1:
            raise InvalidSetting(f"{rule}: {name} as a fraction must be over 0 and at most 1, not {value}", field=name)
    else:
        check_count(rule, name, value)


def limits(rule: str, most: float, refill: float | None, context_length: int | None) -> tuple[int, int]:
    """Return a window's sizes as numbers of tokens; what it is cut down to is three quarters where not given."""
    whole = _tokens(rule, most, context_length)
    return whole, whole * 3 // 4 if refill is None else min(_tokens(rule, refill, context_length), whole)


def _tokens(rule: str, size: float, context_length: int | None) -> int:
    if isinstance(size, int):
        return size
    if context_length is None:
        raise InvalidSetting(
            f"{rule}: a fraction needs the model's context length, which is not known: give a number of tokens, or the "
            "backend its context_length",
            field="max_tokens" if rule == "Window" else "when",
        )
    return int(size * context_length)


@dataclass(frozen=True)
class LastTurns(BuiltInRule):
    """The last ``n`` user turns go out, and nothing before them; slides with every turn.

    Where the path has fewer turns, all of it goes out.
    """

    n: int

    phase: ClassVar[Phase] = Phase.CHOOSE

    def __post_init__(self) -> None:
        check_count("LastTurns", "n", self.n)

    def _apply(self, draft: Draft) -> Draft:
        starts = draft.turn_starts
        return _from_index(draft, starts[-self.n]) if len(starts) >= self.n else draft


@dataclass(frozen=True)
class LastMessages(BuiltInRule):
    """At most the last ``n`` messages go out, from the first user turn that begins among them; slides.

    Where the newest user turn is longer, it goes out whole.
    """

    n: int

    phase: ClassVar[Phase] = Phase.CHOOSE

    def __post_init__(self) -> None:
        check_count("LastMessages", "n", self.n)

    def _apply(self, draft: Draft) -> Draft:
        stored = [index for index, item in enumerate(draft.items) if item.seq is not None]
        if len(stored) <= self.n:
            return draft
        oldest = stored[-self.n]
        starts = (start for start in draft.turn_starts if start >= oldest)
        return _from_index(draft, next(starts, draft.newest_turn))


def _from_index(draft: Draft, first: int) -> Draft:
    position = {id(item): index for index, item in enumerate(draft.items)}
    return draft.only(lambda item: item.seq is None or position[id(item)] >= first)


@dataclass(frozen=True)
class KeepFirst(BuiltInRule):
    """The first ``n`` messages of the path stay in every window.

    A tool round that the n-th message cuts through is not kept by this.
    """

    n: int

    phase: ClassVar[Phase] = Phase.KEEP

    def __post_init__(self) -> None:
        check_count("KeepFirst", "n", self.n)

    def _apply(self, draft: Draft) -> Draft:
        return draft.keeping("KeepFirst", range(1, self.n + 1), whole_rounds_only=True)


@dataclass(frozen=True, init=False)
class Pinned(BuiltInRule):
    """The messages at ``seqs`` stay in every window, as do those pinned on the branch (these need no rule)."""

    seqs: tuple[int, ...]

    phase: ClassVar[Phase] = Phase.KEEP

    def __init__(self, *seqs: int) -> None:
        for seq in seqs:
            check_count("Pinned", "seqs", seq)
        object.__setattr__(self, "seqs", seqs)

    def _apply(self, draft: Draft) -> Draft:
        return draft.keeping("Pinned", self.seqs)
