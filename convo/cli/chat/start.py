"""``convo chat``: from what was typed to a talk, and its end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from convo import AsyncConversation, AsyncStore
from convo.backends.registry import resolve
from convo.cli.chat.input import PipedInput, TerminalInput
from convo.cli.chat.talk import Talk
from convo.errors import InvalidSetting, NotFound
from convo.frozen import dataclass

LEASE = 10.0
"""Seconds after which a chat whose process died may be resumed; a living one renews its lease."""

KEPT_QUESTIONS = 200
"""Messages in which earlier questions are looked for, for the prompt's history."""


@dataclass(frozen=True)
class Answering:
    """Who answers, as it was typed and is kept with the conversation; keys are no part of it."""

    backend: str | None = None
    base_url: str | None = None
    model: str | None = None

    def made(self) -> Any:
        """Return the backend; raises InvalidSetting where none was named."""
        if self.base_url:
            from convo.backends.openai import openai

            return openai(self.model, base_url=self.base_url, api_key=os.environ.get("CONVO_API_KEY"))
        if self.backend is None:
            raise InvalidSetting(
                "say who answers: a name such as mistral:mistral-medium-latest, or --base-url URL --model MODEL for a "
                "server of your own; or set CONVO_BACKEND",
                field="backend",
            )
        return resolve(self.backend)

    def __str__(self) -> str:
        return f"{self.model or 'its model'} at {self.base_url}" if self.base_url else self.backend or "nobody"


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line.

    ``id`` is ``ID`` or ``ID@BRANCH``; it may be anybody's where no ``owner`` is given.
    """

    url: str
    answering: Answering
    goes_on: bool = False
    id: str | None = None
    system: str | None = None
    owner: str | None = None
    json: bool = False


def run(wanted: Wanted) -> None:
    """Hold the chat to its end.

    Exits with 128 and the signal's number where a signal ended it, with 1 where a line of a pipe was not answered.
    """
    talk = asyncio.run(_hold(wanted))
    if talk.stopped is not None:
        sys.exit(128 + talk.stopped)
    if talk.failed and not sys.stdin.isatty():
        sys.exit(1)


async def _hold(wanted: Wanted) -> Talk:
    owner = "" if wanted.owner is None and wanted.id is None else wanted.owner
    async with AsyncStore(wanted.url, owner=owner) as store:
        chat, answering = await _opened(store, wanted)
        talk = Talk(chat, json=wanted.json)
        _end_on_signals(talk)
        try:
            await _prepare(talk, str(answering))
            await talk.run()
        except (asyncio.CancelledError, OSError):
            if talk.stopped is None:
                raise
        return talk


async def _prepare(talk: Talk, backend: str) -> None:
    if not sys.stdin.isatty():
        talk.typed = PipedInput()
        return
    said = await talk.chat.history(limit=KEPT_QUESTIONS)
    talk.typed = TerminalInput((entry.text for entry in said if entry.role == "user"), talk.words)
    await talk.welcome(backend)


def _end_on_signals(talk: Talk) -> None:
    """Let SIGHUP (the terminal is gone) and SIGTERM end the chat in good order."""
    task = asyncio.current_task()

    def end(number: int) -> None:
        talk.stopped = number
        if task is not None:
            task.cancel()

    for number in (signal.SIGHUP, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end, number)


async def _opened(store: AsyncStore, wanted: Wanted) -> tuple[AsyncConversation, Answering]:
    """Return the conversation that goes on or begins, and who answers it."""
    given = wanted.answering if wanted.answering.backend or wanted.answering.base_url else None
    if not wanted.goes_on and wanted.id is None:
        answering = given or wanted.answering
        kept = {"chat": asdict(answering)}
        chat = await store.start(backend=answering.made(), metadata=kept, lease=LEASE, system=wanted.system)
        return chat, answering
    id, _, branch = (wanted.id or str(await _last(store))).partition("@")
    info = await (await store.load(id)).info()
    answering = given or _kept(info.metadata)
    chat = await store.load(id, branch=branch or None, backend=answering.made(), lease=LEASE)
    if wanted.system is not None:
        await chat.configure(system=wanted.system)
    return chat, answering


def _kept(metadata: Mapping[str, Any]) -> Answering:
    """Return who answered before; a conversation of another application says nothing of it."""
    given = metadata.get("chat")
    known = given if isinstance(given, Mapping) else {}
    names = [field.name for field in fields(Answering)]
    return Answering(**{name: known[name] for name in names if isinstance(known.get(name), str)})


async def _last(store: AsyncStore) -> Any:
    infos = await store.conversations(limit=1)
    if not infos:
        raise NotFound("there is no conversation to go on with: begin one without --continue")
    return infos[0].id
