"""``convo replay``: from what was typed to a replay, its progress, and what it came to."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from convo import Conversation, Replay, ReplayBegun, ReplayDone, TurnReplayed, Window
from convo.cli import screen
from convo.cli.chat.start import Answering
from convo.cli.opening import entry_at, printable
from convo.errors import InvalidOption
from convo.flows.replay_values import ReplayKwargs
from convo.flows.report_facts import spent
from convo.frozen import dataclass
from convo.harmless import one_line
from convo.messages import ToolCall


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line; ``options`` are those that change the replay."""

    backend: str | None
    base_url: str | None
    model: str | None
    options: Mapping[str, Any]
    resume: bool = False
    dry_run: bool = False
    json: bool = False
    url: str = "URL"


def run(chat: Conversation, wanted: Wanted) -> None:
    """Replay the branch of ``chat``, with a bar on standard error where that is a terminal."""
    replay = _followed(chat, _kwargs(chat, wanted))
    if wanted.json:
        screen.show_json({"source": replay.source, "branch": replay.branch, "usage": replay.usage})
        return
    screen.show(*_said(chat, replay, wanted.url))


def _kwargs(chat: Conversation, wanted: Wanted) -> ReplayKwargs:
    typed, given = wanted.options, ReplayKwargs(resume=wanted.resume, dry_run=wanted.dry_run)
    if wanted.backend or wanted.base_url or not wanted.dry_run:
        given["backend"] = Answering(wanted.backend, wanted.base_url, wanted.model).made()
    given["options"] = dict(map(_option, typed["set"]))
    given["system"], given["name"] = typed["system"], typed["name"]
    if typed["window"] is not None:
        given["policy"] = [Window(typed["window"])]
    if typed["first"] is not None:
        given["from_turn"] = entry_at(chat, typed["first"]).turn_id
    if typed["tools"] == "ask":
        given["tools"], given["ask"] = "ask", _ask
    return given


def _option(typed: str) -> tuple[str, Any]:
    name, equals, value = typed.partition("=")
    if not equals:
        raise InvalidOption(f"--set takes OPTION=JSON, such as temperature=0, not {typed!r:.80}", field=name)
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value  # a text without its quotes


def _ask(call: ToolCall) -> str | None:
    """Ask at the terminal for a result that is not on record; an empty line, or no more input, stops."""
    sys.stderr.write(f"{one_line(call.name, 80)}({one_line(call.arguments, 500)})\nits result (empty: stop): ")
    sys.stderr.flush()
    return sys.stdin.readline().strip() or None


def _followed(chat: Conversation, given: ReplayKwargs) -> Replay:
    shown = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=shown, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("replaying", total=None)
        for event in chat.stream_replay(**given):
            if isinstance(event, ReplayBegun):
                name = "a dry run" if event.branch is None else f"onto {one_line(event.branch.name, 40)}"
                progress.update(task, total=event.total, description=name)
            elif isinstance(event, TurnReplayed):
                progress.advance(task)
            elif isinstance(event, ReplayDone):
                return event.replay
    raise AssertionError("a replay ends with ReplayDone")


def _said(chat: Conversation, replay: Replay, url: str) -> list[str]:
    count, source = len(replay.turns), one_line(replay.source, 60)
    turns = f"{count:,} turn{'' if count == 1 else 's'} of {source}"
    used = ", ".join(spent(replay.usage))
    if replay.branch is None:
        return [f"{turns} would use about {used}"]
    command = shlex.join(["convo", "diff", printable(url), str(chat.id), replay.source, replay.branch.name])
    return [f"{turns} replayed onto {one_line(replay.branch.name, 60)}: {used}", f"  {one_line(command, 1000)}"]
