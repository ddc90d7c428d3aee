"""The async face of a conversation: the same names as in the sync face, awaited."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack
from uuid import UUID

from convo.flows import (
    accounting,
    branching,
    conversing,
    following,
    opening,
    pinning,
    reading,
    record,
    running,
    tree,
)
from convo.flows.accounting import UsageReport
from convo.flows.asking import (
    AppendKwargs,
    CallKwargs,
    MakingKwargs,
    RunKwargs,
    SettingKwargs,
    StartKwargs,
    settings_from,
)
from convo.flows.explaining import TurnRef
from convo.flows.handle import Handle
from convo.flows.reply import Reply
from convo.flows.resuming import CANCEL_GRACE
from convo.messages import MessageLike, ToolCall
from convo.ports import AsyncPort
from convo.records import Branch, Call, ConversationInfo, Entry, Turn
from convo.streams import AsyncStream
from convo.trials import AsyncTrials

T = TypeVar("T")

if TYPE_CHECKING:
    from convo.completions import CompletionRequest, Delta
    from convo.context.account import Composition
    from convo.context.explain import Explanation
    from convo.flows.events import RunEvent
    from convo.stores import AsyncStore


def _store_of(where: AsyncStore | str) -> AsyncStore:
    from convo.stores import async_store_at  # which makes conversations

    return async_store_at(where)


class AsyncConversation(AsyncTrials):
    """A conversation on one branch, as one task holds it; see ``Conversation``."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.id)!r}, branch={self.branch.name!r})"

    @classmethod
    async def open(
        cls, store: AsyncStore | str, external_id: str, *, backend: Any = None, **given: Unpack[MakingKwargs]
    ) -> AsyncConversation:
        """Return the conversation of that name in ``store`` (or at its URL), made if it is new; see ``Store.open``."""
        return await _store_of(store).open(external_id, backend=backend, **given)

    @classmethod
    async def start(
        cls,
        store: AsyncStore | str,
        messages: MessageLike | Iterable[MessageLike] = (),
        *,
        backend: Any = None,
        **given: Unpack[StartKwargs],
    ) -> AsyncConversation:
        """Return a new conversation holding ``messages``; see ``Store.start``."""
        return await _store_of(store).start(messages, backend=backend, **given)

    @classmethod
    async def load(
        cls,
        store: AsyncStore | str,
        conversation_id: UUID | str,
        *,
        branch: str | int | None = None,
        backend: Any = None,
        **given: Unpack[SettingKwargs],
    ) -> AsyncConversation:
        """Return an existing conversation; see ``Store.load``."""
        return await _store_of(store).load(conversation_id, branch=branch, backend=backend, **given)

    @property
    def id(self) -> UUID:
        """The conversation's id."""
        return self._handle.conversation_id

    @property
    def branch(self) -> Branch:
        """The branch this handle is on, as it was when last read."""
        return self._handle.branch

    async def info(self) -> ConversationInfo:
        """Return what is listed of the conversation: its names, owner, title, metadata, active branch and times."""
        return await reading.info(self._handle)

    async def configure(
        self,
        *,
        title: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        **settings: Unpack[SettingKwargs],
    ) -> None:
        """Change what is stored with the conversation; what is not given stays."""
        await opening.configure(self._handle, settings_from(settings), title, metadata)

    async def append(self, *messages: MessageLike, **given: Unpack[AppendKwargs]) -> list[Entry]:
        """Store messages without a call; see ``Conversation.append``."""
        return await conversing.append(self._handle, messages, given)

    async def send(self, message: conversing.Given, **given: Unpack[CallKwargs]) -> Reply:
        """Store ``message``, have it answered, return the reply; see ``Conversation.send``.

        A cancellation is raised once what was begun is stored: the turn is then ``interrupted`` and can be resumed.
        """
        return await conversing.send(self._handle, message, given)

    async def complete(self, **given: Unpack[CallKwargs]) -> Reply:
        """Have what is there answered, with no new input; raises NothingToAnswer after an answer."""
        return await conversing.complete(self._handle, given)

    def stream(
        self, message: conversing.Given | None, *, detached: bool = False, **given: Unpack[CallKwargs]
    ) -> AsyncStream[Delta]:
        """As ``send`` (None: as ``complete``), the answer piece by piece; see ``Conversation.stream``.

        A ``detached`` generation goes on when its reader leaves, until it ends or the store is closed; ``follow``
        it from anywhere.
        """
        return self._streamed(lambda keep: conversing.streaming(self._handle, message, given, keep), detached)

    async def run(self, message: conversing.Given | None, **given: Unpack[RunKwargs]) -> Reply:
        """As ``send``, with ``tools``, sync or async: those the model calls are called; see ``Conversation.run``.

        Async tools are tasks of this event loop, sync ones are called in threads. A cancellation cancels the tasks,
        leaves the threads to themselves, and leaves the turn so that ``run(None, ...)`` takes it up.
        """
        return await running.run(self._handle, message, given)

    def stream_run(
        self, message: conversing.Given | None, *, detached: bool = False, **given: Unpack[RunKwargs]
    ) -> AsyncStream[RunEvent]:
        """As ``run``, told while it happens: deltas of each answer, calls that begin and end, and ``TurnDone``."""
        return self._streamed(lambda keep: running.stream_run(self._handle, message, given, keep), detached)

    async def submit(
        self, results: Mapping[str, Any] | Iterable[MessageLike], **given: Unpack[CallKwargs]
    ) -> Reply | None:
        """Store results of tool calls and have them answered; see ``Conversation.submit``."""
        return await conversing.submit(self._handle, results, given)

    async def resume(self, **given: Unpack[CallKwargs]) -> Reply:
        """Take up the last turn where it failed, was interrupted, died, or ended for its length.

        A plain text that had come is continued where the backend can be given the beginning of its answer, and is
        stored once, whole; else the backend is asked again. Options given here are laid over those the turn had.
        Raises NothingToResume, Unsupported, TurnInProgress.
        """
        return await conversing.resume(self._handle, given)

    def stream_submit(
        self,
        results: Mapping[str, Any] | Iterable[MessageLike],
        *,
        detached: bool = False,
        **given: Unpack[CallKwargs],
    ) -> AsyncStream[Delta]:
        """As ``submit``, the answer piece by piece; there is no reply while other calls still wait."""
        return self._streamed(lambda keep: conversing.stream_submit(self._handle, results, given, keep), detached)

    def stream_resume(self, *, detached: bool = False, **given: Unpack[CallKwargs]) -> AsyncStream[Delta]:
        """As ``resume``, piece by piece; of an answer that is continued only what is new is given."""
        return self._streamed(lambda keep: conversing.stream_resume(self._handle, given, keep), detached)

    def _streamed(self, flow: Callable[[conversing.Keep], AsyncGenerator[T, None]], detached: bool) -> AsyncStream[T]:
        port = self._handle.port
        assert isinstance(port, AsyncPort)  # noqa: S101 - this face has no other
        return AsyncStream((lambda keep: port.detached(flow(keep))) if detached else flow, port.readers)

    async def cancel(self, *, grace: float = CANCEL_GRACE) -> Entry | None:
        """End the running or unfinished turn on purpose, wherever it runs; return what had come, as a message.

        Its runner keeps all that came, and stops at its next checkpoint; in this process with the next piece, at once
        where it waits for its reader: so a stream may be cancelled in the loop that reads it, which then ends. Where it
        does not stop within ``grace`` seconds, the turn is ended with what its checkpoints kept. None is returned where
        nothing had come. Raises NothingToCancel.
        """
        return await conversing.cancel(self._handle, grace)

    def follow(self, turn: Turn | UUID | str, after: int = 0) -> AsyncGenerator[Delta, None]:
        """Yield the text of a turn's answer that runs elsewhere, from character ``after`` on, until it ends.

        The last delta carries the finish reason. Raises StreamInterrupted where the turn broke off, TurnClosed where
        it was written over, or asked for anew with another answer than the one given so far, NotFound.
        """
        return following.follow(self._handle, turn, after)

    async def waiting(self) -> tuple[ToolCall, ...]:
        """Return the tool calls at the end of this branch that wait for a result."""
        return await reading.waiting(self._handle)

    async def history(self, limit: int = 100, before: Entry | None = None, after: Entry | None = None) -> list[Entry]:
        """Return up to ``limit`` entries in path order: the last, those before an entry, or those after one."""
        return await reading.history(self._handle, limit, before, after)

    async def turns(self, limit: int = 100, before: Entry | None = None) -> list[Turn]:
        """Return the turns of the last ``limit`` entries (before an entry), oldest first."""
        return await reading.turns(self._handle, limit, before)

    async def turn(self, turn_id: UUID | str) -> tuple[Turn, list[Call]]:
        """Return a turn and its calls; raises NotFound."""
        return await record.turn_record(self._handle.port, self.id, turn_id)

    async def request(self, turn: Turn, call: Call) -> CompletionRequest:
        """Return what was sent in ``call``, rebuilt from the record and proven by its hash."""
        return await record.request_of(self._handle.port, self.id, turn, call)

    async def usage(self, turn: Turn | None = None, *, scope: accounting.Scope = "path") -> UsageReport:
        """Return the tokens a turn used (None: all of this path, this branch or the conversation), as reported.

        A prefix that branches share is counted once. ``report.cost()`` prices it.
        """
        return await accounting.usage(self._handle, turn, scope)

    async def annotate(self, entry: Entry, metadata: Mapping[str, Any]) -> Entry:
        """Replace the metadata of a stored message; return the entry as it is now."""
        return await reading.annotate(self._handle, entry, metadata)

    async def fork(self, at: Entry | None = None, name: str | None = None) -> AsyncConversation:
        """Return a handle on a new branch that stands on ``at`` (None: the last message); this one stays as it is."""
        return AsyncConversation(await conversing.fork(self._handle, at, name))

    async def branches(self) -> list[Branch]:
        """Return the conversation's branches, oldest first."""
        return await branching.listed(self._handle)

    async def turn_counts(self) -> dict[int, int]:
        """Return how many turns each branch has of its own, by its number; those without any are left out."""
        return await reading.turn_counts(self._handle)

    async def switch(self, branch: str | int) -> None:
        """Move this handle, and the conversation's active branch, to another branch; raises NotFound."""
        await conversing.switch(self._handle, branch)

    async def rename(self, name: str, branch: str | int | None = None) -> None:
        """Give a branch (None: this one) another name; raises AlreadyExists, NotFound."""
        await tree.rename(self._handle, name, branch)

    async def edit(
        self, entry: Entry, new: MessageLike, *, answer: bool = True, **given: Unpack[CallKwargs]
    ) -> Reply | None:
        """Put ``new`` in the place of ``entry`` on a new branch, move there, and have it answered.

        A text keeps the role of what it replaces. Handle and active branch move; what stood there stays, on its own
        branch (see ``siblings``). None is returned where nobody is asked: with ``answer=False``, for an assistant
        message, and while tool calls still wait.
        """
        return await conversing.edit(self._handle, entry, new, answer, given)

    async def regenerate(self, *, from_: Literal["input", "answer"] = "answer", **given: Unpack[CallKwargs]) -> Reply:
        """Answer anew on a new branch, and move there; the old answer is among the ``siblings`` of the new one.

        ``from_="answer"``: only the last answer is made again, on the tool results it stood on; ``"input"``: all that
        followed the input. With ``n`` greater than 1 the others are on branches of their own. Raises NothingToAnswer.
        """
        return await conversing.regenerate(self._handle, from_, given)

    async def siblings(self, entry: Entry) -> list[Entry]:
        """Return what stands in the place of ``entry`` on this and the other branches, itself included."""
        return await tree.siblings(self._handle, entry)

    async def delete_branch(self, branch: str | int, *, switch_to: str | int | None = None) -> None:
        """Hide a branch and free what no other branch stands on.

        The active branch, and the one this handle is on, can only be deleted with ``switch_to``, where both then
        move. Raises TurnInProgress while a turn is open on it, NotFound, InvalidOption.
        """
        await conversing.delete_branch(self._handle, branch, switch_to)

    async def copy(
        self, external_id: str | None = None, *, title: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> AsyncConversation:
        """Return a new conversation that holds this branch's messages; turns and calls stay with this one."""
        return AsyncConversation(await tree.copy(self._handle, external_id, title, metadata))

    async def pin(self, entry: Entry) -> tuple[int, ...]:
        """Have every window keep this message (a tool call with its results); return the pinned seqs.

        Bounded, and this branch's own: forks made later keep those up to their fork message. Raises NotFound,
        InvalidSetting.
        """
        return await pinning.pin(self._handle, entry)

    async def unpin(self, entry: Entry) -> tuple[int, ...]:
        """Take back a pin; return the seqs still pinned."""
        return await pinning.unpin(self._handle, entry)

    async def compose(self, message: MessageLike | None = None, **given: Unpack[CallKwargs]) -> Composition:
        """Return what would be sent for ``message`` (None: for what is there); nothing is sent or stored."""
        return await conversing.compose(self._handle, message, given)

    async def explain(
        self, message: MessageLike | None = None, *, turn: TurnRef | None = None, **given: Unpack[CallKwargs]
    ) -> Explanation:
        """Return why each message would be in or out, or was in a ``turn``; see ``Conversation.explain``."""
        return await conversing.explain(self._handle, message, turn, given)
