"""PostgreSQL behind PgBouncer in transaction mode, with fewer connections to the server than there are clients."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from convo import Store
from support.databases import Databases
from support.programs import found

CONNECTIONS, CLIENTS, TURNS = 2, 6, 3
OPTIONS: dict[str, Any] = {"connect_args": {"prepare_threshold": None, "options": ""}}
"""What docs/databases.md tells to give: the proxy takes neither prepared statements nor options."""

CONFIG = """
[databases]
* = host={host} port={port} user={user} {password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
"""


@pytest.fixture(scope="module")
def proxied(databases: Databases) -> Iterator[str]:
    """The URL of the shared PostgreSQL database, through a proxy of this module's own."""
    url = make_url(databases.migrated("postgresql", Path()))
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        own = listener.getsockname()[1]
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)  # the proxy, which does not run as root, reads its configuration there
    password = f"password={url.password}" if url.password else ""
    given = {"host": url.host, "port": url.port or 5432, "user": url.username, "password": password}
    (folder / "proxy.ini").write_text(CONFIG.format(**given, own=own, size=CONNECTIONS))
    program = found("pgbouncer")
    assert program is not None, "pgbouncer is not installed"
    command = [program, *(["-u", "nobody"] if os.getuid() == 0 else []), str(folder / "proxy.ini")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as proxy:
        for _ in range(200):
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", own)) == 0:
                    break
            time.sleep(0.05)
        yield url.set(host="127.0.0.1", port=own).render_as_string(hide_password=False)
        proxy.terminate()
        proxy.communicate(timeout=10)
    shutil.rmtree(folder)


def echo(request: Any) -> str:
    return f"heard {request.messages[-1].text}"


def test_turns_streams_forks_lists_and_searches_go_through_it(face: Any, proxied: str, name: str) -> None:
    with face.Store(proxied, owner=name, **OPTIONS) as store:
        chat = store.open("talk", backend=echo)
        for number in range(8):  # more often than a driver runs a statement before it prepares it
            assert chat.send(f"question {number}").text == f"heard question {number}"
        assert "".join(delta.text for delta in chat.stream("and?")) == "heard and?"
        assert chat.fork(at=chat.history(limit=2)[0]).send("else?").text == "heard else?"
        assert [info.id for info in store.conversations()] == [chat.id]
        assert len(store.search("question").found) == 16
        assert list(store.verify()) == []


def test_more_clients_than_it_has_connections_write_at_once(proxied: str, name: str) -> None:
    with Store(proxied, owner=name, pool_size=CLIENTS, **OPTIONS) as store:
        first = store.start()
        handles = [first.fork() for _ in range(CLIENTS)]

        def talk(number: int) -> None:
            chat = store.load(first.id, branch=handles[number].branch.no, backend=echo)
            for turn in range(TURNS):
                chat.send(f"{number}: {turn}")

        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(talk, range(CLIENTS)))
        for number, handle in enumerate(handles):
            asked = [entry.text for entry in handle.history() if entry.role == "user"]
            assert asked == [f"{number}: {turn}" for turn in range(TURNS)]
