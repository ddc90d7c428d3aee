"""``edit`` and ``regenerate`` done twice at once under one key: one branch, on which both end."""

from __future__ import annotations

from typing import Any

import pytest

from convo.flows import tree
from convo.testing import ScriptedBackend
from support.embedded import database_url

__all__ = ["database_url"]

KEY = {"idempotency_key": "once"}
TALK = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "good day"}]


def where(chat: Any) -> tuple[list[str], str, int]:
    return [branch.name for branch in chat.branches()], chat.branch.name, chat.info().active_branch_no


VERBS = {
    "regenerate": lambda chat, first, **given: chat.regenerate(**given),
    "edit": lambda chat, first, **given: chat.edit(first, "good morning", **given),
}
each = pytest.mark.parametrize("verb", VERBS)


@each
def test_of_two_that_do_the_same_under_one_key_one_makes_a_branch(
    verb: str, store: Any, elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = ScriptedBackend(["the answer"])
    chat = store.start(TALK, backend=backend)
    first, move_before = chat.history()[0], tree.move_before

    async def overtaken(*given: Any) -> int:
        monkeypatch.setattr(tree, "move_before", move_before)
        VERBS[verb](other, first, **KEY)
        return await move_before(*given)

    other = elsewhere(chat, backend)
    monkeypatch.setattr(tree, "move_before", overtaken)
    assert VERBS[verb](chat, first, **KEY).text == "the answer"
    assert where(chat) == (["main", "branch-1"], "branch-1", 1)
