"""``expect_head``: judged once, on the branch as the user saw it; a verb repeated under its key is not refused."""

from __future__ import annotations

from typing import Any

import pytest

from convo.errors import BackendError, BranchMoved
from convo.testing import ScriptedBackend
from support.embedded import database_url

__all__ = ["database_url"]

KEY = {"idempotency_key": "once"}
TALK = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "good day"}]


def read(stream: Any) -> Any:
    for _ in stream:
        pass
    return stream.reply


VERBS = {
    "send": lambda chat, **given: chat.send("what?", **given),
    "stream": lambda chat, **given: read(chat.stream("what?", **given)),
    "run": lambda chat, **given: chat.run("what?", tools=[], **given),
    "stream_run": lambda chat, **given: read(chat.stream_run("what?", tools=[], **given)),
}
each = pytest.mark.parametrize("verb", VERBS)


@each
def test_a_failed_turn_is_taken_up_under_its_key_though_the_branch_has_moved_by_it(verb: str, store: Any) -> None:
    chat = store.start(TALK, backend=ScriptedBackend([BackendError("down"), "the answer"]))
    head = chat.history()[-1]
    with pytest.raises(BackendError):
        VERBS[verb](chat, expect_head=head, **KEY)
    assert VERBS[verb](chat, expect_head=head, **KEY).text == "the answer"
    assert [turn.status for turn in chat.turns()] == ["completed"]


@pytest.mark.parametrize("verb", ["regenerate", "edit"])
def test_a_new_branch_is_made_only_where_the_old_one_ends_as_expected(verb: str, store: Any) -> None:
    chat = store.start(TALK, backend=ScriptedBackend(["the answer"]))
    first, last = chat.history()
    act = chat.regenerate if verb == "regenerate" else lambda **given: chat.edit(first, "hi", **given)
    with pytest.raises(BranchMoved):
        act(expect_head=first)
    assert [branch.name for branch in chat.branches()] == ["main"]
    assert act(expect_head=last).text == "the answer"
