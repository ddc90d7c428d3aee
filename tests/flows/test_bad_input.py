"""Bad input: one typed error with one sentence each, and nothing half written."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel
from sqlalchemy import text

from convo import (
    OPENAI,
    AsyncConversation,
    AsyncStore,
    Conversation,
    Insert,
    Store,
    assistant,
    tool_call,
    tool_result,
    user,
)
from convo.backends.mistral import mistral
from convo.backends.openai import openai
from convo.errors import (
    AlreadyExists,
    ConvoError,
    HandleInUse,
    InvalidMessage,
    InvalidOption,
    InvalidSetting,
    MissingExtra,
    NotFound,
    SchemaMismatch,
    StoreUnavailable,
    UnknownToolCall,
    Unsupported,
    WrongFace,
)
from convo.store.schema import upgrade
from convo.store.tables import TABLES
from support.audit import connected
from support.embedded import database_url
from support.json_values import nested

__all__ = ["database_url"]

SECRET = "a secret text"
NOWHERE = mistral("m", api_key="k", base_url="http://127.0.0.1:1")
NOWHERE_ELSE = openai("m", api_key="k")
GENERIC_NOWHERE = openai(base_url="http://127.0.0.1:1")
MEGABYTE = "0123456789abcdef" * 65_536


@dataclass
class Scene:
    """A conversation with one answered turn, and another beside it."""

    store: Any
    chat: Any
    other: Any


@pytest.fixture
def scene(store: Any) -> Scene:
    chat = store.start(backend=lambda request: "yes")
    chat.send("hello")
    return Scene(store, chat, store.start(["elsewhere"]))


def contents(url: str, chat: Any) -> list[Any]:
    """Everything stored of a conversation."""
    with connected(url) as connection:
        rows: list[Any] = []
        for table in (TABLES.conversations, TABLES.branches, TABLES.messages, TABLES.turns, TABLES.calls):
            key = table.c.id if table is TABLES.conversations else table.c.conversation_id
            rows += connection.execute(table.select().where(key == chat.id).order_by(*table.primary_key)).all()
        return rows


Act = Callable[[Scene], Any]
MESSAGES: dict[str, tuple[Any, type[ConvoError], str]] = {
    "an empty text": ("", InvalidMessage, "the message is empty"),
    "no chunks": (user([]), InvalidMessage, "the message is empty"),
    "an empty chunk": (user([{"type": "text", "text": ""}]), InvalidMessage, "the message is empty"),
    "nothing": (None, InvalidMessage, "must be a text, a dict or a message"),
    "bytes alone": (b"hm", InvalidMessage, "must be a text, a dict or a message, not bytes"),
    "no bytes": (b"", InvalidMessage, "must be a text, a dict or a message, not bytes"),
    "a number": (3, InvalidMessage, "must be a text, a dict or a message"),
    "no role": ({"content": SECRET}, InvalidMessage, "role: must be"),
    "another role": ({"role": "developer", "content": SECRET}, InvalidMessage, "role: must be"),
    "bytes": ({"role": "user", "content": SECRET.encode()}, InvalidMessage, "content: "),
    "not JSON": ({"role": "user", "content": SECRET, "more": {1}}, InvalidMessage, "more: set is not a JSON type"),
    "NaN": ({"role": "user", "content": SECRET, "more": float("nan")}, InvalidMessage, "more: nan is not"),
    "too deep": ({"role": "user", "content": SECRET, "more": nested(100_000)}, InvalidMessage, "more: nested deeper"),
    "a key that is no text": ({"role": "user", "content": SECRET, 3: 4}, InvalidMessage, "a key of type int"),
    "50 megabytes": (MEGABYTE * 50, InvalidMessage, "the message has 50.0 MiB, at most 15 MiB can be stored"),
    "16 megabytes of signs that are escaped": ("\0" * 3_000_000, InvalidMessage, "at most 15 MiB can be stored"),
    "an answer begun": (assistant("{", prefix=True), InvalidMessage, "prefix: an assistant message is stored whole"),
    "a result nobody asked for": (tool_result("c00000001", SECRET), UnknownToolCall, "none is waiting"),
}


@pytest.mark.parametrize(("message", "error", "said"), MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize("verb", ["send", "append", "stream"])
def test_a_bad_message_is_refused_by_every_verb(
    scene: Scene, database_url: str, verb: str, message: Any, error: type[ConvoError], said: str
) -> None:
    verbs: dict[str, Act] = {
        "send": lambda scene: scene.chat.send(message),
        "append": lambda scene: scene.chat.append("first", message),
        "stream": lambda scene: list(scene.chat.stream(message)) if message is not None else scene.chat.send(None),
    }
    refused(scene, database_url, verbs[verb], error, said)


def refused(scene: Scene, url: str, act: Act, error: type[ConvoError], said: str) -> None:
    before = contents(url, scene.chat)
    with pytest.raises(ConvoError) as caught:
        act(scene)
    assert type(caught.value) is error
    sentence = str(caught.value)
    assert said in sentence
    assert len(sentence) < 300
    assert [word for word in ("\n", "Traceback", SECRET, "[parameters", "[SQL", "pydantic") if word in sentence] == []
    assert caught.value.__cause__ is None
    assert contents(url, scene.chat) == before
    assert scene.chat.send("and on it goes").text == "yes"


ACTS: dict[str, tuple[Act, type[ConvoError], str]] = {
    "an unknown backend": (lambda s: s.chat.send("hm", backend="mistrel:x"), InvalidSetting, "no backend 'mistrel'"),
    "a backend that is none": (lambda s: s.chat.send("hm", backend=3), InvalidSetting, "a backend is a name such as"),
    "a prefix where there is none": (
        lambda s: s.chat.send("hm", prefix="{", profile=OPENAI),
        Unsupported,
        "cannot be given the beginning of its answer",
    ),
    "a prefix that is no text": (lambda s: s.chat.send("hm", prefix=3), InvalidOption, "prefix: must be a text"),
    "an option out of range": (lambda s: s.chat.send("hm", temperature=3), InvalidOption, "temperature: "),
    "an option that is none": (lambda s: s.chat.send("hm", temprature=1), InvalidOption, "no option 'temprature'"),
    "an option this server refuses": (
        lambda s: s.chat.send("hm", backend=NOWHERE, temperature=1.9),
        InvalidOption,
        "temperature: mistral takes 0 to 1.5, not 1.9",
    ),
    "an option this server has not": (
        lambda s: list(s.chat.stream("hm", backend=GENERIC_NOWHERE, model="m", top_k=3)),
        InvalidOption,
        "generic has no option top_k",
    ),
    "a server that needs a model": (
        lambda s: s.chat.send("hm", backend=GENERIC_NOWHERE),
        InvalidOption,
        "generic needs to know which model",
    ),
    "audio of no known format": (
        lambda s: s.chat.send(user([{"type": "input_audio", "input_audio": "UklGRg=="}]), backend=NOWHERE_ELSE),
        InvalidMessage,
        "this server must know the format",
    ),
    "other messages beside the messages": (
        lambda s: s.chat.send("hm", extra={"messages": []}),
        InvalidOption,
        "extra: 'messages' is sent by convo itself",
    ),
    "another model beside the model": (
        lambda s: s.chat.send("hm", backend=NOWHERE, extra={"model": "x"}),
        InvalidOption,
        "extra: 'model' is sent by convo itself",
    ),
    "waiting for nothing": (lambda s: s.chat.send("hm", wait=float("nan")), InvalidOption, "wait: must be"),
    "waiting backwards": (lambda s: s.chat.append("hm", wait=-1), InvalidOption, "wait: must be a number"),
    "waiting for ages": (lambda s: s.chat.send("hm", wait=""), InvalidOption, "wait: must be a number"),
    "an end that is no entry": (lambda s: s.chat.send("hm", expect_head=2), InvalidOption, "must be an entry"),
    "an end from elsewhere": (
        lambda s: s.chat.send("hm", expect_head=s.other.history()[0]),
        NotFound,
        "belongs to another conversation",
    ),
    "append with an option": (lambda s: s.chat.append("hm", temperature=1), InvalidOption, "not 'temperature'"),
    "nothing to send": (lambda s: s.chat.send([]), InvalidMessage, "there is no message to send"),
    "a fork elsewhere": (lambda s: s.chat.fork(at=s.other.history()[0]), NotFound, "belongs to another conversation"),
    "a fork at a number": (lambda s: s.chat.fork(at=1), InvalidSetting, "an entry is needed"),
    "a branch name that is taken": (lambda s: s.chat.fork(name="main"), AlreadyExists, "there is a branch 'main'"),
    "a branch name that is none": (lambda s: s.chat.fork(name="a\nb"), InvalidSetting, "name: must not contain"),
    "a branch that is not there": (lambda s: s.chat.switch("side"), NotFound, "there is no branch 'side'"),
    "a branch number": (lambda s: s.chat.switch(77), NotFound, "there is no branch 77"),
    "a branch of half a character": (lambda s: s.chat.switch("\ud800"), InvalidSetting, "branch: must not contain"),
    "a branch that is a list": (lambda s: s.chat.diff([]), InvalidSetting, "number of a branch, not list"),
    "a branch that is a truth": (lambda s: s.chat.delete_branch(True), InvalidSetting, "number of a branch, not bool"),
    "a branch number beyond all": (lambda s: s.chat.switch(10**30), NotFound, "there is no branch 1000"),
    "loading a branch that is a list": (lambda s: s.store.load(s.chat.id, branch=[]), InvalidSetting, "branch: must"),
    "a title that is a list": (lambda s: s.chat.configure(title=[]), InvalidSetting, "title: must be a text, not list"),
    "metadata that is a text": (lambda s: s.chat.configure(metadata=""), InvalidSetting, "metadata: must be a dict of"),
    "metadata that is a number": (
        lambda s: s.chat.send("hm", metadata=3),
        InvalidSetting,
        "metadata: must be a dict of",
    ),
    "a list after a number": (lambda s: s.store.conversations(before=3), InvalidSetting, "one of conversations()"),
    "a list of a truth": (lambda s: s.store.conversations(True), InvalidSetting, "limit: must be a whole number"),
    "a note on nothing": (lambda s: s.chat.annotate(None, {}), InvalidSetting, "an entry is needed"),
    "a pin on nothing": (lambda s: s.chat.pin(None), InvalidSetting, "an entry is needed"),
    "siblings of nothing": (lambda s: s.chat.siblings(None), InvalidSetting, "an entry is needed"),
    "an edit into nothing": (lambda s: s.chat.edit(s.chat.history()[0], []), InvalidMessage, "takes the place of one"),
    "a turn that is a number": (lambda s: s.chat.turn(3), NotFound, "a value of type int is no turn's id"),
    "following a text": (lambda s: _first(s.chat.follow("hm")), NotFound, "'hm' is no turn's id"),
    "usage of a number": (lambda s: s.chat.usage(3), InvalidOption, "turn: must be a turn"),
    "the request of a number": (lambda s: s.chat.request(3, 4), InvalidSetting, "a turn and one of its calls"),
    "the model of all models": (
        lambda s: s.chat.send("hm", response_model=BaseModel),
        InvalidOption,
        "cannot be described by a JSON schema",
    ),
    "a model beyond JSON": (
        lambda s: s.chat.send("hm", response_model=Unspeakable),
        InvalidOption,
        "response_model: Unspeakable cannot be described by a JSON schema",
    ),
    "history of nothing": (lambda s: s.chat.history(limit=0), InvalidSetting, "limit: must be a whole number"),
    "history of half": (lambda s: s.chat.history(limit=0.5), InvalidSetting, "limit: must be a whole number"),
    "history before a number": (lambda s: s.chat.history(before=2), InvalidSetting, "an entry is needed"),
    "a turn that is not there": (lambda s: s.chat.turn(uuid4()), NotFound, "no such turn"),
    "a conversation that is not there": (lambda s: s.store.load(uuid4()), NotFound, "there is no conversation"),
    "a malformed id": (lambda s: s.store.load("42; DROP"), NotFound, "is no conversation id"),
    "another branch": (lambda s: s.store.load(s.chat.id, branch="side"), NotFound, "with a branch 'side'"),
    "a name with a NUL": (lambda s: s.store.open("a\0b"), InvalidSetting, "external_id: must not contain"),
    "a name of half a character": (lambda s: s.store.open("\ud83d"), InvalidSetting, "external_id: must not"),
    "a tool that is nothing": (
        lambda s: s.chat.run("hm", tools=[None]),
        InvalidSetting,
        "a tool is made of a function, not of NoneType",
    ),
    "ways to replay that have no names": (
        lambda s: s.chat.replay_each([{}]),
        InvalidOption,
        "ways: must be a dict of what replay() takes",
    ),
    "an entry from elsewhere": (lambda s: s.chat.annotate(s.other.history()[0], {}), NotFound, "another conversation"),
}


class Unspeakable(BaseModel):
    """A model with a field that JSON cannot hold."""

    model_config = {"arbitrary_types_allowed": True}
    thread: threading.Thread


def _first(pieces: Any) -> Any:
    return next(iter(pieces))


def test_a_result_given_twice_is_said(store: Any) -> None:
    calls = assistant(tool_calls=[tool_call("a", id="c00000001"), tool_call("b", id="c00000002")])
    chat = store.start([user("hm"), calls], backend=lambda request: "yes")
    with pytest.raises(UnknownToolCall, match="'c00000001' is given two results"):
        chat.submit([tool_result("c00000001", "1"), tool_result("c00000001", "2")])
    assert len(chat.waiting()) == 2


def test_a_store_of_the_other_face_is_said(database_url: str) -> None:
    with pytest.raises(WrongFace, match="use it with AsyncConversation"):
        Conversation.open(AsyncStore(database_url), "hm")  # type: ignore[arg-type]
    with Store(database_url) as store, pytest.raises(WrongFace, match="use it with Conversation"):
        asyncio.run(AsyncConversation.open(store, "hm"))  # type: ignore[arg-type]


@pytest.mark.parametrize("messages", [3, None, b"hm"])
def test_what_is_inserted_must_be_messages(messages: Any) -> None:
    with pytest.raises(InvalidSetting, match="Insert: messages must be messages or a list of them"):
        Insert(messages)


def test_waiting_for_ever_is_a_wait_like_any_other(scene: Scene) -> None:
    assert scene.chat.send("hm", wait=10**400).text == "yes"
    assert scene.chat.send("hm", wait=float("inf")).text == "yes"


def test_a_turn_is_found_by_the_text_of_its_id(scene: Scene) -> None:
    turn = scene.chat.turns()[-1]
    assert scene.chat.turn(str(turn.id))[0] == turn
    assert "".join(delta.text for delta in scene.chat.follow(str(turn.id))) == "yes"


@pytest.mark.parametrize(("act", "error", "said"), ACTS.values(), ids=ACTS)
def test_bad_input_is_refused_with_one_sentence_and_changes_nothing(
    scene: Scene, database_url: str, act: Act, error: type[ConvoError], said: str
) -> None:
    refused(scene, database_url, act, error, said)


def test_a_stale_entry_id_does_not_reach_into_another_branch(scene: Scene) -> None:
    side = scene.chat.fork(at=scene.chat.history()[0])
    (beside,) = side.append("beside")
    with pytest.raises(NotFound, match="not on the path of branch 'main'"):
        scene.chat.fork(at=beside)


def test_a_name_is_its_owners_and_a_foreign_id_is_not_found(face: Any, database_url: str, name: str) -> None:
    with face.Store(database_url, owner=f"{name}-ann") as ann, face.Store(database_url, owner=f"{name}-bob") as bob:
        chat = ann.open("support")
        for its_id in (chat.id, str(chat.id)):
            with pytest.raises(NotFound, match="there is no conversation"):
                bob.load(its_id)
        assert bob.open("support").id != chat.id


URLS: dict[str, tuple[str, type[ConvoError], str]] = {
    "no URL": ("chat.db", InvalidSetting, "this is no database URL"),
    "nothing": ("", InvalidSetting, "this is no database URL"),
    "two slashes": ("sqlite://chat.db", InvalidSetting, "three slashes before the file"),
    "another database": ("oracle://root@127.0.0.1/x", InvalidSetting, "no support for 'oracle' databases"),
    "a folder that is not there": (
        "sqlite:////nowhere/at/all/chat.db",
        StoreUnavailable,
        "cannot be reached or opened",
    ),
    "a file that is none": ("sqlite:////dev/null/chat.db", StoreUnavailable, "cannot be reached or opened"),
    "a server that is down": ("postgresql://root:s3cret@127.0.0.1:1/x", StoreUnavailable, "cannot be reached"),
    "another that is down": ("mariadb://root:s3cret@127.0.0.1:1/x", StoreUnavailable, "cannot be reached"),
}


@pytest.mark.parametrize(("url", "error", "said"), URLS.values(), ids=URLS)
def test_a_wrong_database_is_said(face: Any, database_url: str, url: str, error: type[ConvoError], said: str) -> None:
    with pytest.raises(ConvoError) as caught:
        face.Store(url).start(["hm"])
    assert isinstance(caught.value, error)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_server_without_tables_is_said_with_the_command_to_type(face: Any, empty_database_url: str) -> None:
    if not empty_database_url.startswith("sqlite"):
        with pytest.raises(SchemaMismatch, match="has no convo tables: run  convo db upgrade") as caught:
            face.Store(empty_database_url).start(["hm"])
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("version", ["0000", "9999"])
def test_another_schema_is_said(face: Any, empty_database_url: str, version: str) -> None:
    upgrade(empty_database_url)
    with connected(empty_database_url) as connection:
        connection.execute(text(f"UPDATE convo_schema_version SET version_num = '{version}'"))
    older = "which no release of convo has made" if empty_database_url.startswith("sqlite") else "convo db upgrade"
    said = "upgrade the convo-sql package" if version == "9999" else older
    with pytest.raises(SchemaMismatch, match=said):
        face.Store(empty_database_url).start(["hm"])


def test_a_missing_driver_is_said_with_the_extra_to_install(
    face: Any, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"pip install 'convo-sql\[postgres\]'") as caught:
        face.Store("postgresql://root@127.0.0.1/x").start(["hm"])
    assert caught.value.extra == "postgres"


def test_one_handle_used_by_two_threads_says_so_and_goes_on(database_url: str) -> None:
    entered, leave = threading.Event(), threading.Event()

    def backend(request: Any) -> str:
        entered.set()
        leave.wait(10)
        return "yes"

    with Store(database_url) as store:
        chat = Conversation.start(store, backend=backend)
        thread = threading.Thread(target=chat.send, args=("one",))
        thread.start()
        entered.wait(10)
        with pytest.raises(HandleInUse):
            chat.send("two")
        leave.set()
        thread.join()
        assert [entry.text for entry in chat.history()] == ["one", "yes"]
