"""The tool loop: the model is asked, the calls it wants are made, their results given back to it, until it answers.

Laws of this file:
- From the first request to the answer the turn holds its branch: nobody writes between a call and its result.
- However it ends early, the turn is left so that it can be taken up, with every result that came.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any

from sqlalchemy.engine import Connection

from convo.completions import Usage
from convo.errors import ConvoError, NotFound, StoreError, StreamInterrupted, ToolRoundsExceeded, TurnClosed
from convo.flows.call_records import error_record
from convo.flows.events import RunEvent, TurnDone
from convo.flows.handle import Handle, refresh
from convo.flows.heads import TAIL
from convo.flows.outbound import Ask
from convo.flows.reply import Reply, waiting_calls
from convo.flows.runners import runs
from convo.flows.tool_round import ToolRound, ToolUse
from convo.flows.turn import answer, stream
from convo.flows.turn_begin import Opening, next_attempt, open_turn
from convo.flows.turn_finish import CANCELLED
from convo.flows.windows import load_window
from convo.records import Entry, Turn
from convo.store import branches, ledger
from convo.store.clock import now


class ToolLoop:
    """One ``run``: its openings one after the other, and the reply that stands at its end."""

    def __init__(self, handle: Handle, use: ToolUse, keep: Callable[[Reply], None]) -> None:
        self._handle, self._use, self._keep = handle, use, keep
        self._opening: Opening | None = None
        self._usage: Usage | None = None
        self._reply: Reply | None = None

    async def events(self, opening: Opening, ask: Ask) -> AsyncGenerator[RunEvent, None]:
        """Run the turn that ``opening`` begins to its answer; hand its reply to ``keep`` and tell it last.

        Raises what asking the model raises, and ToolRoundsExceeded with the reply; whatever is raised, the turn is
        left so that it can be taken up.
        """
        try:
            async with aclosing(self._steps(opening, ask)) as steps:
                async for event in steps:
                    yield event
        except BaseException as problem:
            await self._handle.port.shielded(self._let_go(problem))
            raise

    async def _steps(self, opening: Opening, ask: Ask) -> AsyncGenerator[RunEvent, None]:
        lease_ms = ask.settings.lease_ms(ask.backend)
        for rounds_left in range(self._use.max_rounds, -1, -1):
            self._opening, opening.holds_ms = opening, lease_ms if rounds_left else 0
            async with aclosing(self._opened(opening, ask)) as pieces:
                async for piece in pieces:
                    yield piece
            turn = opening.turn if opening.for_tools else self._last.turn
            if turn.status != "running":
                break
            calls = ToolRound(self._handle, turn, self._use, lease_ms, opening.resumed if opening.for_tools else [])
            async with aclosing(self._called(turn, calls)) as events:
                async for event in events:
                    yield event
            opening, ask = _next(self._handle, turn, calls.stored), _later(ask)
        yield self._done()

    async def _opened(self, opening: Opening, ask: Ask) -> AsyncGenerator[RunEvent, None]:
        """Open the turn, and have the model answer unless tools come first."""
        if opening.for_tools:
            await open_turn(self._handle, opening, ask)
        elif ask.streamed:
            async with aclosing(stream(self._handle, opening, ask, self._take)) as deltas:
                async for delta in deltas:
                    yield delta
        else:
            self._take(await answer(self._handle, opening, ask))

    async def _called(self, turn: Turn, calls: ToolRound) -> AsyncGenerator[RunEvent, None]:
        """Have the calls made."""
        with runs((turn.id, turn.attempt), self._handle.port, self._stop) as runner:
            async with aclosing(calls.events()) as events:
                async for event in events:
                    runner.wait()
                    yield event
                    await runner.is_stopped()

    async def _stop(self) -> None:
        """End the turn, which was asked to stop; what it does next raises TurnClosed."""
        await self._release(TurnClosed())

    def _take(self, reply: Reply) -> None:
        """Keep a reply, with the input of the first and what all of them used."""
        if reply.usage is not None:
            self._usage = reply.usage if self._usage is None else self._usage + reply.usage
        first = self._reply or reply
        self._reply = replace(reply, inputs=first.inputs, usage=self._usage)

    @property
    def _last(self) -> Reply:
        assert self._reply is not None  # noqa: S101 - the model has answered
        return self._reply

    def _done(self) -> TurnDone:
        reply = self._last
        if reply.turn.status == "awaiting_tools":
            raise ToolRoundsExceeded(
                f"the model still wants tools called after {self._use.max_rounds} rounds: run(None, ...) goes on, or "
                "give a greater max_rounds",
                reply=reply,
            )
        self._keep(reply)
        return TurnDone(reply)

    async def _let_go(self, problem: BaseException) -> None:
        with suppress(StoreError, NotFound):  # the store fails here too: the lease will lapse
            await self._release(problem)

    async def _release(self, problem: BaseException) -> None:
        """Release the branch where this turn holds it and no request is in flight; the rest is as it is stored."""
        opening, handle = self._opening, self._handle
        if opening is None or not opening.is_ours:
            return
        found = await refresh(handle)
        turn = handle.last
        if turn is None or (found.open_turn, found.open_attempt) not in (opening.fence, opening.held_by):
            return
        waiting = bool(waiting_calls(await load_window(handle, TAIL)))
        ended = _left(turn, problem, waiting)
        head = handle.head

        def work(connection: Connection) -> bool:
            if ledger.pending(connection, turn.conversation_id, turn.id) is not None:
                return False
            if not branches.release(connection, handle.place, (turn.id, turn.attempt), head, None, at=head):
                return False
            ledger.end_turn(connection, ended)
            if ended.status != "awaiting_tools":
                ledger.drop_parts(connection, (turn.conversation_id, turn.id, turn.attempt))
            return True

        if await handle.port.write(work):
            handle.last = ended


def _left(turn: Turn, problem: BaseException, waiting: bool) -> Turn:
    """Return ``turn`` as it stands once ``problem`` has ended it while it called tools.

    TurnClosed while it is still this one's means that somebody asked it to stop.
    """
    if isinstance(problem, TurnClosed):
        return replace(turn, status=CANCELLED, ended_at=now())
    if waiting:
        return replace(turn, status="awaiting_tools", ended_at=now())
    refused = isinstance(problem, ConvoError) and not isinstance(problem, StreamInterrupted)
    status = "failed" if refused else "interrupted"
    return replace(turn, status=status, error=error_record(problem), ended_at=now())  # type: ignore[arg-type]


def _next(handle: Handle, turn: Turn, results: list[Entry]) -> Opening:
    """Return the opening of the request that brings the model its results, by the turn that holds the branch.

    A turn that began with results, on a fork in the midst of a round, has these as its input.
    """
    if results and turn.input is None and turn.output is None:
        turn = replace(turn, input=(results[0].seq, results[-1].seq))
    opening = next_attempt(handle, turn)
    opening.held = True
    return opening


def _later(ask: Ask) -> Ask:
    """Return ``ask`` as it is for the requests after the first: without what held for the first alone.

    A ``tool_choice`` that forces a call would force one for ever.
    """
    changes: dict[str, Any] = {}
    if ask.first_max_tokens is not None:
        changes["max_tokens"] = ask.first_max_tokens
    if ask.options.tool_choice not in (None, "auto", "none"):
        changes["tool_choice"] = None
    options = ask.options.replace(**changes) if changes else ask.options
    settings = replace(ask.settings, options=options)
    first_only: dict[str, Any] = {"prefix": "", "given_prefix": "", "continued": False, "first_max_tokens": None}
    return replace(ask, settings=settings, expect_head=None, **first_only)
