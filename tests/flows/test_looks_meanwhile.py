"""A look at the branch, through the handle itself, while its verb reads its window or a model is asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from convo import LastMessages, Store, Window, assistant
from convo.completions import CompletionRequest
from convo.flows import windows
from convo.flows.handle import refresh
from convo.ports import drive
from convo.store import history
from convo.store.tables import TABLES

PATIENCE = 10


def texts(entries: Any) -> list[str]:
    return [entry.text for entry in entries]


def kept_in(requests: list[CompletionRequest]) -> Callable[[CompletionRequest], str]:
    def backend(request: CompletionRequest) -> str:
        requests.append(request)
        return "yes"

    return backend


def exchanges(count: int) -> list[Any]:
    return [said for number in range(count) for said in (f"u{number}", assistant(f"a{number}"))]


def looked_at_while_it_reads(chat: Any, change: Callable[[], object]) -> None:
    """Have ``change`` made once ``chat`` has read of its window, and looked at by its handle, as a task may."""
    port = chat._handle.port
    known = port.read

    async def read(work: Any, **given: Any) -> Any:
        found = await known(work, **given)
        if isinstance(work, partial) and work.func is windows._read:
            port.read = known
            change()
            await refresh(chat._handle)
        return found

    port.read = read


def change_in_place(chat: Any, seq: int, text: str) -> None:
    """Change a stored message as an erasure does, by which the conversation is revised."""
    m, c = TABLES.messages.c, TABLES.conversations.c
    body = update(TABLES.messages).where(m.conversation_id == chat.id, m.seq == seq)
    revised = update(TABLES.conversations).where(c.id == chat.id).values(revision=1)
    changes = body.values(body={"role": "user", "content": text}), revised
    drive(chat._handle.port.write(lambda connection: [connection.execute(change).rowcount for change in changes]))


def test_what_was_read_before_a_message_was_changed_is_not_sent_after(store: Any, elsewhere: Any) -> None:
    requests: list[CompletionRequest] = []
    known = store.start(["secret", "hm"])
    chat = elsewhere(known, backend=kept_in(requests))
    other = elsewhere(known)
    looked_at_while_it_reads(chat, lambda: change_in_place(other, 1, "gone"))
    chat.send("and on")
    assert [texts(request.messages) for request in requests] == [["gone", "hm", "and on"]]


def test_what_is_let_go_of_while_a_window_is_read_leaves_no_hole_in_it(store: Any, elsewhere: Any) -> None:
    requests: list[CompletionRequest] = []
    known = store.start(exchanges(100))
    chat = elsewhere(known, backend=kept_in(requests))
    chat.send("few", policy=[LastMessages(5)])
    elsewhere(known).append("by another", assistant("to the other"))
    chat.history()
    looked_at_while_it_reads(chat, lambda: elsewhere(known).append(*exchanges(50)))
    chat.send("all", policy=[LastMessages(1000)])
    assert texts(requests[-1].messages) == texts(chat.history(limit=500))[:-1]


def test_a_path_found_for_a_branch_that_the_handle_has_left_is_not_taken_for_its_own(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, told, known = threading.Event(), threading.Event(), history.spans

    def held_up(*given: Any) -> Any:
        path = known(*given)
        if threading.current_thread() is reader and not found.is_set():
            found.set()
            told.wait(PATIENCE)
        return path

    with Store(database_url, memory=0) as store:
        said = [f"m{number}" for number in range(7)]
        chat = store.start(said)
        side = chat.fork(chat.history()[0], name="side")
        side.append(*[f"s{number}" for number in range(7)])
        side.fork(side.history()[1], name="farther").append(*[f"f{number}" for number in range(7)])
        chat = store.load(chat.id)
        chat.switch("farther")
        reader = threading.Thread(target=chat.history)
        monkeypatch.setattr(history, "spans", held_up)
        reader.start()
        assert found.wait(PATIENCE)
        chat.switch("main")
        told.set()
        reader.join(PATIENCE)
        assert texts(chat.compose("and on").messages) == [*said, "and on"]


@pytest.mark.parametrize("whose", ["own", "another's"])
def test_a_pin_that_is_set_while_a_model_is_asked_is_kept_where_the_answer_moves_the_cut(
    database_url: str, elsewhere: Any, whose: str
) -> None:
    requests: list[CompletionRequest] = []
    pinned: list[int] = []

    def backend(request: CompletionRequest) -> str:
        requests.append(request)
        if request.messages[0].text != "pinned" and not pinned:
            pinned.extend((chat if whose == "own" else elsewhere(chat)).pin(first))
            chat.history()
        return "yes"

    with Store(database_url) as store:
        chat = store.start(["pinned"], backend=backend, policy=[Window(300, refill_to=150)])
        first = chat.history()[0]
        for _ in range(8):
            chat.send("word " * 50)
        assert pinned
        assert requests[-1].messages[0].text == "pinned"
