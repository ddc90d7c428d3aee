"""Bad input of what reads, names and tries again: one typed error with one sentence each, and nothing half written."""

from __future__ import annotations

from typing import Any

import pytest

from convo.errors import (
    ContextOverflow,
    ConvoError,
    InvalidMessage,
    InvalidOption,
    InvalidSetting,
    NotFound,
    UnknownToolCall,
)
from convo.testing import ScriptedBackend
from flows.test_bad_input import SECRET, Act, Scene, refused, scene
from support.embedded import database_url

__all__ = ["database_url", "scene"]

FAR = 10**30
VAST = 10**5000
"""A number that Python does not write."""

ACTS: dict[str, tuple[Act, type[ConvoError], str]] = {
    "a branch that is one": (
        lambda s: s.chat.switch(s.chat.branch),
        InvalidSetting,
        "branch: must be the name or the number of a branch, not Branch",
    ),
    "a branch number below all": (lambda s: s.chat.switch(-FAR), NotFound, "there is no branch -1000"),
    "a branch number beyond words": (lambda s: s.chat.switch(VAST), NotFound, "there is no branch <int>"),
    "deleting a branch beyond words": (lambda s: s.chat.delete_branch(-VAST), NotFound, "there is no branch <int>"),
    "loading a branch beyond words": (lambda s: s.store.load(s.chat.id, branch=VAST), NotFound, "a branch <int>"),
    "explaining a turn beyond words": (lambda s: s.chat.explain(turn=-VAST), NotFound, "there is no turn <int>"),
    "a rule beyond words": (lambda s: s.chat.send("hm", policy=[VAST]), InvalidSetting, "<int> is neither a rule"),
    "a role beyond words": (lambda s: s.chat.send({"role": VAST}), InvalidMessage, "not <int>"),
    "a result beyond words": (lambda s: s.chat.submit({VAST: 1}), UnknownToolCall, "no tool call <int> waits"),
    "replaying a branch below all": (lambda s: s.chat.replay(-FAR), NotFound, "there is no branch -1"),
    "comparing with a branch below all": (lambda s: s.chat.compare("main", -FAR), NotFound, "there is no branch -1"),
    "loading a branch below all": (lambda s: s.store.load(s.chat.id, branch=-FAR), NotFound, "with a branch -1000"),
    "deleting a branch below all": (lambda s: s.chat.delete_branch(-FAR), NotFound, "there is no branch -1000"),
    "renaming a branch below all": (lambda s: s.chat.rename("new", -FAR), NotFound, "there is no branch -1000"),
    "a turn that is a message": (
        lambda s: s.chat.turn({"role": "user", "content": SECRET}),
        NotFound,
        "a value of type dict is no turn's id",
    ),
    "a conversation that is a message": (
        lambda s: s.store.load({"role": "user", "content": SECRET}),
        NotFound,
        "a value of type dict is no conversation id",
    ),
    "the request of a call of another turn": (
        lambda s: s.chat.request(s.chat.turns()[0], _asked(s.other)[1]),
        InvalidSetting,
        "a turn and one of its calls",
    ),
    "the request of a turn elsewhere": (
        lambda s: s.chat.request(*_asked(s.other)),
        NotFound,
        "belongs to another conversation",
    ),
    "a replay with options that are a text": (
        lambda s: s.chat.replay(options=SECRET),
        InvalidOption,
        "options: must be a dict of options",
    ),
    "a replay with options that are a number": (
        lambda s: s.chat.replay(options=1.5),
        InvalidOption,
        "options: must be a dict of options",
    ),
    "a replay with an option that has no name": (
        lambda s: s.chat.replay(options={1: 2}),
        InvalidOption,
        "options: must be a dict of options, by their names",
    ),
    "a replay with functions that are a number": (
        lambda s: s.chat.replay(tools="live", functions=3),
        InvalidOption,
        "functions: must be a list of functions",
    ),
    "a replay by a class": (
        lambda s: s.chat.replay(backend=ScriptedBackend),
        InvalidSetting,
        "a backend is no class: make one, ScriptedBackend(...)",
    ),
    "a way to replay that has no name": (
        lambda s: s.chat.replay_each({"fine": {}, None: {}}),
        InvalidSetting,
        "name: must be a text, not NoneType",
    ),
    "a way to replay that holds a number": (
        lambda s: s.chat.replay_each({"fine": {}, "odd": {1: 2}}),
        InvalidOption,
        "replay takes no 1",
    ),
    "a way to replay with options that are none": (
        lambda s: s.chat.replay_each({"fine": {}, "odd": {"options": 3}}),
        InvalidOption,
        "options: must be a dict of options",
    ),
    "a way to replay by nobody": (
        lambda s: s.chat.replay_each({"fine": {}, "odd": {"backend": "nobody:x"}}),
        InvalidSetting,
        "there is no backend 'nobody'",
    ),
    "a way to replay that waits backwards": (
        lambda s: s.chat.replay_each({"fine": {}, "odd": {"wait": -1}}),
        InvalidOption,
        "wait: must be a number",
    ),
}


def _asked(chat: Any) -> tuple[Any, Any]:
    """A turn, and its call."""
    turn, (call,) = chat.turn(chat.send("hm", backend=lambda request: "yes").turn.id)
    return turn, call


@pytest.mark.parametrize(("act", "error", "said"), ACTS.values(), ids=ACTS)
def test_bad_input_is_refused_with_one_sentence_and_changes_nothing(
    scene: Scene, database_url: str, act: Act, error: type[ConvoError], said: str
) -> None:
    refused(scene, database_url, act, error, said)


@pytest.mark.parametrize("name", [None, "large"])
def test_a_replay_that_is_refused_at_once_leaves_no_branch_behind(scene: Scene, name: str | None) -> None:
    with pytest.raises(ContextOverflow):
        scene.chat.replay(system="word " * 100_000, name=name)
    assert [branch.name for branch in scene.chat.branches()] == ["main"]
    assert scene.chat.replay(name="large").branch.name == "large"


def test_a_replay_that_breaks_off_later_keeps_its_branch(scene: Scene) -> None:
    scene.chat.send("hello again")
    backend = ScriptedBackend(["yes"])
    with pytest.raises(ConvoError):
        scene.chat.replay(backend=backend, name="large")
    assert [branch.name for branch in scene.chat.branches()] == ["main", "large"]
    assert len(scene.chat.replay(name="large", resume=True).turns) == 2


class Speechless:
    def __repr__(self) -> str:
        raise RuntimeError("nobody calls me anything")


@pytest.mark.parametrize("url", [None, 3, b"sqlite://", [], Speechless()], ids=lambda url: type(url).__name__)
def test_an_address_that_is_no_text_is_no_url(face: Any, url: Any) -> None:
    with pytest.raises(InvalidSetting, match="this is no database URL"):
        face.Store(url)
    if url is not None:
        with pytest.raises(InvalidSetting, match="this is no database URL"):
            face.Store("sqlite://", read_url=url)
