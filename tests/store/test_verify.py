"""The audit: nothing is found in a store that is whole, and every kind of damage is found in one that is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, Text, Update, bindparam, delete, insert, select, update
from sqlalchemy.engine import Connection

from convo import Conversation, Finding, Store, Summarize, assistant, tool_call
from convo.backends.scripted import ScriptedBackend
from convo.errors import BackendFailed, CorruptRecord
from convo.flows import verifying
from convo.ports import drive_stream
from convo.profiles import MISTRAL
from convo.store.clock import new_id, now
from convo.store.engine import parse_url, sync_engine
from convo.store.schema import upgrade
from convo.store.tables import TABLES
from support.databases import Databases, kinds, sqlite_url

LONG = {"type": "object", "properties": {f"field {number}": {"type": "string"} for number in range(30)}}
LOOK = {"type": "function", "function": {"name": "look", "description": "Look at it", "parameters": LONG}}


@pytest.fixture(scope="module", params=kinds())
def url(request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database of this module's own: other tests' leave what is no conversation of the flows."""
    folder = tmp_path_factory.mktemp("verify")
    made = sqlite_url(folder / "chat.db") if request.param == "sqlite" else databases.servers[request.param].create()
    upgrade(made)
    return made


def broken(request: Any) -> Iterator[str]:
    yield "It breaks "
    raise ConnectionError("gone")


def talk(store: Store, name: str) -> Conversation:
    """A conversation that holds a bit of everything: tools, blobs, forks, choices, parts, keys, a branch hidden."""
    script = [assistant(tool_calls=[tool_call("look", {})]), "Seen.", "Two."]
    chat = store.open(name, backend=ScriptedBackend(script, profile=MISTRAL), system="Be terse. " * 40)
    asked = chat.send("One?", tools=[LOOK], idempotency_key="one")
    chat.submit({call.id: "sky" for call in asked.tool_calls})
    first = chat.send("Two?")
    side = chat.fork(at=first.inputs[0], name="side")
    gone = chat.fork(at=first.entry, name="gone")
    gone.append("Never mind.")
    chat.delete_branch("gone")
    side.complete(backend=ScriptedBackend(["Two, then."]))
    with pytest.raises(BackendFailed):
        for _ in side.stream("Three?", backend=broken):
            pass
    summarised(store, side.fork(name="told"))
    return chat


def summarised(store: Store, chat: Conversation) -> None:
    """A message is pinned, the window is cut, what it cuts away is told, and the branch is forked."""
    policy = [Summarize(400, 200, "scripted:They talked.", max_tokens=80)]
    told = store.load(chat.id, branch=chat.branch.no, backend=lambda request: "Yes. " * 20, policy=policy)
    told.pin(told.history()[0])
    for number in range(8):
        told.send(f"More of {number}? " * 10)
    assert "summary" in {call.kind for turn in told.turns() for call in told.turn(turn.id)[1]}
    told.fork()


@pytest.fixture(scope="module")
def chat(url: str) -> UUID:
    with Store(url) as store:
        for number in range(2):
            chat = talk(store, f"whole {number}")
        return chat.id


@pytest.fixture(scope="module")
def engine(url: str) -> Iterator[Engine]:
    made = sync_engine(parse_url(url))
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A connection whose transaction is taken back in the end."""
    with engine.connect() as connection:
        yield connection
        connection.rollback()


class Inside:
    """A port whose every transaction is the same one, so that what was damaged in it can be taken back."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self, work: Callable[[Connection], Any], **_: Any) -> Any:
        return work(self._connection)


def found_in(connection: Connection) -> list[Finding]:
    return list(drive_stream(verifying.findings(Inside(connection), None)))  # type: ignore[arg-type]


def test_nothing_is_found_in_a_store_that_is_whole(url: str, chat: UUID, connection: Connection) -> None:
    assert found_in(connection) == []
    with Store(url, owner=None) as store:
        assert list(store.verify()) == []


B, C, L, M, P, R, T, X, K = (
    TABLES.branches,
    TABLES.conversations,
    TABLES.calls,
    TABLES.messages,
    TABLES.partials,
    TABLES.requests,
    TABLES.turns,
    TABLES.blobs,
    TABLES.keys,
)

Damage = Callable[[Connection, UUID], Any]


def changed(table: Any, *where: Any, **values: Any) -> Damage:
    def damage(connection: Connection, conversation: UUID) -> None:
        statement: Update = update(table).where(_of(table) == conversation, *where).values(**values)
        assert connection.execute(statement).rowcount

    return damage


def removed(table: Any, *where: Any) -> Damage:
    def damage(connection: Connection, conversation: UUID) -> None:
        assert connection.execute(delete(table).where(_of(table) == conversation, *where)).rowcount

    return damage


def _of(table: Any) -> Any:
    return table.c.id if table is C else table.c.conversation_id


def raw(text: str) -> Any:
    """A text that goes into a column as it stands."""
    return bindparam(None, text, type_=Text)


def doubled_message(connection: Connection, conversation: UUID) -> None:
    ids = connection.execute(select(M.c.id).where(M.c.conversation_id == conversation, M.c.seq == 1)).scalars().all()
    changed(M, M.c.seq == 2, M.c.branch_no == 0, id=ids[0])(connection, conversation)


def turn_of(status: str) -> Any:
    return T.c.status == status


def stray_turn(connection: Connection, conversation: UUID) -> None:
    """A turn is said to be running that holds nothing."""
    changed(T, T.c.branch_no == 0, turn_of("completed"), status="running", ended_at=None)(connection, conversation)


def held_by_the_past(connection: Connection, conversation: UUID) -> None:
    turn = connection.execute(select(B.c.last_turn).where(B.c.conversation_id == conversation, B.c.branch_no == 0))
    given = {"open_turn": turn.scalar(), "open_attempt": 1, "lease_until": 1}
    changed(B, B.c.branch_no == 0, **given)(connection, conversation)


def lost_turn(connection: Connection, conversation: UUID) -> None:
    turn = connection.execute(select(M.c.turn_id).where(M.c.conversation_id == conversation, M.c.seq == 1)).scalar()
    removed(T, T.c.turn_id == turn)(connection, conversation)


def lost_call(connection: Connection, conversation: UUID) -> None:
    removed(L, L.c.call_no == 1)(connection, conversation)


def key_of_nothing(connection: Connection, conversation: UUID) -> None:
    changed(R, turn_id=new_id())(connection, conversation)


def part_missing(connection: Connection, conversation: UUID) -> None:
    row = connection.execute(select(P).where(P.c.conversation_id == conversation)).first()
    assert row is not None
    facts = {**row._mapping, "part_no": row.part_no + 2, "created_at": now()}
    connection.execute(insert(P), facts)


def ghost_parts(connection: Connection, conversation: UUID) -> None:
    changed(T, turn_of("failed"), status="completed")(connection, conversation)


def lost_parent(connection: Connection, conversation: UUID) -> None:
    changed(B, B.c.parent_no == 0, parent_no=77)(connection, conversation)


def recipe_of_another(connection: Connection, conversation: UUID) -> None:
    recipes = connection.execute(
        select(L.c.recipe).where(L.c.conversation_id == conversation, L.c.call_no == 2)
    ).scalars()
    changed(L, L.c.call_no == 1, recipe=next(iter(recipes)))(connection, conversation)


def swapped_texts(connection: Connection, conversation: UUID) -> None:
    """Bytes of one message stand in another of the same role."""
    bodies = {
        row.seq: row.body
        for row in connection.execute(
            select(M.c.seq, M.c.body).where(M.c.conversation_id == conversation, M.c.branch_no == 0)
        )
    }
    changed(M, M.c.branch_no == 0, M.c.seq == 1, body=bodies[5])(connection, conversation)


def altered_summary(connection: Connection, conversation: UUID) -> None:
    body = summary_of(connection, conversation)
    changed(X, X.c.body == body, body={**body, "text": "They fought."})(connection, conversation)


def lost_summary(connection: Connection, conversation: UUID) -> None:
    removed(X, X.c.body == summary_of(connection, conversation))(connection, conversation)


def summary_of(connection: Connection, conversation: UUID) -> dict[str, Any]:
    bodies = connection.execute(select(X.c.body).where(X.c.conversation_id == conversation)).scalars()
    return next(body for body in bodies if isinstance(body, dict) and body.get("text") == "They talked.")


def remembering(**changes: Any) -> Damage:
    """The branch whose window was cut remembers something else."""

    def damage(connection: Connection, conversation: UUID) -> None:
        here = B.c.conversation_id == conversation, B.c.name == "told"
        state = connection.execute(select(B.c.compose_state).where(*here)).scalar()
        assert state is not None
        assert state["told"]
        changed(B, B.c.name == "told", compose_state={**state, **changes})(connection, conversation)

    return damage


DIGEST = "ab" * 32
MISSHAPEN: dict[str, tuple[Any, dict[str, Any]]] = {
    "settings": (C, {"settings": ["odd"]}),
    "a system prompt": (C, {"settings": {"system": 5}}),
    "a policy": (C, {"settings": {"policy": [{"rule": "Window", "max_tokens": "many", "refill_to": 2}]}}),
    "options": (C, {"settings": {"options": {"temperature": "hot"}}}),
    "a title": (C, {"title": ["odd"]}),
    "metadata of a conversation": (C, {"metadata": "odd"}),
    "a compose state": (B, {"compose_state": "odd"}),
    "cuts": (B, {"compose_state": {"cuts": {"key": ["one", "two"]}}}),
    "what is told": (B, {"compose_state": {"cuts": {}, "told": {"key": [[[1, 2, "odd"]], ""]}}}),
    "an opening": (B, {"compose_state": {"cuts": {}, "opening": [[0.5, 1]]}}),
    "pins": (B, {"pins": {"odd": 1}}),
    "pinned texts": (B, {"pins": ["one"]}),
    "marks": (M, {"marks": {"prefix": 5}}),
    "metadata of a message": (M, {"metadata": ["odd"]}),
    "metadata of a turn": (T, {"metadata": "odd"}),
    "an error": (T, {"error": ["odd"]}),
    "an error of a call": (L, {"error": "odd"}),
    "a usage": (L, {"usage": 5}),
    "a part": (P, {"body": {"odd": 1}}),
}


DAMAGES: dict[str, tuple[str, Damage]] = {
    "a message is gone": ("range", removed(M, M.c.branch_no == 0, M.c.seq == 3)),
    "the last message is gone": ("range", removed(M, M.c.branch_no == 0, M.c.seq == 6)),
    "a head points beyond its messages": ("range", changed(B, B.c.branch_no == 0, head_seq=B.c.head_seq + 1)),
    "a head points before its last message": ("range", changed(B, B.c.branch_no == 0, head_seq=B.c.head_seq - 1)),
    "a fork stands further back than its messages": (
        "range",
        changed(B, B.c.parent_no == 0, fork_seq=B.c.fork_seq - 1),
    ),
    "a message is stored twice": ("doubled", doubled_message),
    "a body is cut off": ("unreadable", changed(M, M.c.seq == 1, M.c.branch_no == 0, body=raw('{"role":"us'))),
    "a body is no message": ("unreadable", changed(M, M.c.seq == 1, M.c.branch_no == 0, body=["not", "one"])),
    "a body is of another role": ("unreadable", changed(M, M.c.seq == 1, M.c.branch_no == 0, role="assistant")),
    "settings are no JSON": ("unreadable", changed(C, settings=raw("{"))),
    **{f"{what}: misshapen": ("unreadable", changed(table, **given)) for what, (table, given) in MISSHAPEN.items()},
    "a text was altered": (
        "unproven",
        changed(M, M.c.seq == 1, M.c.branch_no == 0, body={"role": "user", "content": "One!"}),
    ),
    "two messages were swapped": ("unproven", swapped_texts),
    "a parent is not there": ("parent", lost_parent),
    "a branch stands on itself": ("parent", changed(B, B.c.parent_no == 0, parent_no=B.c.branch_no)),
    "a branch is held by a turn that is over": ("open-turn", held_by_the_past),
    "a branch is held by half": ("open-turn", changed(B, B.c.branch_no == 0, lease_until=1)),
    "a turn runs and holds nothing": ("open-turn", stray_turn),
    "an unfinished turn was passed over": ("last-turn", changed(B, B.c.parent_no == 0, last_turn=None)),
    "a status nobody knows": ("turn", changed(T, T.c.branch_no == 0, status="lost")),
    "a turn has not ended": ("turn", changed(T, T.c.branch_no == 0, turn_of("completed"), ended_at=None)),
    "a turn is not there": ("orphan", lost_turn),
    "a turn's input is another's": ("turn-range", changed(T, T.c.branch_no == 0, input_first=2, input_last=2)),
    "an output ends before it begins": ("turn-range", changed(T, T.c.output_first.is_not(None), output_first=99)),
    "a call is gone": ("calls", lost_call),
    "calls are miscounted": ("calls", changed(T, T.c.branch_no == 0, calls=T.c.calls + 1)),
    "a recipe is another's": ("unproven", recipe_of_another),
    "a recipe is of the future": ("unproven", changed(L, L.c.call_no == 1, recipe={"v": 99, "m": []})),
    "a usage is no usage": ("unproven", changed(L, L.c.call_no == 1, usage=["odd"])),
    "a hash was altered": ("unproven", changed(L, L.c.call_no == 1, request_hash="00" * 32)),
    "a blob is gone": ("unproven", removed(X)),
    "a blob was altered": ("unproven", changed(X, body={"role": "system", "content": "Be kind."})),
    "what a blob holds is not what it is called by": (
        "blob",
        changed(X, body={"role": "system", "content": "Be kind."}),
    ),
    "a summary was altered": ("blob", altered_summary),
    "a summary is gone": ("blob", lost_summary),
    "a summary was never there": ("blob", remembering(told={"key": [[[1, 2, DIGEST]], ""]})),
    "a cut is beyond the head": ("compose-state", remembering(cuts={"key": [99, 0]})),
    "an opening is of nowhere": ("compose-state", remembering(opening=[[77, 1]])),
    "an opening runs backwards": ("compose-state", remembering(opening=[[0, 2], [0, 1]])),
    "pins are beyond the head": ("pins", changed(B, B.c.name == "told", pins=[1, 99])),
    "a call of a kind nobody knows": ("calls", changed(L, L.c.call_no == 1, kind="odd")),
    "a part of an answer is missing": ("parts", part_missing),
    "parts of a turn that is over": ("parts", ghost_parts),
    "the active branch is gone": ("active-branch", changed(C, active_branch=55)),
    "the counter of branches is behind": ("branch-counter", changed(C, branch_counter=0)),
    "a name leads nowhere": ("name", removed(K)),
    "a key was used for no turn": ("orphan", key_of_nothing),
    "the conversation is gone": ("orphan", removed(C)),
    "a branch is gone": ("orphan", removed(B, B.c.parent_no == 0)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found(connection: Connection, chat: UUID, damage: str) -> None:
    kind, inflict = DAMAGES[damage]
    inflict(connection, chat)
    found = found_in(connection)
    assert kind in {finding.kind for finding in found}
    assert {finding.conversation_id for finding in found} == {chat}
    assert not any("One?" in finding.detail or "terse" in finding.detail for finding in found)


@pytest.mark.parametrize("damage", ["id = x'0102'", "created_at = 'yesterday'", "metadata = x'00ff'", "marks = '[7]'"])
def test_a_row_that_only_sqlite_would_hold_is_found_and_said_where_it_is_read(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "chat.db"
    with Store(f"sqlite:///{path}") as store:
        chat = store.start(backend=lambda request: "yes")
        chat.send("hello")
        with closing(sqlite3.connect(path)) as other, other:
            other.execute(f"UPDATE convo_messages SET {damage} WHERE seq = 1")
        assert "unproven" in {finding.kind for finding in store.verify()}
        with pytest.raises(CorruptRecord, match="run a check of the store"):
            store.load(chat.id).history()


@pytest.mark.parametrize("what", [what for what, (table, _) in MISSHAPEN.items() if table is B or "settings" in _])
def test_what_a_handle_must_know_is_said_to_be_damaged_where_it_is_opened(tmp_path: Path, what: str) -> None:
    table, given = MISSHAPEN[what]
    with Store(sqlite_url(tmp_path / "chat.db")) as store:
        chat = store.start(["Hello."])
        with sync_engine(parse_url(sqlite_url(tmp_path / "chat.db"))).begin() as connection:
            changed(table, **given)(connection, chat.id)
        with pytest.raises(CorruptRecord, match="run a check of the store"):
            store.load(chat.id)


def test_a_usage_that_cannot_be_read_back_is_said_to_be_damaged_where_it_is_asked_for(tmp_path: Path) -> None:
    with Store(sqlite_url(tmp_path / "chat.db")) as store:
        chat = store.start(backend="scripted:Yes.")
        reply = chat.send("Hello?")
        with sync_engine(parse_url(sqlite_url(tmp_path / "chat.db"))).begin() as connection:
            changed(L, usage=["odd"])(connection, chat.id)
        for asks in (chat.usage, chat.usage_by_turn, lambda: chat.turn(reply.turn.id)):
            with pytest.raises(CorruptRecord, match="run a check of the store"):
                asks()
