"""When a rule acts. Within one phase rules act in the order of the policy; this is where their order matters."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar

from convo.context.draft import Draft
from convo.errors import InvalidSetting
from convo.harmless import brief


class Phase(IntEnum):
    """The phases of composing, in order."""

    KEEP = 0
    WINDOW = 1
    CHOOSE = 2
    REWRITE = 3  # "the newest" are the newest of what goes out
    OWN = 4  # functions of the user: they see what the rules above left
    INSERT = 5
    REDACT = 6  # sees every text that leaves, inserted ones too
    FORM = 7


class BuiltInRule:
    """What convo's own rules share: a phase, and that they are called with a draft."""

    phase: ClassVar[Phase]

    def __call__(self, draft: Draft) -> Draft:
        """Return what the rule makes of ``draft``."""
        return self._apply(draft)

    def _apply(self, draft: Draft) -> Draft:
        """Return the draft unchanged: what a rule makes of it stands in the rule."""
        return draft


def check_count(rule: str, name: str, value: object) -> None:
    """Raise InvalidSetting unless ``value`` is an integer of at least 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidSetting(f"{rule}: {name} must be a whole number of at least 1, not {brief(value, 40)}", field=name)
