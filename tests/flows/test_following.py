"""Following a turn that runs elsewhere, through its attempts."""

from __future__ import annotations

from typing import Any

import pytest

from convo import OPENAI, PERMISSIVE, Profile
from convo.errors import TurnClosed
from convo.testing import ScriptedBackend


@pytest.mark.parametrize("profile", [PERMISSIVE, OPENAI], ids=["continued", "asked anew"])
def test_who_follows_never_gets_two_answers_spliced(store: Any, elsewhere: Any, profile: Profile) -> None:
    backend = ScriptedBackend(["Good morning to you", " evening to you all"], profile=profile)
    chat = store.start(backend=backend, checkpoint=(60.0, 1))
    with chat.stream("hello") as stream:
        pieces = iter(stream)
        for _ in range(3):
            next(pieces)
        (turn,) = chat.turns()
        followed = elsewhere(chat).follow(turn)
        seen = next(followed).text
        assert seen
    chat.resume()
    if profile is OPENAI:
        with pytest.raises(TurnClosed, match="asked for anew"):
            next(followed)
        return
    seen += "".join(delta.text for delta in followed)
    assert seen == chat.history()[-1].text
    assert seen.endswith(" evening to you all")
