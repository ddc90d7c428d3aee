"""The examples run as they stand, offline, each in a folder of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convo import Conversation, assistant, tool_call
from convo.testing import ChatServer, ScriptedBackend, ServerReply
from support.databases import sqlite_url

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def run(folder: Path, *command: str, typed: str = "") -> str:
    """Run an example in ``folder``, with ``typed`` as its standard input; return what it printed."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | {"PYTHONWARNINGS": "error"},
        input=typed,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def example(name: str) -> str:
    return str(EXAMPLES / name)


def test_every_example_has_a_test() -> None:
    tested = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    names = [path.name for path in EXAMPLES.iterdir() if not path.name.startswith((".", "_"))]
    assert [name for name in names if f'"{name}"' not in tested and f'"{name}/' not in tested] == []


def test_a_terminal_chat_in_fifteen_lines_goes_on_where_it_stopped(tmp_path: Path) -> None:
    assert len(Path(example("terminal_chat.py")).read_text(encoding="utf-8").splitlines()) <= 15
    script = example("terminal_chat.py")
    assert "You said: Hello\n" in run(tmp_path, script, "scripted:", typed="Hello\n\n")
    again = run(tmp_path, script, "scripted:", typed="And now?\n\n")
    assert again.startswith("user: Hello\nassistant: You said: Hello\n")
    assert "You said: And now?" in again
    assert "You said: Bye" in run(tmp_path, script, typed="Bye\n")


def test_tool_calls_are_made_and_answered(tmp_path: Path) -> None:
    printed = run(tmp_path, example("tool_calls.py")).splitlines()
    assert [line.partition(":")[0] for line in printed] == ["user", "assistant", "tool", "tool", "assistant"]
    assert '"kilos":12' in printed[2]


def test_tool_calls_that_wait_are_taken_up_by_the_next_process(tmp_path: Path) -> None:
    script = example("tool_calls.py")
    wanted = assistant(tool_calls=[tool_call("stock_of", {"cheese": "Brie"})])
    chat = Conversation.open(sqlite_url(tmp_path / "tools.db"), "stock-desk", backend=ScriptedBackend([wanted]))
    chat.send("How much Brie?")
    assert len(chat.waiting()) == 1
    printed = run(tmp_path, script, "scripted:It is sold out.").splitlines()
    assert [line.partition(":")[0] for line in printed] == ["user", "assistant", "tool", "assistant"]
    assert printed[-1] == "assistant: It is sold out."


def test_a_long_chat_stays_in_its_window_and_cuts_seldom(tmp_path: Path) -> None:
    first, *account = run(tmp_path, example("long_chat.py")).splitlines()
    cuts, tokens = map(int, re.findall(r"60 turns, (\d+) cuts, at most (\d+) tokens", first)[0])
    assert 1 < cuts < 10
    assert tokens <= 600
    assert first.endswith("and your number.")
    assert next(line for line in account if line.split()[0] == "9").endswith("Pinned")
    assert any(line.endswith("of 600 tokens") for line in account)


def test_a_support_chat_is_summarised_once_and_its_fork_shares_that(tmp_path: Path) -> None:
    first, second, _, *account = run(tmp_path, example("support_chat.py")).splitlines()
    assert first == "25 turns, 2 summaries written"
    assert second == "the fork wrote 0 of its own"
    assert any("Summarize: summary of seq 1 to 36, by writer" in line for line in account)
    assert account[-2].endswith("of 600 tokens")


def test_an_agent_reads_more_than_its_window_holds(tmp_path: Path) -> None:
    answer, sizes, _, *account = run(tmp_path, example("research_agent.py")).splitlines()
    assert answer.startswith("I have read the archive")
    assert sizes == "31 requests; in the last one 25 of 30 results were markers"
    assert sum(line.endswith("ClearToolResults") for line in account) >= 20
    assert account[-1].startswith("This is what the model saw in call 31 of turn ")


def test_two_models_answer_side_by_side_and_one_goes_on(tmp_path: Path) -> None:
    printed = run(tmp_path, example("two_models.py"), "scripted:Brie.", "scripted:Camembert, of course.")
    assert "scripted:Brie.\n    Brie.\n" in printed
    assert printed.endswith("    user: Name one French cheese, and why.\n    assistant: Camembert, of course.\n")


def test_the_bots_own_tests_pass(tmp_path: Path) -> None:
    printed = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", example("tested_bot"))
    assert " passed" in printed


def like_llamacpp(body: Mapping[str, Any]) -> ServerReply:
    """Answer as llama.cpp's server does: the beginning of an answer is continued, and repeated in whole replies."""
    return ServerReply(text="Un, deux, trois, quatre, cinq, six.", echo="no" if body.get("stream") else "yes")


def test_ten_turns_survive_a_kill(tmp_path: Path) -> None:
    with ChatServer(like_llamacpp, style="openai") as server:
        printed = run(tmp_path, example("ten_turns.py"), server.base_url)
    assert "10 turns, 11 calls, 11 rebuilt" in printed


PROMPT = "Answer in one sentence."


def like_a_pirate(body: Mapping[str, Any]) -> str:
    return "Arr, HANDOVER." if "human" in body["messages"][-1]["content"] else "Arr."


def test_a_changed_prompt_is_found_tried_and_accepted(tmp_path: Path) -> None:
    folder = shutil.copytree(example("prompt_regression"), tmp_path / "prompt_regression")
    tests = ("-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder))
    assert "4 passed" in run(tmp_path, *tests)
    bot = folder / "bot.py"
    bot.write_text(bot.read_text(encoding="utf-8").replace(PROMPT, "Answer like a pirate."), encoding="utf-8")
    failed = subprocess.run([sys.executable, *tests], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert "2 failed, 2 passed" in failed.stdout
    assert "+    You are the support desk of Fromagerie Lune. Answer like a pirate." in failed.stdout
    with ChatServer(like_a_pirate, style="openai") as server:
        tried = run(folder, "try_prompt.py", f"openai:pirate@{server.base_url}", "--accept")
    assert "<ins>like a pirate</ins>" in tried
    assert "4 passed" in run(tmp_path, *tests)
