"""What both faces of a conversation try again and lay side by side: replays, records, comparisons."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from typing import Unpack

from convo.flows import laying_out, recorded, replay_each, replaying, spending
from convo.flows.comparing import Comparison, Table
from convo.flows.handle import Handle
from convo.flows.recorded import RecordedBackend
from convo.flows.replay_each import AT_ONCE
from convo.flows.replay_values import Replay, ReplayEvent, ReplayKwargs
from convo.flows.spending import TurnUsage
from convo.ports import drive, drive_stream
from convo.profiles import PERMISSIVE, Profile


class Trials:
    """The sync face's part: see ``Conversation``."""

    _handle: Handle

    def replay(self, branch: str | int | None = None, **given: Unpack[ReplayKwargs]) -> Replay:
        """Send the recorded inputs of a branch (None: this one) again, onto a new branch; this handle stays.

        Another backend, system prompt, policy or options may answer. Results of tool calls are those on record, found
        by name and arguments and, of equal calls, by order. A replay that broke off is gone on with by
        ``name=..., resume=True``. Raises what a turn raises, NoRecordedResult, NothingToAnswer, NotFound,
        AlreadyExists.
        """
        return drive(replaying.replay(self._handle, branch, **given))

    def stream_replay(
        self, branch: str | int | None = None, **given: Unpack[ReplayKwargs]
    ) -> Generator[ReplayEvent, None, None]:
        """As ``replay``, told while it happens: ``ReplayBegun``, a ``TurnReplayed`` for each turn, ``ReplayDone``."""
        return drive_stream(replaying.stream_replay(self._handle, branch, **given))

    def replay_each(
        self, ways: Mapping[str, ReplayKwargs], branch: str | int | None = None, *, at_once: int = AT_ONCE
    ) -> dict[str, Replay]:
        """Replay a branch in several ``ways``, each onto a branch of the name it is given under; return each replay.

        ``at_once`` of them run at a time, in threads. Where one fails the others run to their end, then the first
        error is raised.
        """
        return drive(replay_each.replay_each(self._handle, ways, branch, at_once))

    def recorded(self, profile: Profile = PERMISSIVE) -> RecordedBackend:
        """Return this branch as a backend that answers again, offline, what is on record; see ``RecordedBackend``.

        ``profile`` is the one the record was made with. O(path).
        """
        return drive(recorded.recorded(self._handle, profile))

    def diff(self, a: str | int, b: str | int | None = None) -> Comparison:
        """Lay branch ``a`` and branch ``b`` (None: this one) side by side from where they part.

        Turns are paired in order; texts differ by word; options, usage and time come with the calls. O(messages after
        the point where they part). Raises NotFound.
        """
        other = self._handle.branch.no if b is None else b
        return drive(laying_out.diff(self._handle, a, other))

    def compare(self, *branches: str | int) -> Table:
        """Lay several branches side by side: a column for each, a row for each turn after what all of them share.

        For those who choose a model or a prompt, after ``replay_each``. O(messages after that point). Raises NotFound,
        and InvalidOption for fewer than two branches.
        """
        return drive(laying_out.table(self._handle, branches))

    def usage_by_turn(self, limit: int = 100) -> list[TurnUsage]:
        """Return where the tokens of the turns of the last ``limit`` messages went, oldest first: see ``TurnUsage``."""
        return drive(spending.spending(self._handle, limit))


class AsyncTrials:
    """The async face's part: see ``AsyncConversation``."""

    _handle: Handle

    async def replay(self, branch: str | int | None = None, **given: Unpack[ReplayKwargs]) -> Replay:
        """Send the recorded inputs of a branch again, onto a new branch; see ``Conversation.replay``."""
        return await replaying.replay(self._handle, branch, **given)

    def stream_replay(
        self, branch: str | int | None = None, **given: Unpack[ReplayKwargs]
    ) -> AsyncGenerator[ReplayEvent, None]:
        """As ``replay``, told while it happens: ``ReplayBegun``, a ``TurnReplayed`` for each turn, ``ReplayDone``."""
        return replaying.stream_replay(self._handle, branch, **given)

    async def replay_each(
        self, ways: Mapping[str, ReplayKwargs], branch: str | int | None = None, *, at_once: int = AT_ONCE
    ) -> dict[str, Replay]:
        """Replay a branch in several ``ways``, so many ``at_once``, in tasks; see ``Conversation.replay_each``."""
        return await replay_each.replay_each(self._handle, ways, branch, at_once)

    async def recorded(self, profile: Profile = PERMISSIVE) -> RecordedBackend:
        """Return this branch as a backend that answers again what is on record; see ``Conversation.recorded``."""
        return await recorded.recorded(self._handle, profile)

    async def diff(self, a: str | int, b: str | int | None = None) -> Comparison:
        """Lay two branches (``b`` None: this one) side by side from where they part; see ``Conversation.diff``."""
        other = self._handle.branch.no if b is None else b
        return await laying_out.diff(self._handle, a, other)

    async def compare(self, *branches: str | int) -> Table:
        """Lay several branches side by side, a column for each; see ``Conversation.compare``."""
        return await laying_out.table(self._handle, branches)

    async def usage_by_turn(self, limit: int = 100) -> list[TurnUsage]:
        """Return where the tokens of the turns of the last ``limit`` messages went; see ``TurnUsage``."""
        return await spending.spending(self._handle, limit)
