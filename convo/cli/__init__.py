"""The command line: ``convo``. Nothing heavy is imported before it is known which command runs."""

from __future__ import annotations

import sys

_EXTRA = "the command line needs an extra that is not installed: pip install 'convo-sql[cli]'"


def main() -> None:
    """Run the command line and exit: 0 done, 1 an error of convo (one line on stderr), 2 a wrong command line."""
    try:
        from convo.cli.app import run

        run()
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] not in ("typer", "rich", "prompt_toolkit"):
            raise
        sys.exit(f"convo: {_EXTRA}")
