"""The verbs as the faces call them: the handle claimed, what was given checked, one flow run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing, suppress
from functools import partial
from typing import Any

from convo.completions import Delta
from convo.context.account import Composition
from convo.context.explain import Explanation
from convo.errors import NothingToResume
from convo.flows import branching, explaining, resuming, tree, verbs
from convo.flows.asking import AppendKwargs, CallKwargs, append_ask, call_ask, given_options
from convo.flows.handle import Handle
from convo.flows.idempotency import Key, Once, Recalled, begun, key_for, reply_again
from convo.flows.outbound import Ask
from convo.flows.reply import Reply
from convo.flows.turn import answer, stream
from convo.flows.turn_begin import Opening
from convo.messages import MessageLike
from convo.options import CompletionOptions
from convo.records import Entry
from convo.store.requests import Done

Given = MessageLike | Iterable[MessageLike]
Results = Mapping[str, Any] | Iterable[MessageLike]
Keep = Callable[[Reply], None]
Plan = Callable[[], Awaitable[tuple[Opening, Ask]]]


async def append(handle: Handle, messages: tuple[MessageLike, ...], given: AppendKwargs) -> list[Entry]:
    """Store messages without a call."""
    with handle.claim():
        return await verbs.add(handle, messages, append_ask(handle, given), given.get("idempotency_key"))


async def send(handle: Handle, message: Given, given: CallKwargs) -> Reply:
    """Store input and answer it."""
    with handle.claim():
        ask = call_ask(handle, given, streamed=False)
        return await _answered(handle, verbs.send_opening(handle, message, ask, given.get("idempotency_key")), ask)


async def complete(handle: Handle, given: CallKwargs) -> Reply:
    """Answer what is there."""
    with handle.claim():
        ask = call_ask(handle, given, streamed=False)
        return await _answered(handle, verbs.complete_opening(handle, ask, given.get("idempotency_key")), ask)


async def _answered(handle: Handle, opening: Opening, ask: Ask) -> Reply:
    """Run the turn, or give back what was done under its key."""

    async def run() -> Reply:
        return await answer(handle, opening, ask)

    return await _once(handle, ask, opening.key, run)


async def _once(handle: Handle, ask: Ask, key: Key | None, run: Callable[[], Awaitable[Reply]]) -> Reply:
    """Run, or give back the reply of the turn that was run under the key, resuming it where it broke off."""
    try:
        async with Once(handle, key):
            return await run()
    except Recalled as again:
        done = again.done
    while not isinstance(known := await _taken_up(handle, done, ask), Reply):
        with suppress(NothingToResume):  # somebody else took it up, or wrote it over, since it was looked at
            return await answer(handle, *known)
    return known


async def _taken_up(handle: Handle, done: Done, ask: Ask) -> Reply | tuple[Opening, Ask]:
    """Return the reply of a verb done before, or how its turn is to be resumed; waits for one that is running.

    The handle moves to the turn's branch, as it did when the verb was done first.
    """
    await branching.move_to_turn(handle, done.turn_id)
    known = await reply_again(handle, done, ask)
    if known is not None:
        return known
    try:
        return await resuming.resume_opening(handle, begun(ask), CompletionOptions(), done.turn_id)
    except NothingToResume:
        known = await reply_again(handle, done, ask)
        if known is None:
            raise
        return known


async def streaming(
    handle: Handle, message: Given | None, given: CallKwargs, keep: Keep
) -> AsyncGenerator[Delta, None]:
    """Answer piece by piece: new input, or (None) what is there."""
    with handle.claim():
        ask, key = call_ask(handle, given, streamed=True), given.get("idempotency_key")
        if message is None:
            opening = verbs.complete_opening(handle, ask, key)
        else:
            opening = verbs.send_opening(handle, message, ask, key)
        async with aclosing(_streamed(handle, opening.key, ask, keep, _planned(opening, ask))) as pieces:
            async for delta in pieces:
                yield delta


def _planned(opening: Opening, ask: Ask) -> Plan:
    async def plan() -> tuple[Opening, Ask]:
        return opening, ask

    return plan


async def _streamed(handle: Handle, key: Key | None, ask: Ask, keep: Keep, plan: Plan) -> AsyncGenerator[Delta, None]:
    """As ``_once``, piece by piece; a stored reply comes in one piece."""
    try:
        async with Once(handle, key), aclosing(stream(handle, *await plan(), keep)) as pieces:
            async for delta in pieces:
                yield delta
        return
    except Recalled as again:
        done = again.done
    while not isinstance(known := await _taken_up(handle, done, ask), Reply):
        with suppress(NothingToResume):  # as in _once
            async with aclosing(_going_on(handle, *known, keep)) as pieces:
                async for delta in pieces:
                    yield delta
            return
    keep(known)
    yield Delta(text=known.text, finish_reason=known.finish_reason)


async def _going_on(handle: Handle, opening: Opening, ask: Ask, keep: Keep) -> AsyncGenerator[Delta, None]:
    """As ``stream``, with the text that is continued before the first piece: nothing comes of a turn not opened."""
    before = ask.prefix if ask.continued else ""
    async with aclosing(stream(handle, opening, ask, keep)) as pieces:
        async for delta in pieces:
            if before:
                yield Delta(text=before)
                before = ""
            yield delta
    if before:
        yield Delta(text=before)


async def submit(handle: Handle, results: Results, given: CallKwargs) -> Reply | None:
    """Store tool results; answer when all are in, else return None."""
    with handle.claim():
        ask = call_ask(handle, given, streamed=False)
        opening = await _submitted(handle, results, ask, given)
        return None if opening is None else await _answered(handle, opening, ask)


async def stream_submit(handle: Handle, results: Results, given: CallKwargs, keep: Keep) -> AsyncGenerator[Delta, None]:
    """Store tool results; when all are in, answer piece by piece."""
    with handle.claim():
        ask = call_ask(handle, given, streamed=True)
        opening = await _submitted(handle, results, ask, given)
        if opening is not None:
            async with aclosing(_streamed(handle, opening.key, ask, keep, _planned(opening, ask))) as pieces:
                async for delta in pieces:
                    yield delta


async def _submitted(handle: Handle, results: Results, ask: Ask, given: CallKwargs) -> Opening | None:
    """Return how the answer to ``results`` is opened, None where they are stored and others still wait."""
    key = key_for(given.get("idempotency_key"), "submit", handle.place.branch_no, results)
    try:
        async with Once(handle, key):
            return (await verbs.submit_opening(handle, results, ask, key))[0]
    except Recalled as again:
        return None if again.done.turn_id is None else verbs.recalled_opening(handle, key, ask)


async def resume(handle: Handle, given: CallKwargs) -> Reply:
    """Take up the last turn where it was left."""
    with handle.claim():
        ask = call_ask(handle, given, streamed=False)
        key, plan = _resuming(handle, ask, given)

        async def run() -> Reply:
            return await answer(handle, *await plan())

        return await _once(handle, ask, key, run)


async def stream_resume(handle: Handle, given: CallKwargs, keep: Keep) -> AsyncGenerator[Delta, None]:
    """Take up the last turn where it was left, what is new of it piece by piece."""
    with handle.claim():
        ask = call_ask(handle, given, streamed=True)
        key, plan = _resuming(handle, ask, given)
        async with aclosing(_streamed(handle, key, ask, keep, plan)) as pieces:
            async for delta in pieces:
                yield delta


def _resuming(handle: Handle, ask: Ask, given: CallKwargs) -> tuple[Key | None, Plan]:
    """Return the key of a resumption and how it is planned. The verb may move the handle: no branch is in its key."""
    key = key_for(given.get("idempotency_key"), "resume", None, [])

    async def plan() -> tuple[Opening, Ask]:
        opening, asked = await resuming.resume_opening(handle, ask, given_options(given))
        opening.key = key
        return opening, asked

    return key, plan


async def cancel(handle: Handle, grace: float) -> Entry | None:
    """End the running or unfinished turn on purpose."""
    return await resuming.cancel(handle, grace)


async def fork(handle: Handle, at: Entry | None, name: str | None) -> Handle:
    """Make a branch; return a handle on it."""
    with handle.claim():
        return await branching.fork(handle, at, name)


async def switch(handle: Handle, branch: str | int) -> None:
    """Move the handle to another branch."""
    with handle.claim():
        await branching.switch(handle, branch)


async def compose(handle: Handle, message: MessageLike | None, given: CallKwargs) -> Composition:
    """Return what would be sent."""
    with handle.claim():
        return await explaining.composed(handle, message, partial(call_ask, handle, given, preview=True))


async def explain(
    handle: Handle, message: MessageLike | None, turn: explaining.TurnRef | None, given: CallKwargs
) -> Explanation:
    """Return why each message would be in or out, or was in the last call of ``turn``."""
    with handle.claim():
        if turn is not None:
            return await explaining.explained_turn(handle, turn)
        return await explaining.explained(handle, message, partial(call_ask, handle, given, preview=True))


async def edit(handle: Handle, entry: Entry, new: MessageLike, answer: bool, given: CallKwargs) -> Reply | None:
    """Put another message in the place of one, on a new branch; have it answered."""
    with handle.claim():
        asks = answer and getattr(entry, "role", None) != "assistant"
        ask = call_ask(handle, given, preview=not asks)
        key = tree.edit_key(given.get("idempotency_key"), entry, new)
        try:
            async with Once(handle, key):
                return await tree.edit(handle, entry, new, ask if answer else None, key)
        except Recalled as again:
            if again.done.turn_id is None:
                await branching.move_to(handle, again.done.step)
                return None
        return await _answered(handle, verbs.recalled_opening(handle, key, ask), ask)


async def regenerate(handle: Handle, from_: tree.Start, given: CallKwargs) -> Reply:
    """Answer anew, on a new branch."""
    with handle.claim():
        ask = call_ask(handle, given)
        key = key_for(given.get("idempotency_key"), "regenerate", None, from_)

        async def run() -> Reply:
            return await tree.regenerate(handle, ask, from_, key)

        return await _once(handle, ask, key, run)


async def delete_branch(handle: Handle, branch: str | int, switch_to: str | int | None) -> None:
    """Hide a branch and free what no other stands on."""
    with handle.claim():
        await tree.delete_branch(handle, branch, switch_to)
