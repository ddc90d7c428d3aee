"""An edit or another answer that is refused before anybody is asked leaves handle and active branch where they were."""

from __future__ import annotations

from typing import Any

import pytest

from convo import Window, assistant, system
from convo.errors import BackendFailed, ContextOverflow, InvalidSetting, NothingToAnswer
from convo.profiles import MISTRAL, OPENAI, PERMISSIVE, Profile


def talk(store: Any) -> Any:
    chat = store.start(backend=lambda request: "answer")
    chat.send("one")
    chat.send("two")
    return chat


def broken(draft: Any) -> Any:
    raise KeyError("a mistake in it")


@pytest.mark.parametrize("verb", ["edit", "regenerate"])
@pytest.mark.parametrize(("policy", "refused"), [([Window(1)], ContextOverflow), ([broken], KeyError)])
def test_nothing_moves(store: Any, verb: str, policy: Any, refused: type[Exception]) -> None:
    chat = talk(store)
    entries = chat.history()
    with pytest.raises(refused):
        chat.edit(entries[2], "three", policy=policy) if verb == "edit" else chat.regenerate(policy=policy)
    assert chat.branch.name == "main"
    assert [branch.name for branch in chat.branches()] == ["main"]
    assert chat.info().active_branch_no == chat.branch.no
    assert chat.history() == entries
    assert chat.edit(entries[2], "three").text == "answer"
    assert [entry.text for entry in chat.history()] == ["one", "answer", "three", "answer"]


def test_the_active_branch_is_again_the_one_it_was(store: Any) -> None:
    chat = talk(store)
    side = chat.fork(name="side")
    with pytest.raises(ContextOverflow):
        side.edit(side.history()[0], "other", policy=[Window(1)])
    assert (side.branch.name, side.info().active_branch_no) == ("side", chat.branch.no)


def test_an_edit_that_failed_while_it_was_answered_stays(store: Any) -> None:
    def fail(request: Any) -> str:
        raise ConnectionError("gone")

    chat = talk(store)
    with pytest.raises(BackendFailed):
        chat.edit(chat.history()[2], "three", backend=fail)
    assert [entry.text for entry in chat.history()] == ["one", "answer", "three"]
    assert chat.resume().text == "answer"


GREETING, AGAIN = assistant("Hello!"), assistant("Are you there?")


@pytest.mark.parametrize("system_prompt", [None, "Be terse."])
@pytest.mark.parametrize("profile", [MISTRAL, OPENAI, PERMISSIVE], ids=lambda profile: profile.name)
@pytest.mark.parametrize(
    ("messages", "from_", "advice"),
    [
        ([GREETING], "answer", "edit"),
        ([GREETING], "input", "edit"),
        ([GREETING, AGAIN], "answer", 'from_="input"'),
        ([GREETING, AGAIN], "input", "edit"),
        (["hm", GREETING, AGAIN], "answer", 'from_="input"'),
    ],
)
def test_what_answers_nothing_is_not_made_again(
    store: Any, messages: Any, from_: Any, advice: str, profile: Profile, system_prompt: str | None
) -> None:
    chat = store.start(messages, backend=lambda request: "never", profile=profile, system=system_prompt)
    entries = chat.history()
    with pytest.raises(NothingToAnswer, match=advice):
        chat.regenerate(from_=from_)
    assert (chat.history(), len(chat.branches()), chat.info().active_branch_no) == (entries, 1, 0)
    assert chat.send("good morning").text == "never"


@pytest.mark.parametrize("from_", ["answer", "input"])
def test_a_greeting_after_a_system_message_is_made_again_after_it(store: Any, from_: Any) -> None:
    chat = store.start([system("Greet the user."), GREETING], backend=lambda request: "Hi!", profile=MISTRAL)
    assert chat.regenerate(from_=from_).text == "Hi!"
    assert [entry.text for entry in chat.history()] == ["Greet the user.", "Hi!"]


def test_an_answer_put_in_the_place_of_another_asks_nobody_and_needs_nobody(store: Any) -> None:
    chat = store.start(["Which cheese?", assistant("Brie.")])
    assert chat.edit(chat.history()[1], "Comté.") is None
    assert [entry.text for entry in chat.history()] == ["Which cheese?", "Comté."]
    with pytest.raises(InvalidSetting, match="there is no backend to ask"):
        chat.edit(chat.history()[0], "Which wine?")
