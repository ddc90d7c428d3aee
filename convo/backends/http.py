"""A backend reached over HTTP: when a request is sent, sent again, and given up. It opens no socket itself.

Laws of this file:
- Nothing is sent again once a part of the answer has been given on.
- An answer ends with its end marker or its finish reason; one that ends otherwise is ``StreamInterrupted``.
- Every failure is one typed error, and none shows the key.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from convo import __version__
from convo.backends.base import BackendIO
from convo.backends.circuit import Breaker, Circuit
from convo.backends.dialects import Dialect
from convo.backends.encode import check, encode
from convo.backends.exchange import Exchange
from convo.backends.given import require, require_headers, require_profile, require_text
from convo.backends.http_clients import require_packages
from convo.backends.policy import ClientOptions, Deadlines, Retries, Timer
from convo.backends.refusals import Complaints, withheld
from convo.backends.retrying import retried, retried_stream
from convo.backends.secret import Secret
from convo.completions import Completion, CompletionRequest, Delta
from convo.errors import BackendError, BackendUnavailable, InvalidSetting
from convo.messages import Message
from convo.profiles import Profile

T = TypeVar("T")
_WHOLE = {"content-type": "application/json", "accept": "application/json"}
_STREAMED = {"content-type": "application/json", "accept": "text/event-stream", "accept-encoding": "identity"}


class HttpBackend:
    """A chat completions server. Made by ``mistral``, ``openai`` and their like; safe to share between threads.

    ``base_url`` ends where ``/chat/completions`` begins; ``/v1`` is added to one without a path, and a query stays
    at the end. ``model`` is asked
    where the options name none. ``headers`` go with every request and are kept as secret as the key. ``profile`` is
    the dialect's unless given. ``context_length`` is how many tokens the model takes, question and answer together:
    windows given as fractions are fractions of it.
    Raises InvalidSetting for a URL or key that cannot be.
    """

    def __init__(
        self,
        dialect: Dialect,
        *,
        base_url: str,
        api_key: str | None = None,
        model: str | None = None,
        name: str | None = None,
        profile: Profile | None = None,
        headers: Mapping[str, str] | None = None,
        retries: Retries | None = None,
        deadlines: Deadlines | None = None,
        circuit: Circuit | None = None,
        client: ClientOptions | None = None,
        context_length: int | None = None,
    ) -> None:
        require(Dialect, "a Dialect", dialect=dialect)
        require_text(base_url=base_url)
        require_text(optional=True, api_key=api_key, model=model, name=name)
        require_profile(profile, optional=True)
        require_headers(headers)
        require(Retries, "Retries of convo.backends.policy", optional=True, retries=retries)
        require(Deadlines, "Deadlines of convo.backends.policy", optional=True, deadlines=deadlines)
        require(Circuit, "a Circuit of convo.backends.circuit", optional=True, circuit=circuit)
        require(ClientOptions, "ClientOptions of convo.backends.policy", optional=True, client=client)
        self.name = name or dialect.name
        self.profile = profile or dialect.profile
        self.dialect = dialect
        self.base_url = _checked_url(base_url)
        self.model = model
        self.context_length = context_length
        self.deadlines = deadlines or Deadlines()
        self.retries = retries or Retries()
        self.client = client or ClientOptions()
        self._key = Secret(_checked_key(api_key))
        self._headers: dict[str, str | Secret] = {"user-agent": f"convo/{__version__}"}
        self._headers |= {name.lower(): Secret(value) for name, value in (headers or {}).items()}
        if self._key:
            self._headers["authorization"] = Secret(f"Bearer {self._key.reveal()}")
        self._breaker = Breaker(circuit or Circuit())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self.model or 'any model'} at {self.base_url}>"

    def check_request(self, request: CompletionRequest, messages: tuple[Message, ...]) -> None:
        """Raise CallerError where the options of ``request``, or ``messages`` of it, cannot be sent to this server."""
        require_packages(self.client)
        check(self.dialect, request, messages, self.model)

    async def complete_over(self, io: BackendIO, request: CompletionRequest) -> Completion:
        """Return the whole answer to ``request``."""
        exchange = self._exchange(request, streamed=False)
        return await self._retried(io, exchange.timer, lambda: exchange.complete(io))

    def stream_over(self, io: BackendIO, request: CompletionRequest) -> AsyncGenerator[Delta, None]:
        """Yield the answer to ``request`` as it comes."""
        exchange = self._exchange(request, streamed=True)
        self._breaker.check(self.name)
        return retried_stream(io, self.retries, exchange.timer, lambda: exchange.stream(io), self._report)

    async def get(self, io: BackendIO, path: str) -> Any:
        """Return the JSON that the server answers to a GET of ``path`` below the base URL."""
        timer = self.deadlines.start(streamed=False)
        url, complaints = _below(self.base_url, path), self._complaints(())
        exchange = Exchange("GET", url, self._headers, self.client, None, timer, complaints)
        return await self._retried(io, timer, lambda: exchange.json(io))

    async def _retried(self, io: BackendIO, timer: Timer, send: Callable[[], Awaitable[T]]) -> T:
        self._breaker.check(self.name)
        return await retried(io, self.retries, timer, send, self._report)

    def _report(self, problem: BackendError | None) -> None:
        """Tell the circuit breaker how a request ended, and the error whose it is."""
        if problem is not None:
            problem.backend = problem.backend or self.name
        self._breaker.report(ok=not isinstance(problem, BackendUnavailable))

    def _exchange(self, request: CompletionRequest, *, streamed: bool) -> Exchange:
        body = encode(self.dialect, request, self.model, streamed=streamed)
        url, timer = _below(self.base_url, "/chat/completions"), self.deadlines.start(streamed=streamed)
        headers = self._headers | (_STREAMED if streamed else _WHOLE)
        return Exchange("POST", url, headers, self.client, body, timer, self._complaints(request.messages))

    def _complaints(self, messages: tuple[Message, ...]) -> Complaints:
        return Complaints(self.name, partial(withheld, messages=messages, key=self._key))


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and (parts.hostname or "").encode("idna") and parts.port != 0
    except ValueError:
        named = False
    if not named or not url.isprintable() or " " in url:
        raise InvalidSetting("base_url must begin with http:// or https:// and name a host", field="base_url")
    if "@" in parts.netloc:
        raise InvalidSetting("base_url must hold no password: give api_key= or headers=", field="base_url")
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") or "/v1", fragment=""))


def _below(url: str, path: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path + path))


def _checked_key(key: str | None) -> str:
    key = (key or "").strip()
    if not key.isascii() or not key.isprintable():
        raise InvalidSetting("the API key holds characters that no key has", field="api_key")
    return key
