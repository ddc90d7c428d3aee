"""A certificate for 127.0.0.1 that only the test trusts, made on the spot, and a server that speaks HTTP/2 by it."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def certificate(folder: Path) -> tuple[Path, Path]:
    """The paths of a new certificate and its key."""
    tool = shutil.which("openssl")
    assert tool, "these tests make their certificate with the openssl command"
    made, key = folder / "certificate.pem", folder / "key.pem"
    command = [
        tool,
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    subprocess.run(command + names, check=True, capture_output=True)
    return made, key


def server_context(folder: Path, *protocols: str) -> tuple[ssl.SSLContext, Path]:
    """A server's SSL context, and the CA bundle by which a client trusts it."""
    made, key = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context, made


@contextmanager
def http2_server(context: ssl.SSLContext, parts: list[bytes]) -> Iterator[str]:
    """The URL of a server that answers every HTTP/2 request with ``parts`` as an event stream."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    stopping = threading.Event()

    def accept() -> None:
        while not stopping.is_set():
            try:
                plain, _ = listener.accept()
            except TimeoutError:
                continue
            plain.settimeout(5)
            with context.wrap_socket(plain, server_side=True) as connection:
                _serve(connection, parts)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/v1"
    finally:
        stopping.set()
        thread.join()
        listener.close()


def _serve(connection: ssl.SSLSocket, parts: list[bytes]) -> None:
    import h2.config
    import h2.connection
    import h2.events

    speaker = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    speaker.initiate_connection()
    connection.sendall(speaker.data_to_send())
    while data := connection.recv(65536):
        for event in speaker.receive_data(data):
            if isinstance(event, h2.events.StreamEnded):
                speaker.send_headers(event.stream_id, [(":status", "200"), ("content-type", "text/event-stream")])
                for part in parts:
                    speaker.send_data(event.stream_id, part)
                speaker.end_stream(event.stream_id)
        connection.sendall(speaker.data_to_send())
