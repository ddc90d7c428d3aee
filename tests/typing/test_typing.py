"""A user's type checker sees what the interface promises, and sees mistakes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

USAGE = Path(__file__).parent / "usage.py"


def test_mypy_reads_the_package_as_a_user_has_it(tmp_path: Path) -> None:
    """Strictly, without this project's settings; an ignore that nothing needs is an error too."""
    options = ["--strict", "--config-file=", "--cache-dir", str(tmp_path / "cache"), "--no-error-summary"]
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(USAGE)], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
