"""A terminal that a test looks at: a program in tmux, its keys sent, its screen read."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 60.0
ENDED = "the program has ended with"


class Terminal:
    """``command`` on a terminal of its own, 80 columns and 24 lines."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="tmux-")  # a socket's path must be short
        line = shlex.join(command)
        plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TMUX", "COLUMNS")}
        size = ["-x", "80", "-y", "24"]
        shell = f"{line}; echo {shlex.quote(ENDED)} $?; exec sleep 1000"
        subprocess.run(
            [*self._tmux(), "-f", os.devnull, "new-session", "-d", *size, "-c", str(folder), shell],
            env=plain | {"LC_ALL": "C.UTF-8"},
            check=True,
            timeout=PATIENCE,
        )

    def _tmux(self) -> list[str]:
        return ["tmux", "-u", "-S", f"{self._home.name}/socket"]

    def _run(self, *arguments: str) -> str:
        return subprocess.run(
            [*self._tmux(), *arguments], check=True, capture_output=True, text=True, timeout=PATIENCE
        ).stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hang_up()

    def type(self, text: str, *, enter: bool = True) -> None:
        """Type a text, and Enter."""
        self._run("send-keys", "-l", "--", text)
        if enter:
            self.press("Enter")

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names for them: C-c, Tab, Up …"""
        self._run("send-keys", *keys)

    def screen(self, *, past: bool = False) -> str:
        """Return what the screen shows, trailing spaces left out; with ``past`` also what has scrolled away."""
        shown = self._run("capture-pane", "-p", *(["-S", "-"] if past else []))
        return "\n".join(line.rstrip() for line in shown.splitlines()).rstrip("\n")

    def wait(self, shows: str | Callable[[str], bool]) -> str:
        """Wait until the screen shows a text, or fulfils a condition, and return it."""
        deadline = time.monotonic() + PATIENCE
        while True:
            screen = self.screen()
            if shows in screen if isinstance(shows, str) else shows(screen):
                return screen
            assert time.monotonic() < deadline, f"waited for {shows!r}, and the screen shows:\n{screen}"
            time.sleep(0.05)

    def hang_up(self) -> None:
        """Take the terminal away, as a closed window or a lost connection does."""
        subprocess.run([*self._tmux(), "kill-server"], capture_output=True, timeout=PATIENCE)
        self._home.cleanup()
