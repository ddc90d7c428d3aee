"""Branches deleted, switched and copied by two at the same moment: the active branch is always one that is there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from convo import Conversation, Store
from convo.errors import CallerError, InvalidOption, NotFound
from convo.flows import branching, tree
from convo.store import branches
from support.faces import bare

SHORT = 1.0
"""Seconds that a rival is given, who may have to wait for us."""

Act = Callable[[Any], Any]


@pytest.fixture
def store(face: Any, database_url: str, name: str) -> Iterator[Any]:
    with face.Store(database_url, owner=name) as made:
        yield made


@pytest.fixture
def chat(store: Any) -> Any:
    made = store.start(["Hello."], backend="scripted:")
    for name in ("a", "b"):
        made.fork(name=name).append(f"on {name}")
    return made


class Rival:
    """Somebody with a store of their own, who acts once: at once, or while we hold a transaction open."""

    def __init__(self, url: str, owner: str, id: Any, act: Act) -> None:
        self._given, self._act, self.done = (url, owner, id), act, False
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        url, owner, id = self._given
        with Store(url, owner=owner) as store:
            try:
                self._act(store.load(id, branch="main"))
            except CallerError:
                return  # we were first

    def acts(self) -> None:
        if not self.done:
            self.done = True
            self._thread.start()
            self._thread.join(SHORT)

    def ends(self) -> None:
        assert self.done
        self._thread.join()


def before_writing(chat: Any, rival: Rival, monkeypatch: pytest.MonkeyPatch) -> None:
    port = bare(chat)._handle.port
    write = port.write

    async def late(work: Any) -> Any:
        rival.acts()
        return await write(work)

    monkeypatch.setattr(port, "write", late)


def within(module: Any, rival: Rival, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rival acts right after the branch was read in the transaction that moves to it."""

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(branches, name)

        def state(self, *given: Any) -> Any:
            found = branches.state(*given)
            rival.acts()
            return found

    monkeypatch.setattr(module, "branches", Slow())


RACES: dict[str, tuple[Act, Act]] = {
    "a switch, and its branch is deleted": (
        lambda chat: chat.switch("a"),
        lambda other: other.delete_branch("a"),
    ),
    "a switch, and its branch is deleted for another": (
        lambda chat: chat.switch("a"),
        lambda other: other.delete_branch("a", switch_to="b"),
    ),
    "a deletion, and its branch becomes active": (
        lambda chat: chat.delete_branch("a"),
        lambda other: other.switch("a"),
    ),
    "a deletion, and the branch it switches to is deleted": (
        lambda chat: chat.delete_branch("a", switch_to="b"),
        lambda other: other.delete_branch("b"),
    ),
    "two deletions that switch to each other's branch": (
        lambda chat: chat.delete_branch("a", switch_to="b"),
        lambda other: other.delete_branch("b", switch_to="a"),
    ),
    "a copy, and its branch is deleted": (
        lambda chat: chat.copy(),
        lambda other: other.delete_branch("b"),
    ),
}


@pytest.mark.parametrize("moment", ["before", "within"])
@pytest.mark.parametrize(("ours", "theirs"), RACES.values(), ids=RACES)
def test_whoever_is_first_the_conversation_stays_whole(
    store: Any,
    chat: Any,
    database_url: str,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    ours: Act,
    theirs: Act,
    moment: str,
) -> None:
    mine = store.load(chat.id, branch="b") if "copy" in ours.__code__.co_names else chat
    rival = Rival(database_url, name, chat.id, theirs)
    if moment == "before":
        before_writing(chat, rival, monkeypatch)
    else:
        within(branching if "switch" in ours.__code__.co_names else tree, rival, monkeypatch)
    with suppress(NotFound, InvalidOption):  # the rival was first
        ours(mine)
    rival.ends()
    monkeypatch.undo()
    with Store(database_url, owner=name) as other:
        assert list(other.verify()) == []
        assert other.load(chat.id).history()[0].text == "Hello."
        listed = Conversation.load(other, chat.id).branches()
        assert other.load(chat.id).branch.no in {branch.no for branch in listed}
