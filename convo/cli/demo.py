"""The demonstration: a support conversation held with a scripted backend, offline, in an SQLite file."""

from __future__ import annotations

import shlex
from typing import Any

import typer

from convo import MISTRAL, Conversation, Store, Window, assistant, tool_call
from convo.backends.scripted import ScriptedBackend
from convo.cli import pictures, screen

SYSTEM = "You are the support desk of Fromagerie Lune. Be brief and kind."

TRACK: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "track_parcel",
        "description": "Where a parcel is now",
        "parameters": {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]},
    },
}

PARCEL = {"number": "4711", "place": "Lyon", "status": "on its way", "due": "Thursday"}

REPLIES = (
    assistant(tool_calls=[tool_call("track_parcel", {"number": "4711"}, id="Trk4711ab")]),
    "Your parcel left Lyon this morning and will be with you on Thursday.",
    "Parcel 4711 is in Lyon and due on Thursday.",
    '"parcel": "4711", "place": "Lyon", "due": "Thursday", "mood": "worried"}',
    "Of course, and I am sorry that you had to wait! Keep the Comté cool on Thursday, taste it, and if it is not "
    "lovely, we refund it.",
    "Yes. Write to returns within 14 days and we refund the full price.",
)


def hold(store: Store) -> tuple[Conversation, Conversation]:
    """Hold the conversation; return its handles on the branches ``json`` (the active one) and ``warmer``.

    It has a tool round, an edited question whose answer is made to begin with ``{``, and a question answered twice.
    """
    backend = ScriptedBackend(REPLIES, profile=MISTRAL)
    chat = store.start(title="Where is my parcel?", system=SYSTEM, backend=backend, policy=[Window(2000, 1500)])
    asked = chat.send("Hello! Parcel 4711 should have come on Monday. Where is it?", tools=[TRACK])
    chat.submit({call.id: PARCEL for call in asked.tool_calls})
    noted = chat.send("Please note that for your colleague.")
    edited = chat.edit(noted.inputs[0], "Please note that as JSON for your colleague.", prefix="{")
    chat.rename("json")

    question = "And if the cheese has suffered, do I get my money back?"
    warmer = chat.fork(at=edited.entry if edited else None, name="warmer")
    warmer.send(question, temperature=1.0)
    chat.send(question)
    return chat, warmer


def present(held: tuple[Conversation, Conversation], file: str) -> None:
    """Show the conversation, kept in ``file``, and which commands show more of it."""
    chat, warmer = held
    screen.show(
        pictures.heading("The conversation and its branches"),
        pictures.tree(chat.info(), chat.branches(), chat.turn_counts()),
        pictures.heading("What was said on json, where a question was edited"),
        pictures.transcript(chat.history()),
        pictures.heading("The same question, answered on warmer"),
        pictures.transcript(warmer.history(limit=2)),
        pictures.heading("What the model would be sent for 'Thank you!', and why"),
        pictures.explanation(chat.explain("Thank you!")),
        pictures.heading("It is all in a database. Look at it with"),
    )
    typer.echo("\n".join(f"  convo {command}" for command in _next_commands(chat, shlex.quote(file))))


def _next_commands(chat: Conversation, file: str) -> list[str]:
    return [
        f"ls {file}",
        f"tree {file} {chat.id}",
        f"show {file} {chat.id}@warmer",
        f"explain {file} {chat.id} 'Thank you!'",
    ]
