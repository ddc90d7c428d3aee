"""What happens while ``run`` is under way, as ``stream_run`` gives it: frozen values in one union."""

from __future__ import annotations

from typing import Literal, TypeAlias

from convo.completions import Delta
from convo.flows.reply import Reply
from convo.frozen import dataclass
from convo.messages import ToolCall
from convo.records import Entry

Outcome = Literal["ok", "error", "refused", "timeout", "interrupted"]


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool call is being made."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool call has its result, which is stored: ``entry`` is the message that the model will read.

    ``outcome``: ``ok``; ``error``: the tool raised, or the model called what is not there or with wrong arguments;
    ``refused``: it was not approved; ``timeout``: it took too long; ``interrupted``: the process died while it was
    being made, and it is not known whether it took effect.
    """

    call: ToolCall
    entry: Entry
    outcome: Outcome

    @property
    def text(self) -> str:
        """The text of the result."""
        return self.entry.text


@dataclass(frozen=True, slots=True)
class TurnDone:
    """The turn has ended; ``reply`` is what ``run`` returns."""

    reply: Reply


RunEvent: TypeAlias = Delta | ToolStarted | ToolFinished | TurnDone
"""A piece of an answer, a call that begins or ends, or the end. ``Delta`` brings pieces of every answer of the turn."""
