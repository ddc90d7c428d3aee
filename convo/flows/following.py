"""Following a turn that runs elsewhere: what a browser needs after a reload."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.completions import Delta
from convo.errors import InvalidOption, NotFound, StreamInterrupted, TurnClosed
from convo.flows.handle import Handle
from convo.flows.record import turn_id_from
from convo.partials import Partial
from convo.records import Entry, Turn
from convo.store import branches, history, ledger
from convo.store.branches import Place

POLL = 0.1
"""Seconds between two looks at a running turn; what streams is kept about once a second."""

_ANSWERED = ("completed", "awaiting_tools", "cancelled")


@dataclass(slots=True)
class _View:
    """What is known of the turn that is followed: the answers it has stored, and what has streamed of the next."""

    place: Place
    turn_id: UUID
    turn: Turn | None = None
    attempt: int = 0
    part_no: int = -1
    pieces: list[dict[str, object]] = field(default_factory=list)
    output: tuple[int, int] | None = None
    answers: list[Entry] = field(default_factory=list)
    dead: bool = False

    def look(self, connection: Connection) -> None:
        """Read what is new: two or three statements while the turn runs."""
        turn = ledger.turn(connection, self.place.conversation_id, self.turn_id)
        if turn is None:
            raise NotFound("this conversation has no such turn")
        if turn.attempt != self.attempt:
            self.attempt, self.part_no, self.pieces = turn.attempt, -1, []
        if turn.output is not None and turn.output != self.output:
            self.output, self.part_no, self.pieces = turn.output, -1, []
            span = history.Span(turn.branch_no, turn.output[0] - 1, turn.output[1])
            stored = history.read(connection, turn.conversation_id, [span])
            self.answers = [entry for entry in stored if entry.role == "assistant"]
        for number, body in ledger.parts(connection, (turn.conversation_id, turn.id, turn.attempt), self.part_no):
            self.part_no = number
            self.pieces += body
        self.turn, self.dead = turn, False
        if turn.status == "running":
            self.dead = self._has_lapsed(connection, turn)

    def _has_lapsed(self, connection: Connection, turn: Turn) -> bool:
        found = branches.state(connection, turn.conversation_id, turn.branch_no)
        return found is None or found.open_turn != turn.id or (found.lease_left or 0) <= 0

    @property
    def text(self) -> str:
        """All the text there is by now; with tools that of every answer, as a stream gives it."""
        return "".join(entry.text for entry in self.answers) + Partial(self.pieces).text


async def follow(handle: Handle, turn: Turn | UUID | str, after: int) -> AsyncGenerator[Delta, None]:
    """Yield the text of a turn's answer from character ``after`` on, as it is kept, until the turn ends.

    A turn with tools has several answers: their texts follow each other, as in ``stream_run``. The last delta
    carries the finish reason. Raises NotFound; StreamInterrupted where the turn broke off (``resume`` continues it),
    TurnClosed where it was written over, or asked for anew with another answer than the one given so far.
    """
    if not isinstance(after, int) or isinstance(after, bool) or after < 0:
        raise InvalidOption("after: must be a number of characters, 0 or more", field="after")
    view, given = _View(handle.place, turn_id_from(turn)), ""
    while True:
        await handle.port.read(view.look)
        text, seen = view.text, view.turn
        answered = seen is not None and seen.status in _ANSWERED
        if not (text.startswith(given) or (given.startswith(text) and not answered)):
            raise TurnClosed("the turn was asked for anew, with another answer: follow() it from its first character")
        given = max(given, text, key=len)
        if len(text) > after:
            yield Delta(text=text[after:])
            after = len(text)
        if seen is not None and (seen.status != "running" or view.dead):
            break
        await handle.port.sleep(POLL)
    yield _last(seen, view)


def _last(turn: Turn, view: _View) -> Delta:
    if turn.status in _ANSWERED:
        return Delta(finish_reason=(view.answers and view.answers[-1].finish_reason) or turn.status)
    if turn.status == "superseded":
        raise TurnClosed("the turn was left unfinished and written over")
    said = "its process has died" if turn.status == "running" else f"it is {turn.status}"
    raise StreamInterrupted(f"the turn broke off ({said}): resume() takes it up again")
