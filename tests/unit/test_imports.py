"""What is imported when: nothing heavy before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

LATE = (
    "httpx",
    "alembic",
    "rich",
    "typer",
    "mistral_common",
    "litellm",
    "psycopg",
    "pymysql",
    "sqlalchemy.ext.asyncio",
)
"""What only some uses need, or only their first moment."""


@pytest.mark.parametrize(
    "statement",
    ["import convo; convo.Conversation, convo.AsyncConversation, convo.Window, convo.user", "import convo.testing"],
)
def test_the_library_loads_without_what_only_some_uses_need(statement: str) -> None:
    code = f"{statement}; import sys; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert {*LATE} & {*loaded} == set()


def test_importing_convo_alone_loads_no_library() -> None:
    code = "import convo, sys; sys.exit(len({'pydantic', 'sqlalchemy', 'asyncio', 'convo.public'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("before", ["gc.enable()", "gc.disable()", "gc.freeze()"])
def test_the_collector_is_left_as_it_was(before: str) -> None:
    state = "gc.isenabled(), gc.get_freeze_count() > 0"
    code = f"import gc, sys; {before}; was = {state}; import convo; convo.Conversation; sys.exit(was != ({state}))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
