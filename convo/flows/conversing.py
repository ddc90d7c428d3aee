"""The verbs as the faces call them: the handle claimed, what was given checked, one flow run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import Any

from convo.completions import Delta
from convo.context.account import Composition
from convo.context.explain import Explanation
from convo.flows import branching, reading, resuming, verbs
from convo.flows.asking import AppendKwargs, CallKwargs, append_ask, call_ask, given_options
from convo.flows.handle import Handle
from convo.flows.reply import Reply
from convo.flows.turn import answer, stream
from convo.messages import MessageLike
from convo.records import Entry

Given = MessageLike | Iterable[MessageLike]
Keep = Callable[[Reply], None]


async def append(handle: Handle, messages: tuple[MessageLike, ...], given: AppendKwargs) -> list[Entry]:
    """Store messages without a call."""
    with handle.claim():
        return await verbs.add(handle, messages, append_ask(handle, given))


async def send(handle: Handle, message: Given, given: CallKwargs) -> Reply:
    """Store input and answer it."""
    with handle.claim():
        ask = call_ask(handle, given, streamed=False)
        return await answer(handle, verbs.send_opening(handle, message, ask), ask)


async def complete(handle: Handle, given: CallKwargs) -> Reply:
    """Answer what is there."""
    with handle.claim():
        ask = call_ask(handle, given, streamed=False)
        return await answer(handle, verbs.complete_opening(handle, ask), ask)


async def streaming(
    handle: Handle, message: Given | None, given: CallKwargs, keep: Keep
) -> AsyncGenerator[Delta, None]:
    """Answer piece by piece: new input, or (None) what is there."""
    with handle.claim():
        ask = call_ask(handle, given, streamed=True)
        opening = verbs.complete_opening(handle, ask) if message is None else verbs.send_opening(handle, message, ask)
        async with aclosing(stream(handle, opening, ask, keep)) as pieces:
            async for delta in pieces:
                yield delta


async def submit(handle: Handle, results: Mapping[str, Any] | Iterable[MessageLike], given: CallKwargs) -> Reply | None:
    """Store tool results; answer when all are in, else return None."""
    with handle.claim():
        ask = call_ask(handle, given, streamed=False)
        opening, _ = await verbs.submit_opening(handle, results, ask)
        return None if opening is None else await answer(handle, opening, ask)


async def resume(handle: Handle, given: CallKwargs) -> Reply:
    """Take up the last turn where it was left."""
    with handle.claim():
        ask = call_ask(handle, given, streamed=False)
        opening, ask = await resuming.resume_opening(handle, ask, given_options(given))
        return await answer(handle, opening, ask)


async def stream_resume(handle: Handle, given: CallKwargs, keep: Keep) -> AsyncGenerator[Delta, None]:
    """Take up the last turn where it was left, what is new of it piece by piece."""
    with handle.claim():
        ask = call_ask(handle, given, streamed=True)
        opening, ask = await resuming.resume_opening(handle, ask, given_options(given))
        async with aclosing(stream(handle, opening, ask, keep)) as pieces:
            async for delta in pieces:
                yield delta


async def stream_submit(
    handle: Handle, results: Mapping[str, Any] | Iterable[MessageLike], given: CallKwargs, keep: Keep
) -> AsyncGenerator[Delta, None]:
    """Store tool results; when all are in, answer piece by piece."""
    with handle.claim():
        ask = call_ask(handle, given, streamed=True)
        opening, _ = await verbs.submit_opening(handle, results, ask)
        if opening is not None:
            async with aclosing(stream(handle, opening, ask, keep)) as pieces:
                async for delta in pieces:
                    yield delta


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
        return await reading.composed(handle, message, call_ask(handle, given, preview=True))


async def explain(handle: Handle, message: MessageLike | None, given: CallKwargs) -> Explanation:
    """Return why each message would be in or out."""
    with handle.claim():
        return await reading.explained(handle, message, call_ask(handle, given, preview=True))
