"""The slash commands of ``convo chat``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rich.text import Text

from convo.cli import pictures
from convo.cli.chat import output
from convo.cli.chat.talk import Leave, Talk, last_question
from convo.errors import InvalidOption, NotFound, NothingToAnswer
from convo.frozen import dataclass
from convo.records import Entry


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
        output.say(f"There is no command /{name}. /help lists them; // sends a message that begins with a slash.")
        return
    await command.run(talk, rest.strip())


async def _branch(talk: Talk, name: str) -> None:
    fork = await talk.chat.fork(name=name or None)
    await talk.chat.switch(fork.branch.no)
    output.say(f"You are on {talk.chat.branch.name}. What is said from here on stays on this branch.")


async def _switch(talk: Talk, name: str) -> None:
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
    elif seq.lstrip("#").isdecimal():
        wanted = int(seq.lstrip("#"))
        found = next((entry for entry in await talk.chat.history(limit=1000) if entry.seq == wanted), None)
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
    output.show(pictures.explanation(await talk.chat.explain(text or None)))


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
    entries = await talk.chat.history(limit=1000)
    path = _written(name or f"{talk.chat.id}.md", entries)
    output.say(f"{len(entries)} messages are in {path}")


def _written(name: str, entries: Sequence[Entry]) -> Path:
    path = Path(name).expanduser()
    text = "\n\n".join(f"## {entry.role}\n\n{entry.text}" for entry in entries)
    try:
        path.write_text(f"{text}\n", encoding="utf-8", errors="backslashreplace")
    except OSError as problem:
        raise InvalidOption(f"{path} cannot be written: {problem.strerror}") from None
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
