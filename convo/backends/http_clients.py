"""Making httpx clients out of ``ClientOptions``. Imports httpx late."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from convo.backends.given import require
from convo.backends.policy import ClientOptions, Timer
from convo.errors import InvalidSetting, MissingExtra

if TYPE_CHECKING:
    import httpx

KEPT_CONNECTIONS = 100
KEPT_SECONDS = 30.0

running_timer: ContextVar[Timer | None] = ContextVar("convo_running_timer", default=None)
"""The timer that bounds the reads of this thread or task."""


@contextmanager
def bounded_by(timer: Timer) -> Iterator[None]:
    """Bound, by ``timer``, what a client made here reads and writes meanwhile in this thread or task."""
    token = running_timer.set(timer)
    try:
        yield
    finally:
        running_timer.reset(token)


def sync_client(options: ClientOptions) -> httpx.Client:
    """Return a client that ``bounded_by`` bounds; raises InvalidSetting or MissingExtra."""
    import httpx

    from convo.backends.http_transport import BoundedTransport

    return httpx.Client(transport=BoundedTransport(options, _ssl_context(options)), trust_env=False)


def async_client(options: ClientOptions) -> httpx.AsyncClient:
    """Return a client that ``bounded_by`` bounds; raises InvalidSetting or MissingExtra."""
    import httpx

    from convo.backends.http_transport import AsyncBoundedTransport

    return httpx.AsyncClient(transport=AsyncBoundedTransport(options, _ssl_context(options)), trust_env=False)


def require_clients(options: ClientOptions) -> None:
    """Raise InvalidSetting where the caller's own clients are none of httpx's, or each in the other's place."""
    import httpx

    require(httpx.Client, "an httpx.Client", optional=True, sync_client=options.sync_client)
    require(httpx.AsyncClient, "an httpx.AsyncClient", optional=True, async_client=options.async_client)


def _ssl_context(options: ClientOptions) -> ssl.SSLContext:
    import httpx

    _check_http2(options)
    if not isinstance(options.verify, str | os.PathLike):
        return httpx.create_ssl_context(verify=options.verify, trust_env=options.trust_env)
    try:
        return ssl.create_default_context(cafile=os.fspath(options.verify))
    except OSError:
        raise InvalidSetting(f"verify: {options.verify!s:.200} is no readable CA bundle", field="verify") from None


def _check_http2(options: ClientOptions) -> None:
    if not options.http2:
        return
    require_packages(options)
    headers_log = logging.getLogger("hpack")  # at DEBUG it writes every header, the key's too
    if headers_log.level == logging.NOTSET:
        headers_log.setLevel(logging.INFO)


def require_packages(options: ClientOptions) -> None:
    """Raise MissingExtra where a package is not installed that a client of ``options`` needs."""
    if options.http2:
        _require("h2", "http2=True", "http2")
    if (options.proxy or "").startswith("socks"):
        require_socks()


def require_socks() -> None:
    """Raise MissingExtra where the package is not installed that speaks to SOCKS proxies."""
    _require("socksio", "a SOCKS proxy", "socks")


def _require(package: str, what: str, extra: str) -> None:
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise MissingExtra(f"{what} needs an optional package: pip install 'convo-sql[{extra}]'", extra=extra)
