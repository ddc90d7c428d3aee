"""The slash commands of ``convo chat``."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rich.text import Text

from convo import AsyncConversation
from convo.cli import pictures
from convo.cli.chat import output
from convo.cli.chat.talk import Leave, Talk, last_question
from convo.cli.opening import SOMETHING, next_message
from convo.errors import InvalidOption, NotFound, NothingToAnswer
from convo.frozen import dataclass
from convo.harmless import one_line
from convo.records import Entry

PAGE = 1000
"""Messages read at once."""


@dataclass(frozen=True)
class Command:
    """A slash command: what it takes (for help and completion), what it does, in words and in code."""

    takes: str
    help: str
    run: Callable[[Talk, str], Awaitable[None]]


async def carry_out(talk: Talk, typed: str) -> None:
    """Carry out a line that begins with a slash; a doubled slash sends what follows the first."""
    if typed.startswith("//"):
        await talk.send(typed[1:])
        return
    name, _, rest = typed[1:].partition(" ")
    command = COMMANDS.get(name)
    if command is None:
        raise InvalidOption(
            f"There is no command /{one_line(name, 40)}. /help lists them; // sends a message that begins with a slash."
        )
    await command.run(talk, rest.strip())


async def _branch(talk: Talk, name: str) -> None:
    fork = await talk.chat.fork(name=name or None)
    await talk.chat.switch(fork.branch.no)
    output.say(f"You are on {talk.chat.branch.name}. What is said from here on stays on this branch.")


async def _switch(talk: Talk, name: str) -> None:
    if not name:
        raise InvalidOption("/switch takes the name of a branch, as /tree tells them")
    await talk.chat.switch(name)
    output.show(pictures.transcript(await talk.chat.history(limit=4)))


async def _retry(talk: Talk, _: str) -> None:
    """As ``regenerate``, streamed: a branch at the question, and an answer on it."""
    question = await last_question(talk.chat)
    if question is None:
        raise NothingToAnswer("there is no question to answer anew")
    fork = await talk.chat.fork(at=question)
    await talk.chat.switch(fork.branch.no)
    await talk.answer(talk.chat.stream(None))


async def _edit(talk: Talk, seq: str) -> None:
    """As ``edit``, streamed: the message on a new branch in new words, and an answer to it."""
    entry = await _entry(talk, seq)
    text = await talk.input.line(f"edit #{entry.seq}", default=entry.text)
    if not text or text == entry.text:
        output.say("Nothing was changed.")
        return
    await talk.chat.edit(entry, text, answer=False)
    if entry.role == "user":
        await talk.answer(talk.chat.stream(None))


async def _entry(talk: Talk, seq: str) -> Entry:
    """Return the entry whose number was typed, or the last question."""
    if not seq:
        found = await last_question(talk.chat)
    elif re.fullmatch(r"#?\d{1,9}", seq):
        wanted = int(seq.lstrip("#"))
        found = next((entry for entry in await _all(talk.chat) if entry.seq == wanted), None)
    else:
        raise InvalidOption("/edit takes the number of a message, as /show tells them, or nothing for your last one")
    if found is None:
        raise NotFound(f"there is no message {seq}".strip() + " to edit")
    return found


async def _resume(talk: Talk, _: str) -> None:
    await talk.answer(talk.chat.stream_resume())


async def _show(talk: Talk, _: str) -> None:
    output.show(pictures.transcript(await talk.chat.history()))


async def _tree(talk: Talk, _: str) -> None:
    chat = talk.chat
    output.show(pictures.tree(await chat.info(), await chat.branches(), await chat.turn_counts()))


async def _explain(talk: Talk, text: str) -> None:
    coming = next_message(text or None, await talk.chat.history(limit=1))
    output.show(pictures.explanation(await talk.chat.explain(coming), coming=coming == SOMETHING))


async def _usage(talk: Talk, _: str) -> None:
    records = [await talk.chat.turn(turn.id) for turn in await talk.chat.turns()]
    output.show(pictures.usage(records))


async def _system(talk: Talk, text: str) -> None:
    if text:
        await talk.chat.configure(system=text)
    composed = await talk.chat.compose("?")
    system = next((message.text for message in composed.messages if message.role == "system"), "")
    output.say(f"System prompt: {system}" if system else "There is no system prompt; /system TEXT sets one.")


async def _export(talk: Talk, name: str) -> None:
    entries = await _all(talk.chat)
    path = _written(name, f"{talk.chat.id}.md", entries)
    output.say(f"{len(entries)} messages are in {path}")


async def _all(chat: AsyncConversation) -> list[Entry]:
    """Return the whole branch, read page by page."""
    entries = page = await chat.history(limit=PAGE)
    while len(page) == PAGE:
        page = await chat.history(limit=PAGE, before=page[0])
        entries = [*page, *entries]
    return entries


def _written(name: str, own: str, entries: Sequence[Entry]) -> Path:
    """Write ``entries`` to the file ``name``, which must be new, or to the chat's ``own``, which may be older."""
    text = "\n\n".join(f"## {entry.role}\n\n{entry.text}" for entry in entries)
    path = Path(os.path.expanduser(name or own))  # which leaves an unknown ~user as it stands
    try:
        with path.open("x" if name else "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{text}\n")
    except FileExistsError:
        raise InvalidOption(f"there is a file {path} already: choose another name") from None
    except (OSError, ValueError) as problem:
        raise InvalidOption(f"{path} cannot be written: {getattr(problem, 'strerror', problem)}") from None
    return path


async def _help(_: Talk, __: str) -> None:
    rows = [(f"/{name} {command.takes}".strip(), command.help) for name, command in COMMANDS.items()]
    width = max(len(left) for left, _ in rows)
    output.show(*(Text(f"{left:<{width}}  {right}") for left, right in rows))
    output.say("Alt-Enter begins a new line. Ctrl-C stops an answer. Tab completes.")


async def _quit(_: Talk, __: str) -> None:
    raise Leave


COMMANDS = {
    "branch": Command("NAME", "go on in a new branch from here", _branch),
    "switch": Command("BRANCH", "go to another branch", _switch),
    "retry": Command("", "another answer to your last message, on a branch of its own", _retry),
    "edit": Command("NUMBER", "your last message (or another) in new words, on a branch of its own", _edit),
    "resume": Command("", "go on with an answer that broke off", _resume),
    "show": Command("", "the messages of this branch", _show),
    "tree": Command("", "the branches", _tree),
    "explain": Command("TEXT", "what the model would be sent, and why", _explain),
    "usage": Command("", "the tokens of this branch", _usage),
    "system": Command("TEXT", "see or set the system prompt", _system),
    "export": Command("FILE", "write this branch as Markdown", _export),
    "help": Command("", "this list", _help),
    "quit": Command("", "leave", _quit),
}
