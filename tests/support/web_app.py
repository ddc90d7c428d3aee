"""The FastAPI example as a process of its own, which may be killed and started again on the same port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

FOLDER = Path(__file__).parent.parent.parent / "examples" / "fastapi_chat"
PATIENCE = 60


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class WebApp:
    """The example, answering by ``backend`` and keeping its conversations in ``database_url``."""

    def __init__(self, database_url: str, backend: str) -> None:
        self._env = os.environ | {"CHAT_DATABASE": database_url, "CHAT_BACKEND": backend}
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(signal.SIGKILL)

    def start(self) -> None:
        """Start it and wait until it listens."""
        command = ["uvicorn", "app:app", "--app-dir", str(FOLDER), "--port", str(self._port), "--log-level", "error"]
        command += ["--timeout-graceful-shutdown", "1"]
        self._process = subprocess.Popen([sys.executable, "-m", *command], env=self._env)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
            except OSError:
                assert self._process.poll() is None, "the application has ended"
                assert time.monotonic() < deadline, "the application does not listen"
                time.sleep(0.05)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it by a signal."""
        assert self._process
        self._process.send_signal(how)
        self._process.wait(PATIENCE)
