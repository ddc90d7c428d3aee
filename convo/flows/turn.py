"""A turn: begin, call, finish.

Laws of this file:
- The input is committed before the backend is asked; the answer before it is given back.
- No transaction and no pooled connection is held while the backend is being asked.
- Whatever ends a turn early (an error, a cancellation, a reader who left) leaves it resumable, never half written.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from sqlalchemy.engine import Connection

from convo.completions import Choice, Completion, Delta
from convo.errors import ContextTooLong, TurnClosed
from convo.flows.checkpoint import Checkpoints
from convo.flows.handle import Handle
from convo.flows.learning import learn, shrink
from convo.flows.outbound import Ask
from convo.flows.reply import Reply
from convo.flows.runners import runs
from convo.flows.telling import tell
from convo.flows.turn_begin import Opening, open_turn
from convo.flows.turn_finish import close_turn, let_go, stop_turn
from convo.partials import Partial, pack, stop_across
from convo.ports import Beating
from convo.store import branches
from convo.turns import Accumulator

BEATS = 3
"""Heartbeats in the time of a lease."""


async def answer(handle: Handle, opening: Opening, ask: Ask) -> Reply:
    """Run a turn to its end, the answer as a whole; return the reply.

    Raises what opening raises (nothing is written then), BackendError (the input stays, the turn is ``failed``),
    TurnClosed (somebody took the turn over meanwhile).
    """
    try:
        await open_turn(handle, opening, ask)
        beating = _beating(handle, opening, ask)
        try:
            completion = await _completed(handle, opening, ask)
        finally:
            await beating.stop()
        learn(handle, ask, opening.sent, completion)
        return await close_turn(
            handle, opening, ask, _cut_at_seam(completion, ask), _resumed_points(handle, opening, ask)
        )
    except BaseException as problem:
        if opening.is_ours:
            await handle.port.shielded(let_go(handle, opening, problem))
        raise


async def _completed(handle: Handle, opening: Opening, ask: Ask) -> Completion:
    await tell(handle, opening, ask)
    try:
        return await handle.port.complete(ask.backend, opening.sent.request)
    except ContextTooLong as problem:
        smaller = await shrink(handle, opening, ask, problem)
        return await handle.port.complete(ask.backend, smaller.request)


async def stream(
    handle: Handle, opening: Opening, ask: Ask, keep: Callable[[Reply], None]
) -> AsyncGenerator[Delta, None]:
    """Run a turn to its end, the answer piece by piece; hand the reply to ``keep`` once it is stored.

    The deltas' texts add up to the reply's text, a prefix that was asked for first; of an answer that is continued
    only what is new is given. A reader who leaves early, like any error, leaves the turn ``interrupted`` or
    ``failed``, its input and what has streamed kept. Ends quietly when somebody cancels the turn.
    """
    points = Checkpoints(handle, opening.fence, ask.settings.lease_ms(ask.backend), ask.settings.checkpoints)
    running = _Running(handle, opening, ask, points)
    try:
        await open_turn(handle, opening, ask)
        points.kept = 1 if opening.resumed else 0
        with runs(opening.fence, handle.port, running.stop) as runner:
            async with aclosing(running.deltas()) as deltas:
                async for delta in deltas:
                    if runner.asked:
                        points.lost = True
                        break
                    runner.wait()
                    yield delta
                    if not runner.moves() and await runner.is_stopped():
                        break
            keep(await running.end())
    except BaseException as problem:
        if opening.is_ours:
            await handle.port.shielded(let_go(handle, opening, problem, points))
        raise


class _Running:
    """A stream that is being read: what it has given so far and how it ends."""

    def __init__(self, handle: Handle, opening: Opening, ask: Ask, points: Checkpoints) -> None:
        self._handle, self._opening, self._ask, self._points = handle, opening, ask, points
        self._gathered = Accumulator()
        self._begun = ""
        self._given: Delta | None = None
        self._outcome: Reply | TurnClosed | None = None

    async def deltas(self) -> AsyncGenerator[Delta, None]:
        """Yield what the reader gets, keeping it as it comes."""
        given = Delta(text=self._ask.prefix)
        if self._ask.prefix:
            self._gathered.add(given)
        if self._ask.prefix and not self._ask.continued:
            self._given = given
            yield given
        beating = _beating(self._handle, self._opening, self._ask, self._points)
        try:
            async with aclosing(self._pieces()) as pieces:
                async for delta in pieces:
                    self._gathered.add(delta)
                    await self._keep(delta)
                    if self._points.lost or self._meets_stop(delta):
                        return
                    yield delta
        finally:
            await beating.stop()

    async def _keep(self, delta: Delta) -> None:
        """Keep what came; the prefix only once something has come after it, since it alone is no answer."""
        if self._given is not None and delta.says_something:
            await self._points.add(self._given)
            self._given = None
        await self._points.add(delta)

    async def _pieces(self) -> AsyncGenerator[Delta, None]:
        """Yield what the backend streams; one that finds the request too long is asked once more, with less."""
        port, backend = self._handle.port, self._ask.backend
        await tell(self._handle, self._opening, self._ask)
        try:
            async with aclosing(port.stream(backend, self._opening.sent.request)) as pieces:
                async for delta in pieces:
                    yield delta
            return
        except ContextTooLong as problem:
            smaller = await shrink(self._handle, self._opening, self._ask, problem)
        async with aclosing(port.stream(backend, smaller.request)) as pieces:
            async for delta in pieces:
                yield delta

    def _meets_stop(self, delta: Delta) -> bool:
        """Whether a stop sequence lies across the seam of a continued answer; O(1), looked for near the seam only."""
        if not self._ask.continued:
            return False
        stops, old = self._ask.options.stops, self._ask.prefix
        if len(self._begun) >= max(map(len, stops), default=0):
            return False
        self._begun += delta.text
        return stop_across(old + self._begun, len(old), stops) is not None

    async def stop(self) -> None:
        """End the turn, which was asked to stop, with what has come."""
        self._points.lost = True
        try:
            self._outcome = await self._end()
        except TurnClosed as problem:
            self._outcome = problem

    async def end(self) -> Reply:
        """Store the answer and return the reply; raises TurnClosed where the turn is somebody else's."""
        if isinstance(self._outcome, TurnClosed):
            raise self._outcome
        return self._outcome or await self._end()

    async def _end(self) -> Reply:
        completion = self._gathered.completion()
        if self._points.lost and not await _is_asked_to_stop(self._handle, self._opening):
            raise TurnClosed("another writer took this turn over; its answer was not stored")
        if self._points.lost:
            came = "" if self._given is not None else completion.text
            partial = Partial(pack([Delta(text=came)])).message()
            return await stop_turn(self._handle, self._opening, self._ask, partial, self._points)
        learn(self._handle, self._ask, self._opening.sent, completion)
        completion = _cut_at_seam(completion, self._ask)
        return await close_turn(self._handle, self._opening, self._ask, completion, self._points)


def _resumed_points(handle: Handle, opening: Opening, ask: Ask) -> Checkpoints | None:
    """The parts that a resumed turn answered as a whole leaves behind, so that they are dropped with its finish."""
    if not opening.resumed:
        return None
    settings = ask.settings
    return Checkpoints(handle, opening.fence, settings.lease_ms(ask.backend), settings.checkpoints, kept=1)


def _cut_at_seam(completion: Completion, ask: Ask) -> Completion:
    """Return a continued answer cut before a stop sequence that began in its old part and ended in the new one."""
    if not ask.continued:
        return completion
    at = stop_across(completion.text, len(ask.prefix), ask.options.stops)
    if at is None:
        return completion
    message = completion.message.replace(content=completion.text[:at])
    return Completion(
        choices=(Choice(message=message, finish_reason="stop"),),
        usage=completion.usage,
        model=completion.model,
        id=completion.id,
        backend=completion.backend,
        wire_hash=completion.wire_hash,
    )


async def _is_asked_to_stop(handle: Handle, opening: Opening) -> bool:
    found = await handle.port.read(
        lambda connection: branches.state(connection, handle.conversation_id, handle.place.branch_no)
    )
    return found is not None and (found.open_turn, found.open_attempt) == opening.fence


def _beating(handle: Handle, opening: Opening, ask: Ask, points: Checkpoints | None = None) -> Beating:
    """Renew the lease again and again, where no checkpoint has done so lately."""
    lease = ask.settings.lease_ms(ask.backend)
    pause = lease / 1000 / BEATS

    def renew(connection: Connection) -> bool:
        return branches.renew(connection, handle.place, opening.fence, lease)

    return handle.port.beat(pause, renew, lambda: points is None or time.monotonic() - points.renewed >= pause)
