"""A chat at the terminal: what is typed is sent or is a command, what is answered is shown while it comes.

Laws of this file:
- Ctrl-C ends the answer, never the chat, and what came is kept as a message.
- A terminal that is lost, like a signal to end, leaves the turn to be resumed with all that came.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import ceil

from convo import AsyncConversation, AsyncStream, Delta
from convo.cli import pictures
from convo.cli.chat import output
from convo.cli.chat.input import Input
from convo.errors import BackendError, ConvoError, NothingToCancel, TurnInProgress
from convo.harmless import one_line
from convo.records import Entry

SHOWN_AT_START = 6
"""Messages that are shown of a conversation that goes on."""

PAUSE = 0.08
"""Seconds between two drawings of an answer that is coming."""

TITLE = 60
"""Characters of the first question that become the title."""


class Leave(Exception):
    """The chat is over."""


@dataclass
class Talk:
    """A chat under way.

    ``stopped`` is the signal that asked the process to end, None for none; ``failed`` is whether anything went wrong.
    With ``json`` an answer is printed when it is whole, as JSON.
    """

    chat: AsyncConversation
    typed: Input | None = None
    stopped: int | None = None
    failed: bool = False
    json: bool = False
    cancelled: bool = field(default=False, init=False)

    @property
    def input(self) -> Input:
        """Where lines come from."""
        assert self.typed is not None  # noqa: S101 - set before anything is asked
        return self.typed

    async def send(self, text: str) -> None:
        """Send a message and show its answer; the first one names the conversation."""
        is_first = not await self.chat.history(limit=1)
        await self.answer(self.chat.stream(text))
        if is_first and not (await self.chat.info()).title:
            await self.chat.configure(title=one_line(text, TITLE))

    async def answer(self, stream: AsyncStream[Delta]) -> None:
        """Show an answer as it comes. Ctrl-C ends it and keeps what came; an error says how to go on."""
        showing = asyncio.create_task(_print_json(stream) if self.json else _show(stream))
        try:
            with self._ctrl_c_cancels(showing):
                await showing
        except asyncio.CancelledError:
            if not self.cancelled:
                raise
            await self._keep_what_came()
        except BackendError as problem:
            self._complain(problem)
            output.say("Your message is kept: /resume asks again and goes on from what came.")

    @contextmanager
    def _ctrl_c_cancels(self, task: asyncio.Task[None]) -> Iterator[None]:
        self.cancelled = False

        def cancel() -> None:
            self.cancelled = True
            task.cancel()

        loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGINT)
        loop.add_signal_handler(signal.SIGINT, cancel)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)
            signal.signal(signal.SIGINT, before)

    def _complain(self, problem: ConvoError, words: str = "") -> None:
        self.failed = True
        output.complain(words or str(problem))

    async def _keep_what_came(self) -> None:
        kept = None
        with suppress(NothingToCancel):
            kept = await self.chat.cancel()
        output.say("Stopped; what came is kept." if kept else "Stopped before anything came.")

    async def words(self) -> Mapping[str, Iterable[str]]:
        """Return what may follow each command: what Tab completes."""
        from convo.cli.chat.commands import COMMANDS

        branches = [branch.name for branch in await self.chat.branches()]
        return {f"/{name}": branches if command.takes == "BRANCH" else () for name, command in COMMANDS.items()}

    async def welcome(self, backend: str) -> None:
        """Show where one is, and the end of what was said before."""
        entries = await self.chat.history(limit=SHOWN_AT_START)
        if entries:
            output.show(pictures.transcript(entries))
        branch = self.chat.branch.name
        output.say(f"{self.chat.id} on {branch}, answered by {backend}. /help tells more, Ctrl-D leaves.")
        if await self._is_unfinished():
            output.say("The last answer broke off: /resume goes on with it.")

    async def _is_unfinished(self) -> bool:
        turns = await self.chat.turns(limit=1)
        return bool(turns) and turns[-1].status in ("failed", "interrupted", "running")

    async def run(self) -> None:
        """Talk until the input ends or says /quit."""
        with suppress(EOFError, Leave):
            while True:
                try:
                    await self._take(await self.input.line(self.chat.branch.name))
                except KeyboardInterrupt:
                    output.say("/quit or Ctrl-D leaves.")
                except TurnInProgress as problem:
                    self._complain(problem, _in_words(problem))
                except ConvoError as problem:
                    self._complain(problem)

    async def _take(self, text: str) -> None:
        from convo.cli.chat import commands

        if text.startswith("/"):
            await commands.carry_out(self, text)
        elif text:
            await self.send(text)


def _in_words(problem: TurnInProgress) -> str:
    """Say what can be typed; the error speaks of arguments."""
    left = f" in {ceil(problem.lease_left)} seconds" if problem.lease_left else ""
    return (
        "an answer is being written on this branch, by another chat or by one that was killed: try again"
        f"{left}, or go on beside it with /branch"
    )


async def _show(stream: AsyncStream[Delta]) -> None:
    async with stream:
        with output.answer() as answer:
            drawing = asyncio.create_task(_draw_regularly(answer))
            try:
                async for delta in stream:
                    if delta.text:
                        answer.add(delta.text)
                    elif delta.thinking:
                        answer.note("thinking …")
            finally:
                drawing.cancel()


async def _print_json(stream: AsyncStream[Delta]) -> None:
    async with stream:
        async for _ in stream:
            pass
        output.print_json(stream.reply.entry)


async def _draw_regularly(answer: output.Answer) -> None:
    while True:
        answer.draw()
        await asyncio.sleep(PAUSE)


async def last_question(chat: AsyncConversation) -> Entry | None:
    """Return the newest message of the user, None where there is none among the last hundred."""
    return next((entry for entry in reversed(await chat.history()) if entry.role == "user"), None)
