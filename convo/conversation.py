"""The sync face of a conversation. Every method is a line or three over a flow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Unpack
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
from convo.ports import drive, drive_stream
from convo.records import Branch, Call, ConversationInfo, Entry, Turn
from convo.streams import Stream
from convo.trials import Trials

if TYPE_CHECKING:
    from convo.completions import CompletionRequest, Delta
    from convo.context.account import Composition
    from convo.context.explain import Explanation
    from convo.flows.events import RunEvent
    from convo.stores import Store


def _store_of(where: Store | str) -> Store:
    from convo.stores import store_at  # which makes conversations

    return store_at(where)


class Conversation(Trials):
    """A conversation on one branch, as one thread holds it. Made by ``open``, ``start`` and ``load``.

    Cheap: thousands share one store. What it remembers is the window, never the history. A second thread that has one
    handle send, compose or move while the first is in such a verb, or reads a stream, gets HandleInUse: open one for
    each. Only ``cancel`` and what reads are let through.
    """

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.id)!r}, branch={self.branch.name!r})"

    @classmethod
    def open(
        cls, store: Store | str, external_id: str, *, backend: Any = None, **given: Unpack[MakingKwargs]
    ) -> Conversation:
        """Return the conversation of that name in ``store`` (or at its URL), made if it is new; see ``Store.open``."""
        return _store_of(store).open(external_id, backend=backend, **given)

    @classmethod
    def start(
        cls,
        store: Store | str,
        messages: MessageLike | Iterable[MessageLike] = (),
        *,
        backend: Any = None,
        **given: Unpack[StartKwargs],
    ) -> Conversation:
        """Return a new conversation holding ``messages``; see ``Store.start``."""
        return _store_of(store).start(messages, backend=backend, **given)

    @classmethod
    def load(
        cls,
        store: Store | str,
        conversation_id: UUID | str,
        *,
        branch: str | int | None = None,
        backend: Any = None,
        **given: Unpack[SettingKwargs],
    ) -> Conversation:
        """Return an existing conversation; see ``Store.load``."""
        return _store_of(store).load(conversation_id, branch=branch, backend=backend, **given)

    @property
    def id(self) -> UUID:
        """The conversation's id."""
        return self._handle.conversation_id

    @property
    def branch(self) -> Branch:
        """The branch this handle is on, as it was when last read."""
        return self._handle.branch

    def info(self) -> ConversationInfo:
        """Return what is listed of the conversation: its names, owner, title, metadata, active branch and times."""
        return drive(reading.info(self._handle))

    def configure(
        self,
        *,
        title: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        **settings: Unpack[SettingKwargs],
    ) -> None:
        """Change what is stored with the conversation; what is not given stays."""
        drive(opening.configure(self._handle, settings_from(settings), title, metadata))

    def append(self, *messages: MessageLike, **given: Unpack[AppendKwargs]) -> list[Entry]:
        """Store messages without a call (greetings, a human's answer, imported talk); return their entries."""
        return drive(conversing.append(self._handle, messages, given))

    def send(self, message: conversing.Given, **given: Unpack[CallKwargs]) -> Reply:
        """Store ``message`` (a text, a message, or a list of them), have it answered, return the reply.

        The input is stored before the backend is asked and stays whatever happens: on a BackendError the turn is
        ``failed`` and ``resume()`` asks again. Raises TurnInProgress when a turn is running on this branch,
        BranchMoved, ContextOverflow, Unsupported, InvalidMessage, InvalidOption: nothing is stored then.
        """
        return drive(conversing.send(self._handle, message, given))

    def complete(self, **given: Unpack[CallKwargs]) -> Reply:
        """Have what is there answered, with no new input; raises NothingToAnswer after an answer."""
        return drive(conversing.complete(self._handle, given))

    def stream(self, message: conversing.Given | None, **given: Unpack[CallKwargs]) -> Stream[Delta]:
        """As ``send`` (None: as ``complete``), the answer piece by piece.

        The turn begins with the first step of the loop. A reader who leaves early leaves it ``interrupted``.
        """
        return Stream(lambda keep: conversing.streaming(self._handle, message, given, keep))

    def run(self, message: conversing.Given | None, **given: Unpack[RunKwargs]) -> Reply:
        """As ``send``, with ``tools``: the functions that the model calls are called, until it answers.

        Each round's calls are made at the same time, in threads; each result is stored as it arrives. What goes wrong
        in a tool is told to the model. The turn holds the branch throughout, and the reply's usage is that of all
        its requests. None for ``message`` takes up what was left: calls without a result, an unfinished turn, or what
        waits for an answer. ``tool`` says what a tool may declare; a ``tool_choice`` that forces a call holds for the
        first request alone.

        Raises as ``send`` does, and ToolRoundsExceeded, with the reply, where the model still wants tools called
        after ``max_rounds``: the turn is ``awaiting_tools`` then, as it is when an error ends it before all results
        are in. Unsupported for ``n`` greater than 1; WrongFace for an async tool.
        """
        return drive(running.run(self._handle, message, given))

    def stream_run(self, message: conversing.Given | None, **given: Unpack[RunKwargs]) -> Stream[RunEvent]:
        """As ``run``, told while it happens: deltas of each answer, calls that begin and end, and ``TurnDone``."""
        return Stream(lambda keep: running.stream_run(self._handle, message, given, keep))

    def submit(self, results: Mapping[str, Any] | Iterable[MessageLike], **given: Unpack[CallKwargs]) -> Reply | None:
        """Store results of tool calls (``{call id: result}`` or tool messages) and have them answered.

        Results may come one by one; None is returned while others still wait. Raises UnknownToolCall.
        """
        return drive(conversing.submit(self._handle, results, given))

    def resume(self, **given: Unpack[CallKwargs]) -> Reply:
        """Take up the last turn where it failed, was interrupted, died, or ended for its length.

        A plain text that had come is continued where the backend can be given the beginning of its answer, and is
        stored once, whole; else the backend is asked again. Options given here are laid over those the turn had.
        Raises NothingToResume, Unsupported, TurnInProgress.
        """
        return drive(conversing.resume(self._handle, given))

    def stream_submit(
        self, results: Mapping[str, Any] | Iterable[MessageLike], **given: Unpack[CallKwargs]
    ) -> Stream[Delta]:
        """As ``submit``, the answer piece by piece; there is no reply while other calls still wait."""
        return Stream(lambda keep: conversing.stream_submit(self._handle, results, given, keep))

    def stream_resume(self, **given: Unpack[CallKwargs]) -> Stream[Delta]:
        """As ``resume``, piece by piece; of an answer that is continued only what is new is given."""
        return Stream(lambda keep: conversing.stream_resume(self._handle, given, keep))

    def cancel(self, *, grace: float = CANCEL_GRACE) -> Entry | None:
        """End the running or unfinished turn on purpose, wherever it runs; return what had come, as a message.

        Its runner keeps all that came, and stops at its next checkpoint; in this process with the next piece, at once
        where it waits for its reader: so a stream may be cancelled in the loop that reads it, which then ends. Where it
        does not stop within ``grace`` seconds, the turn is ended with what its checkpoints kept. None is returned where
        nothing had come. Raises NothingToCancel.
        """
        return drive(conversing.cancel(self._handle, grace))

    def follow(self, turn: Turn | UUID | str, after: int = 0) -> Iterator[Delta]:
        """Yield the text of a turn's answer that runs elsewhere, from character ``after`` on, until it ends.

        The last delta carries the finish reason. Raises StreamInterrupted where the turn broke off, TurnClosed where
        it was written over, or asked for anew with another answer than the one given so far, NotFound.
        """
        return drive_stream(following.follow(self._handle, turn, after))

    def waiting(self) -> tuple[ToolCall, ...]:
        """Return the tool calls at the end of this branch that wait for a result."""
        return drive(reading.waiting(self._handle))

    def history(self, limit: int = 100, before: Entry | None = None, after: Entry | None = None) -> list[Entry]:
        """Return up to ``limit`` entries in path order: the last, those before an entry, or those after one."""
        return drive(reading.history(self._handle, limit, before, after))

    def turns(self, limit: int = 100, before: Entry | None = None) -> list[Turn]:
        """Return the turns of the last ``limit`` entries (before an entry), oldest first."""
        return drive(reading.turns(self._handle, limit, before))

    def turn(self, turn_id: UUID | str) -> tuple[Turn, list[Call]]:
        """Return a turn and its calls; raises NotFound."""
        return drive(record.turn_record(self._handle.port, self.id, turn_id))

    def request(self, turn: Turn, call: Call) -> CompletionRequest:
        """Return what was sent in ``call``, rebuilt from the record and proven by its hash."""
        return drive(record.request_of(self._handle.port, self.id, turn, call))

    def usage(self, turn: Turn | None = None, *, scope: accounting.Scope = "path") -> UsageReport:
        """Return the tokens a turn used (None: all of this path, this branch or the conversation), as reported.

        A prefix that branches share is counted once. ``report.cost()`` prices it.
        """
        return drive(accounting.usage(self._handle, turn, scope))

    def annotate(self, entry: Entry, metadata: Mapping[str, Any]) -> Entry:
        """Replace the metadata of a stored message; return the entry as it is now."""
        return drive(reading.annotate(self._handle, entry, metadata))

    def fork(self, at: Entry | None = None, name: str | None = None) -> Conversation:
        """Return a handle on a new branch that stands on ``at`` (None: the last message); this one stays as it is."""
        return Conversation(drive(conversing.fork(self._handle, at, name)))

    def branches(self) -> list[Branch]:
        """Return the conversation's branches, oldest first."""
        return drive(branching.listed(self._handle))

    def turn_counts(self) -> dict[int, int]:
        """Return how many turns each branch has of its own, by its number; those without any are left out."""
        return drive(reading.turn_counts(self._handle))

    def switch(self, branch: str | int) -> None:
        """Move this handle, and the conversation's active branch, to another branch; raises NotFound."""
        drive(conversing.switch(self._handle, branch))

    def rename(self, name: str, branch: str | int | None = None) -> None:
        """Give a branch (None: this one) another name; raises AlreadyExists, NotFound."""
        drive(tree.rename(self._handle, name, branch))

    def edit(self, entry: Entry, new: MessageLike, *, answer: bool = True, **given: Unpack[CallKwargs]) -> Reply | None:
        """Put ``new`` in the place of ``entry`` on a new branch, move there, and have it answered.

        A text keeps the role of what it replaces. Handle and active branch move; what stood there stays, on its own
        branch (see ``siblings``). None is returned where nobody is asked: with ``answer=False``, for an assistant
        message, and while tool calls still wait.
        """
        return drive(conversing.edit(self._handle, entry, new, answer, given))

    def regenerate(self, *, from_: Literal["input", "answer"] = "answer", **given: Unpack[CallKwargs]) -> Reply:
        """Answer anew on a new branch, and move there; the old answer is among the ``siblings`` of the new one.

        ``from_="answer"``: only the last answer is made again, on the tool results it stood on; ``"input"``: all that
        followed the input. With ``n`` greater than 1 the others are on branches of their own. Raises NothingToAnswer.
        """
        return drive(conversing.regenerate(self._handle, from_, given))

    def siblings(self, entry: Entry) -> list[Entry]:
        """Return what stands in the place of ``entry`` on this and the other branches, itself included."""
        return drive(tree.siblings(self._handle, entry))

    def delete_branch(self, branch: str | int, *, switch_to: str | int | None = None) -> None:
        """Hide a branch and free what no other branch stands on.

        The active branch, and the one this handle is on, can only be deleted with ``switch_to``, where both then
        move. Raises TurnInProgress while a turn is open on it, NotFound, InvalidOption.
        """
        drive(conversing.delete_branch(self._handle, branch, switch_to))

    def copy(
        self, external_id: str | None = None, *, title: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> Conversation:
        """Return a new conversation that holds this branch's messages; turns and calls stay with this one."""
        return Conversation(drive(tree.copy(self._handle, external_id, title, metadata)))

    def pin(self, entry: Entry) -> tuple[int, ...]:
        """Have every window keep this message (a tool call with its results); return the pinned seqs.

        Bounded, and this branch's own: forks made later keep those up to their fork message. Raises NotFound,
        InvalidSetting.
        """
        return drive(pinning.pin(self._handle, entry))

    def unpin(self, entry: Entry) -> tuple[int, ...]:
        """Take back a pin; return the seqs still pinned."""
        return drive(pinning.unpin(self._handle, entry))

    def compose(self, message: MessageLike | None = None, **given: Unpack[CallKwargs]) -> Composition:
        """Return what would be sent for ``message`` (None: for what is there); nothing is sent or stored."""
        return drive(conversing.compose(self._handle, message, given))

    def explain(
        self, message: MessageLike | None = None, *, turn: TurnRef | None = None, **given: Unpack[CallKwargs]
    ) -> Explanation:
        """Return why each message would be in or out, its tokens, and what changed since the last turn.

        ``turn`` (a turn, its id, or its number on this branch, -1 the last): what the model saw then, rebuilt from the
        record and proven by its hash. ``print`` shows it as a table. Raises NotFound, CorruptRecord.
        """
        return drive(conversing.explain(self._handle, message, turn, given))
