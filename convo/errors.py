"""Every error convo raises, in one tree. The second floor of the tree says whose fault it is.

ConvoError
├── CallerError                   fault = "caller": mend the call
│   ├── InvalidMessage            (ValueError)
│   ├── InvalidOption             (ValueError)
│   ├── InvalidSetting            (ValueError) a store, conversation, rule or backend set up wrongly
│   ├── MissingExtra              (ImportError) an optional package is not installed
│   ├── NotFound                  (LookupError)
│   ├── AlreadyExists
│   ├── HandleInUse               one handle, two threads or tasks
│   ├── WrongFace                 sync used where async is needed, or the other way round
│   ├── Unsupported               the backend, profile or database cannot do what was asked
│   ├── NothingToAnswer           the branch ends with an answer already
│   ├── NothingToResume
│   ├── NothingToCancel
│   ├── UnknownToolCall           a tool result nobody asked for
│   ├── ToolRoundsExceeded        the model wants tools called more often than permitted
│   ├── NoRecordedResult          a replay's model called a tool as the record never did
│   ├── RequestChanged            a recorded backend was asked something that is not on record; shows the difference
│   └── Conflict                  somebody else was first
│       ├── TurnInProgress
│       ├── TurnClosed
│       ├── BranchMoved
│       └── IdempotencyMismatch
├── ContextError                  fault = "caller": what would leave is not acceptable
│   ├── ContextOverflow
│   └── OrderViolation
├── BackendError                  fault = "backend"
│   ├── BackendUnavailable        unreachable, overloaded, 5xx
│   │   └── DeadlineExceeded
│   ├── RateLimited
│   ├── AuthenticationFailed
│   ├── RequestRefused            400, 404, 422: the request as sent is not accepted
│   │   └── ContextTooLong        the backend says that the prompt does not fit
│   ├── MalformedResponse         an answer that cannot be read
│   │   └── UnparsedResponse      an answer that is not the structure asked for; keeps the text
│   ├── StreamInterrupted         a stream that ended before its end
│   └── BackendFailed             a user's own backend function raised
└── StoreError                    fault = "store"
    ├── SchemaMismatch            older or newer tables than this convo; names the command
    ├── StoreUnavailable          the database cannot be reached
    ├── StoreBusy                 still locked or conflicting after every retry
    ├── StoreFull                 disk or quota
    ├── StoreRefused              the database refuses the statement or the data
    └── CorruptRecord             what was read is not what convo writes
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

Fault = Literal["caller", "backend", "store"]


class ConvoError(Exception):
    """Something in convo went wrong.

    The default message of every class is the first line of its docstring. Extra facts are attributes and are
    listed in each class; they never contain a key or message text.
    """

    fault: ClassVar[Fault] = "caller"

    def __init__(self, message: str = "", **facts: Any) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().partition("\n")[0])
        for name, value in facts.items():
            setattr(self, name, value)


class CallerError(ConvoError):
    """The call cannot be carried out as written."""


class InvalidMessage(CallerError, ValueError):
    """A message is not well formed. ``field`` names the part, e.g. ``content.0.text``."""

    field: str = ""


class InvalidOption(CallerError, ValueError):
    """A completion option is out of range or of the wrong type. ``field`` names it."""

    field: str = ""


class InvalidSetting(CallerError, ValueError):
    """A store, conversation, rule or backend was set up with a value that cannot work."""

    field: str = ""


class MissingExtra(CallerError, ImportError):
    """An optional package is missing. ``extra`` names what to install."""

    extra: str = ""


class NotFound(CallerError, LookupError):
    """There is no such thing in this store, or it belongs to another owner."""


class AlreadyExists(CallerError):
    """The name is taken."""


class HandleInUse(CallerError):
    """This handle is in use by another thread or task, or by a stream still open: open a handle for each."""


class WrongFace(CallerError):
    """An async backend or function was given to the sync face, or a sync call was made where it cannot be."""


class Unsupported(CallerError):
    """The backend, its profile or the database cannot do what was asked."""


class NothingToAnswer(CallerError):
    """The branch does not end with something to answer."""


class NothingToResume(CallerError):
    """The branch's last turn is not unfinished."""


class NothingToCancel(CallerError):
    """No turn is running or unfinished on this branch."""


class UnknownToolCall(CallerError):
    """A tool result was given for a call that is not waiting for one. ``waiting`` lists those that are."""

    waiting: tuple[str, ...] = ()


class ToolRoundsExceeded(CallerError):
    """The model still wants tools called. ``reply`` is its last answer; its calls wait for results.

    ``run(None, ...)`` goes on with as many rounds again, ``submit`` takes the results from elsewhere.
    """

    reply: Any = None


class NoRecordedResult(CallerError):
    """In a replay the model made a tool call that is not on record.

    ``call`` is that call, ``branch`` the name of the new branch, where it waits: ``submit`` a result there, or go on
    with the replay and ask for results, or have the tools called.
    """

    call: Any = None
    branch: str = ""


class RequestChanged(CallerError):
    """A recorded backend was asked something that is not on record.

    ``difference`` shows, line by line, how the request differs from the recorded one nearest to it. It is also a note
    of the exception, so that test runners print it: the one error that shows texts of messages.
    """

    difference: str = ""

    def __init__(self, message: str = "", **facts: Any) -> None:
        super().__init__(message, **facts)
        if self.difference:
            self.add_note(self.difference)


class Conflict(CallerError):
    """Another writer was first."""


class TurnInProgress(Conflict):
    """A turn is running on this branch: wait for it (``wait=seconds``), or fork.

    ``turn_id``, ``head_seq`` and ``lease_left`` (seconds until it may be taken over) tell what stands there.
    """

    turn_id: Any = None
    head_seq: int = -1
    lease_left: float = 0.0


class TurnClosed(Conflict):
    """This turn was ended or taken over by somebody else; nothing more can be written to it."""


class BranchMoved(Conflict):
    """The branch's last message is no longer the expected one. ``head_seq`` tells where it is now."""

    head_seq: int = -1


class IdempotencyMismatch(Conflict):
    """This idempotency key was used before with another input or branch."""


class ContextError(ConvoError):
    """The outbound message list cannot be made acceptable."""


class ContextOverflow(ContextError):
    """What must be sent does not fit the budget. ``needed`` and ``budget`` are in tokens."""

    needed: int = 0
    budget: int = 0


class OrderViolation(ContextError):
    """The message list breaks a rule of the provider's profile. ``index`` is the offending position."""

    index: int = -1


class BackendError(ConvoError):
    """The completion backend failed.

    ``backend`` is its name; ``status``, ``request_id``, ``code`` and ``retry_after`` (seconds) are set where an
    HTTP response gave them; ``retryable`` says whether the same request may succeed later.
    """

    fault = "backend"
    backend: str = ""
    status: int | None = None
    code: str | None = None
    request_id: str | None = None
    retry_after: float | None = None
    retryable: bool = False


class BackendUnavailable(BackendError):
    """The backend cannot be reached or is overloaded."""

    retryable = True


class DeadlineExceeded(BackendUnavailable):
    """The backend did not answer in time. ``deadline`` names which: connect, first_event, idle or total."""

    deadline: str = ""


class RateLimited(BackendError):
    """The backend's rate limit is reached."""

    retryable = True


class AuthenticationFailed(BackendError):
    """The backend refuses the key: check it and what it may use."""


class RequestRefused(BackendError):
    """The backend refuses the request as sent."""


class ContextTooLong(RequestRefused):
    """The prompt does not fit the model's context. ``needed`` and ``limit`` (tokens) where the backend says."""

    needed: int | None = None
    limit: int | None = None


class MalformedResponse(BackendError):
    """The backend's answer cannot be read."""


class UnparsedResponse(MalformedResponse):
    """The answer is not the structure that was asked for. ``text`` is the answer as it came."""

    text: str = ""


class StreamInterrupted(BackendError):
    """The stream ended before its end marker or finish reason."""

    retryable = True


class BackendFailed(BackendError):
    """The backend function raised an exception; it is this error's cause."""


class StoreError(ConvoError):
    """The database failed. ``code`` is its own error code; its message is not passed on, since it quotes data.

    What was being written was not, unless it is ``in_doubt``: then the connection broke while it was being committed,
    and it may have been.
    """

    fault = "store"
    code: str | None = None
    in_doubt: bool = False


class SchemaMismatch(StoreError):
    """The database's tables are older or newer than this version of convo needs."""


class StoreUnavailable(StoreError):
    """The database cannot be reached."""


class StoreBusy(StoreError):
    """The database stayed locked, in conflict or cut off through every retry."""


class StoreFull(StoreError):
    """The database has no room left."""


class StoreRefused(StoreError):
    """The database refused the statement or the data."""


class CorruptRecord(StoreError):
    """A stored record cannot be read back: run a check of the store."""
