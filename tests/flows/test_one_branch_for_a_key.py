"""``edit``, ``regenerate`` and a longer answer done at once under one key: one branch, on which all end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from convo import Choice, Completion, Store, assistant
from convo.errors import IdempotencyMismatch, TurnInProgress
from faults.scenes import ANSWER, Model
from support.held import Held
from support.meanwhile import Meanwhile
from support.processes import together

KEY = {"idempotency_key": "once"}
AT_ONCE = 4
SHORT = Completion((Choice(assistant(ANSWER[:600]), "length"),))


VERBS: dict[str, Callable[..., Any]] = {
    "regenerate": lambda chat, first, **given: chat.regenerate(**given, **KEY),
    "edit": lambda chat, first, **given: chat.edit(first, "good morning", **given, **KEY),
    "resume": lambda chat, first, **given: chat.resume(**given, **KEY),
}
each = pytest.mark.parametrize("verb", VERBS)


class Asked(Model):
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.count = 0

    def complete(self, request: Any) -> Any:
        self.count += 1
        return super().complete(request)


def talk(store: Any, backend: Any) -> Any:
    """A conversation of a question and an answer that ended for its length."""
    chat = store.start(backend=lambda request: SHORT)
    chat.send("hello")
    return store.load(chat.id, backend=backend)


def where(chat: Any) -> tuple[list[str], str, int]:
    return [branch.name for branch in chat.branches()], chat.branch.name, chat.info().active_branch_no


@each
def test_who_comes_while_another_composes_makes_the_branch_and_both_get_its_reply(
    verb: str, store: Any, elsewhere: Any
) -> None:
    backend, replies = Asked(), []
    chat = talk(store, backend)
    first = chat.history()[0]
    rule = Meanwhile(lambda: replies.append(VERBS[verb](elsewhere(chat, backend), first)))
    reply = VERBS[verb](chat, first, policy=[rule])
    assert (reply.turn.id, reply.text) == (replies[0].turn.id, ANSWER)
    assert where(chat) == (["main", "branch-1"], "branch-1", 1)
    assert backend.count == 1


@each
def test_who_comes_while_another_is_answered_waits_for_his_reply_or_is_told(
    verb: str, store: Any, database_url: str
) -> None:
    chat = talk(store, Model())
    first = chat.history()[0]
    with Held(database_url, chat.id, lambda other: VERBS[verb](other, first), profile=Model.profile) as held:
        with pytest.raises(TurnInProgress):
            VERBS[verb](store.load(chat.id, backend=Model()), first)
        reply = held.release("the end")
    assert VERBS[verb](chat, first, wait=30).turn.id == reply.turn.id
    assert VERBS[verb](chat, first, wait=30).text == reply.text
    assert where(chat) == (["main", "branch-1"], "branch-1", 1)


@pytest.mark.parametrize("role", ["user", "assistant"])
def test_an_edit_that_asks_nobody_is_done_once_too_and_all_end_where_it_stands(
    role: str, store: Any, elsewhere: Any
) -> None:
    chat = talk(store, Model())
    entry = chat.history()[0 if role == "user" else 1]
    other, third = elsewhere(chat), elsewhere(chat)
    for each in (chat, other, chat):
        assert each.edit(entry, "good morning", answer=False, **KEY) is None
        assert where(each) == (["main", "branch-1"], "branch-1", 1)
    chat.delete_branch("branch-1", switch_to="main")
    assert third.edit(entry, "good morning", answer=False, **KEY) is None
    assert where(third) == (["main"], "main", 0)


def act_at_once(start: Any, url: str, conversation: UUID, verb: str, number: int) -> tuple[UUID, str, str, int]:
    """Do ``verb`` when the others do, every second time on the branch that is the active one by then."""
    backend = Asked()
    with Store(url) as store:
        chat = store.load(conversation, branch="main", backend=backend)
        first = chat.history()[0]
        start()
        chat = chat if number % 2 else store.load(conversation, backend=backend)
        reply = VERBS[verb](chat, first, wait=60)
        return reply.turn.id, reply.text, chat.branch.name, backend.count


@each
def test_of_processes_that_do_the_same_at_once_one_makes_the_branch_and_asks(verb: str, database_url: str) -> None:
    with Store(database_url) as store:
        chat = talk(store, Model())
        told = together(act_at_once, [(database_url, chat.id, verb, number) for number in range(AT_ONCE)])
        assert len({each[:3] for each in told}) == 1, told
        assert Counter(each[3] for each in told) == {1: 1, 0: AT_ONCE - 1}
        chat = store.load(chat.id)
        assert where(chat) == (["main", told[0][2]], told[0][2], chat.branch.no)


@each
def test_the_key_of_a_new_branch_is_that_of_its_verb(verb: str, store: Any) -> None:
    chat = talk(store, Model())
    first = chat.history()[0]
    VERBS[verb](chat, first)
    other = next(act for name, act in VERBS.items() if name != verb)
    with pytest.raises(IdempotencyMismatch):
        other(store.load(chat.id, branch="main", backend=Model()), first)
    assert len(chat.branches()) == 2
