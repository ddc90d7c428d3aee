"""Checkpoints: what streams is kept while it streams, so that a crash loses at most the last second of it.

Laws of this file:
- A checkpoint appends a part and renews the lease, fenced by (turn, attempt); it never delays the reader for long
  and never fails the stream: what could not be kept now is kept with the next one.
- One checkpoint is under way at a time.
- A runner learns at its checkpoints that it was asked to stop, or that its turn is somebody else's.
- A part that may be stored, because the reply to its COMMIT was lost, keeps its number and its words: who follows may
  have read it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.completions import Delta
from convo.flows.handle import Handle
from convo.partials import Packed, pack
from convo.ports import Pending
from convo.store import branches, ledger


@dataclass(slots=True)
class Checkpoints:
    """The parts of one attempt of a turn. ``kept`` counts those in the database, ``lost`` is whether the turn is.

    A part is kept ``every`` so many seconds, or once so many characters have come. ``tried`` are the parts after
    those kept that may be there as well: a transaction that was to store them has failed. ``renewed`` is when the last
    checkpoint that renewed the lease was begun, by ``time.monotonic``.
    """

    handle: Handle
    turn: tuple[UUID, int]
    lease_ms: int
    every: tuple[float, int]
    kept: int = 0
    lost: bool = False
    renewed: float = float("-inf")
    tried: list[Packed] = field(default_factory=list)
    _unkept: list[Delta] = field(default_factory=list)
    _unkept_size: int = 0
    _last: float = field(default_factory=time.monotonic)
    _pending: Pending[bool] | None = None

    @property
    def stored(self) -> bool:
        """Whether parts may be in the database."""
        return self.kept > 0 or bool(self.tried)

    @property
    def fence(self) -> tuple[UUID, UUID, int]:
        """Whose parts they are: conversation, turn, attempt."""
        return self.handle.conversation_id, *self.turn

    async def add(self, delta: Delta) -> None:
        """Take in a delta; keep a part where one is due. Sets ``lost`` when the turn was taken away. O(1)."""
        self._unkept.append(delta)
        self._unkept_size += len(delta.text) + len(delta.thinking)
        for call in delta.tool_calls:
            self._unkept_size += len(call.arguments)
        if self._pending is not None and self._pending.done:
            await self._learn(self._pending)
        if self._pending is None and (self._unkept_size >= self.every[1] or self._is_time()):
            self._begin()

    def _is_time(self) -> bool:
        return time.monotonic() - self._last >= self.every[0]

    def _begin(self) -> None:
        self._last, self._unkept_size = time.monotonic(), 0
        again, new, self._unkept = bool(self.tried), pack(self._unkept), []
        self.tried = parts = [*self.tried, new] if new else self.tried

        def write(connection: Connection) -> bool:
            nonlocal again
            rerun, again = again, True
            if not branches.renew(connection, self.handle.place, self.turn, self.lease_ms):
                return False
            self._add(connection, parts, rerun)
            return True

        self._pending = self.handle.port.begin_write(write)

    def _add(self, connection: Connection, parts: Sequence[Packed], again: bool) -> None:
        """Write ``parts`` after those kept; with ``again`` those among them that are not there yet."""
        there = ledger.count_parts(connection, self.fence) if again else self.kept
        for number, body in enumerate(parts, self.kept):
            if number >= there:
                ledger.add_part(connection, self.fence, number, body)

    async def _learn(self, pending: Pending[bool]) -> None:
        kept, self._pending = await pending.outcome(), None
        if kept:
            self.kept, self.tried, self.renewed = self.kept + len(self.tried), [], self._last
        self.lost = self.lost or kept is False

    async def settle(self) -> None:
        """Wait for the checkpoint under way, if there is one."""
        if self._pending is not None:
            await self._learn(self._pending)

    def keep_rest(self, connection: Connection) -> None:
        """Write what is not kept yet, in a transaction that holds the turn; nothing is under way (``settle``)."""
        rest = pack(self._unkept)
        self._add(connection, [*self.tried, rest] if rest else self.tried, again=bool(self.tried))
