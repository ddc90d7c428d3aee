"""Pools of connections: shared, closed, safe after a fork and over event loops; proxies, CAs, HTTP/2, own clients."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from convo.backends import call
from convo.backends.dialects import DIALECTS
from convo.backends.http import HttpBackend
from convo.backends.http_io import AsyncHttp, SyncHttp
from convo.backends.policy import ClientOptions, Deadlines, Retries
from convo.errors import BackendFailed, BackendUnavailable, DeadlineExceeded, InvalidSetting, MissingExtra, WrongFace
from convo.ports import drive, drive_stream
from convo.testing import ChatServer, ServerReply, faults
from convo.testing.replies import event_bytes
from support.asking import Asker, gathered, request
from support.tls import http2_server, server_context


def backend(url: str, **settings: Any) -> HttpBackend:
    settings.setdefault("retries", Retries(attempts=1))
    return HttpBackend(DIALECTS["mistral"], base_url=url, model="m", **settings)


def eventually(holds: Callable[[], bool], seconds: float = 5) -> bool:
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.01)
    return holds()


def test_backends_with_equal_options_share_their_connections(asker: Asker, server: ChatServer) -> None:
    for _ in range(3):
        asker.complete(backend(server.base_url))
    assert server.connections == 1


def test_a_reader_that_leaves_makes_the_server_stop(asker: Asker, server: ChatServer) -> None:
    server.reply("word " * 50)
    server.misbehave(faults.stall(3, 30))
    asker.stream(backend(server.base_url), stop_after=1)
    assert eventually(lambda: server.hangups == 1)
    assert asker.complete(backend(server.base_url)).text


def test_a_cancelled_task_makes_the_server_stop(server: ChatServer) -> None:
    server.misbehave(faults.stall(3, 30), faults.stall(0, 30))

    async def main() -> None:
        io = AsyncHttp()
        asks = (_all_of(io, server), call.complete(io, backend(server.base_url), request()))
        for number, ask in enumerate(asks, 1):
            task = asyncio.ensure_future(ask)
            while len(server.requests) < number:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    assert eventually(lambda: server.hangups == 2)


async def _all_of(io: AsyncHttp, server: ChatServer) -> None:
    async for _ in call.stream(io, backend(server.base_url), request()):
        pass


def test_one_async_io_serves_several_event_loops_one_after_another(server: ChatServer) -> None:
    io = AsyncHttp()
    for number in range(1, 4):
        assert asyncio.run(call.complete(io, backend(server.base_url), request())).text
        assert server.connections == number
    assert io._loops == {}
    assert io._watches == {}


def test_closing_an_io_closes_its_connections_and_it_opens_new_ones(server: ChatServer) -> None:
    io = SyncHttp()
    for number in range(1, 3):
        drive(call.complete(io, backend(server.base_url), request()))
        io.close()
        io.close()
        assert server.connections == number


FORK = """
import os, sys
from convo.backends import call
from convo.backends.dialects import DIALECTS
from convo.backends.http import HttpBackend
from convo.backends.http_io import SyncHttp
from convo.completions import CompletionRequest
from convo.messages import user
from convo.ports import drive

io = SyncHttp()
backend = HttpBackend(DIALECTS["mistral"], base_url=sys.argv[1], model="m")
ask = lambda: drive(call.complete(io, backend, CompletionRequest((user("Hello"),)))).text
ask()
child = os.fork()
if child == 0:
    ask()
    ask()
    io.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
ask()
io.close()
"""


def test_a_forked_child_makes_connections_of_its_own(server: ChatServer) -> None:
    subprocess.run([sys.executable, "-c", FORK, server.base_url], check=True, timeout=60)
    assert len(server.requests) == 4
    assert server.connections == 2


def test_a_sync_stream_inside_a_running_loop_outlives_it(server: ChatServer) -> None:
    server.reply("word " * 20)
    io = SyncHttp()

    async def begin() -> Any:
        stream = drive_stream(call.stream(io, backend(server.base_url), request()))
        return [next(stream), next(stream)], stream

    first, stream = asyncio.run(begin())
    assert gathered([*first, *stream]).text == "word " * 20
    io.close()


def test_a_proxy_is_used_where_one_is_named(asker: Asker, server: ChatServer) -> None:
    proxy = server.base_url.removesuffix("/v1")
    behind = backend("http://chat.invalid/v1", client=ClientOptions(proxy=proxy))
    assert asker.complete(behind).text
    assert server.requests[0].headers["host"] == "chat.invalid"


def test_the_environments_proxy_is_used_unless_the_environment_is_not_trusted(
    asker: Asker, server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.base_url.removesuffix("/v1"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert asker.complete(backend("http://chat.invalid/v1")).text
    assert asker.complete(backend(server.base_url)).text
    with pytest.raises(BackendUnavailable):
        asker.complete(backend("http://chat.invalid/v1", client=ClientOptions(trust_env=False)))


def test_a_ca_of_ones_own_is_trusted_and_no_other(asker: Asker, tmp_path: Path) -> None:
    context, bundle = server_context(tmp_path)
    with ChatServer(tls=context) as server:
        assert asker.complete(backend(server.base_url, client=ClientOptions(verify=bundle))).text
        assert asker.complete(backend(server.base_url, client=ClientOptions(verify=False))).text
        with pytest.raises(BackendUnavailable, match="certificate"):
            asker.complete(backend(server.base_url))


def test_a_ca_bundle_that_is_none_is_refused(asker: Asker, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    for path in (tmp_path / "missing.pem", tmp_path / "empty.pem"):
        with pytest.raises(InvalidSetting, match="CA bundle"):
            asker.complete(backend("https://127.0.0.1:1/v1", client=ClientOptions(verify=path)))


def test_http2_is_spoken_where_it_is_offered(asker: Asker, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    context, bundle = server_context(tmp_path, "h2")
    events = ServerReply(text="Bonjour.").events("mistral", {"messages": []})
    parts = [event_bytes(event) for event in events] + [b"data: [DONE]\n\n"]
    caplog.set_level(logging.DEBUG)
    with http2_server(context, parts) as url:
        speaking = backend(url, client=ClientOptions(verify=bundle, http2=True), api_key="sk-nobody-may-see-this")
        assert gathered(asker.stream(speaking)).text == "Bonjour."
        asker.close_connections()
    assert "sk-nobody-may-see-this" not in caplog.text


def test_http2_without_its_package_names_the_extra(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="http2") as caught:
        asker.complete(backend("http://127.0.0.1:1", client=ClientOptions(http2=True)))
    assert caught.value.extra == "http2"


def test_a_sync_client_of_the_callers_own_is_used_and_stays_open(server: ChatServer) -> None:
    asker = Asker("sync")
    with httpx.Client(headers={"x-mine": "yes"}) as own:
        asked = backend(server.base_url, client=ClientOptions(sync_client=own), deadlines=Deadlines(total=0.5))
        assert asker.complete(asked).text
        assert gathered(asker.stream(asked)).text
        assert server.requests[0].headers["x-mine"] == "yes"
        server.misbehave(faults.drip(0.05))
        with pytest.raises(DeadlineExceeded):
            asker.complete(asked)
        asker.close()
        assert not own.is_closed


def test_an_async_client_of_the_callers_own_is_used_and_stays_open(server: ChatServer) -> None:
    async def main() -> None:
        io = AsyncHttp()
        async with httpx.AsyncClient(headers={"x-mine": "yes"}) as own:
            client, limits = ClientOptions(async_client=own), Deadlines(total=0.5)
            asked = backend(server.base_url, client=client, deadlines=limits)
            assert (await call.complete(io, asked, request())).text
            server.misbehave(faults.slow_headers(0.05))
            with pytest.raises(DeadlineExceeded):
                await call.complete(io, asked, request())
            await io.aclose()
            assert not own.is_closed

    asyncio.run(main())
    assert server.requests[0].headers["x-mine"] == "yes"


def test_a_closed_client_is_said(asker: Asker, server: ChatServer) -> None:
    async_client = httpx.AsyncClient()
    asyncio.run(async_client.aclose())
    sync_client = httpx.Client()
    sync_client.close()
    closed = ClientOptions(sync_client=sync_client, async_client=async_client)
    with pytest.raises(InvalidSetting, match="is closed"):
        asker.complete(backend(server.base_url, client=closed))


def test_why_there_is_no_connection_is_said(asker: Asker, server: ChatServer) -> None:
    with pytest.raises(BackendUnavailable, match="does not answer in TLS"):
        asker.complete(backend(server.base_url.replace("http:", "https:")))
    with pytest.raises(BackendUnavailable, match="whether it runs"):
        asker.complete(backend("http://127.0.0.1:1"))


def test_a_host_that_nobody_knows_is_said(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody_knows(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody_knows)
    with pytest.raises(BackendUnavailable, match="example cannot be reached: its host name"):
        asker.complete(backend("http://llm.example/v1"))


def test_a_query_of_the_base_url_stays_at_its_end(asker: Asker, server: ChatServer) -> None:
    assert asker.complete(backend(server.base_url + "/?api-version=2026-11")).text
    assert server.requests[-1].path == "/v1/chat/completions?api-version=2026-11"


def test_a_client_for_the_other_face_only_is_the_wrong_face(asker: Asker) -> None:
    other = {"async_client": httpx.AsyncClient()} if asker.face == "sync" else {"sync_client": httpx.Client()}
    with pytest.raises(WrongFace, match="client"):
        asker.complete(backend("http://127.0.0.1:1", client=ClientOptions(**other)))


def test_a_loop_that_was_closed_without_ceremony_is_forgotten(server: ChatServer) -> None:
    io = AsyncHttp()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(call.complete(io, backend(server.base_url), request()))
    loop.run_until_complete(io.aclose())
    loop.close()
    assert list(io._loops) == [loop]
    asyncio.run(call.complete(io, backend(server.base_url), request()))
    assert io._loops == {}


def test_an_error_that_is_not_of_the_wire_comes_through_as_the_backends_failure(asker: Asker) -> None:
    class Broken(httpx.BaseTransport, httpx.AsyncBaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            raise ZeroDivisionError

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise ZeroDivisionError

    transport = Broken()
    client = ClientOptions(
        sync_client=httpx.Client(transport=transport), async_client=httpx.AsyncClient(transport=transport)
    )
    with pytest.raises(BackendFailed, match="ZeroDivisionError"):
        asker.complete(backend("http://127.0.0.1:1", client=client))


def test_a_socks_proxy_without_its_package_names_the_extra(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    through_one = backend("http://chat.invalid/v1", client=ClientOptions(proxy="socks5://127.0.0.1:1"))
    with pytest.raises(MissingExtra, match="socks") as caught:
        asker.complete(through_one)
    assert caught.value.extra == "socks"
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:1")
    with pytest.raises(MissingExtra, match="socks"):
        asker.complete(backend("http://chat.invalid/v1"))


@pytest.mark.parametrize("client", [{"proxy": "socks5://127.0.0.1:1"}, {"http2": True}])
def test_a_package_that_is_missing_is_named_before_anything_is_stored(
    face: Any, monkeypatch: pytest.MonkeyPatch, client: dict[str, Any]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with face.Store("sqlite://") as store:
        chat = store.start(backend=backend("http://chat.invalid/v1", client=ClientOptions(**client)))
        with pytest.raises(MissingExtra, match="pip install"):
            chat.send("Hello?")
        assert chat.history() == []


def test_many_threads_share_one_io(server: ChatServer) -> None:
    from concurrent.futures import ThreadPoolExecutor

    io = SyncHttp()
    asked = backend(server.base_url)
    with ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(lambda _: drive(call.complete(io, asked, request())).text, range(40)))
    io.close()
    assert texts == ["Bonjour, mon ami."] * 40
    assert server.connections <= 8


def test_a_server_that_does_not_run_is_named_by_host_and_port(asker: Asker) -> None:
    with pytest.raises(BackendUnavailable, match=r"the backend at 127\.0\.0\.1:1 cannot be reached: check its address"):
        asker.complete(backend("http://127.0.0.1:1/v1"))
