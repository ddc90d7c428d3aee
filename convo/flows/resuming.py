"""Taking up a turn that was left: continued where its text can go on, asked again where not; or ended on purpose."""

from __future__ import annotations

import time
from dataclasses import replace
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.context.tokens import estimate
from convo.errors import NothingToCancel, NothingToResume, Unsupported
from convo.flows.branching import set_out
from convo.flows.call_records import call_record
from convo.flows.handle import Handle, refresh
from convo.flows.heads import TAIL, Ground, after_moved, deadline_of, judged
from convo.flows.outbound import Ask, entries_for
from convo.flows.record import first_asked
from convo.flows.reply import waiting_calls
from convo.flows.runners import stop_here
from convo.flows.turn_begin import Opening, new_turn, next_attempt, partial_of
from convo.flows.windows import load_window, remember
from convo.messages import AssistantMessage, assistant
from convo.options import CompletionOptions
from convo.partials import Partial
from convo.records import UNFINISHED, Entry, Turn
from convo.store import branches, ledger
from convo.store.clock import now

LENGTH = frozenset({"length", "model_length"})
"""Finish reasons of an answer that ended before it was complete."""

CANCEL_GRACE = 3.0
"""Seconds a runner is given to stop by itself, with all that came, before its turn is ended for it."""

_POLL = 0.05


async def resume_opening(
    handle: Handle, ask: Ask, given: CompletionOptions, only: UUID | None = None
) -> tuple[Opening, Ask]:
    """Plan ``resume``: take up the branch's failed, interrupted or lapsed last turn, with the options it had.

    ``given`` are options laid over those; ``only`` is the one turn that may be taken up, while it is unfinished. A
    plain text that had come is continued where the backend can; an answer that ended for its length is continued on a
    branch of its own, which the opening makes and the handle moves to. Raises NothingToResume, Unsupported (``n``
    greater than 1), BranchMoved, and TurnInProgress while the turn is running.
    """
    found = await refresh(handle)
    if found.open_turn is not None and (found.lease_left or 0) > 0:
        await after_moved(handle, found, deadline_of(ask))
    turn = handle.last
    if only is not None and (turn is None or turn.id != only or turn.status == "completed"):
        raise _nothing(handle, turn)
    if turn is not None and turn.status == "completed":
        return await _lengthen(handle, turn, ask, given)
    if turn is None or turn.status not in ("failed", "interrupted", "running"):
        raise _nothing(handle, turn)
    if await _stopped_at_tools(handle, turn):
        raise _nothing(handle, replace(turn, status="awaiting_tools"))
    asked, prefix = await first_asked(handle, turn)
    options, partial = asked.merged(given), await partial_of(handle, turn)
    if (options.n or 1) > 1:
        raise _several(partial)
    opening = next_attempt(handle, turn)
    opening.check = lambda now: still_resumable(now, opening)
    again = replace(ask, settings=replace(ask.settings, options=options), prefix=prefix, given_prefix=prefix)
    if not _can_continue(ask, options, partial):
        return opening, again
    opening.resumed = [dict(piece) for piece in partial.pieces]
    return opening, _continuing(again, partial.text, options)


async def _stopped_at_tools(handle: Handle, turn: Turn) -> bool:
    """Return whether the process of ``turn`` died while it called tools, before all results were in."""
    pending = await handle.port.read(lambda c: ledger.pending(c, handle.conversation_id, turn.id))
    return turn.status == "running" and pending is None and bool(waiting_calls(await load_window(handle, TAIL)))


def _nothing(handle: Handle, turn: Turn | None) -> NothingToResume:
    said = "there is none" if turn is None else f"it is {turn.status}"
    waits = turn is not None and turn.status == "awaiting_tools"
    hint = ": give the results to submit(), or the tools to run(None, tools=...)" if waits else ""
    return NothingToResume(f"the last turn of branch {handle.branch.name!r} cannot be resumed, {said}{hint}")


def _several(partial: Partial) -> Unsupported:
    again = "complete(n=...) asks for several again"
    if partial.message() is not None:
        again = "cancel() keeps what had come of the first, and regenerate(n=...) then asks for several again"
    return Unsupported(
        f"a turn with several choices cannot be resumed: resume(n=1) asks for one, {again}; send() goes on"
    )


def _can_continue(ask: Ask, options: CompletionOptions, partial: Partial) -> bool:
    formed = options.response_format is not None and options.response_format.type != "text"
    return partial.is_plain and _is_exact(ask) and not formed


def _is_exact(ask: Ask) -> bool:
    """Whether it is declared how the backend continues a text in this mode: else the seam would be a guess."""
    prefix = ask.profile.prefix
    return prefix.supported and (prefix.echoes_stream if ask.streamed else prefix.echoes_whole) is not None


def _continuing(ask: Ask, text: str, options: CompletionOptions) -> Ask:
    """Return ``ask`` with ``text`` as the beginning of the answer, and as many tokens less to make."""
    if options.max_tokens is not None:
        left = max(options.max_tokens - estimate(assistant(text)), 1)
        settings = replace(ask.settings, options=options.replace(max_tokens=left))
        ask = replace(ask, settings=settings, first_max_tokens=options.max_tokens)
    return replace(ask, prefix=text, continued=True)


def still_resumable(handle: Handle, opening: Opening) -> None:
    """Raise NothingToResume unless the branch's last turn is still at the attempt before ``opening``."""
    last = handle.last
    if last is None or last.id != opening.turn.id or last.attempt != opening.turn.attempt - 1:
        raise NothingToResume("another process has taken this turn up meanwhile")


async def _lengthen(handle: Handle, turn: Turn, ask: Ask, given: CompletionOptions) -> tuple[Opening, Ask]:
    entries = await load_window(handle, TAIL)
    last = entries[-1] if entries else None
    text = last.message if last is not None and last.finish_reason in LENGTH else None
    if last is None or not isinstance(text, AssistantMessage) or not isinstance(text.content, str) or text.calls:
        raise _nothing(handle, turn)
    if not ask.profile.prefix.supported:
        raise Unsupported(f"{ask.backend_name} cannot continue an answer: ask for the rest with send()")
    if not _is_exact(ask):
        how = "resume()" if ask.streamed else "stream_resume()"
        raise Unsupported(f"it is not known how {ask.backend_name} continues an answer in this mode: use {how}")
    asked, _ = await first_asked(handle, turn)
    ask = await judged(handle, ask)
    await set_out(handle, last)
    options = asked.merged(given)
    again = replace(ask, settings=replace(ask.settings, options=options), prefix=text.content, continued=True)
    return new_turn(handle, [], again), replace(again, given_prefix=last.prefix, first_max_tokens=options.max_tokens)


async def cancel(handle: Handle, grace: float = CANCEL_GRACE) -> Entry | None:
    """End the branch's running or unfinished turn on purpose; return what had come of it as a message, None for none.

    A runner anywhere is asked to stop and stores all that came, at once where it waits for its reader in this process;
    one that does not within ``grace`` seconds has its turn ended for it, with what its checkpoints had kept. Raises
    NothingToCancel.
    """
    found = await refresh(handle)
    fence = (found.open_turn, found.open_attempt or 0) if found.open_turn is not None else None
    if fence is not None and await handle.port.write(lambda c: branches.ask_to_stop(c, handle.place, fence)):
        await _wait_until_stopped(handle, fence, grace)
    ground = Ground.of(handle)
    turn = ground.last
    if turn is None or turn.status not in (*UNFINISHED, "running"):
        return await _ended_answer(handle, turn, fence is not None)
    return await _end_for_it(handle, turn, ground)


async def _wait_until_stopped(handle: Handle, fence: tuple[UUID, int], grace: float) -> None:
    deadline = time.monotonic() + grace
    await stop_here(handle.port, fence)
    found = await refresh(handle)
    while (found.open_turn, found.open_attempt) == fence and (found.lease_left or 0) > 0:
        if time.monotonic() >= deadline:
            return
        await handle.port.sleep(_POLL)
        found = await refresh(handle)


async def _ended_answer(handle: Handle, turn: Turn | None, was_running: bool) -> Entry | None:
    if not was_running or turn is None:
        raise NothingToCancel()
    entries = await load_window(handle, TAIL)
    return entries[-1] if entries and entries[-1].turn_id == turn.id and entries[-1].role == "assistant" else None


async def _end_for_it(handle: Handle, turn: Turn, ground: Ground) -> Entry | None:
    """End ``turn``, the last one on ``ground``."""
    message = None if turn.status == "awaiting_tools" else (await partial_of(handle, turn)).message()
    entries = [] if message is None else entries_for(handle, [message], turn.id, start=ground.head)
    entries = [replace(entry, finish_reason="cancelled") for entry in entries]
    running = turn.status == "running"
    output = (turn.output[0] if turn.output else entries[0].seq, entries[0].seq) if entries else turn.output
    cancelled = replace(turn, status="cancelled", output=output, ended_at=now())
    head, fence = ground.head, (turn.id, turn.attempt)

    def work(connection: Connection) -> Turn | None:
        if running:
            taken = branches.release(connection, handle.place, fence, head + len(entries), None, at=head)
        else:
            place = replace(handle.place, revision=ground.revision)
            taken = branches.move(connection, place, head, len(entries), last_turn=turn.id, after=turn.id)
        if not taken:
            return None
        pending = ledger.pending(connection, handle.conversation_id, turn.id) if running else None
        ended = replace(cancelled, calls=turn.calls + (pending is not None))
        if pending is not None:
            error = {"type": "Cancelled", "message": "the turn was ended while this call was in flight"}
            ledger.add_call(connection, handle.conversation_id, call_record(turn, pending, error=error))
        ledger.add_messages(connection, entries)
        ledger.end_turn(connection, ended, was=turn.status)
        ledger.drop_parts(connection, (handle.conversation_id, *fence))
        return ended

    ended = await handle.port.write(work)
    if ended is None:
        found = await refresh(handle)
        left = handle.last is not None and handle.last.id == turn.id and handle.last.status in UNFINISHED
        if left or found.open_turn == turn.id:  # its reader left, a tool's result came, or its next call left meanwhile
            return await cancel(handle, grace=0.0)
        return await _ended_answer(handle, handle.last, was_running=True)
    handle.last = ended
    if entries:
        remember(handle, entries)
    return entries[0] if entries else None
