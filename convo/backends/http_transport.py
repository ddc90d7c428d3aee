"""A transport for ``httpx.Client`` whose reads and writes are bounded by a running timer.

httpx times each read by itself: a server that sends a byte a second is never too slow for it. This transport makes
its network streams itself (httpcore's documented ``NetworkBackend``) and clamps every read and write to what the
timer has left. The async face needs no such thing, since a task can be cancelled.
"""

from __future__ import annotations

import ssl
import threading
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from convo.backends.http_clients import KEPT_CONNECTIONS, KEPT_SECONDS, running_timer
from convo.backends.policy import ClientOptions
from convo.errors import InvalidSetting

_SLICE = 2**16


class BoundedTransport(httpx.BaseTransport):
    """Pools of connections, one for each proxy in use, without limit to their number: threads are the limit."""

    def __init__(self, options: ClientOptions, ssl_context: ssl.SSLContext) -> None:
        self._options = options
        self._settings: dict[str, Any] = {
            "ssl_context": ssl_context,
            "max_connections": None,
            "max_keepalive_connections": KEPT_CONNECTIONS,
            "keepalive_expiry": KEPT_SECONDS,
            "http2": options.http2,
            "network_backend": _BoundedBackend(),
        }
        self._pools: dict[str, httpcore.ConnectionPool] = {}
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request``; raises httpx's errors."""
        url = request.url
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx():
            answer = self._pool(url).handle_request(sent)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions
        )

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.close()

    def _pool(self, url: httpx.URL) -> httpcore.ConnectionPool:
        proxy = self._options.proxy or (_proxy_of_environment(url) if self._options.trust_env else "")
        with self._lock:
            if proxy not in self._pools:
                self._pools[proxy] = _pool(proxy, self._settings)
            return self._pools[proxy]


def _proxy_of_environment(url: httpx.URL) -> str:
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all") or ""
    return "" if not proxy or urllib.request.proxy_bypass(url.host) else proxy


def _pool(proxy: str, settings: dict[str, Any]) -> httpcore.ConnectionPool:
    if not proxy:
        return httpcore.ConnectionPool(**settings)
    found = httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
    kind = httpcore.SOCKSProxy if found.url.scheme.startswith("socks") else httpcore.HTTPProxy
    try:
        return kind(proxy_url=str(found.url), proxy_auth=found.raw_auth, **settings)
    except RuntimeError:
        raise InvalidSetting("a SOCKS proxy needs an optional package: pip install socksio", field="proxy") from None


@contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as problem:
        raise getattr(httpx, type(problem).__name__, httpx.TransportError)(str(problem)) from None


class _Body(httpx.SyncByteStream):
    def __init__(self, parts: Any) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._parts

    def close(self) -> None:
        self._parts.close()


def _left(timeout: float | None, error: type[Exception]) -> float | None:
    timer = running_timer.get()
    if timer is None:
        return timeout
    left = timer.left()
    if left <= 0:
        raise error
    return left if timeout is None else min(timeout, left)


class _BoundedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _SLICE):
            self._stream.write(buffer[start : start + _SLICE], _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _BoundedBackend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self._backend.connect_tcp(host, port, left, local_address, socket_options))
