"""Make the database files that later versions must be able to open, and the recorded talks of an example.

    python tests/support/make_databases.py

Run it before a release, and while the schema's first revision is still being changed. It writes a folder named after
the schema's revision in tests/data/databases: an SQLite file, and dumps of the servers that CONVO_TEST_POSTGRES_URL and
CONVO_TEST_MARIADB_URL name, with pg_dump and mariadb-dump. What was made for a released revision is never made again.
"""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from convo import MISTRAL, Store, Summarize, assistant, tool_call, user  # noqa: E402 - found by the line before
from convo.completions import Choice, Completion, Delta, Usage  # noqa: E402
from convo.errors import BackendFailed  # noqa: E402
from convo.store.schema import HEAD, upgrade  # noqa: E402
from support.databases import Databases, kinds, sqlite_url  # noqa: E402

FOLDER = HERE.parent / "data" / "databases" / HEAD
EXAMPLE = HERE.parent.parent / "examples" / "prompt_regression"

LOOK = {
    "type": "function",
    "function": {"name": "look", "description": "Look at it. " * 30, "parameters": {"type": "object"}},
}


def bot(request: Any) -> Any:
    """Answer a bit of everything."""
    last = request.messages[-1]
    if last.role == "user" and "Look" in last.text:
        return assistant(tool_calls=[tool_call("look", {"at": "sky"}, id="call00001")])
    texts = ["First.", "Second."] if (request.options.n or 1) > 1 else [f"Answer to {last.text[:40]!r}."]
    choices = tuple(Choice(assistant(text), "stop", index) for index, text in enumerate(texts))
    usage = Usage(prompt_tokens=20, completion_tokens=5, total_tokens=25, cached_tokens=10)
    return Completion(choices, usage=usage, model="model-1", wire_hash="ab" * 32)


def breaks_off(request: Any) -> Any:
    """Stream two pieces, and break."""
    yield Delta(text="It breaks ")
    yield Delta(text="off here")
    raise ConnectionError


def fill(url: str) -> dict[str, Any]:
    """Store a bit of everything; return what every branch reads as, by conversation and branch."""
    with Store(url) as store:
        chat = store.open("everything", backend=bot, system="Be terse. " * 40, title="Ünïcode ✓", profile=MISTRAL)
        chat.append(assistant("Hello! \x1b[2J\ud83e\uddc0"))
        asked = chat.send("Look at the sky.", tools=[LOOK], idempotency_key="look")
        chat.submit({call.id: {"sky": "blue"} for call in asked.tool_calls})
        chosen = chat.send("Choose.", n=2, temperature=1.0, metadata={"asked": "twice"})
        chat.pin(chosen.entry)
        side = chat.fork(at=chosen.inputs[0], name="side")
        side.complete(prefix="In short:")
        chunks = [
            {"type": "text", "text": "Choose one."},
            {"type": "image_url", "image_url": "data:image/png;base64,AA"},
        ]
        chat.edit(chosen.inputs[0], user(chunks))
        gone = chat.fork(name="gone")
        gone.send("Never mind.")
        chat.delete_branch("gone")
        try:
            for _ in chat.stream("Does it break?", backend=breaks_off):
                pass
        except BackendFailed:
            pass
        long = store.for_owner("ann").open("long", backend=bot, policy=[Summarize(when=200, keep=100)])
        for number in range(12):
            long.send(f"A question of a dozen words or so, number {number}, asked again.")
        long.copy("copied")
    return read(url)


def read(url: str) -> dict[str, Any]:
    """Return what every branch of every conversation reads as."""
    found: dict[str, Any] = {}
    with Store(url, owner=None) as store:
        for info in store.conversations():
            chat = store.load(info.id)
            for branch in chat.branches():
                entries = store.load(info.id, branch=branch.no).history(limit=10_000)
                found[f"{info.external_id}@{branch.name}"] = [entry.message.to_json() for entry in entries]
    return dict(sorted(found.items()))


def shrunk(path: Path) -> None:
    """Make an SQLite file as small as it can be, and one file."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode=DELETE")
        db.execute("PRAGMA page_size=512")
        db.execute("VACUUM")
    db.close()


def dumped(kind: str, url: str) -> str:
    """Return a server's database as SQL statements, without what is only about the server it came from."""
    made = make_url(url)
    place = ["-h", str(made.host), "-U" if kind == "postgresql" else "-u", str(made.username)]
    given = {
        "postgresql": ["pg_dump", "--inserts", "--no-owner", "-p", str(made.port or 5432)],
        "mariadb": ["mariadb-dump", "--hex-blob", "--skip-comments", "--compact", "-P", str(made.port or 3306)],
    }[kind]
    text = subprocess.run([*given, *place, str(made.database)], check=True, capture_output=True, text=True).stdout
    lines = [line for line in text.splitlines() if not re.match(r"--|\\|$|SET |SELECT pg_catalog|/\*[!M]", line)]
    return "\n".join(lines) + "\n"


def make_example(folder: Path) -> None:
    """Record the talks of the example, with answers such as a model gives."""
    sys.path.insert(0, str(EXAMPLE))
    from bot import reply  # type: ignore[import-not-found]

    talks = {
        "ann": [
            ("Hello, are you open on Sunday?", "Yes, we are open on Sunday from nine to one."),
            ("And which cheese keeps longest?", "A Comté of 24 months keeps for weeks if it is wrapped and cool."),
        ],
        "bob": [
            ("My parcel has not come.", "I am sorry; it left Lyon this morning and will be with you on Thursday."),
            ("I want to speak to a human.", "HANDOVER: a colleague will call you today."),
        ],
    }
    file = folder / "recorded.db"
    with Store(sqlite_url(file)) as store:
        for customer, talk in talks.items():
            for question, answer in talk:
                reply(store, customer, question, lambda request, answer=answer: answer)
    shrunk(file)
    (EXAMPLE / "recorded.db").write_bytes(file.read_bytes())


def main() -> None:
    """Make everything anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        databases = Databases(Path(temporary))
        try:
            for kind in kinds():
                url = databases.empty(kind, Path(temporary))
                upgrade(url)
                expected = fill(url)
                if kind == "sqlite":
                    path = Path(make_url(url).database or "")
                    shrunk(path)
                    (FOLDER / "sqlite.db").write_bytes(path.read_bytes())
                else:
                    (FOLDER / f"{kind}.sql").write_text(dumped(kind, url), encoding="utf-8")
            (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")
        finally:
            databases.close()
        make_example(Path(temporary))


if __name__ == "__main__":
    main()
