"""``run`` as the faces call it: the tools made ready, what was given checked, the loop begun or taken up."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from convo.errors import InvalidOption, NothingToAnswer, NothingToResume, Unsupported
from convo.flows.asking import RunKwargs, call_ask, given_options
from convo.flows.events import RunEvent, TurnDone
from convo.flows.handle import Handle, refresh
from convo.flows.heads import TAIL, after_moved, deadline_of
from convo.flows.idempotency import Key, Once, Recalled, begun, key_for, reply_again
from convo.flows.outbound import Ask
from convo.flows.record import first_asked
from convo.flows.reply import Reply, waiting_calls
from convo.flows.resuming import resume_opening, still_resumable
from convo.flows.tool_round import ToolUse, approval_of, started_calls
from convo.flows.toolbox import toolbox
from convo.flows.tools import ToolLoop
from convo.flows.turn_begin import Opening, new_turn, next_attempt, partial_of
from convo.flows.verbs import complete_opening, messages_from, send_opening
from convo.flows.windows import load_window
from convo.messages import MessageLike
from convo.options import CompletionOptions
from convo.records import UNFINISHED
from convo.store.requests import Done

Given = MessageLike | Iterable[MessageLike]
MAX_ROUNDS = 10
"""Rounds of tool calls that one ``run`` makes unless told otherwise."""


async def run(handle: Handle, message: Given | None, given: RunKwargs) -> Reply:
    """Answer with the help of tools; return the reply."""
    kept: list[Reply] = []
    async with aclosing(stream_run(handle, message, given, kept.append, streamed=False)) as events:
        async for _ in events:
            pass
    return kept[0]


async def stream_run(
    handle: Handle, message: Given | None, given: RunKwargs, keep: Callable[[Reply], None], *, streamed: bool = True
) -> AsyncGenerator[RunEvent, None]:
    """Answer with the help of tools: new input, or (None) what is there, or a turn that was left."""
    with handle.claim():
        use, ask, options = _made_ready(handle, given, streamed)
        loop = ToolLoop(handle, use, keep)
        try:
            messages = [] if message is None else messages_from(message)
            key = key_for(given.get("idempotency_key"), "run", handle.place.branch_no, messages)
            async with Once(handle, key):
                first = await _begun(handle, None if message is None else messages, use, ask, options, key)
                async with aclosing(loop.events(*first)) as events:
                    async for event in events:
                        yield event
            return
        except Recalled as again:
            done = again.done
        while not isinstance(known := await _again(handle, use, ask, options, done), Reply):
            with suppress(NothingToResume):  # somebody else took it up, or wrote it over, since it was looked at
                async with aclosing(loop.events(*known)) as events:
                    async for event in events:
                        yield event
                return
        keep(known)
        yield TurnDone(known)


def _made_ready(handle: Handle, given: RunKwargs, streamed: bool) -> tuple[ToolUse, Ask, CompletionOptions]:
    """Return the tools, how the model is to be asked, and the options given; raises before anything is stored."""
    rest: dict[str, Any] = dict(given)
    rounds, approve = rest.pop("max_rounds", MAX_ROUNDS), rest.pop("approve", None)
    if not isinstance(rounds, int) or isinstance(rounds, bool) or rounds < 1:
        raise InvalidOption("max_rounds: must be a whole number, 1 or more", field="max_rounds")
    if approve is not None and not callable(approve):
        raise InvalidOption("approve: must be a function of the call", field="approve")
    functions, definitions = toolbox(rest.pop("tools", None))
    if definitions:
        rest["tools"] = definitions
    use = ToolUse(functions=functions, approve=approve, max_rounds=rounds)
    _check_face(handle, use)
    ask = call_ask(handle, rest, streamed=streamed)  # type: ignore[arg-type]
    _check_options(ask.options, use)
    return use, ask, given_options(rest)


def _check_face(handle: Handle, use: ToolUse) -> None:
    workers = handle.port.workers()
    for name, function in use.functions.items():
        workers.check(function.function, f"the tool {name}")
        asked = approval_of(function, use.approve)
        if asked is not None:
            workers.check(asked, f"the function asked to approve {name}")


def _check_options(options: CompletionOptions, use: ToolUse) -> None:
    if (options.n or 1) > 1:
        raise Unsupported("run() takes one answer at a time: leave n out, or call the tools yourself with submit()")
    for offered in options.tools or ():
        if offered.function is not None and offered.function.name not in use.functions:
            raise InvalidOption(
                f"tools: the model is offered {offered.function.name}, and run() has no function for it: give it in "
                "tools=[...]",
                field="tools",
            )


async def _begun(
    handle: Handle, message: Given | None, use: ToolUse, ask: Ask, options: CompletionOptions, key: Key | None
) -> tuple[Opening, Ask]:
    """Plan the first step: the input stored and the model asked, or what is there taken up."""
    opening = None if message is None else send_opening(handle, message, ask)
    if opening is None:
        opening, ask = await _taken_up(handle, use, ask, options)
    opening.key = key
    return opening, ask


async def _again(
    handle: Handle, use: ToolUse, ask: Ask, options: CompletionOptions, done: Done
) -> Reply | tuple[Opening, Ask]:
    """Return the reply of a run done before under its key, or how its turn is to be taken up."""
    known = await reply_again(handle, done, ask)
    if known is not None and known.turn.status != "awaiting_tools":
        return known
    try:
        return await _taken_up(handle, use, begun(ask), options, done.turn_id)
    except (NothingToAnswer, NothingToResume):  # whoever was running it has ended it meanwhile
        known = await reply_again(handle, done, ask)
        if known is None:
            raise
        return known


async def _taken_up(
    handle: Handle, use: ToolUse, ask: Ask, options: CompletionOptions, only: UUID | None = None
) -> tuple[Opening, Ask]:
    """Plan how to go on: calls without a result first, else an unfinished turn, else an answer to what is there.

    A turn goes on with the options it had, ``options`` laid over them. ``only`` is the one turn that may go on, while
    it is unfinished. Waits for a running turn, or raises TurnInProgress; raises NothingToAnswer.
    """
    found = await refresh(handle)
    if found.open_turn is not None:
        await after_moved(handle, found, deadline_of(ask))
    last = handle.last
    if only is not None and (last is None or last.id != only):
        raise NothingToAnswer("another turn has come after the one of this key")
    if waiting_calls(await load_window(handle, TAIL)):
        opening, ask = await _tools_first(handle, ask, options)
    elif last is not None and last.status in ("failed", "interrupted", "running"):
        opening, ask = await resume_opening(handle, ask, options, only)
    elif only is not None:
        raise NothingToAnswer("the turn of this key has ended")
    else:
        return complete_opening(handle, ask), ask
    _check_options(ask.options, use)
    return opening, ask


async def _tools_first(handle: Handle, ask: Ask, options: CompletionOptions) -> tuple[Opening, Ask]:
    """Plan to make the calls that wait, in their turn where it is the branch's last, else in a turn of their own."""
    turn = handle.last
    if turn is None or turn.status not in (*UNFINISHED, "running"):
        opening = new_turn(handle, [], ask)
        opening.for_tools, opening.check = True, _calls_wait
        return opening, ask
    opening = next_attempt(handle, turn)
    opening.for_tools = True
    opening.check = lambda now: still_resumable(now, opening)
    started = started_calls((await partial_of(handle, turn)).pieces)
    opening.resumed = [{"kind": "started", "call": call} for call in sorted(started)]
    asked, _ = await first_asked(handle, turn)
    return opening, replace(ask, settings=replace(ask.settings, options=asked.merged(options)))


def _calls_wait(handle: Handle) -> None:
    if not waiting_calls(handle.entries):
        raise NothingToAnswer("the tool calls of this branch have been answered meanwhile")
