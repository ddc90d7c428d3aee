"""What a replay is asked for, what it tells on its way, and what it gives back. Frozen values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict
from uuid import UUID

from convo.flows.accounting import UsageReport
from convo.flows.reply import Reply
from convo.frozen import dataclass
from convo.messages import ToolCall
from convo.options import CompletionOptions
from convo.profiles import Profile
from convo.records import Branch, Entry, Turn

Tools = Literal["recorded", "live", "ask"]


class ReplayKwargs(TypedDict, total=False):
    """What ``replay`` takes besides the branch.

    ``backend``, ``system``, ``policy``, ``profile``, ``lease`` and ``options`` take the place of those in force;
    other options are those of each recorded turn. ``from_turn``: the turn to begin with, else the first. ``name``:
    the new branch's; ``resume=True``: go on with the replay that stands on the branch of that name, if there is one.
    ``tools``: where results of tool calls come from: ``"recorded"``; ``"ask"``: where none is on record, the function
    ``ask`` is given the call and returns the result, or None to stop; ``"live"``: the ``functions`` are called, as
    in ``run``. ``wait``: seconds to wait for a turn of the new branch that is still running. ``dry_run=True``:
    nothing is sent or stored, and the usage is an estimate.
    """

    backend: Any
    system: str | None
    policy: Sequence[Any] | None
    profile: Profile | None
    lease: float | None
    options: CompletionOptions | Mapping[str, Any] | None
    from_turn: Turn | UUID | str | None
    name: str | None
    resume: bool
    tools: Tools
    ask: Callable[[ToolCall], Any] | None
    functions: Iterable[Any] | None
    wait: float
    dry_run: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayBegun:
    """The replay of ``total`` turns begins, onto ``branch``; None in a dry run."""

    branch: Branch | None
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnReplayed:
    """One recorded turn has been replayed, the ``number``-th of ``total``.

    ``inputs`` are the recorded messages that were sent again, ``recorded`` is the answer on record, None for none;
    ``reply`` is the new one, None in a dry run.
    """

    number: int
    total: int
    inputs: tuple[Entry, ...]
    recorded: Entry | None
    reply: Reply | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A branch replayed: ``branch`` holds the new answers, ``usage`` is what they cost.

    ``source`` is the name of the branch that was replayed. In a dry run ``branch`` is None and ``usage`` estimated.
    """

    source: str
    branch: Branch | None
    turns: tuple[TurnReplayed, ...]
    usage: UsageReport


@dataclass(frozen=True, slots=True)
class ReplayDone:
    """The replay has ended; ``replay`` is what ``replay`` returns."""

    replay: Replay


ReplayEvent: TypeAlias = ReplayBegun | TurnReplayed | ReplayDone
"""The beginning, a turn that has been replayed, or the end."""
