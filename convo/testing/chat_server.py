"""A chat server on this machine, for tests: it speaks Mistral's or OpenAI's API and misbehaves on command."""

from __future__ import annotations

import json
import select
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, TypeAlias

from convo.frozen import dataclass
from convo.testing.faults import Answer, Fault
from convo.testing.mistral_schema import violations
from convo.testing.replies import ServerReply, Style, event_bytes

ReplyLike: TypeAlias = "str | ServerReply | Callable[[Mapping[str, Any]], str | ServerReply]"


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as the server got it. ``body`` is the parsed JSON, None for a GET."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    raw: bytes


class ChatServer:
    """A chat server on a free port of 127.0.0.1, running between ``with`` and its end.

    ``replies`` are given in turn, the last one for ever: a text, a ``ServerReply``, or a function of the request's
    body. ``style`` is whose API it speaks; Mistral's request schema is closed, and a body it does not allow gets a
    422. ``misbehave`` makes the next answers go wrong. ``requests`` are those that came, ``hangups`` counts clients
    that left in the midst of an answer, ``connections`` how often one connected. ``key``: the API key asked for; ""
    accepts any. ``tls``: a server's SSL context, to be reached by https.
    """

    def __init__(
        self, *replies: ReplyLike, style: Style = "mistral", key: str = "", tls: ssl.SSLContext | None = None
    ) -> None:
        self.style = style
        self.requests: list[ReceivedRequest] = []
        self.hangups = 0
        self.connections = 0
        self._key = key
        self._replies: deque[ReplyLike] = deque(replies or [ServerReply()])
        self._faults: deque[Fault] = deque()
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._scheme = "http"
        if tls is not None:
            self._scheme = "https"
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def base_url(self) -> str:
        """What a backend takes as its ``base_url``."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}/v1"

    @property
    def bodies(self) -> list[Any]:
        """The bodies of the requests that came, in order."""
        return [request.body for request in self.requests if request.body is not None]

    def reply(self, *replies: ReplyLike) -> None:
        """Give these replies from now on, the last one for ever."""
        with self._lock:
            self._replies = deque(replies)

    def misbehave(self, *faults: Fault, times: int = 1) -> None:
        """Let the next answers, one for each fault and ``times`` over, go wrong."""
        with self._lock:
            self._faults.extend(faults * times)

    def answer(self, request: ReceivedRequest) -> Answer:
        """Return what is sent for ``request``, faults and all."""
        with self._lock:
            self.requests.append(request)
            fault = self._faults.popleft() if self._faults else None
        answer = self._refusal(request) or self._right_answer(request)
        return fault(answer) if fault else answer

    def _refusal(self, request: ReceivedRequest) -> Answer | None:
        if self._key and request.headers.get("authorization") != f"Bearer {self._key}":
            return _json(401, {"detail": "Unauthorized"})
        if request.method == "POST" and self.style == "mistral":
            wrong = violations(request.body)
            if wrong:
                message = {"detail": wrong}
                return _json(
                    422, {"object": "error", "message": message, "type": "invalid_request_error", "code": None}
                )
        return None

    def _right_answer(self, request: ReceivedRequest) -> Answer:
        path = request.path.partition("?")[0]
        if path.endswith("/models"):
            return _json(200, {"object": "list", "data": [_MODELS[self.style]]})
        if not path.endswith("/chat/completions"):
            return _json(404, {"detail": "Not Found"})
        reply = self._next_reply(request.body)
        if not request.body.get("stream"):
            return _json(200, reply.whole(self.style, request.body))
        events = [event_bytes(event) for event in reply.events(self.style, request.body)]
        return Answer(headers={"content-type": "text/event-stream"}, parts=[*events, b"data: [DONE]\n\n"])

    def _next_reply(self, body: Mapping[str, Any]) -> ServerReply:
        with self._lock:
            reply = self._replies.popleft() if len(self._replies) > 1 else self._replies[0]
        made = reply(body) if callable(reply) else reply
        return ServerReply(text=made) if isinstance(made, str) else made

    def hung_up(self) -> None:
        """Take note that a client left before its answer was complete."""
        with self._lock:
            self.hangups += 1


_MODELS: Mapping[Style, Mapping[str, Any]] = {
    "mistral": {
        "id": "mistral-small-2603",
        "object": "model",
        "capabilities": {"completion_chat": True, "function_calling": True},
        "max_context_length": 262144,
        "aliases": ["mistral-small-latest"],
        "default_model_temperature": 0.3,
        "type": "base",
    },
    "openai": {"id": "local", "object": "model", "created": 1_757_759_494, "owned_by": "you", "max_model_len": 4096},
}


def _json(status: int, data: Any) -> Answer:
    return Answer(status=status, headers={"content-type": "application/json"}, parts=[json.dumps(data).encode()])


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, chat: ChatServer) -> None:
        self.chat = chat
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count the connection and serve it."""
        self.chat.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that leave are part of the play."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("content-length") or 0)))

    def _serve(self, raw: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(raw) if raw else None
        answer = self.server.chat.answer(ReceivedRequest(self.command, self.path, headers, body, raw))
        try:
            self._write(answer)
        except OSError:
            self.server.chat.hung_up()
            self.close_connection = True

    def _write(self, answer: Answer) -> None:
        if answer.headers is not None:
            self._write_head(answer)
            self._write_parts(answer.parts)
        if answer.cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _write_head(self, answer: Answer) -> None:
        lines = [f"HTTP/1.1 {answer.status} Answer", "transfer-encoding: chunked"]
        lines += [f"{name}: {value}" for name, value in (answer.headers or {}).items()]
        head = "\r\n".join([*lines, "", ""]).encode()
        if not answer.header_pause:
            self.wfile.write(head)
        for number in range(len(head) if answer.header_pause else 0):
            self._pause(answer.header_pause)
            self.wfile.write(head[number : number + 1])

    def _write_parts(self, parts: Iterable[bytes | float]) -> None:
        for part in parts:
            if isinstance(part, float | int):
                self._pause(part)
            elif part:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))

    def _pause(self, seconds: float) -> None:
        """Wait, unless the client leaves meanwhile."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        if readable:
            raise ConnectionAbortedError("the client left")
