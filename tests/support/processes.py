"""Code in processes of its own: whole programs with every warning shown, and functions that start together."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from textwrap import dedent
from typing import Any

_PATIENCE = 120.0
_CLEAN = multiprocessing.get_context("forkserver")  # children of a process that never opened a connection
_CLEAN.set_forkserver_preload(
    ["convo.public", "alembic.command", "psycopg", "pymysql", "aiomysql", "sqlalchemy.ext.asyncio"]
)

_INHERITED = ["-W", "ignore::ResourceWarning"]


def program_output(source: str, *arguments: str, forks: bool = False) -> list[str]:
    """Run ``source`` in a new Python and return the lines it printed; it must end well and complain of nothing.

    ``forks``: a child cannot close the connections that it inherited, and psycopg says so when the child ends.
    """
    warnings = ["-W", "error", *(_INHERITED if forks else [])]
    command = [sys.executable, *warnings, "-c", dedent(source), *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == "", ran.stderr
    return ran.stdout.splitlines()


def together(function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Return ``function(start, *each)`` for each of ``arguments``, every one run in a process of its own.

    ``function`` calls ``start()`` when it is ready: it returns in all of them at once.
    """
    start = _CLEAN.Barrier(len(arguments), timeout=_PATIENCE)
    running = []
    for each in arguments:
        ours, theirs = _CLEAN.Pipe(duplex=False)
        process = _CLEAN.Process(target=_run, args=(theirs, start, function, each))
        process.start()
        theirs.close()
        running.append((process, ours))
    outcomes = [ours.recv() if ours.poll(_PATIENCE) else (False, "gave no result in time") for _, ours in running]
    for process, ours in running:
        process.join(_PATIENCE)
        ours.close()
        process.close()
    failed = [said for succeeded, said in outcomes if not succeeded]
    assert not failed, "\n".join(failed)
    return [result for _, result in outcomes]


def _run(sender: Connection, start: Any, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        outcome = True, function(start.wait, *arguments)
    except BaseException:
        outcome = False, traceback.format_exc()
        start.abort()
    sender.send(outcome)
    sender.close()
