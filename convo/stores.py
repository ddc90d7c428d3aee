"""``Store`` and ``AsyncStore``: a database of conversations, in both faces; methods of a line or three over flows."""

from __future__ import annotations

import asyncio
import atexit
import copy
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self, Unpack
from uuid import UUID
from weakref import WeakKeyDictionary

from convo.aio import AsyncConversation
from convo.backends.models import ModelInfo
from convo.conversation import Conversation
from convo.errors import WrongFace
from convo.flows import opening, verifying
from convo.flows.asking import SettingKwargs, settings_from
from convo.flows.opening import PAGE, Making
from convo.flows.settings import checked_memory, checked_owner
from convo.messages import MessageLike
from convo.ports import MEMORY, AsyncPort, SyncPort, drive, drive_stream
from convo.records import ConversationInfo, Finding, Hits
from convo.store.engine import parse_url


class Store:
    """A database of conversations, as one owner sees it. Serves threads; make one and keep it.

    ``url``: ``sqlite:///chat.db`` (made and upgraded on first use), ``postgresql://user@host/db``,
    ``mariadb://user@host/db``. ``owner``: whose conversations are seen and made; ``""`` stands for nobody in
    particular, None sees everybody's and makes nobody's. ``read_url``: a replica of the database, to list, search and
    show from; nothing is composed from it, and where it fails, or lags behind what a handle knows, ``url`` serves.
    ``memory``: about how many bytes of windows lately used the store remembers, so that a new handle on such a
    conversation reads only how it stands; 0: none. ``options`` go to SQLAlchemy's ``create_engine`` (pool sizes);
    ``synchronous="NORMAL"`` makes SQLite quicker and gives up the last commits on a power cut.

    Raises InvalidSetting for a wrong URL, MissingExtra for a missing driver; connects on first use.
    """

    def __init__(
        self,
        url: str,
        *,
        owner: str | None = "",
        read_url: str | None = None,
        memory: int = MEMORY,
        **options: Any,
    ) -> None:
        self._owner = None if owner is None else checked_owner(owner)
        replica = None if read_url is None else parse_url(read_url)
        self._port = SyncPort(parse_url(url), replica, memory=checked_memory(memory), **options)

    def __repr__(self) -> str:
        return f"Store({self._port.url.render_as_string(hide_password=True)!r}, owner={self._owner!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the database and to backends; the store opens them anew when used again."""
        self._port.close()

    def for_owner(self, owner: str | None) -> Store:
        """Return this store as ``owner`` sees it, over the same connections: closing either closes both. O(1)."""
        other = copy.copy(self)
        other._owner = None if owner is None else checked_owner(owner)
        return other

    def open(
        self,
        external_id: str,
        *,
        backend: Any = None,
        title: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        **settings: Unpack[SettingKwargs],
    ) -> Conversation:
        """Return the conversation of that name, made now if it is new.

        What it is made with (settings, title, metadata) is stored with a new one; with an existing one, settings
        hold for this handle alone. ``backend``: a function, a backend, or its name (``"mistral:model"``).
        """
        making = Making(title=title, metadata=metadata)
        given = settings_from(settings)
        flow = opening.open_named(self._port, self._owner or "", external_id, given, backend, making)
        return Conversation(drive(flow))

    def start(
        self,
        messages: MessageLike | Iterable[MessageLike] = (),
        *,
        backend: Any = None,
        title: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        **settings: Unpack[SettingKwargs],
    ) -> Conversation:
        """Return a new conversation without a name of its own, holding ``messages`` (a history brought along).

        The same ``idempotency_key`` of the same owner gives the same conversation again.
        """
        making = Making(title=title, metadata=metadata)
        given = settings_from(settings)
        flow = opening.start(self._port, self._owner or "", messages, given, backend, making, idempotency_key)
        return Conversation(drive(flow))

    def load(
        self,
        conversation_id: UUID | str,
        *,
        branch: str | int | None = None,
        backend: Any = None,
        **settings: Unpack[SettingKwargs],
    ) -> Conversation:
        """Return an existing conversation, on a branch by name or number (None: the active one); raises NotFound."""
        given = settings_from(settings)
        return Conversation(drive(opening.load(self._port, self._owner, conversation_id, branch, given, backend)))

    def forget_keys(self, before: datetime) -> int:
        """Forget the idempotency keys recorded before ``before`` (an aware time); return how many. Keys never expire
        by themselves. Reads every key: run it seldom.
        """
        return drive(opening.forget_keys(self._port, self._owner, before))

    def conversations(self, limit: int = PAGE, before: ConversationInfo | None = None) -> list[ConversationInfo]:
        """Return up to ``limit`` conversations, most recently active first; ``before`` is the last one already seen."""
        return drive(opening.listing(self._port, self._owner, limit, before))

    def search(self, text: str, limit: int = PAGE, before: ConversationInfo | None = None) -> Hits:
        """Return the messages that hold ``text``, whatever its case, in up to ``limit`` conversations.

        Looked through are the conversations last active, and of each the newest 200 messages of its active branch, so
        the cost does not grow with the database. ``before=hits.last`` goes on with older conversations.
        """
        return drive(opening.search(self._port, self._owner, text, limit, before))

    def models(self, backend: Any) -> tuple[ModelInfo, ...]:
        """Return the models that the server of ``backend`` (an object or a name) offers, with their context lengths.

        One request. Raises Unsupported for a backend without such a list, BackendError for what goes wrong there.
        """
        return drive(opening.models(self._port, backend))

    def verify(self) -> Iterator[Finding]:
        """Yield what is damaged, and nothing of a healthy store. Reads everything, a conversation at a time."""
        return drive_stream(verifying.findings(self._port, self._owner))


_shared: dict[str, Store] = {}
_sharing = threading.Lock()


def store_at(where: Store | str) -> Store:
    """Return the store given, or the one that this process shares for its URL; shared ones are closed at exit."""
    if isinstance(where, Store):
        return where
    if isinstance(where, AsyncStore):
        raise WrongFace("this store is an AsyncStore: use it with AsyncConversation, or make a Store")
    parsed = parse_url(where)
    with _sharing:
        return _shared.setdefault(parsed.render_as_string(hide_password=False), Store(where))


@atexit.register
def _close_shared() -> None:
    for store in _shared.values():
        store.close()


class AsyncStore:
    """A database of conversations, as one owner sees it; see ``Store``. Serves the tasks of one event loop at a time.

    On SQLite each transaction runs in one worker thread, so that the event loop never waits for a disk; on servers
    the async driver is used. Raises SchemaMismatch on first use of a server whose tables are not this release's.
    """

    def __init__(
        self,
        url: str,
        *,
        owner: str | None = "",
        read_url: str | None = None,
        memory: int = MEMORY,
        **options: Any,
    ) -> None:
        self._owner = None if owner is None else checked_owner(owner)
        replica = None if read_url is None else parse_url(read_url)
        self._port = AsyncPort(parse_url(url), replica, memory=checked_memory(memory), **options)

    def __repr__(self) -> str:
        return f"AsyncStore({self._port.url.render_as_string(hide_password=True)!r}, owner={self._owner!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self, *, grace: float = 0.0) -> None:
        """Close the connections to the database and to backends; the store opens them anew when used again.

        Detached streams are given ``grace`` seconds to end, then stopped: their turns are left ``interrupted``, and
        who waits for the next piece of one gets StreamInterrupted.
        """
        await self._port.aclose(grace)

    def for_owner(self, owner: str | None) -> AsyncStore:
        """Return this store as ``owner`` sees it, over the same connections; see ``Store.for_owner``."""
        other = copy.copy(self)
        other._owner = None if owner is None else checked_owner(owner)
        return other

    async def open(
        self,
        external_id: str,
        *,
        backend: Any = None,
        title: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        **settings: Unpack[SettingKwargs],
    ) -> AsyncConversation:
        """Return the conversation of that name, made now if it is new; see ``Store.open``."""
        making = Making(title=title, metadata=metadata)
        given = settings_from(settings)
        return AsyncConversation(
            await opening.open_named(self._port, self._owner or "", external_id, given, backend, making)
        )

    async def start(
        self,
        messages: MessageLike | Iterable[MessageLike] = (),
        *,
        backend: Any = None,
        title: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        **settings: Unpack[SettingKwargs],
    ) -> AsyncConversation:
        """Return a new conversation without a name of its own, holding ``messages``; see ``Store.start``."""
        making = Making(title=title, metadata=metadata)
        given = settings_from(settings)
        return AsyncConversation(
            await opening.start(self._port, self._owner or "", messages, given, backend, making, idempotency_key)
        )

    async def load(
        self,
        conversation_id: UUID | str,
        *,
        branch: str | int | None = None,
        backend: Any = None,
        **settings: Unpack[SettingKwargs],
    ) -> AsyncConversation:
        """Return an existing conversation, on a branch by name or number (None: the active one); raises NotFound."""
        given = settings_from(settings)
        return AsyncConversation(await opening.load(self._port, self._owner, conversation_id, branch, given, backend))

    async def forget_keys(self, before: datetime) -> int:
        """Forget the idempotency keys recorded before ``before`` (an aware time); return how many. Keys never expire
        by themselves. Reads every key: run it seldom.
        """
        return await opening.forget_keys(self._port, self._owner, before)

    async def conversations(self, limit: int = PAGE, before: ConversationInfo | None = None) -> list[ConversationInfo]:
        """Return up to ``limit`` conversations, most recently active first; ``before`` is the last one already seen."""
        return await opening.listing(self._port, self._owner, limit, before)

    async def search(self, text: str, limit: int = PAGE, before: ConversationInfo | None = None) -> Hits:
        """Return the messages that hold ``text``, whatever its case, in up to ``limit`` conversations.

        See ``Store.search``.
        """
        return await opening.search(self._port, self._owner, text, limit, before)

    async def models(self, backend: Any) -> tuple[ModelInfo, ...]:
        """See ``Store.models``."""
        return await opening.models(self._port, backend)

    def verify(self) -> AsyncIterator[Finding]:
        """Yield what is damaged, and nothing of a healthy store; see ``Store.verify``."""
        return verifying.findings(self._port, self._owner)


_shared_in: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, AsyncStore]] = WeakKeyDictionary()


def async_store_at(where: AsyncStore | str) -> AsyncStore:
    """Return the store given, or the one that the running event loop shares for its URL."""
    if isinstance(where, AsyncStore):
        return where
    if isinstance(where, Store):
        raise WrongFace("this store is a Store: use it with Conversation, or make an AsyncStore")
    stores = _shared_in.setdefault(asyncio.get_running_loop(), {})
    key = parse_url(where).render_as_string(hide_password=False)
    if key not in stores:
        stores[key] = AsyncStore(where)
    return stores[key]
