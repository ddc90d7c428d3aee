"""Databases that earlier versions of the schema left behind: they open, say what they said, are whole, and go on.

They are made by ``tests/support/make_databases.py``.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import psycopg
import pymysql
import pytest
from pymysql.constants import CLIENT
from sqlalchemy import make_url

from convo import MISTRAL, Conversation, Store
from convo.backends.scripted import ScriptedBackend
from convo.store.clock import now
from convo.store.schema import HEAD, check, upgrade
from support.audit import audit
from support.databases import Databases, kinds, sqlite_url
from support.make_databases import read

FOLDERS = sorted((Path(__file__).parent.parent / "data" / "databases").iterdir())


def restored(kind: str, folder: Path, databases: Databases, temporary: Path) -> str:
    """Bring a database back to what it was, and return its URL."""
    if kind == "sqlite":
        return sqlite_url(Path(shutil.copy(folder / "sqlite.db", temporary / "old.db")))
    url, script = databases.empty(kind, temporary), (folder / f"{kind}.sql").read_text(encoding="utf-8")
    at = make_url(url)
    if kind == "postgresql":
        with psycopg.connect(at.set(drivername=kind).render_as_string(hide_password=False), autocommit=True) as db:
            db.execute(script.encode())
        return url
    place = {"host": at.host, "port": at.port or 3306, "user": at.username, "password": at.password or ""}
    with pymysql.connect(**place, database=at.database, client_flag=CLIENT.MULTI_STATEMENTS, autocommit=True) as db:
        cursor = db.cursor()
        cursor.execute(script)
        while cursor.nextset():
            pass
    return url


def test_there_is_one_of_every_revision_of_the_schema() -> None:
    assert FOLDERS[-1].name == HEAD, "run tests/support/make_databases.py"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("kind", kinds())
def test_it_opens_and_goes_on(kind: str, folder: Path, databases: Databases, tmp_path: Path) -> None:
    url = restored(kind, folder, databases, tmp_path)
    upgrade(url)
    check(url)
    assert read(url) == json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    began = now().replace(year=2000)
    assert audit(url, began) >= 15
    with Store(url, owner=None) as store:
        assert list(store.verify()) == []
        (known,) = [info for info in store.conversations() if info.external_id == "everything"]
        chat = store.load(known.id, backend=ScriptedBackend("It goes on.", forever=True, profile=MISTRAL))
        goes_on(chat)
        assert list(store.verify()) == []
    audit(url, began)


def goes_on(chat: Conversation) -> None:
    """Do what users do with a conversation: take up what broke off, talk on, fork, look back."""
    assert chat.turns()[-1].status == "failed"
    assert chat.resume().text.endswith("It goes on.")
    assert chat.send("And now?").text == "It goes on."
    side = chat.fork(at=chat.history()[1], name="later")
    assert side.send("Anew?").text == "It goes on."
    main = chat.replay("main")
    assert len(chat.diff("main", main.branch.no if main.branch else 0).pairs) > 1
