"""Code in processes of its own: whole programs with every warning shown, and functions that start together."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

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
