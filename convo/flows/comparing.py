"""Two branches laid side by side: the shared prefix folded, turns aligned from the fork, differences by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.completions import Usage
from convo.errors import NotFound
from convo.flows.handle import Handle, refresh
from convo.flows.settings import checked_branch
from convo.messages import AssistantMessage, ToolCall
from convo.records import Call, Entry
from convo.store import branches, history, ledger

Change = Literal["same", "only a", "only b"]
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text: in both, or in one of them only."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One turn as one branch has it: its messages, and what its calls used and were made with.

    ``seconds`` is the time its calls took, by the clock of the process that made them.
    """

    entries: tuple[Entry, ...]
    calls: tuple[Call, ...] = ()

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
    def usage(self) -> Usage:
        """The sum over the calls."""
        return sum((call.usage for call in self.calls if call.usage is not None), Usage())

    @property
    def seconds(self) -> float:
        """How long the calls took, in seconds."""
        return sum((call.ended_at - call.started_at).total_seconds() for call in self.calls)

    @property
    def options(self) -> dict[str, object]:
        """The options of its last call, large ones by the hash under which they are stored."""
        return dict(self.calls[-1].recipe.get("o", {})) if self.calls else {}

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

    def usage(self) -> tuple[Usage, Usage]:
        """Return what each branch used after the fork."""
        sides = [[pair.a for pair in self.pairs if pair.a], [pair.b for pair in self.pairs if pair.b]]
        first, second = (sum((side.usage for side in of), Usage()) for of in sides)
        return first, second

    def seconds(self) -> tuple[float, float]:
        """Return how long the calls of each took after the fork."""
        return (
            sum(pair.a.seconds for pair in self.pairs if pair.a),
            sum(pair.b.seconds for pair in self.pairs if pair.b),
        )


def words(a: str, b: str) -> list[Piece]:
    """Return how ``a`` becomes ``b``: runs of words, in both or in one of them."""
    left, right = _WORDS.findall(a), _WORDS.findall(b)
    pieces: list[Piece] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(left[i1:i2])))
            continue
        if i2 > i1:
            pieces.append(Piece("only a", "".join(left[i1:i2])))
        if j2 > j1:
            pieces.append(Piece("only b", "".join(right[j1:j2])))
    return pieces


async def diff(handle: Handle, a: str | int, b: str | int) -> Comparison:
    """Compare branches ``a`` and ``b`` of the conversation from where they part. O(messages after that point)."""
    wanted = [checked_branch(name) for name in (a, b)]
    await refresh(handle)
    conversation = handle.conversation_id

    def work(connection: Connection) -> Comparison:
        sides = [branches.state(connection, conversation, name) for name in wanted]
        if sides[0] is None or sides[1] is None:
            missing = a if sides[0] is None else b
            raise NotFound(f"there is no branch {missing!r:.80} in this conversation")
        heads = [(side.branch.no, side.branch.head_seq) for side in sides if side is not None]
        paths = [history.spans(connection, conversation, number, head) for number, head in heads]
        shared = _shared(paths[0], paths[1])
        turns = [
            list(_turns(connection, conversation, history.clip(path, shared, head)))
            for path, (_, head) in zip(paths, heads, strict=True)
        ]
        longest = max(len(turns[0]), len(turns[1]))
        padded = [[*side, *[None] * (longest - len(side))] for side in turns]
        pairs = tuple(Pair(a=left, b=right) for left, right in zip(*padded, strict=True))
        return Comparison(a=sides[0].branch.name, b=sides[1].branch.name, shared=shared, pairs=pairs)

    return await handle.port.read(work)


def _shared(a: Sequence[history.Span], b: Sequence[history.Span]) -> int:
    """Return how many messages two paths share: the last seq that the same branch owns on both."""
    owned = {span.branch_no: span for span in a}
    ends = (min(span.hi, owned[span.branch_no].hi) for span in b if span.branch_no in owned)
    return max(ends, default=0)


def _turns(connection: Connection, conversation: UUID, spans: Sequence[history.Span]) -> Iterator[Side]:
    entries = history.read(connection, conversation, spans)
    groups: list[list[Entry]] = []
    for entry in entries:
        begins = not groups or entry.turn_id != groups[-1][-1].turn_id or entry.turn_id is None
        if begins and not (groups and _goes_on(groups[-1][-1], entry)):
            groups.append([])
        groups[-1].append(entry)
    ids = list({entry.turn_id for entry in entries if entry.turn_id is not None})
    calls = ledger.calls(connection, conversation, ids) if ids else []
    for group in groups:
        own = tuple(call for call in calls if call.turn_id in {entry.turn_id for entry in group})
        yield Side(entries=tuple(group), calls=own)


def _goes_on(last: Entry, entry: Entry) -> bool:
    """Whether ``entry`` belongs to the exchange of ``last``: what was appended by hand has no turn of its own."""
    return entry.turn_id is None and last.turn_id is None and not (entry.role == "user" and last.role != "user")
