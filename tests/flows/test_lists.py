"""The public interface against a model of plain lists: whatever is done, every branch reads as the model says.

``CONVO_TEST_STEPS=200000`` makes a long run of it, in as many examples as that takes; see CONTRIBUTING.md.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from convo import Conversation, Store, assistant, user
from convo.errors import NoRecordedResult, NothingToAnswer
from support.lists import RESULT, Said, Talk, answer, as_stored, call_id, foretold, replayed, waits

STEPS_OF_ONE = 100
UNHURRIED: Any = {"synchronous": "NORMAL"}
"""No power is cut here; servers take no notice."""
MOST_HANDLES = 8
PICK = st.integers(0, 2**20)


class Talks(RuleBasedStateMachine):
    """Conversations of one store, and the handles on their branches; each handle knows its place in the model."""

    url: str
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.store = Store(self.url, **UNHURRIED)
        self.talks: list[Talk] = []
        self.ids: list[Any] = []
        self.handles: list[tuple[int, Conversation]] = []
        self.count = 0
        self._know(self.store.start(backend=answer), Talk())

    def _know(self, chat: Conversation, talk: Talk) -> None:
        self.talks.append(talk)
        self.ids.append(chat.id)
        self.handles.append((len(self.talks) - 1, chat))

    def _keep(self, talk: int, chat: Conversation) -> None:
        if len(self.handles) >= MOST_HANDLES:
            self.handles.pop(self.count % len(self.handles))
        self.handles.append((talk, chat))

    def _pick(self, pick: int) -> tuple[Talk, Conversation, list[Said]]:
        Talks.steps += 1
        number, chat = self.handles[pick % len(self.handles)]
        talk = self.talks[number]
        return talk, chat, talk.path(chat.branch.no)

    def _text(self, begins: str) -> str:
        self.count += 1
        return f"{begins} {self.count}"

    def _entry(self, chat: Conversation, seq: int) -> Any:
        return chat.history(limit=10_000)[seq - 1]

    @rule(pick=PICK, humans=st.booleans())
    def append(self, pick: int, humans: bool) -> None:
        _, chat, path = self._pick(pick)
        said = [Said("user", self._text("note")), *([Said("assistant", self._text("a human"))] if humans else [])]
        chat.append(*(user(each.text) if each.role == "user" else assistant(each.text) for each in said))
        path += said

    @rule(pick=PICK, looks=st.booleans())
    def send(self, pick: int, looks: bool) -> None:
        _, chat, path = self._pick(pick)
        path.append(Said("user", self._text("look" if looks else "say"), of_turn=True))
        reply = chat.send(path[-1].text)
        path.append(foretold(path))
        assert reply.text == path[-1].text

    @rule(pick=PICK)
    def submit(self, pick: int) -> None:
        _, chat, path = self._pick(pick)
        if waits(path):
            reply = chat.submit({call_id(path[-1].looks): RESULT})
            path.append(Said("tool", RESULT, of_turn=True))
            path.append(foretold(path))
            assert reply is not None
            assert reply.text == path[-1].text

    @rule(pick=PICK, where=PICK)
    def fork(self, pick: int, where: int) -> None:
        talk, chat, path = self._pick(pick)
        seq = where % (len(path) + 1)
        side = chat.fork(at=self._entry(chat, seq)) if 0 < seq < len(path) else chat.fork()
        number = talk.fork(path[:seq] if 0 < seq < len(path) else path)
        assert side.branch.no == number
        self._keep(self.ids.index(chat.id), side)

    @rule(pick=PICK, where=PICK, answered=st.booleans())
    def edit(self, pick: int, where: int, answered: bool) -> None:
        talk, chat, path = self._pick(pick)
        if not path:
            return
        seq = where % len(path) + 1
        old = path[seq - 1]
        text = RESULT if old.role == "tool" else self._text("edited")
        reply = chat.edit(self._entry(chat, seq), text, answer=answered)
        asked = answered and old.role != "assistant"
        talk.active = talk.fork([*path[: seq - 1], Said(old.role, text, of_turn=asked)])
        new = talk.path(talk.active)
        if asked:
            new.append(foretold(new))
        assert chat.branch.no == talk.active
        assert (reply and reply.text) == (new[-1].text if asked else None)

    @rule(pick=PICK, whole=st.booleans())
    def regenerate(self, pick: int, whole: bool) -> None:
        talk, chat, path = self._pick(pick)
        if not path or path[-1].role != "assistant":
            with pytest.raises(NothingToAnswer):
                chat.regenerate()
            return
        kept = len(path) - 1
        while whole and path[kept - 1].role != "user" and kept:
            kept -= 1
        if not kept:
            return
        reply = chat.regenerate(from_="input" if whole else "answer")
        talk.active = talk.fork(path[:kept])
        new = talk.path(talk.active)
        new.append(foretold(new))
        assert (chat.branch.no, reply.text) == (talk.active, new[-1].text)

    @rule(pick=PICK, other=PICK)
    def switch(self, pick: int, other: int) -> None:
        talk, chat, _ = self._pick(pick)
        talk.active = talk.alive()[other % len(talk.alive())]
        chat.switch(talk.active)

    @rule(pick=PICK, other=PICK)
    def delete_branch(self, pick: int, other: int) -> None:
        talk, chat, _ = self._pick(pick)
        alive = talk.alive()
        doomed = alive[other % len(alive)]
        if len(alive) < 4 or doomed == chat.branch.no:
            return
        chat.delete_branch(doomed, switch_to=chat.branch.no)
        talk.branches[doomed], talk.active = None, chat.branch.no
        talk.branches.append(None)  # a deletion takes a number too: it stands in line with forks
        gone = self.ids.index(chat.id)
        self.handles = [(of, each) for of, each in self.handles if (of, each.branch.no) != (gone, doomed)]

    @precondition(lambda self: len(self.talks) < 4)
    @rule(pick=PICK)
    def copy(self, pick: int) -> None:
        _, chat, path = self._pick(pick)
        self._know(chat.copy(), Talk([[Said(*said.told) for said in path]]))

    @rule(pick=PICK)
    def replay(self, pick: int) -> None:
        talk, chat, path = self._pick(pick)
        made = replayed(path)
        if made is None:
            with pytest.raises(NothingToAnswer):
                chat.replay()
            return
        expected, shared, whole = made
        if whole:
            branch = chat.replay().branch
        else:
            with pytest.raises(NoRecordedResult):
                chat.replay()
            branch = chat.branches()[-1]
        assert branch is not None
        assert branch.fork_seq == shared
        assert branch.no == talk.fork(expected)

    @rule(pick=PICK)
    def read(self, pick: int) -> None:
        talk, chat, path = self._pick(pick)
        assert [as_stored(entry) for entry in chat.history(limit=10_000)] == [said.told for said in path]
        assert chat.info().active_branch_no == talk.active

    @rule(pick=PICK)
    def reopen(self, pick: int) -> None:
        Talks.steps += 1
        if pick % 4:
            return
        places = [(talk, chat.id, chat.branch.no) for talk, chat in self.handles]
        self.store.close()
        self.store = Store(self.url, **UNHURRIED)
        self.handles = [(of, self.store.load(id, branch=no, backend=answer)) for of, id, no in places]

    def teardown(self) -> None:
        try:
            for id, talk in zip(self.ids, self.talks, strict=True):
                for number in talk.alive():
                    chat = self.store.load(id, branch=number)
                    stored = [as_stored(entry) for entry in chat.history(limit=10_000)]
                    assert stored == [said.told for said in talk.path(number)]
                assert [branch.no for branch in chat.branches()] == talk.alive()
        finally:
            self.store.close()


def given_steps() -> int:
    return int(os.environ.get("CONVO_TEST_STEPS", "0"))


def test_every_branch_reads_as_the_lists_say(database_url: str) -> None:
    class OnThisDatabase(Talks):
        url = database_url

    is_embedded = database_url.startswith("sqlite")
    steps = given_steps() if is_embedded and given_steps() else 5_000 if is_embedded else 500
    examples = steps // STEPS_OF_ONE
    before = Talks.steps
    moderate = settings(
        max_examples=examples,
        stateful_step_count=STEPS_OF_ONE,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate] if given_steps() else [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    )
    run_state_machine_as_test(OnThisDatabase, settings=moderate)
    print(f"{Talks.steps - before} steps in {examples} examples")
    assert Talks.steps - before > steps / 2
    with Store(database_url, owner=None) as store:
        assert not is_embedded or list(store.verify()) == []
