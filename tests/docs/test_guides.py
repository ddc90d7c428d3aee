"""The guides say what works: the Python blocks of each page are run one after the other, and every link is followed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from convo import errors

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted((ROOT / "docs").glob("*.md"))
EXAMPLE_URL = "postgresql://app@db.example/app"


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def python_of(page: Path) -> str:
    return "\n".join(re.findall(r"^```python\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL))


def run(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != "databases"], ids=lambda page: page.stem)
def test_the_python_blocks_of_a_page_run_one_after_the_other(page: Path, tmp_path: Path) -> None:
    printed = run(python_of(page), tmp_path)
    for picture in re.findall(r"^```text\n(seq  role.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL):
        assert picture in printed


def test_the_page_on_databases_holds_on_each(empty_database_url: str, tmp_path: Path) -> None:
    code = python_of(ROOT / "docs" / "databases.md")
    assert EXAMPLE_URL in code
    run(code.replace(EXAMPLE_URL, empty_database_url), tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_are_python_that_is_run_or_text_that_is_not(page: Path) -> None:
    fences = re.findall(r"^```(.*)$", text_of(page), re.MULTILINE)
    assert set(fences[::2]) <= {"python", "text"}
    assert set(fences[1::2]) <= {""}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_to_files_of_the_project(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", text_of(page)):
        assert (page.parent / target).is_file(), target


def test_the_errors_that_users_meet_are_all_explained() -> None:
    told = set(re.findall(r"\b[A-Z]\w+", text_of(ROOT / "docs" / "errors.md")))
    kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert kinds - told == set()


def test_every_page_is_in_the_list() -> None:
    listed = set(re.findall(r"\]\((\w+\.md)\)", text_of(ROOT / "docs" / "README.md")))
    assert {page.name for page in PAGES} == listed | {"README.md"}


def test_the_reference_is_made_from_the_docstrings(tmp_path: Path) -> None:
    told = text_of(ROOT / "docs" / "README.md")
    (command,) = re.findall(r"^python -m (pdoc .*) --output-directory site$", told, re.MULTILINE)
    made = subprocess.run(
        [sys.executable, "-m", *shlex.split(command), "--output-directory", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (made.returncode, made.stderr) == (0, "")
    page = (tmp_path / "convo.html").read_text(encoding="utf-8")
    for name in ("Conversation", "AsyncConversation", "Store", "Window"):
        assert f'id="{name}' in page
