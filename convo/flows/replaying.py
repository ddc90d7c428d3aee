"""Replaying a branch: the recorded inputs sent again, onto a new branch, to another model or with other settings.

Laws of this file:
- The branch that is replayed is only read; the new one stands where the first replayed input stood.
- Each input is sent under an idempotency key of the new branch: a replay that broke off is gone on with by running it
  again, and no turn is asked for twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Any, Unpack

from convo.errors import InvalidMessage, NoRecordedResult, NothingToAnswer, ToolRoundsExceeded
from convo.flows import accounting, conversing, running
from convo.flows.exchanges import Exchange, exchanges
from convo.flows.handle import Handle
from convo.flows.heads import TAIL
from convo.flows.replay_order import Order, order_from
from convo.flows.replay_plan import estimated
from convo.flows.replay_tools import ResultsOnRecord, answered, sought
from convo.flows.replay_values import Replay, ReplayBegun, ReplayDone, ReplayEvent, ReplayKwargs, TurnReplayed
from convo.flows.reply import Reply, waiting_calls
from convo.flows.running import MAX_ROUNDS
from convo.flows.toolbox import result_of
from convo.flows.tree import remove_bare
from convo.flows.windows import load_window
from convo.messages import Message, ToolCall, ToolMessage


async def replay(handle: Handle, branch: str | int | None, **given: Unpack[ReplayKwargs]) -> Replay:
    """Replay a branch (None: the handle's) and return what came of it."""
    done: ReplayDone | None = None
    async for event in stream_replay(handle, branch, **given):
        done = event if isinstance(event, ReplayDone) else done
    assert done is not None  # noqa: S101 - the last event
    return done.replay


async def stream_replay(
    handle: Handle, branch: str | int | None, **given: Unpack[ReplayKwargs]
) -> AsyncGenerator[ReplayEvent, None]:
    """Replay a branch, telling of each turn as it ends. Whatever ends it early, it can be gone on with.

    What is refused before anything is stored leaves no branch behind. Raises what a turn raises, NoRecordedResult,
    NothingToAnswer where no turn is on record, NotFound, AlreadyExists.
    """
    order = await order_from(handle, branch, given)
    if not order.total:
        raise NothingToAnswer("no turn is on record on this branch: there is nothing to replay")
    replaying = None if order.target is None else _Replaying(order, order.target)
    yield ReplayBegun(branch=None if order.target is None else order.target.branch, total=order.total)
    told: list[TurnReplayed] = []
    for number, step in enumerate(order.steps, 1):
        reply = None if replaying is None else await replaying.step(step, number)
        if step.asked:
            told.append(_told(order, step, len(told) + 1, reply))
            yield told[-1]
    if replaying is None:
        usage, made = await estimated(order), None
    else:
        usage, made = await accounting.usage(replaying.handle, None, "branch"), replaying.handle.branch
    yield ReplayDone(Replay(source=order.source.branch.name, branch=made, turns=tuple(told), usage=usage))


def _told(order: Order, step: Exchange, number: int, reply: Reply | None) -> TurnReplayed:
    return TurnReplayed(number=number, total=order.total, inputs=step.inputs, recorded=step.answer, reply=reply)


class _Replaying:
    """A replay under way on its new branch."""

    def __init__(self, order: Order, target: Handle) -> None:
        self._order, self.handle = order, target
        self._results = ResultsOnRecord(order.steps)

    async def step(self, step: Exchange, number: int) -> Reply | None:
        """Send one exchange's input again; what was put there by hand is put there again."""
        try:
            return await self._step(step, number)
        except BaseException:
            if self._order.made:
                await self.handle.port.shielded(remove_bare(self.handle))
            raise

    async def _step(self, step: Exchange, number: int) -> Reply | None:
        key = f"convo replay {self.handle.place.branch_no}.{number}"
        if not step.asked:
            kept = [entry.message for entry in step.entries if not entry.erased]
            await conversing.append(self.handle, tuple(kept), {"idempotency_key": key})
            return None
        given = self._order.kwargs_for(step) | {"idempotency_key": key}
        inputs = [entry.message for entry in step.inputs if not entry.erased]
        if self._order.tools == "live":
            return await running.run(self.handle, inputs or None, {**given, "tools": [*self._order.functions]})  # type: ignore[typeddict-item]
        return await self._with_results(step, await self._asked(inputs, given), given)

    async def _asked(self, inputs: Sequence[Message], given: Any) -> Reply:
        if inputs:
            return await conversing.send(self.handle, inputs, given)
        return await conversing.complete(self.handle, given)

    async def _with_results(self, step: Exchange, reply: Reply, given: Any) -> Reply:
        """Give the model the results it wants until it answers."""
        later = _later(given)
        for _ in range(max(MAX_ROUNDS, 2 * len(step.answers))):
            if reply.turn.status != "awaiting_tools":
                return reply
            results = [await self._result(step, call, before) for call, before in await self._waiting()]
            submitted = await conversing.submit(self.handle, results, later)
            assert submitted is not None  # noqa: S101 - all results were given
            reply = replace(submitted, inputs=reply.inputs)
        raise ToolRoundsExceeded("the model still wants tools called, far more often than on record", reply=reply)

    async def _waiting(self) -> list[tuple[ToolCall, int]]:
        """Return the calls that wait, each with how many equal ones have been answered in this exchange before it."""
        tail = await load_window(self.handle, TAIL)
        given = Counter(key for key, _ in answered(exchanges(tail)[-1].entries))
        waiting: list[tuple[ToolCall, int]] = []
        for call in waiting_calls(tail).values():
            waiting.append((call, given[sought(call)]))
            given[sought(call)] += 1
        return waiting

    async def _result(self, step: Exchange, call: ToolCall, before: int) -> ToolMessage:
        found = self._results.find(step, call, before)
        if found is None and self._order.ask is not None:
            value = await self.handle.port.workers().ask(self._order.ask, call)
            found = None if value is None else _given(call, value)
        if found is None:
            branch = self.handle.branch.name
            raise NoRecordedResult(
                f"the model called {call.name!r:.80} as it never did on branch {self._order.source.branch.name!r}, so "
                f"there is no result on record: submit() one on branch {branch!r}, where the call waits, or go on with "
                f'replay(name={branch!r}, resume=True) and tools="ask" or "live"',
                call=call,
                branch=branch,
            )
        return found


def _given(call: ToolCall, value: Any) -> ToolMessage:
    """Return what ``ask`` gave as the call's result; raises InvalidMessage for what cannot be one."""
    try:
        return result_of(call, value)
    except Exception:  # what a function returned may fail in any way when it is made JSON
        kind = type(value).__name__
        said = f"what ask gave for {call.name!r:.80} must be a text, chunks or what has a JSON form, not {kind}"
        raise InvalidMessage(said, field="ask") from None


def _later(given: Any) -> Any:
    """Return what holds for the requests after the first of an exchange: a forced call would be forced for ever."""
    dropped = {"prefix", "idempotency_key", "metadata"}
    if given.get("tool_choice") not in (None, "auto", "none"):
        dropped.add("tool_choice")
    return {name: value for name, value in given.items() if name not in dropped}
