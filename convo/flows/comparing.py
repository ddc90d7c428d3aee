"""Branches laid side by side, as values: the shared prefix folded, turns in rows, texts compared by word. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, Literal

from convo.completions import Usage
from convo.flows.accounting import UsageReport, report
from convo.frozen import dataclass
from convo.messages import AssistantMessage, ToolCall
from convo.records import Call, Entry

Change = Literal["same", "only a", "only b"]
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")

MOST_WORDS = 3_000
"""Words of a text up to which it is compared by word; longer ones are compared by line."""

MOST_LINES = 3_000
"""Lines of a text up to which it is compared at all."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text: in both, or in one of them only."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One turn as one branch has it: its messages, and what its calls used and were made with.

    ``options`` are those of its last call, ``system`` is the system prompt sent with it that is no message of the
    path. ``seconds`` is the time its calls took, by the clock of the process that made them.
    """

    entries: tuple[Entry, ...]
    calls: tuple[Call, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    system: str = ""

    @property
    def asked(self) -> str:
        """The text of what was asked."""
        return "\n".join(entry.text for entry in self.entries if entry.role in ("user", "system"))

    @property
    def answered(self) -> str:
        """The text of the answer."""
        return "\n".join(entry.text for entry in self.entries if entry.role == "assistant" and entry.text)

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls made on the way."""
        messages = (entry.message for entry in self.entries)
        return tuple(call for message in messages if isinstance(message, AssistantMessage) for call in message.calls)

    @property
    def tools_called(self) -> str:
        """The tool calls made on the way as text, one a line."""
        return "\n".join(f"{call.name}({call.arguments})" for call in self.tool_calls)

    @property
    def usage(self) -> UsageReport:
        """The sum over the calls; ``cost()`` prices it."""
        return report((call.model or call.backend, call.usage) for call in self.calls if call.usage is not None)

    @property
    def seconds(self) -> float:
        """How long the calls took, in seconds."""
        return sum((call.ended_at - call.started_at).total_seconds() for call in self.calls)

    @property
    def models(self) -> tuple[str, ...]:
        """Who answered, each once."""
        return tuple(dict.fromkeys(call.model or call.backend for call in self.calls))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The turns that stand at the same place after the fork; one side is None where a branch is shorter."""

    a: Side | None
    b: Side | None

    def asked(self) -> list[Piece]:
        """Return how the questions differ, by word."""
        return words(self.a.asked if self.a else "", self.b.asked if self.b else "")

    def answered(self) -> list[Piece]:
        """Return how the answers differ, by word."""
        return words(self.a.answered if self.a else "", self.b.answered if self.b else "")

    def system(self) -> list[Piece]:
        """Return how the system prompts differ, by word."""
        return words(self.a.system if self.a else "", self.b.system if self.b else "")

    def tools_called(self) -> list[Piece]:
        """Return how the tool calls differ, by word; one call a line."""
        return words(self.a.tools_called if self.a else "", self.b.tools_called if self.b else "")

    def options(self) -> dict[str, tuple[Any, Any]]:
        """Return the options that differ, by name; None where one side was asked without."""
        a, b = (dict(side.options) if side else {} for side in (self.a, self.b))
        names = sorted({*a, *b}) if self.a and self.b else []
        return {name: (a.get(name), b.get(name)) for name in names if a.get(name) != b.get(name)}

    @property
    def same(self) -> bool:
        """Whether both sides say the same and call the same tools."""
        if self.a is None or self.b is None:
            return False
        calls = [[(call.name, call.arguments) for call in side.tool_calls] for side in (self.a, self.b)]
        return (self.a.asked, self.a.answered, calls[0]) == (self.b.asked, self.b.answered, calls[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two branches of a conversation: how many messages they share, and their turns from there on, in pairs."""

    a: str
    b: str
    shared: int
    pairs: tuple[Pair, ...] = ()

    def usage(self) -> tuple[UsageReport, UsageReport]:
        """Return what each branch used after the fork; ``cost()`` prices it."""
        return total(pair.a for pair in self.pairs), total(pair.b for pair in self.pairs)

    def seconds(self) -> tuple[float, float]:
        """Return how long the calls of each took after the fork."""
        return (
            sum(pair.a.seconds for pair in self.pairs if pair.a),
            sum(pair.b.seconds for pair in self.pairs if pair.b),
        )

    def markdown(self) -> str:
        """Return the comparison as Markdown. Texts are escaped: nothing in them is markup."""
        from convo.flows.report_markdown import comparison  # and its kin are needed here alone

        return comparison(self)

    def html(self) -> str:
        """Return the comparison as one page of HTML: no script, nothing is loaded, texts are nothing but text."""
        from convo.flows.report_html import comparison

        return comparison(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Several branches of a conversation: a column for each, a row for each turn after what all of them share.

    A cell is None where a branch is shorter.
    """

    branches: tuple[str, ...]
    shared: int
    rows: tuple[tuple[Side | None, ...], ...] = ()

    def column(self, number: int) -> list[Side]:
        """Return the turns of one branch."""
        return [side for row in self.rows if (side := row[number]) is not None]

    def usage(self) -> tuple[UsageReport, ...]:
        """Return what each branch used."""
        return tuple(total(self.column(number)) for number in range(len(self.branches)))

    def seconds(self) -> tuple[float, ...]:
        """Return how long the calls of each branch took."""
        return tuple(sum(side.seconds for side in self.column(number)) for number in range(len(self.branches)))

    def markdown(self) -> str:
        """Return the table as Markdown; see ``Comparison.markdown``."""
        from convo.flows.report_markdown import table

        return table(self)

    def html(self) -> str:
        """Return the table as one page of HTML; see ``Comparison.html``."""
        from convo.flows.report_html import table

        return table(self)


def total(sides: Iterable[Side | None]) -> UsageReport:
    """Return what ``sides`` used together."""
    calls = [call for side in sides if side is not None for call in side.calls]
    return report((call.model or call.backend, call.usage or Usage()) for call in calls if call.usage is not None)


def words(a: str, b: str) -> list[Piece]:
    """Return how ``a`` becomes ``b``: runs of words (of lines, in long texts), in both or in one of them."""
    if a == b:
        return [Piece("same", a)] if a else []
    left, right = _units(a, b)
    pieces: list[Piece] = []
    only_a = only_b = ""
    codes = difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    for number, (tag, i1, i2, j1, j2) in enumerate(codes):
        ours, theirs = "".join(left[i1:i2]), "".join(right[j1:j2])
        if tag == "equal" and not (ours.isspace() and 0 < number < len(codes) - 1):
            pieces += [*_changed(only_a, only_b), Piece("same", ours)]
            only_a = only_b = ""
        else:  # a space between two changes is no island
            only_a, only_b = only_a + ours, only_b + theirs
    return [*pieces, *_changed(only_a, only_b)]


def _changed(only_a: str, only_b: str) -> list[Piece]:
    return [piece for piece in (Piece("only a", only_a), Piece("only b", only_b)) if piece.text]


def _units(a: str, b: str) -> Sequence[Sequence[str]]:
    """Cut both texts into what is compared: words, lines, or all of it at once."""
    for pattern, most in ((_WORDS, MOST_WORDS), (_LINES, MOST_LINES)):
        cut = [pattern.findall(text) for text in (a, b)]
        if max(map(len, cut)) <= most:
            return cut
    return [[a], [b]]
