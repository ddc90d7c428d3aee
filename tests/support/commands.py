"""The command as a user types it: in a process of its own, its output a pipe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from convo.cli import screen
from convo.cli.app import app
from convo.errors import ConvoError
from convo.harmless import one_line

CONVO = [sys.executable, "-c", "from convo.cli import main; main()"]
PLAIN = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR", "NO_COLOR")}


def convo(*arguments: str, folder: Path | None = None, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Run ``convo`` and return its exit code and what it printed to standard output and error."""
    done = subprocess.run(
        [*CONVO, *arguments],
        cwd=folder,
        env=PLAIN | (env or {}),
        capture_output=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def out(*arguments: str, folder: Path | None = None) -> str:
    code, printed, problem = convo(*arguments, folder=folder)
    assert (code, problem) == (0, "")
    return printed


def one_sentence(problem: str) -> bool:
    return problem.startswith("convo: ") and problem.count("\n") == 1 and "Traceback" not in problem


def inside(*arguments: str, typed: str = "") -> tuple[int, str, str]:
    """Run ``convo`` in this process, many times quicker: for what does not depend on how it is started."""
    screen.console.cache_clear()  # or it would be as wide as what another test gave it
    done = CliRunner(env={"COLUMNS": None}).invoke(app, arguments, input=typed)
    if isinstance(done.exception, ConvoError):
        return 1, done.stdout, f"{done.stderr}convo: {one_line(str(done.exception), 1000)}\n"
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def shown(*arguments: str) -> str:
    """What ``inside`` prints, where nothing goes wrong."""
    code, printed, problem = inside(*arguments)
    assert (code, problem) == (0, "")
    return printed
