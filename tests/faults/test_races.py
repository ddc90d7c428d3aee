"""Two who act on one branch at the same moment: the one acts while the other has composed and not yet written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import pytest

from convo import Conversation, Store
from convo.errors import CallerError
from faults.scenes import Model, broken_off, failed
from support.held import Held
from support.meanwhile import Meanwhile


def held(verb: Callable[[Conversation], Any]) -> Callable[[ExitStack, str, UUID], Any]:
    """Begin ``verb`` elsewhere and leave it running."""
    return lambda stack, url, id: stack.enter_context(Held(url, id, verb))


def done(verb: Callable[[Conversation], Any]) -> Callable[[ExitStack, str, UUID], Any]:
    """Do ``verb`` elsewhere, from beginning to end."""

    def act(stack: ExitStack, url: str, id: UUID) -> None:
        with Store(url, owner=None) as store:
            verb(store.load(id, backend=lambda request: "elsewhere"))

    return act


MEANWHILE = {
    "resumes": done(lambda chat: chat.resume()),
    "is resuming": held(lambda chat: chat.resume()),
    "sends": done(lambda chat: chat.send("elsewhere?")),
    "is sending": held(lambda chat: chat.send("elsewhere?")),
    "appends": done(lambda chat: chat.append("elsewhere")),
    "cancels": done(lambda chat: chat.cancel()),
}
VERBS: dict[str, Callable[..., Any]] = {
    "resume": lambda chat, **given: chat.resume(**given),
    "stream_resume": lambda chat, **given: list(chat.stream_resume(**given)),
    "send": lambda chat, **given: chat.send("here?", **given),
    "stream": lambda chat, **given: list(chat.stream("here?", **given)),
    "complete": lambda chat, **given: chat.complete(**given),
}


@pytest.mark.parametrize("before", [failed, broken_off], ids=lambda before: before.__name__)
@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("verb", VERBS)
def test_of_two_at_the_same_moment_one_goes_first_and_the_other_knows(
    verb: str, meanwhile: str, before: Any, face: Any, database_url: str, keeper: Store, name: str
) -> None:
    own = keeper.for_owner(name)
    made = own.start(["hello"], backend=Model())
    before(made)
    with face.Store(database_url, owner=name) as store, ExitStack() as stack:
        chat = store.load(made.id, backend=Model())
        rule = Meanwhile(lambda: MEANWHILE[meanwhile](stack, database_url, made.id))
        try:
            VERBS[verb](chat, policy=[rule])
            answered = True
        except CallerError:
            answered = False
        assert not (answered and meanwhile.startswith("is ")), "two turns ran on one branch at once"
        assert list(own.verify()) == []
    assert list(own.verify()) == []
    path = [entry.text for entry in own.load(made.id).history()]
    assert len(path) == len(set(path)) or path.count("elsewhere") + path.count("here?") > 1
    assert path.count("here?") <= 1
