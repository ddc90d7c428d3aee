"""Cancelling a task at one of its steps: whatever it awaits then is cut."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any


class Stepped:
    """Awaits ``flow`` and cancels the task that awaits it at step ``at``, counted from 1."""

    def __init__(self, flow: Coroutine[Any, Any, Any], at: int) -> None:
        self._flow, self._at = flow, at

    def __await__(self) -> Generator[Any, Any, None]:
        task, step = asyncio.current_task(), 0
        assert task is not None
        send, sent = self._flow.send, None
        while True:
            try:
                awaited = send(sent)
            except StopIteration:
                return
            step += 1
            if step == self._at:
                asyncio.get_running_loop().call_soon(task.cancel)
            try:
                send, sent = self._flow.send, (yield awaited)
            except BaseException as problem:
                send, sent = self._flow.throw, problem


async def cancelled_at(flow: Coroutine[Any, Any, Any], step: int) -> bool:
    """Run ``flow`` in a task that is cancelled at ``step``; return whether it came so far."""

    async def work() -> None:
        await Stepped(flow, step)

    task = asyncio.ensure_future(work())
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()
    return task.cancelled()
