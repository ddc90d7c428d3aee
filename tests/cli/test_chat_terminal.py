"""``convo chat`` on a terminal: stream, cancel, branch, edit, quit; and a terminal that goes away."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from convo import Conversation, Store
from convo.testing import ChatServer
from support.databases import sqlite_url
from support.gates import Gate
from support.nasty import NASTY
from support.tmux import ENDED, PATIENCE, Terminal

MARKDOWN = """# Cheese

Some *kinds* of **cheese**:

1. Comté
2. Brie

```python
def age(cheese):
    return cheese.months
```

The end."""


@pytest.fixture(scope="module")
def model() -> Iterator[ChatServer]:
    with ChatServer("Bonjour!", style="openai") as server:
        yield server


@pytest.fixture
def terminal(tmp_path: Path, model: ChatServer) -> Iterator[Terminal]:
    model.reply("Bonjour!")
    with chatting(tmp_path, "--base-url", model.base_url, "--model", "local") as opened:
        opened.wait(is_at_prompt)
        yield opened


def chatting(folder: Path, *arguments: str) -> Terminal:
    command = [sys.executable, "-c", "from convo.cli import main; main()", "chat", *arguments]
    return Terminal(command, folder)


@contextmanager
def stored(folder: Path, branch: str | None = None) -> Iterator[Conversation]:
    """The one conversation in the folder's database, which is closed again."""
    with Store(sqlite_url(folder / "chat.db")) as store:
        (info,) = store.conversations()
        yield store.load(info.id, branch=branch)


def texts(folder: Path, branch: str | None = None) -> list[str]:
    with stored(folder, branch) as chat:
        return [entry.text for entry in chat.history()]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_at_prompt(screen: str, branch: str = "main") -> bool:
    return screen.endswith(f"\n{branch}>")


def answered(text: str, branch: str = "main") -> Callable[[str], bool]:
    """A screen that shows ``text`` and the prompt again: keys pressed before are not sure to be read."""
    return lambda screen: text in screen and is_at_prompt(screen, branch)


def test_markdown_is_shown_as_it_comes_and_stays(terminal: Terminal, model: ChatServer) -> None:
    gate = Gate(after=12)
    model.reply(MARKDOWN)
    model.misbehave(gate)
    terminal.type("What is cheese?")
    screen = terminal.wait("Some kinds of cheese:")
    assert "The end." not in screen
    gate.open()
    screen = terminal.wait(is_at_prompt)
    shown = screen[screen.index("Cheese") :]
    assert shown.split("main>")[0].rstrip() == (
        "Cheese\n\nSome kinds of cheese:\n\n 1 Comté\n 2 Brie\n\n"
        " def age(cheese):\n     return cheese.months\n\nThe end."
    )


def test_an_answer_longer_than_the_screen_is_all_there(terminal: Terminal, model: ChatServer) -> None:
    model.reply("\n\n".join(f"Paragraph {number}." for number in range(60)) + "\n```\n" + "code\n" * 60 + "```")
    terminal.type("Tell me all.")
    terminal.wait(lambda screen: is_at_prompt(screen) and "code" in screen)
    past = terminal.screen(past=True)
    assert [line for line in past.splitlines() if line.startswith("Paragraph")] == [
        f"Paragraph {number}." for number in range(60)
    ]
    assert past.count("code") == 60


def test_ctrl_c_cancels_the_answer_and_keeps_what_came(terminal: Terminal, model: ChatServer, tmp_path: Path) -> None:
    gate = Gate(after=3)
    model.reply("One two three four.")
    model.misbehave(gate)
    terminal.type("Count.")
    terminal.wait("One two")
    terminal.press("C-c")
    terminal.wait(answered("what came is kept"))
    gate.open()
    with stored(tmp_path) as chat:
        last = chat.history()[-1]
    assert (last.text, last.finish_reason) == ("One two", "cancelled")
    terminal.type("And now?")
    terminal.wait("One two three four.")


def test_ctrl_c_before_anything_came_is_no_trouble(terminal: Terminal, model: ChatServer) -> None:
    gate = Gate(after=0)
    model.misbehave(gate)
    before = len(model.requests)
    terminal.type("Are you there?")
    wait_until(lambda: len(model.requests) > before)
    terminal.press("C-c")
    terminal.wait("Stopped before anything came.")
    gate.open()


def test_branch_switch_tree_and_completion(terminal: Terminal) -> None:
    terminal.type("Hello")
    terminal.wait(answered("Bonjour!"))
    terminal.type("/branch side")
    terminal.wait(lambda screen: is_at_prompt(screen, "side"))
    terminal.type("/sw", enter=False)
    terminal.press("Tab")
    terminal.wait("/switch")
    terminal.type(" ma", enter=False)
    terminal.press("Tab")
    terminal.wait("/switch main")
    terminal.press("Enter")
    terminal.wait(is_at_prompt)
    terminal.type("/tree")
    screen = terminal.wait("○ side  from main after #2")
    assert "● main  1 turn" in screen


def test_edit_and_retry_answer_on_branches_of_their_own(terminal: Terminal, model: ChatServer, tmp_path: Path) -> None:
    terminal.type("What is Comte?")
    terminal.wait(answered("Bonjour!"))
    model.reply("A cheese from the Jura.")
    terminal.type("/edit")
    terminal.wait("edit #1> What is Comte?")
    terminal.type(" And Brie?")
    terminal.wait(answered("A cheese from the Jura.", "branch-1"))
    assert texts(tmp_path) == ["What is Comte? And Brie?", "A cheese from the Jura."]
    model.reply("Another answer.")
    terminal.type("/retry")
    terminal.wait(answered("Another answer.", "branch-2"))
    with stored(tmp_path) as chat:
        assert [branch.name for branch in chat.branches()] == ["main", "branch-1", "branch-2"]
    assert texts(tmp_path, "main") == ["What is Comte?", "Bonjour!"]


def test_other_commands_and_quit(terminal: Terminal, tmp_path: Path) -> None:
    terminal.type("/help")
    assert "/explain TEXT" in terminal.wait(answered("Tab completes."))
    terminal.type("/system Be terse.")
    terminal.wait(answered("System prompt: Be terse."))
    terminal.type("Hello")
    terminal.wait(answered("Bonjour!"))
    terminal.type("/explain And now?")
    terminal.wait(answered("tokens"))
    terminal.type("/usage")
    terminal.wait(answered("completed"))
    terminal.type("/export chat.md")
    terminal.wait(answered("2 messages are in chat.md"))
    assert (tmp_path / "chat.md").read_text() == "## user\n\nHello\n\n## assistant\n\nBonjour!\n"
    terminal.type("/nonsense")
    terminal.wait(answered("There is no command /nonsense"))
    terminal.press("C-c")
    terminal.wait(answered("/quit or Ctrl-D leaves."))
    terminal.type("/quit")
    terminal.wait(f"{ENDED} 0")
    with stored(tmp_path) as chat:
        assert chat.info().title == "Hello"


def test_a_failing_model_keeps_the_question_and_resume_asks_again(terminal: Terminal, model: ChatServer) -> None:
    from convo.testing import faults

    model.misbehave(faults.status(400))
    terminal.type("Hello?")
    terminal.wait(answered("/resume asks again"))
    terminal.type("/resume")
    terminal.wait(answered("Bonjour!"))


def test_a_lost_terminal_loses_nothing_and_the_chat_goes_on(
    terminal: Terminal, model: ChatServer, tmp_path: Path
) -> None:
    gate = Gate(after=4)
    model.reply("One two three four five.")
    model.misbehave(gate)
    terminal.type("Count.")
    terminal.wait("One two three")
    terminal.hang_up()
    with stored(tmp_path) as chat:
        wait_until(lambda: chat.turns()[-1].status != "running")
        gate.open()
        assert chat.turns()[-1].status == "interrupted"
    with chatting(tmp_path, "-c") as again:
        again.wait(answered("The last answer broke off"))
        again.type("/resume")
        again.wait(answered("One two three four five."))
        again.press("Up")
        again.press("Up")
        again.wait("main> Count.")
        again.press("C-c")
        again.wait(answered("/quit or Ctrl-D leaves."))
        again.press("C-d")
        again.wait(f"{ENDED} 0")


def test_nasty_answers_do_nothing_to_the_terminal(terminal: Terminal, model: ChatServer, tmp_path: Path) -> None:
    bad = [text for text in NASTY if text.strip() and len(text) < 2000 and not _is_lone_surrogate(text)]
    for number, start in enumerate(range(0, len(bad), 12), 1):
        model.reply("\n\n".join(bad[start : start + 12]) + f"\n\nPart {number}.")
        terminal.type("Say bad things.")
        terminal.wait(lambda screen, number=number: is_at_prompt(screen) and f"Part {number}." in screen)
    model.reply("Yes, I am still here.")
    terminal.type("Are you still there?")
    terminal.wait(lambda screen: is_at_prompt(screen) and "Yes, I am still here." in screen)
    assert len(texts(tmp_path)) == 2 * number + 2


def _is_lone_surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)
