"""Transports for httpx's clients whose reads and writes are bounded by a running timer.

httpx times each read by itself: a server that sends a byte a second is never too slow for it. These transports make
their network streams themselves (httpcore's documented ``NetworkBackend``) and clamp every read and write to what the
timer has left; so headers and body are bounded alike. A sync and an async transport, for httpcore has two of each.
"""

from __future__ import annotations

import ssl
import threading
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from convo.backends.given import require_proxy
from convo.backends.http_clients import KEPT_CONNECTIONS, KEPT_SECONDS, require_socks
from convo.backends.http_streams import AsyncBoundedBackend, BoundedBackend
from convo.backends.policy import ClientOptions


class _Pools:
    """Pools of connections, one for each proxy in use; as many connections as there are threads or tasks."""

    def __init__(self, options: ClientOptions, kinds: tuple[Any, Any, Any], **settings: Any) -> None:
        self._options = options
        self._direct, self._http_proxy, self._socks_proxy = kinds
        self._settings: dict[str, Any] = {
            "max_connections": None,
            "max_keepalive_connections": KEPT_CONNECTIONS,
            "keepalive_expiry": KEPT_SECONDS,
            "http2": options.http2,
            **settings,
        }
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def find(self, url: httpx.URL) -> Any:
        """Return the pool for requests to ``url``."""
        proxy = self._options.proxy or (_proxy_of_environment(url) if self._options.trust_env else "")
        with self._lock:
            if proxy not in self._made:
                self._made[proxy] = self._make(proxy)
            return self._made[proxy]

    def _make(self, proxy: str) -> Any:
        if not proxy:
            return self._direct(**self._settings)
        require_proxy(proxy)
        found = httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
        kind = self._http_proxy
        if found.url.scheme.startswith("socks"):
            require_socks()
            kind = self._socks_proxy
        return kind(proxy_url=str(found.url), proxy_auth=found.raw_auth, **self._settings)

    def __iter__(self) -> Iterator[Any]:
        return iter([*self._made.values()])


def _proxy_of_environment(url: httpx.URL) -> str:
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all") or ""
    return "" if not proxy or urllib.request.proxy_bypass(url.host) else proxy


def _as_httpcore(request: httpx.Request) -> httpcore.Request:
    url = request.url
    return httpcore.Request(
        method=request.method,
        url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


@contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as problem:
        raise getattr(httpx, type(problem).__name__, httpx.TransportError)(str(problem)) from None


class BoundedTransport(httpx.BaseTransport):
    """The transport of the sync face."""

    def __init__(self, options: ClientOptions, ssl_context: ssl.SSLContext) -> None:
        kinds = (httpcore.ConnectionPool, httpcore.HTTPProxy, httpcore.SOCKSProxy)
        self._pools = _Pools(options, kinds, ssl_context=ssl_context, network_backend=BoundedBackend())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request``; raises httpx's errors."""
        with _as_httpx():
            answer = self._pools.find(request.url).handle_request(_as_httpcore(request))
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions
        )

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools:
            pool.close()


class AsyncBoundedTransport(httpx.AsyncBaseTransport):
    """The transport of the async face."""

    def __init__(self, options: ClientOptions, ssl_context: ssl.SSLContext) -> None:
        kinds = (httpcore.AsyncConnectionPool, httpcore.AsyncHTTPProxy, httpcore.AsyncSOCKSProxy)
        self._pools = _Pools(options, kinds, ssl_context=ssl_context, network_backend=AsyncBoundedBackend())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request``; raises httpx's errors."""
        with _as_httpx():
            answer = await self._pools.find(request.url).handle_async_request(_as_httpcore(request))
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_AsyncBody(answer.stream), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools:
            await pool.aclose()


class _Body(httpx.SyncByteStream):
    def __init__(self, parts: Any) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._parts

    def close(self) -> None:
        self._parts.close()


class _AsyncBody(httpx.AsyncByteStream):
    def __init__(self, parts: Any) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for part in self._parts:
                yield part

    async def aclose(self) -> None:
        await self._parts.aclose()
