"""The command as a user types it: in a process of its own, its output a pipe."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from convo import MISTRAL, Conversation, Store, assistant, tool_call, tool_result, user
from convo.cli.app import app
from convo.cli.opening import known_ids, printable
from convo.testing import ScriptedBackend
from support.commands import CONVO, PLAIN, convo, inside, one_sentence, out, shown
from support.databases import sqlite_url
from support.nasty import NASTY


def answer(request: Any) -> str:
    return f"Answer {len(request.messages)}."


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite_url(tmp_path / "chat.db")


@pytest.fixture
def chat(url: str) -> Conversation:
    """Two turns on main, and a branch ``side`` forked after the first with one turn of its own."""
    with Store(url) as store:
        chat = store.open("customer-42", backend=answer, title="Cheese")
        first = chat.send("What is the best cheese?")
        chat.send("And wine?")
        chat.fork(at=first.entry, name="side").send("And bread?")
        return chat


class TestDemo:
    def test_it_shows_a_tool_round_an_edit_a_prefix_branches_and_the_next_commands(self, tmp_path: Path) -> None:
        printed = out("demo", folder=tmp_path)
        assert '→ track_parcel({"number":"4711"})' in printed
        assert '{"parcel": "4711"' in printed
        assert "● json  from main after #4" in printed
        assert "○ warmer  from json after #6" in printed
        assert printed.count("in progress") == 0
        commands = [line.strip() for line in printed.splitlines() if line.strip().startswith("convo ")]
        assert commands
        for command in commands:
            assert out(*shlex.split(command)[1:], folder=tmp_path)

    def test_its_json_names_the_file_and_the_conversation(self, tmp_path: Path) -> None:
        made = json.loads(out("demo", "--json", folder=tmp_path))
        assert [branch["name"] for branch in made["branches"]] == ["main", "json", "warmer"]
        assert made["id"] in out("ls", made["db"], folder=tmp_path)

    def test_it_may_be_run_again_on_the_same_file(self, tmp_path: Path) -> None:
        for _ in range(2):
            out("demo", "--db", "mine.db", folder=tmp_path)
        assert len(out("ls", "mine.db", folder=tmp_path).splitlines()) == 2

    def test_a_file_that_cannot_be_made_is_one_sentence(self, tmp_path: Path) -> None:
        code, _, problem = convo("demo", "--db", str(tmp_path / "no" / "such" / "folder.db"))
        assert code == 1
        assert one_sentence(problem)


def insert_older_conversations(file: Path, number: int) -> None:
    """Write copies of the only conversation, each a millisecond older than the one before."""
    with sqlite3.connect(file) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(convo_conversations)")]
        (row,) = db.execute("SELECT * FROM convo_conversations").fetchall()
        copy = dict(zip(columns, row, strict=True))
        made = (
            copy | {"id": age.to_bytes(16), "active_at": copy["active_at"] - 1000 * age, "title": '"older"'}
            for age in range(1, number + 1)
        )
        names = ", ".join(f":{column}" for column in columns)
        db.executemany(f"INSERT INTO convo_conversations VALUES ({names})", made)
    db.close()


class TestListing:
    def test_ls_names_each_conversation_on_a_line(self, url: str, chat: Conversation) -> None:
        (line,) = out("ls", url).splitlines()
        assert str(chat.id) in line
        assert "customer-42" in line
        assert line.endswith("Cheese")

    def test_ls_shows_everybodys_conversations_or_one_owners(self, url: str) -> None:
        for owner in ("ann", "bob"):
            with Store(url, owner=owner) as store:
                store.open(f"{owner}s", backend=answer)
        assert len(out("ls", url).splitlines()) == 2
        (line,) = out("ls", url, "--owner", "ann").splitlines()
        assert line.endswith("anns  of ann")

    def test_search_shows_what_stands_around_the_text_and_where(self, url: str) -> None:
        with Store(url) as store:
            chats = [
                store.start([f"{'much talk ' * 20}of Käse number {number} {'and more ' * 20}"]) for number in range(3)
            ]
        lines = out("search", url, "kÄSE", "--limit", "2").splitlines()
        assert [str(chat.id) in line for chat, line in zip(chats[:0:-1], lines, strict=True)] == [True, True]
        assert all("…" in line and "of Käse number" in line and len(line) < 200 for line in lines)
        found = json.loads(out("search", url, "NUMBER 0", "--json"))
        assert [hit["conversation"]["id"] for hit in found] == [str(chats[0].id)]
        assert out("search", url, "wine") == ""

    def test_another_owners_conversation_is_not_found(self, url: str, chat: Conversation) -> None:
        assert convo("show", url, str(chat.id), "--owner", "ann")[0] == 1

    def test_ls_goes_as_far_as_asked_and_is_quick_among_a_hundred_thousand(self, url: str, tmp_path: Path) -> None:
        with Store(url) as store:
            store.start(title="the newest")
        insert_older_conversations(tmp_path / "chat.db", 100_000)
        lines = out("ls", url, "--limit", "2100").splitlines()
        assert len(lines) == len(set(lines)) == 2100
        assert lines[0].endswith("the newest")
        with sqlite3.connect(tmp_path / "chat.db") as db:
            wanted = "SELECT id FROM convo_conversations WHERE owner = 'x' ORDER BY active_at DESC, id DESC LIMIT 50"
            plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {wanted}"))
        db.close()
        assert "USING COVERING INDEX" in plan
        assert "TEMP B-TREE" not in plan

    @pytest.mark.parametrize(
        "command",
        ["ls FILE", "verify FILE", "db check FILE", "show FILE x", "tree FILE x", "usage FILE x", "explain FILE x"],
    )
    def test_a_file_of_another_application_stays_as_it_is(self, tmp_path: Path, command: str) -> None:
        theirs = tmp_path / "theirs.db"
        with closing(sqlite3.connect(theirs)) as db:
            db.execute("CREATE TABLE theirs (it)")
        before = theirs.read_bytes()
        code, printed, problem = inside(*command.replace("FILE", str(theirs)).split())
        assert (code, printed) == (1, "")
        assert one_sentence(problem)
        assert shown("db", "current", str(theirs)) == "none\n"
        assert theirs.read_bytes() == before

    def test_a_password_is_in_no_command_to_be_typed_next(self) -> None:
        assert printable("chat db.sqlite") == "chat db.sqlite"
        assert printable("postgresql://user@host/db") == "postgresql://user@host/db"
        assert printable("postgresql://user:secret@host/db") == "URL"

    def test_no_name_is_no_database(self) -> None:
        code, printed, problem = inside("ls", "")
        assert (code, printed) == (1, "")
        assert one_sentence(problem)

    def test_a_path_is_as_good_as_a_url(self, tmp_path: Path, chat: Conversation) -> None:
        assert str(chat.id) in out("ls", "chat.db", folder=tmp_path)

    def test_a_file_that_is_not_there_is_not_made(self, tmp_path: Path) -> None:
        code, printed, problem = convo("ls", "typo.db", folder=tmp_path)
        assert (code, printed) == (1, "")
        assert one_sentence(problem)
        assert list(tmp_path.iterdir()) == []


class TestOneConversation:
    def test_show_prints_the_active_branch_or_the_one_named(self, url: str, chat: Conversation) -> None:
        assert "And wine?" in out("show", url, str(chat.id))
        side = out("show", url, f"{chat.id}@side")
        assert "And bread?" in side
        assert "And wine?" not in side

    def test_tree_counts_the_turns_of_each_branch(self, url: str, chat: Conversation) -> None:
        lines = out("tree", url, str(chat.id)).splitlines()
        assert lines[1:] == [
            "└── ● main  2 turns  #1 to #4  active",
            "    └── ○ side  from main after #2  1 turn  #3 to #4",
        ]

    @pytest.mark.parametrize("id", ["00000000-0000-7000-8000-000000000000", "no-such-id", "", "x@y", "@"])
    def test_an_unknown_id_is_one_sentence(self, url: str, chat: Conversation, id: str) -> None:
        code, printed, problem = convo("show", url, id)
        assert (code, printed) == (1, "")
        assert one_sentence(problem)

    def test_an_unknown_branch_is_one_sentence(self, url: str, chat: Conversation) -> None:
        code, _, problem = convo("show", url, f"{chat.id}@nowhere")
        assert code == 1
        assert one_sentence(problem)

    def test_usage_is_a_line_a_turn_and_their_sum(self, url: str) -> None:
        with Store(url) as store:
            chat = store.start(backend="scripted:One two.", title="Cheese")
            chat.send("Hello there.")
            chat.send("Again.")
        lines = [line.split() for line in out("usage", url, str(chat.id)).splitlines()]
        assert [line[2:7] for line in lines[1:3]] == [
            ["completed", "7", "0", "6", "13"],
            ["completed", "19", "0", "6", "25"],
        ]
        assert lines[3] == ["26", "0", "12", "38"]
        records = json.loads(out("usage", url, str(chat.id), "--json"))
        assert [call["usage"]["total_tokens"] for record in records for call in record["calls"]] == [13, 25]

    def test_explain_accounts_for_every_message_and_the_budget(self, url: str, chat: Conversation) -> None:
        lines = out("explain", url, str(chat.id), "And dessert?").splitlines()
        assert [line.split()[:3] for line in lines[1:6]] == [
            [str(seq), role, "in"] for seq, role in enumerate(["user", "assistant", "user", "assistant", "user"], 1)
        ]
        assert lines[-2].startswith("[")
        assert lines[-2].endswith(" of 32,000 tokens")
        assert lines[-1] == "Since the last list: 2 messages added at the end, nothing else changed."

    def test_explain_shows_what_the_model_saw_in_a_turn_and_proves_it(self, url: str, chat: Conversation) -> None:
        first, second = chat.turns()
        *lines, proof = out("explain", url, str(chat.id), "--turn", "1").splitlines()
        assert [line.split()[:3] for line in lines[1:2]] == [["1", "user", "in"]]
        (call,) = chat.turn(first.id)[1]
        assert proof == (
            f"This is what the model saw in call 1 of turn {first.id}: rebuilt from the record, and proven by "
            f"its hash, {call.request_hash[:16]}…"
        )
        by_id = out("explain", url, str(chat.id), "--turn", str(second.id))
        assert (
            by_id == out("explain", url, str(chat.id), "--turn", "-1") == out("explain", url, str(chat.id), "--turn=2")
        )
        assert convo("explain", url, str(chat.id), "--turn", "3")[0] == 1

    def test_explain_without_a_message_is_about_any_next_one(self, url: str) -> None:
        strict = ScriptedBackend("Comté.", profile=MISTRAL)
        with Store(url) as store:
            chat = store.start(backend=strict, profile=MISTRAL)
            chat.send("Which cheese?")
            asked = store.start([user("Which cheese?")], profile=MISTRAL)
        for arguments in ([], [""]):
            lines = shown("explain", url, str(chat.id), *arguments).splitlines()
            assert [line.split()[:2] for line in lines[1:4]] == [["1", "user"], ["2", "assistant"], ["3", "user"]]
            assert lines[-1] == "The last message stands for what the user would say next."
        assert "stands for" not in shown("explain", url, str(asked.id))

    @pytest.mark.parametrize("turn", ["9" * 5000, "-", "--1", "²", "0"])
    def test_a_turn_that_cannot_be_is_one_sentence(self, url: str, chat: Conversation, turn: str) -> None:
        code, printed, problem = inside("explain", url, str(chat.id), f"--turn={turn}")
        assert (code, printed) == (1, "")
        assert one_sentence(problem)

    def test_usage_is_priced_where_that_is_asked_for(self, url: str) -> None:
        with Store(url) as store:
            chat = store.start(backend=ScriptedBackend(["Comté.", "Brie."]))
            chat.send("Which cheese?", model="mistral-large-latest")
            last = out("usage", url, str(chat.id), "--cost").splitlines()[-1]
            assert re.fullmatch(r"costs \$0\.0000\d+ by the public price list", last)
            chat.send("And which other?", model="my-own-model")
        code, printed, problem = convo("usage", url, str(chat.id), "--cost")
        assert (code, printed) == (1, "")
        assert "the price list does not know the model 'my-own-model'" in problem


class TestJson:
    def test_ls_is_a_list_of_conversations(self, url: str, chat: Conversation) -> None:
        (info,) = json.loads(out("ls", url, "--json"))
        assert (info["id"], info["external_id"], info["title"]) == (str(chat.id), "customer-42", "Cheese")

    def test_show_is_a_list_of_entries_with_their_messages(self, url: str, chat: Conversation) -> None:
        entries = json.loads(out("show", url, str(chat.id), "--json"))
        assert [entry["seq"] for entry in entries] == [1, 2, 3, 4]
        assert entries[0]["message"] == {"role": "user", "content": "What is the best cheese?"}

    def test_tree_is_a_list_of_branches(self, url: str, chat: Conversation) -> None:
        assert [branch["name"] for branch in json.loads(out("tree", url, str(chat.id), "--json"))] == ["main", "side"]

    def test_explain_is_an_object_with_the_decisions(self, url: str, chat: Conversation) -> None:
        account = json.loads(out("explain", url, f"{chat.id}@side", "--json"))
        assert [line["seq"] for line in account["decisions"]] == [1, 2, 3, 4, 5]
        assert account["tokens"] == sum(line["tokens"] for line in account["decisions"])

    def test_it_is_ascii_and_commands_no_terminal(self, url: str) -> None:
        with Store(url) as store:
            chat = store.start(messages=[user(text) for text in NASTY if text.strip() and len(text) < 1000])
        printed = out("show", url, str(chat.id), "--json")
        assert printed.isascii()
        assert all(char == "\n" or char.isprintable() for char in printed)


class TestDatabase:
    def test_upgrade_makes_what_check_asks_for(self, empty_database_url: str) -> None:
        from sqlalchemy import make_url

        path = make_url(empty_database_url).database or ""
        if empty_database_url.startswith("sqlite"):
            Path(path).touch()
        code, _, problem = convo("db", "check", empty_database_url)
        assert code == 1
        assert one_sentence(problem)
        assert "convo db upgrade" in problem
        assert out("db", "current", empty_database_url) == "none\n"
        assert "up to date" in out("db", "upgrade", empty_database_url)
        assert "up to date" in out("db", "check", empty_database_url)
        assert json.loads(out("db", "check", "--json", empty_database_url)).keys() == {"schema"}
        assert out("db", "current", empty_database_url) in out("db", "upgrade", empty_database_url).replace(",", "\n")

    @pytest.mark.parametrize(
        "url", ["nonsense://x", "postgresql://127.0.0.1:1/none", "mariadb://127.0.0.1:1/none", "postgresql://:bad:/"]
    )
    def test_a_database_that_cannot_be_had_is_one_sentence(self, url: str) -> None:
        code, _, problem = convo("db", "upgrade", url)
        assert code == 1
        assert one_sentence(problem)


class TestConventions:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["nonsense"],
            ["ls"],
            ["ls", "x.db", "--limit", "0"],
            ["show", "a", "--no"],
            ["show", "a", "b", "--limit", "10001"],
            ["explain", "a", "b", "Thank you!", "--turn", "1"],
            ["chat", "scripted:", "--model", "x"],
            ["chat", "scripted:", "--base-url", "http://127.0.0.1:1/v1"],
            ["chat", "--continue", "--id", "x"],
            ["replay", "a", "b", "scripted:", "--model", "x"],
            ["replay", "a", "b", "scripted:", "--base-url", "http://127.0.0.1:1/v1"],
            ["diff", "a", "b", "c", "--html", "--markdown"],
        ],
        ids=" ".join,
    )
    def test_a_wrong_command_line_exits_with_2(self, arguments: list[str]) -> None:
        code, printed, problem = inside(*arguments)
        assert (code, printed) == (2, "")
        assert "Traceback" not in problem

    def test_every_command_teaches_by_examples(self) -> None:
        commands = "demo chat ls show tree explain usage fork replay diff verify db".split()
        for command in ([], *([name] for name in commands)):
            assert "Examples:\n    convo " in out(*command, "--help")

    def test_help_imports_nothing_heavy(self) -> None:
        heavy = "{'sqlalchemy', 'pydantic', 'httpx', 'alembic', 'rich', 'prompt_toolkit', 'asyncio'}"
        code = "import atexit, sys; from convo.cli import main; sys.argv = ['convo', '--help']; "
        code += f"atexit.register(lambda: print(sorted({heavy} & set(sys.modules)), file=sys.stderr)); main()"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert done.stderr == "[]\n"

    def test_no_annotation_of_a_command_is_left_for_typer_to_evaluate(self) -> None:
        groups = [app, *(group.typer_instance for group in app.registered_groups)]
        commands = [command.callback for group in groups if group for command in group.registered_commands]
        assert len(commands) > 10
        assert [
            name for run in commands if run for name, hint in run.__annotations__.items() if isinstance(hint, str)
        ] == []

    def test_the_shell_completes_commands_conversations_and_branches(self, url: str, chat: Conversation) -> None:
        def completed(words: str) -> list[str]:
            asked = {"_CONVO_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
            code = "import sys; sys.argv = ['convo']; from convo.cli import main; main()"
            done = subprocess.run(
                [sys.executable, "-c", code], env=PLAIN | asked, capture_output=True, text=True, timeout=60
            )
            return done.stdout.split()

        assert completed("convo us") == ["usage"]
        assert completed(f"convo show {url} {str(chat.id)[:4]}") == [str(chat.id)]
        assert completed(f"convo show {url} {chat.id}@s") == [f"{chat.id}@side"]
        assert completed("convo show nowhere.db x") == []

    def test_the_shell_is_given_no_branch_that_it_would_carry_out(self, url: str, chat: Conversation) -> None:
        with Store(url) as store:
            for name in ("$(touch x)", "`x`", "a;b", "a b", "fine-1"):
                store.load(chat.id).fork(name=name)
        assert known_ids(url, f"{chat.id}@") == [f"{chat.id}@{name}" for name in ("main", "side", "fine-1")]

    def test_help_and_version_are_there(self) -> None:
        assert "demo" in out("--help")
        assert "..." not in out("--help").partition("Commands:")[2], "what a command does is told in full"
        assert out("--version").startswith("convo ")

    def test_the_module_is_the_command(self, tmp_path: Path) -> None:
        command = [sys.executable, "-m", "convo", "ls", "nowhere.db"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert (done.returncode, one_sentence(done.stderr)) == (1, True)

    def test_a_pipe_gets_no_colour_and_whole_lines(self, url: str) -> None:
        with Store(url) as store:
            chat = store.start(messages=[user("x" * 500), assistant("y " * 200 + "end")])
        printed = out("show", url, str(chat.id))
        assert "\x1b" not in printed
        assert "x" * 500 in printed

    def test_a_reader_that_leaves_early_is_no_error(self, url: str) -> None:
        with Store(url) as store:
            chat = store.start(messages=[user("line\n" * 200_000)])
        process = subprocess.Popen(
            [*CONVO, "show", "--full", url, str(chat.id)],
            env=PLAIN,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout
        assert process.stderr
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
        process.wait(timeout=60)

    @pytest.mark.parametrize("arguments", [["--help"], ["ls"], ["ls", "--json"], ["ls", "--json", "--owner", "nobody"]])
    def test_output_that_cannot_be_written_is_one_sentence(
        self, url: str, chat: Conversation, arguments: list[str]
    ) -> None:
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [*CONVO, *arguments, *([url] if "ls" in arguments else [])],
                env=PLAIN,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
            )
        assert done.returncode == 1
        assert one_sentence(done.stderr)

    def test_closed_streams_are_no_error_and_no_database(self, tmp_path: Path) -> None:
        command = f"{shlex.join(CONVO)} demo --db made.db <&- >&- 2>&-"
        assert subprocess.run(["bash", "-c", command], cwd=tmp_path, env=PLAIN, timeout=60).returncode == 0
        assert out("verify", "made.db", folder=tmp_path) == "nothing is damaged\n"

    @pytest.mark.parametrize("columns", ["0", "x", "²"])
    def test_a_width_that_cannot_be_is_not_known(self, url: str, chat: Conversation, columns: str) -> None:
        code, printed, _ = convo("ls", url, env={"COLUMNS": columns})
        assert (code, printed) == (0, out("ls", url))

    @pytest.mark.parametrize("missing", ["typer", "rich"])
    def test_a_missing_extra_is_named(self, missing: str) -> None:
        code = f"import sys; sys.modules[{missing!r}] = None; from convo.cli import main; main()"
        done = subprocess.run([sys.executable, "-c", code, "ls", "x.db"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        assert one_sentence(done.stderr)
        assert "convo-sql[cli]" in done.stderr

    def test_an_ascii_terminal_gets_escapes_not_an_error(self, url: str) -> None:
        with Store(url) as store:
            chat = store.start(messages=[user("Grüße 世界")])
        code, printed, _ = convo("show", url, str(chat.id), env={"PYTHONIOENCODING": "ascii"})
        assert code == 0
        assert "Gr\\xfc\\xdfe" in printed


def test_nasty_texts_reach_neither_terminal_nor_layout(url: str) -> None:
    call = tool_call("look", {"at": "\x1b[2J"}, id="abcdefghi")
    messages = [
        *(user(text) for text in NASTY if text.strip()),
        assistant(tool_calls=[call]),
        tool_result(call, "\x1b]52;c;aGk=\x07"),
    ]
    with Store(url) as store:
        chat = store.start(messages=messages, title="\x1b]0;mine\x07[red]")
    for command in (["show", url, str(chat.id)], ["show", "--full", url, str(chat.id)], ["ls", url]):
        code, printed, _ = convo(*command, env={"COLUMNS": "60"})
        assert code == 0
        assert all(char == "\n" or char.isprintable() or char in " \u3000\u200d\u200c" for char in printed)
