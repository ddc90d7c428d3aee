"""The account of a composition for people: values, and a plain text table with a bar for the budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convo.context.account import Composition, Decision
from convo.frozen import dataclass
from convo.harmless import one_line
from convo.messages import Message

BAR = 40
"""Width of the budget's bar, in characters."""


@dataclass(frozen=True)
class Sent:
    """A list that was sent before: its messages, and the seqs of those that left as they are stored."""

    messages: Sequence[Message]
    seqs: frozenset[int]


@dataclass(frozen=True)
class Explanation:
    """Why a list looks as it does: a decision for every message, the tokens, and what changed since another list.

    ``str()`` gives a table in plain text, in which no control character of any text is alive. ``changes`` are
    sentences, empty where there was nothing to compare with. ``proof`` says, of a list that was sent, what it was
    rebuilt from.
    """

    decisions: tuple[Decision, ...]
    tokens: int
    budget: int | None
    reserve: int = 0
    changes: tuple[str, ...] = ()
    proof: str = ""

    def __str__(self) -> str:
        rows = [("seq", "role", "", "tokens", "why"), *map(_row, self.decisions)]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = [_aligned(row, widths) for row in rows]
        said = (*self.changes, self.proof) if self.proof else self.changes
        return "\n".join([*lines, "", *self._budget_lines(), *map(one_line, said)])

    def _budget_lines(self) -> Iterator[str]:
        if self.budget is None:
            yield f"{self.tokens:,} tokens, no window"
            return
        used = self.tokens + self.reserve
        full = min(BAR, used * BAR // max(self.budget, 1))
        kept = f", {self.reserve:,} of them free for the answer" if self.reserve else ""
        yield f"[{'█' * full}{'░' * (BAR - full)}] {used:,} of {self.budget:,} tokens{kept}"


def explain(composition: Composition, *, previous: Composition | Sent | None = None, proof: str = "") -> Explanation:
    """Return the account of ``composition``; with ``previous``, the list sent before, also what changed since. O(n)."""
    return Explanation(
        decisions=composition.decisions,
        tokens=composition.tokens,
        budget=composition.budget,
        reserve=composition.reserve,
        changes=() if previous is None else tuple(_changes(previous, composition)),
        proof=proof,
    )


def same_beginning(before: Composition | Sent, after: Composition) -> int:
    """Return how many messages the two lists begin with in common: what a provider's prompt cache can serve."""
    same = 0
    for one, other in zip(before.messages, after.messages, strict=False):
        if one is not other and one != other:
            break
        same += 1
    return same


def _changes(before: Composition | Sent, after: Composition) -> Iterator[str]:
    same = same_beginning(before, after)
    if same == len(before.messages):
        added = len(after.messages) - same
        yield f"Since the last list: {_counted(added)} added at the end, nothing else changed."
    else:
        kept = f"the first {_counted(same)} as before" if same else "no message at the beginning as before"
        yield f"Since the last list: {kept}, the rest not."
    gone = sorted(_seqs_of(before) - _seqs_in(after.decisions))
    if gone:
        yield f"No longer in: seq {', '.join(_ranges(gone))}."


def _counted(messages: int) -> str:
    return "1 message" if messages == 1 else f"{messages} messages"


def _ranges(seqs: Sequence[int]) -> Iterator[str]:
    """Yield ascending ``seqs`` as single numbers and stretches."""
    start = 0
    for index, seq in enumerate(seqs):
        if index + 1 == len(seqs) or seqs[index + 1] > seq + 1:
            yield str(seq) if start == index else f"{seqs[start]} to {seq}"
            start = index + 1


def _seqs_of(before: Composition | Sent) -> frozenset[int] | set[int]:
    return before.seqs if isinstance(before, Sent) else _seqs_in(before.decisions)


def _seqs_in(decisions: Sequence[Decision]) -> set[int]:
    return {line.seq for line in decisions if line.included and line.seq is not None}


def _row(line: Decision) -> tuple[str, str, str, str, str]:
    why = f"{line.rule}: {line.note}" if line.rule and line.note else line.rule or line.note
    seq = "" if line.seq is None else str(line.seq)
    return seq, line.role, "in" if line.included else "out", f"{line.tokens:,}", one_line(why)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    seq, role, where, tokens, why = row
    columns = (seq.rjust(widths[0]), role.ljust(widths[1]), where.ljust(widths[2]), tokens.rjust(widths[3]), why)
    return "  ".join(columns).rstrip()
