"""``convo chat`` in a pipe: lines in, answers out; who answers, which conversation goes on, how it exits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from convo import Store, assistant, user
from convo.testing import ChatServer, faults
from support.databases import sqlite_url

PLAIN = {name: value for name, value in os.environ.items() if not name.startswith(("CONVO_", "MISTRAL", "OPENAI"))}


def chat(folder: Path, *arguments: str, typed: str, **env: str) -> tuple[int, str, str]:
    """Run ``convo chat`` with ``typed`` as its lines; return exit code, answers, and what else it said."""
    done = subprocess.run(
        [sys.executable, "-c", "from convo.cli import main; main()", "chat", *arguments],
        cwd=folder,
        env=PLAIN | env,
        input=typed.encode(),
        capture_output=True,
        timeout=120,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def answers(folder: Path, *arguments: str, typed: str, **env: str) -> str:
    code, printed, problem = chat(folder, *arguments, typed=typed, **env)
    assert (code, problem) == (0, "")
    return printed


@pytest.fixture(scope="module")
def model() -> Iterator[ChatServer]:
    with ChatServer("Bonjour!", style="openai", key="a-key") as server:
        yield server


def test_every_line_is_answered_in_plain_text(tmp_path: Path) -> None:
    printed = answers(tmp_path, "scripted:", typed="Hello\n\nHow are you?\n")
    assert printed == "You said: Hello\nYou said: How are you?\n"


def test_it_goes_on_with_the_last_conversation_and_its_backend(tmp_path: Path) -> None:
    answers(tmp_path, "scripted:Yes.", "--db", "mine.db", "--system", "Be terse.", typed="Hello\n")
    assert answers(tmp_path, "-c", "--db", "mine.db", typed="And now?\n") == "Yes.\n"
    with Store(sqlite_url(tmp_path / "mine.db")) as store:
        (info,) = store.conversations()
        chat = store.load(info.id)
        assert (info.title, len(chat.history())) == ("Hello", 4)
        assert chat.compose("?").messages[0].text == "Be terse."
    assert answers(tmp_path, "scripted:No.", "--id", str(info.id), "--db", "mine.db", typed="Sure?\n") == "No.\n"


def test_a_conversation_of_an_application_goes_on_by_its_id(tmp_path: Path) -> None:
    with Store(sqlite_url(tmp_path / "app.db"), owner="ann") as store:
        made = store.open("support", backend="scripted:Hello.", metadata={"chat": ["not", "ours"]})
        made.send("Hi.")
    goes_on = ("--id", f"{made.id}@main", "--db", "app.db")
    assert answers(tmp_path, "scripted:Yes.", *goes_on, typed="Still there?\n") == "Yes.\n"
    assert chat(tmp_path, *goes_on, typed="And who answers?\n")[0] == 1
    assert chat(tmp_path, "scripted:No.", *goes_on, "--owner", "bob", typed="Me too?\n")[0] == 1
    with Store(sqlite_url(tmp_path / "app.db"), owner="ann") as store:
        assert len(store.open("support").history()) == 4


def test_a_server_of_ones_own_is_asked_with_the_key_of_the_environment(tmp_path: Path, model: ChatServer) -> None:
    server = ("--base-url", model.base_url, "--model", "local")
    assert answers(tmp_path, *server, typed="Hello\n", CONVO_API_KEY="a-key") == "Bonjour!\n"
    assert answers(tmp_path, "-c", typed="Hello\n", CONVO_API_KEY="a-key") == "Bonjour!\n"
    assert b"a-key" not in (tmp_path / "chat.db").read_bytes()
    assert chat(tmp_path, "-c", typed="Hello\n")[0] == 1


def test_the_backend_may_stand_in_the_environment(tmp_path: Path) -> None:
    assert answers(tmp_path, typed="Hello\n", CONVO_BACKEND="scripted:Hi.", CONVO_DB="other.db") == "Hi.\n"
    assert (tmp_path / "other.db").is_file()


def test_answers_as_json_lines(tmp_path: Path) -> None:
    lines = answers(tmp_path, "scripted:", "--json", typed="One\nTwo\n").splitlines()
    assert [json.loads(line)["message"]["content"] for line in lines] == ["You said: One", "You said: Two"]


def test_a_model_that_fails_is_one_line_and_exit_code_1_and_the_rest_is_answered(
    tmp_path: Path, model: ChatServer
) -> None:
    model.misbehave(faults.status(400))
    server = ("--base-url", model.base_url, "--model", "local")
    code, printed, problem = chat(tmp_path, *server, typed="One\nTwo\n", CONVO_API_KEY="a-key")
    assert code == 1
    assert printed.endswith("Bonjour!\n")
    assert problem.startswith("convo: ")
    assert "Traceback" not in problem


def test_commands_work_in_a_pipe(tmp_path: Path) -> None:
    typed = "Hello\n/branch side\nOn the side\n/switch main\n//help\n/tree\n/quit\nnever said\n"
    printed = chat(tmp_path, "scripted:", typed=typed)[1]
    assert "● main  2 turns" in printed
    assert "○ side  from main after #2  1 turn" in printed
    assert "You said: /help" in printed
    assert "never said" not in printed


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense:x"], ["-c"], ["scripted:", "--id", "x"], ["mistral:"], ["--base-url", "nowhere"]],
    ids=lambda arguments: "_".join(arguments) or "none",
)
def test_what_cannot_begin_is_one_sentence_and_exit_code_1(tmp_path: Path, arguments: list[str]) -> None:
    code, printed, problem = chat(tmp_path, *arguments, typed="Hello\n")
    assert (code, printed) == (1, "")
    assert problem.startswith("convo: ")
    assert problem.count("\n") == 1


def test_an_export_takes_nothing_elses_place_and_leaves_nothing_out(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("Mine.")
    said = [message for number in range(600) for message in (user(f"Question {number}."), assistant("Yes."))]
    with Store(sqlite_url(tmp_path / "chat.db")) as store:
        made = store.start(said)
    goes_on = ("scripted:", "--id", str(made.id))
    for name in ("chat.db", "notes.md", "a\0b"):
        code, _, problem = chat(tmp_path, *goes_on, typed=f"/export {name}\n")
        assert (code, problem.count("\n"), problem[:7]) == (1, 1, "convo: ")
    assert (tmp_path / "notes.md").read_text() == "Mine."
    for _ in range(2):
        assert "1200 messages" in chat(tmp_path, *goes_on, typed="/export\n")[2]
    assert (tmp_path / f"{made.id}.md").read_text().startswith("## user\n\nQuestion 0.\n\n## assistant\n")
    assert chat(tmp_path, *goes_on, typed="/edit 1\nQuestion one.\n")[:2] == (0, "You said: Question one.\n")


def test_a_branch_that_another_chat_answers_on_is_told_in_words_of_the_chat(tmp_path: Path) -> None:
    with Store(sqlite_url(tmp_path / "chat.db")) as store:
        made = store.start(backend="scripted:One two three.")
        with made.stream("Count.") as stream:
            next(iter(stream))
            code, _, problem = chat(tmp_path, "scripted:", "--id", str(made.id), typed="And?\n")
    assert code == 1
    assert "try again in" in problem
    assert "/branch" in problem
    assert "wait=" not in problem


@pytest.mark.parametrize(
    "typed",
    [
        "/nonsense",
        "/switch",
        "/switch nowhere",
        "/edit x",
        "/edit 9",
        f"/edit {'9' * 5000}",
        "/retry",
        "/resume",
        "/export /nowhere/x",
        "/export ~nobody-of-that-name/x",
    ],
    ids=lambda typed: typed[:20],
)
def test_a_command_that_cannot_be_carried_out_is_one_sentence(tmp_path: Path, typed: str) -> None:
    code, _, problem = chat(tmp_path, "scripted:", typed=f"{typed}\n")
    assert code == 1
    assert problem.startswith("convo: ")
    assert problem.count("\n") == 1
