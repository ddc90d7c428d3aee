"""Something that happens while a list is being composed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convo.context.draft import Draft


class Meanwhile:
    """A rule that changes nothing, and has ``act`` done the first time it is asked."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self._acts = iter([act])

    def __call__(self, draft: Draft) -> Draft:
        for act in self._acts:
            act()
        return draft
