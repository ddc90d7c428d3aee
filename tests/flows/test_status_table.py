"""Every status of a turn x every verb: what becomes of the turn and of the path, or which error is raised.

Rows: how the branch's last turn stands when the verb is called. A cell says how that turn stands afterwards and what
has come at the end of the path: ``u`` a user's message, ``a`` an answer, ``t`` a tool's result, ``p`` the partial
answer of a turn that broke off. A cell with the name of an error: it was raised, and turn and path are as they were.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from convo import Conversation, Store, assistant, errors, tool_call
from convo.completions import CompletionRequest
from convo.errors import BackendFailed, TurnClosed
from support.held import Held
from support.tooling import weather

TABLE = """
                | append           | send             | complete         | stream           | submit           | resume           | fork           | switch         | run
nothing yet     | -          u     | -          ua    | NothingToAnswer  | -          ua    | UnknownToolCall  | NothingToResume  | -              | -              | NothingToAnswer
a question      | -          u     | -          ua    | -          a     | -          ua    | UnknownToolCall  | NothingToResume  | -              | -              | -          a
running         | TurnInProgress   | TurnInProgress   | TurnInProgress   | TurnInProgress   | UnknownToolCall  | TurnInProgress   | running        | running        | TurnInProgress
lapsed          | superseded u     | superseded ua    | superseded a     | superseded ua    | UnknownToolCall  | completed  a     | running        | running        | completed  a
completed       | completed  u     | completed  ua    | NothingToAnswer  | completed  ua    | UnknownToolCall  | NothingToResume  | completed      | completed      | NothingToAnswer
awaiting_tools  | superseded u     | superseded ua    | superseded a     | superseded ua    | completed  ta    | NothingToResume  | awaiting_tools | awaiting_tools | completed ta
failed          | superseded u     | superseded ua    | superseded a     | superseded ua    | UnknownToolCall  | completed  a     | failed         | failed         | completed  a
interrupted     | superseded pu    | superseded pua   | NothingToAnswer  | superseded pua   | UnknownToolCall  | completed  a     | interrupted    | interrupted    | completed  a
cancelled       | cancelled  u     | cancelled  ua    | NothingToAnswer  | cancelled  ua    | UnknownToolCall  | NothingToResume  | cancelled      | cancelled      | NothingToAnswer
superseded      | superseded u     | superseded ua    | superseded a     | superseded ua    | UnknownToolCall  | NothingToResume  | superseded     | superseded     | superseded a
"""  # noqa: E501 - a table is read in rows


def cells() -> Iterator[tuple[str, str, str]]:
    head, *rows = ([part.strip() for part in line.split("|")] for line in TABLE.strip("\n").splitlines())
    for status, *outcomes in rows:
        for verb, outcome in zip(head[1:], outcomes, strict=True):
            yield status, verb, outcome


LETTERS = {"user": "u", "assistant": "a", "tool": "t"}
CALL = tool_call("weather", {"city": "Paris"}, id="c00000001")
LEASE = 0.1


@dataclass
class Scene:
    """A conversation whose last turn stands as the row says, and a fresh handle on it in the test's face."""

    url: str
    id: UUID
    turn: UUID | None = None
    held: Held | None = None
    chat: Any = None
    stack: ExitStack = field(default_factory=ExitStack)

    def path(self) -> str:
        history = self.chat.history()
        return "".join("p" if entry.incomplete else LETTERS[entry.role] for entry in history)

    def status(self) -> str:
        return "-" if self.turn is None else str(self.chat.turn(self.turn)[0].status)


def broken(request: CompletionRequest) -> str:
    raise ConnectionError("no backend today")


def failed(scene: Scene, chat: Conversation) -> None:
    with pytest.raises(BackendFailed):
        chat.send("hello", backend=broken)
    scene.turn = chat.turns()[-1].id


def interrupted(scene: Scene, chat: Conversation) -> None:
    with chat.stream("hello", backend=lambda request: iter(["Good ", "morning"])) as stream:
        next(iter(stream))
    scene.turn = chat.turns()[-1].id


def cancelled(scene: Scene, chat: Conversation) -> None:
    interrupted(scene, chat)
    chat.cancel()


def superseded(scene: Scene, chat: Conversation) -> None:
    failed(scene, chat)
    chat.append("never mind")


def completed(scene: Scene, chat: Conversation) -> None:
    scene.turn = chat.send("hello").turn.id


def awaiting_tools(scene: Scene, chat: Conversation) -> None:
    scene.turn = chat.send("weather?", backend=lambda request: assistant(tool_calls=[CALL])).turn.id


def running(scene: Scene, chat: Conversation) -> None:
    scene.held = scene.stack.enter_context(Held(scene.url, scene.id))
    scene.turn = chat.turns()[-1].id


def lapsed(scene: Scene, chat: Conversation) -> None:
    scene.held = scene.stack.enter_context(Held(scene.url, scene.id, lease=LEASE))
    scene.turn = chat.turns()[-1].id
    time.sleep(LEASE + 0.02)


def nothing_yet(scene: Scene, chat: Conversation) -> None:
    """A new conversation."""


def a_question(scene: Scene, chat: Conversation) -> None:
    chat.append("hello")


MAKERS: dict[str, Callable[[Scene, Conversation], None]] = {
    "nothing yet": nothing_yet,
    "a question": a_question,
    "running": running,
    "lapsed": lapsed,
    "completed": completed,
    "awaiting_tools": awaiting_tools,
    "failed": failed,
    "interrupted": interrupted,
    "cancelled": cancelled,
    "superseded": superseded,
}


def switch_there_and_back(chat: Any) -> None:
    chat.switch("side")
    assert chat.send("on another branch").text == "yes"
    chat.switch("main")


def fork_and_go_on(chat: Any) -> None:
    before = [entry.id for entry in chat.history()]
    side = chat.fork(name="beside")
    assert side.send("on a new branch").text == "yes"
    assert [entry.id for entry in side.history()][: len(before)] == before


VERBS: dict[str, Callable[[Any], Any]] = {
    "append": lambda chat: chat.append("and?"),
    "send": lambda chat: chat.send("and?"),
    "complete": lambda chat: chat.complete(),
    "stream": lambda chat: list(chat.stream("and?")),
    "submit": lambda chat: chat.submit({CALL.id: "24 degrees"}),
    "resume": lambda chat: chat.resume(),
    "run": lambda chat: chat.run(None, tools=[weather]),
    "fork": fork_and_go_on,
    "switch": switch_there_and_back,
}


@pytest.fixture
def scene(status: str, store: Any, face: Any, database_url: str) -> Iterator[Scene]:
    with nullcontext(store) if face.name == "sync" else Store(database_url) as maker:
        chat = maker.start(backend=lambda request: "yes")
        chat.fork(name="side")
        made = Scene(database_url, chat.id)
        with made.stack:
            MAKERS[status](made, chat)
            made.chat = store.load(chat.id, branch="main", backend=lambda request: "yes")
            yield made


CELLS = list(cells())


@pytest.mark.parametrize(("status", "verb", "outcome"), CELLS, ids=[f"{status}-{verb}" for status, verb, _ in CELLS])
def test_every_status_meets_every_verb_as_the_table_says(scene: Scene, status: str, verb: str, outcome: str) -> None:
    before, standing = scene.path(), scene.status()
    if hasattr(errors, outcome):
        with pytest.raises(getattr(errors, outcome)):
            VERBS[verb](scene.chat)
        after, come = standing, ""
    else:
        VERBS[verb](scene.chat)
        after, come = (*outcome.split(), "")[:2]
    assert scene.path() == before + come
    assert scene.status() == after
    if scene.held is not None:
        late = scene.held.release()
        if after == "running":
            assert (late.text, scene.status()) == ("held answer", "completed")
        else:
            assert isinstance(late, TurnClosed)
            assert (scene.path(), scene.status()) == (before + come, after)


def test_the_table_has_every_verb_and_every_status() -> None:
    assert {verb for _, verb, _ in cells()} == {*VERBS}
    assert {status for status, _, _ in cells()} == {*MAKERS}
