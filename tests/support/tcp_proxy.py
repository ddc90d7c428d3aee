"""A proxy in front of a database server that breaks connections around what commits."""

from __future__ import annotations

import re
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, Self

from convo.store.engine import parse_url

Cut = Literal["before", "during", "after"]
"""Where a connection breaks: before the COMMIT reaches the server, in its midst, or when the server has answered it
and the client has not heard of that yet."""

COMMIT = re.compile(rb"(?<!AUTO)COMMIT(?!TED)")  # neither AUTOCOMMIT nor READ COMMITTED is one
CHAIN = re.compile(
    rb"(_pg3_\d+|)\0WITH moved AS"
)  # PostgreSQL's transaction in one statement, and its name once it has one
TABLE = re.compile(rb"convo_(?!test)")  # nor is the name of a database
PORTS = {"postgresql": 5432, "mariadb": 3306}


class CommitProxy:
    """Stands in front of ``url``'s server on a free port of 127.0.0.1, between ``with`` and its end.

    ``plan`` says where the connection of the n-th COMMIT (from 1) breaks, None for not; it may be set at any time,
    ``commits`` tells how many there were. Those with which a driver sets a new connection up are not counted.
    """

    def __init__(self, url: str, plan: Callable[[int], Cut | None] = lambda number: None) -> None:
        self.plan = plan
        self.commits = self.cuts = 0
        self._server = parse_url(url)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: set[socket.socket] = {self._listener}
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def url(self) -> str:
        """The same database, through this proxy."""
        through = self._server.set(host="127.0.0.1", port=self._listener.getsockname()[1])
        if self._server.drivername == "postgresql":
            through = through.update_query_dict({"sslmode": "disable"})  # nobody can look into what is encrypted
        return through.render_as_string(hide_password=False)

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        target = self._server.host or "127.0.0.1", self._server.port or PORTS[self._server.drivername]
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # shut down
                return
            server = socket.create_connection(target)
            with self._lock:
                self._open |= {client, server}
            thread = threading.Thread(target=self._serve, args=(client, server), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket, server: socket.socket) -> None:
        with client, server, suppress(OSError):
            self._pass_on(client, server)
        with self._lock:
            self._open -= {client, server}

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        in_use, commits = False, _Commits()
        while True:
            for source in select.select(list(other), [], [])[0]:
                data = source.recv(1 << 16)
                in_use = in_use or TABLE.search(data) is not None
                ends = source is client and commits.are_in(data) and in_use
                if not data or (ends and self._cuts(data, client, server)):
                    return
                other[source].sendall(data)

    def _cuts(self, commit: bytes, client: socket.socket, server: socket.socket) -> bool:
        """Whether the connection ends with this COMMIT; what of it shall reach the server has reached it then."""
        with self._lock:
            self.commits += 1
            cut = self.plan(self.commits)
            self.cuts += cut is not None
        if cut == "during":
            server.sendall(commit[: len(commit) // 2])
        elif cut == "after":
            server.sendall(commit)
            while server not in select.select([client, server], [], [])[0]:
                server.sendall(client.recv(1 << 16))  # a long statement comes in pieces
            server.recv(1 << 16)
        return cut is not None


class _Commits:
    """Knows what commits on one connection. A statement that the driver has prepared is sent by its name alone."""

    def __init__(self) -> None:
        self._prepared: set[bytes] = set()
        self._begun = False

    def are_in(self, data: bytes) -> bool:
        chain = CHAIN.search(data)
        if chain is not None and chain[1]:
            self._prepared.add(chain[1])
            return False
        if COMMIT.search(data) is not None:
            self._begun = False
            return True
        self._begun = (self._begun or b"BEGIN" in data) and b"ROLLBACK" not in data
        named = any(name + b"\0" in data for name in self._prepared)
        return (named or chain is not None) and not self._begun
