"""``convo fork``, ``replay``, ``diff`` and ``usage --plot``, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from convo import Conversation, Store, Window
from convo.completions import Choice, Completion, CompletionRequest, Usage
from convo.messages import assistant, tool_call
from convo.testing import ChatServer, ServerReply
from support.commands import inside, one_sentence, out, shown
from support.databases import sqlite_url


def answer(request: CompletionRequest) -> Completion:
    words = sum(len(message.text) for message in request.messages)
    usage = Usage(prompt_tokens=words, completion_tokens=10, total_tokens=words + 10, cached_tokens=words // 2)
    model = "mistral-small-latest"
    return Completion((Choice(assistant(f"Old answer {len(request.messages)}."), "stop"),), usage=usage, model=model)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite_url(tmp_path / "chat.db")


@pytest.fixture
def chat(url: str) -> Conversation:
    with Store(url) as store:
        chat = store.start(backend=answer, system="Be terse.", policy=[Window(100, 50)])
        chat.send("one")
        chat.send("two")
        return chat


def test_fork_names_the_new_branch_so_that_it_can_be_typed(url: str, chat: Conversation) -> None:
    assert shown("fork", url, str(chat.id), "--at", "2", "--name", "side") == f"{chat.id}@side\n"
    assert json.loads(shown("fork", url, f"{chat.id}@side", "--json"))["fork_seq"] == 2
    for wrong in ("--at=9", "--name=side"):
        code, printed, problem = inside("fork", url, str(chat.id), wrong)
        assert (code, printed) == (1, "")
        assert one_sentence(problem)


def test_replay_names_a_branch_so_that_a_shell_reads_one_word(url: str, chat: Conversation) -> None:
    name = "$(touch x) \u202ey"
    told = shown("replay", url, str(chat.id), "scripted:x", "--name", name)
    assert told.endswith(" main '$(touch x) \\u202ey'\n")
    assert shown("fork", url, f"{chat.id}@{name}", "--name", "\u202ez") == f"{chat.id}@\\u202ez\n"


def test_replay_says_what_it_used_and_what_to_type_next(url: str, chat: Conversation) -> None:
    given = ["--set", "temperature=0", "--set", "stop=END", "--system", "Be kind.", "--window", "500", "--name", "new"]
    first, command = out("replay", url, str(chat.id), "scripted:New answer.", *given).splitlines()
    assert first.startswith("2 turns of main replayed onto new: ")
    assert command == f"  convo diff {url} {chat.id} main new"
    told = out(*command.split()[1:])
    assert "[-Old-]{+New+} answer" in told
    assert "Be [-terse-]{+kind+}." in told
    assert "temperature: [-–-]{+0.0+}" in told
    again = inside("replay", url, str(chat.id), "scripted:x", "--name", "new")
    assert one_sentence(again[2])
    assert shown("replay", url, str(chat.id), "scripted:x", "--name", "new", "--resume").splitlines()[0] == first
    later = json.loads(shown("replay", url, str(chat.id), "scripted:Late.", "--from", "3", "--json"))
    assert (later["source"], later["branch"]["fork_seq"]) == ("main", 2)


def test_a_dry_run_tells_tokens_and_price(url: str, chat: Conversation) -> None:
    said = shown("replay", url, str(chat.id), "--dry-run", "--set", 'model="mistral-large-latest"')
    assert said.startswith("2 turns of main would use about ")
    assert "tokens, $0." in said
    assert "branch-1" not in shown("tree", url, str(chat.id))


@pytest.mark.parametrize(
    "wrong", [["--set", "temperature"], ["--set", "nonsense=1"], ["--from", "9"], ["--resume"], ["scripted"]]
)
def test_what_cannot_be_replayed_is_one_sentence(url: str, chat: Conversation, wrong: list[str]) -> None:
    backend = [] if wrong == ["scripted"] else ["scripted:x"]
    code, printed, problem = inside("replay", url, str(chat.id), *backend, *wrong[: 2 if backend else 0])
    assert (code, printed) == (1, "")
    assert one_sentence(problem)


def test_whoever_sits_there_is_asked_for_results_that_are_not_on_record(url: str) -> None:
    def looks(city: str) -> Any:
        wants = assistant(tool_calls=[tool_call("weather", {"city": city})])
        return lambda request: wants if request.messages[-1].role == "user" else "Fine."

    with Store(url) as store:
        chat = store.start(backend=looks("Rome"))
        chat.submit({call.id: "sun" for call in chat.send("How is it?").tool_calls})
    wants = ServerReply(tool_calls=(("call00001", "weather", '{"city": "Oslo"}'),))
    with ChatServer(wants, "Cold.", style="openai") as server:
        given = ["replay", url, str(chat.id), "--base-url", server.base_url, "--model", "m", "--name", "north"]
        assert one_sentence(inside(*given)[2])
        code, printed, asked = inside(*given, "--resume", "--tools", "ask", typed="minus ten\n")
    assert code == 0
    assert asked.startswith('weather({"city": "Oslo"})\n')
    assert printed.startswith("1 turn of main replayed onto north")
    assert "minus ten" in shown("show", url, f"{chat.id}@north")


def test_diff_is_markdown_html_json_or_a_table(url: str, chat: Conversation) -> None:
    chat.fork(at=chat.history()[1], name="side").send("zwei")
    chat.fork(at=chat.history()[1], name="third").send("drei")
    ids = [url, str(chat.id)]
    assert shown("diff", *ids, "side") == shown("diff", *ids, "main", "side")
    assert shown("diff", *ids, "main", "side", "--markdown").startswith("# main and side\n")
    assert shown("diff", *ids, "main", "side", "--html").startswith("<!doctype html>")
    assert json.loads(shown("diff", *ids, "main", "side", "--json"))["shared"] == 2
    many = shown("diff", *ids, "main", "side", "third")
    assert "main: mistral-small-latest" in many
    assert "third: mistral-small-latest" in many
    assert shown("diff", *ids, "main", "side", "third", "--markdown").startswith("# 3 branches\n")
    assert one_sentence(inside("diff", *ids, "nowhere")[2])


def test_a_plot_shows_where_the_tokens_went_and_the_window(url: str, chat: Conversation) -> None:
    lines = shown("usage", url, str(chat.id), "--plot").splitlines()
    assert len(lines) == 4
    for line in lines[:2]:
        assert {"░", "▒", "■", "│"} <= set(line)
        assert "$0.0000" in line
    assert lines[2].endswith("│ the window, 100 tokens")
    assert lines[3].endswith(" in all")
    turns = json.loads(shown("usage", url, str(chat.id), "--plot", "--json"))
    for turn, (prompt, cached) in zip(turns, [(12, 6), (28, 14)], strict=True):
        assert turn["cached"] == cached
        assert sum(turn[part] for part in ("cached", "system", "history", "new")) == prompt
        assert (turn["output"], turn["reported"], turn["window"]) == (10, True, 100)
