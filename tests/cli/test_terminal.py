"""The command on a real (pseudo) terminal: colours where they are wanted, lines as wide as the screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from rich.cells import cell_len

from convo import Store, assistant, user
from support.databases import sqlite_url
from support.nasty import NASTY

COLUMNS = 50
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def on_a_terminal(*arguments: str, **env: str) -> str:
    """Run ``convo`` on a terminal of ``COLUMNS`` columns and return what reached it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    plain = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR", "CI")}
    process = subprocess.Popen(
        [sys.executable, "-c", "from convo.cli import main; main()", *arguments],
        env=plain | {"TERM": "xterm-256color"} | env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""


@pytest.fixture
def stored(tmp_path: Path) -> tuple[str, str]:
    """A database with one conversation of nasty texts: its URL and the conversation's id."""
    url = sqlite_url(tmp_path / "chat.db")
    texts = [text for text in NASTY if text.strip() and len(text) < 2000]
    with Store(url) as store:
        chat = store.start(messages=[user("Hello"), assistant("Hi"), *map(user, texts)], title="\x1b[2J[red]title")
        return url, str(chat.id)


@pytest.mark.parametrize("command", ["show", "tree", "ls"])
def test_only_colours_reach_a_terminal_and_no_line_is_wider_than_it(stored: tuple[str, str], command: str) -> None:
    url, id = stored
    shown = on_a_terminal(command, url, *([] if command == "ls" else [id]))
    assert COLOUR.search(shown)
    text = COLOUR.sub("", shown)
    assert all(char == "\n" or char.isprintable() or char in " \u3000\u200d\u200c" for char in text)
    assert max(map(cell_len, text.splitlines())) <= COLUMNS


def test_no_color_is_respected(stored: tuple[str, str]) -> None:
    url, id = stored
    for command in (["tree", url, id], ["ls", url]):
        assert not re.search(r"\x1b\[[0-9;]*3\dm", on_a_terminal(*command, NO_COLOR="1"))


def test_a_dumb_terminal_gets_plain_text(stored: tuple[str, str]) -> None:
    assert "\x1b" not in on_a_terminal("tree", *stored, TERM="dumb")
