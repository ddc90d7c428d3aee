"""README.md says what works: every block is run, or is a command that the checks of every change run as it stands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)

INSTALLS = "python3 -m venv"
"""How a block begins that needs a package index: ``.ci/run`` runs it, with a network."""


def blocks(language: str) -> list[str]:
    return [code for kind, code in BLOCKS if kind == language]


def run(command: list[str], folder: Path) -> str:
    """Run ``command`` in ``folder``, this environment's programs first, a line typed; return what it printed."""
    here = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        command, cwd=folder, env=os.environ | here, input="Hello\n", capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_block_is_of_a_kind_that_is_run() -> None:
    assert {kind for kind, _ in BLOCKS} == {"sh", "python"}
    assert README.count("\n```") == 2 * len(BLOCKS)


def test_the_python_blocks_run_one_after_the_other_and_the_commands_after_them(tmp_path: Path) -> None:
    code = "\n".join(blocks("python"))
    assert "Comté" in run([sys.executable, "-c", code], tmp_path)
    for line in "".join(block for block in blocks("sh") if not block.startswith(INSTALLS)).splitlines():
        assert line.startswith("convo "), f"{line!r} is not run by anything"
        assert run(shlex.split(line), tmp_path)


@pytest.mark.parametrize("block", [block for block in blocks("sh") if block.startswith(INSTALLS)])
def test_an_install_command_is_one_line_and_is_run_by_the_checks(block: str) -> None:
    (line,) = block.splitlines()
    checks = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (finder,) = re.findall(r"readme_command\(\) \{ grep -E \"(.*)\$1\" README.md; \}", checks)
    asked = re.findall(r"\$\(readme_command '(.*)'\)", checks)
    assert len([pattern for pattern in asked if re.search(finder + pattern, line)]) == 1


def test_links_lead_to_files_of_the_project() -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README):
        assert (ROOT / target).is_file(), target
