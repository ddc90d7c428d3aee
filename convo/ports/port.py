"""What a flow may do to the world, whichever face it serves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, Protocol, TypeVar

from sqlalchemy.engine import URL, Connection

from convo.backends.models import ModelInfo
from convo.completions import Completion, CompletionRequest, Delta
from convo.context.learning import Learned
from convo.errors import Unsupported
from convo.ports.memory import Memory
from convo.ports.workers import Workers

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Work = Callable[[Connection], T]


def always() -> bool:
    """Return True."""
    return True


def cannot_be_copied() -> Unsupported:
    """Return the error for who wants to pickle or deep-copy a store, a handle, or what holds one."""
    return Unsupported(
        "stores and handles cannot be copied or pickled, since they hold connections: give another process the "
        "store's URL and the conversation's id, and load() it there"
    )


class Port(Protocol):
    """What a flow may do to the world.

    ``learned`` is what this process knows of models, by backend and model; ``memory`` what it knows of branches.
    """

    url: URL
    learned: dict[str, Learned]
    memory: Memory

    @property
    def has_replica(self) -> bool:
        """Whether the store was given a replica to read from."""
        ...

    async def read(self, work: Work[T], *, snapshot: bool = False, replica: bool = False) -> T:
        """Run ``work`` in a transaction that writes nothing.

        With ``snapshot`` all it reads is of one moment; else each statement sees what is committed when it begins.
        With ``replica`` it may read what is a little old, where the store was given such a database.
        """
        ...

    async def write(self, work: Work[T], *, chain: bool = False) -> T:
        """Run ``work`` in a transaction and commit it; raises StoreError past the retry bound.

        ``chain``: all that it writes is one chain (``store/chain.py``). Where the database takes that as one statement,
        no transaction is put around it.
        """
        ...

    def begin_write(self, work: Work[T]) -> Pending[T]:
        """Start a transaction that may fail without harm, such as a checkpoint of a stream.

        Sync: run at once, tried once, with little patience for a busy database. Async: run in the background.
        """
        ...

    def beat(self, seconds: float, work: Work[Any], due: Callable[[], bool] = always) -> Beating:
        """Run ``work`` every so many seconds, where it is ``due`` then, until stopped.

        In the async face only; the sync one cannot.
        """
        ...

    async def shielded(self, flow: Coroutine[Any, Any, None]) -> None:
        """Run ``flow`` to its end, whatever happens to the caller meanwhile; a cancellation is raised then."""
        ...

    def check(self, backend: Any, request: CompletionRequest, *, new: int) -> None:
        """Raise CallerError where it is plain that ``backend`` cannot be asked for ``request``; nobody is asked.

        ``new``: how many of its messages, from the end, were in no request before.
        """
        ...

    async def complete(self, backend: Any, request: CompletionRequest) -> Completion:
        """Ask a backend for a whole answer."""
        ...

    def stream(self, backend: Any, request: CompletionRequest) -> AsyncGenerator[Delta, None]:
        """Ask a backend for a streamed answer."""
        ...

    async def models(self, backend: Any) -> tuple[ModelInfo, ...]:
        """Ask a backend's server for the models it offers."""
        ...

    def workers(self) -> Workers:
        """Return who makes the tool calls of one round."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def reaches(self, other: Port) -> bool:
        """Return whether a flow over this port can await one over ``other``, here and now."""
        ...


class Pending(Protocol[T_co]):
    """A transaction that was started."""

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        ...

    async def outcome(self) -> T_co | None:
        """Return its result once it has ended; None where it failed."""
        ...


class Beating(Protocol):
    """Something done every few seconds."""

    async def stop(self) -> None:
        """End it, letting a transaction under way finish."""
        ...
