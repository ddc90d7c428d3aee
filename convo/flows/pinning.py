"""Pins: messages that every window keeps, a bounded list on each branch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from convo.context.calls import together
from convo.context.state import ComposeState
from convo.errors import StoreBusy
from convo.flows.handle import Handle, refresh
from convo.flows.reading import own_entry, path_of
from convo.records import Entry
from convo.store import branches

TRIES = 20
_AROUND = 128
"""Messages read around a tool call or result to find what belongs to it: the most tools one request can offer."""


async def pin(handle: Handle, entry: Entry) -> tuple[int, ...]:
    """Pin a message of this path, a tool call together with its results; return the pinned seqs.

    Raises NotFound, and InvalidSetting beyond the bound. Forks made later keep the pins up to their fork message.
    """
    seqs = await _whole(handle, entry)
    return await _change(handle, lambda state: state.pinned(*seqs))


async def unpin(handle: Handle, entry: Entry) -> tuple[int, ...]:
    """Take back a pin, a tool call's together with its results'; return the pinned seqs."""
    seqs = await _whole(handle, entry)
    return await _change(handle, lambda state: state.unpinned(*seqs))


async def _whole(handle: Handle, entry: Entry) -> tuple[int, ...]:
    own = await own_entry(handle, entry)
    if own.role not in ("assistant", "tool"):
        return (own.seq,)
    around = await path_of(handle, max(own.seq - _AROUND, 0), min(own.seq + _AROUND, handle.head))
    return together(around, own.seq)


async def _change(handle: Handle, change: Callable[[ComposeState], ComposeState]) -> tuple[int, ...]:
    for _ in range(TRIES):
        await refresh(handle)
        new = change(handle.state)
        if await handle.port.write(partial(branches.set_pins, place=handle.place, old=handle.state.pins, new=new.pins)):
            handle.state = new
            return new.pins
    raise StoreBusy("others kept changing the pins of this branch; nothing was written: try again")
