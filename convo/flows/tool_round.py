"""One round of tool calls: those that wait at the path's end, made and answered while their turn holds the branch.

Laws of this file:
- That a call is being made is committed before it is made, unless it may be repeated; its result as it arrives, in
  a commit of its own.
- A call that was in flight when its process died is made again only where its tool says that this is safe.
- What goes wrong in a call is the model's to read: an error, a refusal, a time limit become the call's result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import field, replace
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.errors import InvalidMessage, InvalidSetting, TurnClosed, WrongFace
from convo.flows.crew import PATIENCE, Crew, Job
from convo.flows.events import Outcome, RunEvent, ToolFinished, ToolStarted
from convo.flows.handle import Handle
from convo.flows.heads import TAIL
from convo.flows.outbound import entries_for
from convo.flows.reply import waiting_calls
from convo.flows.toolbox import ToolFunction, result_of
from convo.flows.turn import BEATS
from convo.flows.windows import load_window, remember
from convo.frozen import dataclass
from convo.messages import ToolCall, ToolMessage, tool_result
from convo.partials import Packed
from convo.ports import Ended
from convo.records import Entry, Turn
from convo.store import branches, ledger
from convo.store.rows import check_size

LONGEST_ERROR = 2000
"""Characters of an exception's text that the model is told."""

INTERRUPTED = (
    "interrupted: the process that made this call ended before its result came; it may have taken effect or not"
)
REFUSED = "refused: the call was not approved"


@dataclass(frozen=True, kw_only=True)
class ToolUse:
    """The tools of one ``run``: its functions by name, who approves calls, and how many rounds it may take."""

    functions: Mapping[str, ToolFunction]
    approve: Callable[[ToolCall], Any] | None
    max_rounds: int


def started_calls(pieces: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the ids of the calls that ``pieces`` (of an attempt's parts) say were started."""
    return {piece["call"] for piece in pieces if piece["kind"] == "started"}


class NotMade(Exception):
    """A call that is not made; ``text`` is its result."""

    def __init__(self, outcome: Outcome, text: str) -> None:
        self.outcome, self.text = outcome, text


@dataclass(slots=True)
class ToolRound:
    """The calls that wait for a result in ``turn``, which is running and has no request in flight.

    ``marks`` are the parts that the turn brought along: calls that an attempt before had started. ``stored`` are the
    results, in the order in which they came.
    """

    handle: Handle
    turn: Turn
    use: ToolUse
    lease_ms: int
    marks: Packed = field(default_factory=list)
    stored: list[Entry] = field(default_factory=list)
    _parts: int = 0
    _left: int = 0

    async def events(self) -> AsyncGenerator[RunEvent, None]:
        """Make the calls, store each result, tell of both. True afterwards: every call has its result.

        Raises TurnClosed where the turn was stopped or taken over, WrongFace, and what the user's function for
        approvals raises.
        """
        self._parts = 1 if self.marks else 0
        waiting = waiting_calls(await load_window(self.handle, TAIL))
        self._left = len(waiting)
        doubtful = started_calls(self.marks)
        jobs: deque[Job] = deque()
        beating = self.handle.port.beat(self.lease_ms / 1000 / BEATS, self._renew)
        try:
            for call in waiting.values():
                try:
                    jobs.append(await self._job(call, call.id in doubtful))
                except NotMade as why:
                    yield await self._store(call, why.outcome, tool_result(call, why.text))
        finally:
            await beating.stop()
        async with aclosing(self._made(jobs)) as made:
            async for event in made:
                yield event

    async def _job(self, call: ToolCall, doubtful: bool) -> Job:
        function = self.use.functions.get(call.name)
        if doubtful and (function is None or function.repeat == "never"):
            raise NotMade("interrupted", INTERRUPTED)
        if function is None:
            there = ", ".join(self.use.functions) or "none"
            raise NotMade("error", f"error: there is no tool {call.name!r:.100}; there are: {there}")
        try:
            arguments = function.arguments_of(call)
        except InvalidMessage as problem:
            raise NotMade("error", f"error: {problem}") from None
        await self._ask(call, function)
        return Job(call=call, function=function, arguments=arguments)

    async def _ask(self, call: ToolCall, function: ToolFunction) -> None:
        asked = approval_of(function, self.use.approve)
        if asked is None:
            return
        answer = await self.handle.port.workers().ask(asked, call)
        if isinstance(answer, str):
            raise NotMade("refused", f"refused: {answer}")
        if not answer:
            raise NotMade("refused", REFUSED)

    async def _made(self, jobs: deque[Job]) -> AsyncGenerator[RunEvent, None]:
        crew = Crew(self.handle.port.workers(), min(PATIENCE, self.lease_ms / 1000 / BEATS))
        try:
            while jobs or crew.busy:
                fresh = [jobs.popleft() for _ in range(min(crew.free, len(jobs)))]
                await self._mark(fresh)
                crew.start(fresh)
                for job in fresh:
                    yield ToolStarted(job.call)
                ended = await crew.ended()
                if not ended:
                    self._check(await self.handle.port.write(self._renew))
                for job, outcome in ended:
                    yield await self._store(job.call, *told(job, outcome))
        finally:
            await crew.close()

    async def _mark(self, jobs: list[Job]) -> None:
        """Commit that these calls are being made, as far as it matters when their process dies."""
        body = [{"kind": "started", "call": job.call.id} for job in jobs if job.function.repeat == "never"]
        if not body:
            return
        number, fence = self._parts, self._fence

        def work(connection: Connection) -> bool:
            held = self._renew(connection)
            if held and not ledger.parts(connection, fence, number - 1):
                ledger.add_part(connection, fence, number, body)
            return held

        self._check(await self.handle.port.write(work))
        self._parts += 1

    async def _store(self, call: ToolCall, outcome: Outcome, result: ToolMessage) -> ToolFinished:
        """Commit a result; with the last one, what was noted of calls being made goes."""
        (entry,) = entries_for(self.handle, [result], self.turn.id)
        entry = replace(entry, incomplete=outcome in ("interrupted", "timeout"))
        place, head, last = self.handle.place, entry.seq - 1, self._left == 1

        def work(connection: Connection) -> bool:
            if not branches.advance(connection, place, (self.turn.id, self.turn.attempt), head, self.lease_ms):
                return ledger.has_message(connection, entry)
            ledger.add_messages(connection, [entry])
            if last:
                ledger.drop_parts(connection, self._fence)
            return True

        self._check(await self.handle.port.write(work))
        self._left -= 1
        remember(self.handle, [entry])
        self.stored.append(entry)
        return ToolFinished(call, entry, outcome)

    @property
    def _fence(self) -> tuple[UUID, UUID, int]:
        return self.turn.conversation_id, self.turn.id, self.turn.attempt

    def _renew(self, connection: Connection) -> bool:
        return branches.renew(connection, self.handle.place, (self.turn.id, self.turn.attempt), self.lease_ms)

    @staticmethod
    def _check(held: bool) -> None:
        if not held:
            raise TurnClosed("the turn was stopped or taken over while its tools were called")


def approval_of(function: ToolFunction, given: Callable[[ToolCall], Any] | None) -> Callable[[ToolCall], Any] | None:
    """Return who is asked before ``function`` is called, None for nobody; ``given`` is the one given to ``run``.

    Raises InvalidSetting where somebody must be asked and there is nobody.
    """
    if callable(function.approve):
        return function.approve
    if function.approve and given is None:
        raise InvalidSetting(
            f"calls of {function.name} must be approved: give run(..., approve=function)", field="approve"
        )
    return None if function.approve is False else given


def told(job: Job, ended: Ended | None) -> tuple[Outcome, ToolMessage]:
    """Return how a call ended and the message that tells the model; ``ended`` None: it took too long.

    Raises WrongFace and what is no mere error of the tool, such as KeyboardInterrupt.
    """
    if ended is None:
        limit = f"{job.function.timeout:g}"
        text = f"error: there was no result within {limit} seconds; whether the call took effect is not known"
        return "timeout", tool_result(job.call, text)
    error = ended.error
    try:
        if error is None:
            message = result_of(job.call, ended.value)
            check_size(message.to_json())
            return "ok", message
    except Exception as problem:  # what a tool returned may fail in any way when it is made JSON
        error = problem
    if isinstance(error, WrongFace) or not isinstance(error, Exception):
        raise error
    text = f"error: {type(error).__name__}: {_text_of(error)}"
    return "error", tool_result(job.call, text[:LONGEST_ERROR])


def _text_of(error: Exception) -> str:
    try:
        return str(error)
    except Exception as problem:  # an exception's own text is the tool's code too
        return f"its text cannot be had, for it raises {type(problem).__name__}"
