"""A store remembers windows: never more than it may, and never what is no longer so."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from convo import Insert, KeepFirst, Window, assistant, user
from convo.context.draft import Draft
from convo.errors import InvalidSetting, NotFound
from convo.flows.remembering import ABOUT_A_MESSAGE, size_of
from convo.ports.memory import Memory
from support.histories import entry
from support.processes import program_output
from support.statements import captured

SMALL = [Window(150)]


def echo(request: Any) -> str:
    return f"heard {request.messages[-1].text}"


@pytest.fixture
def store(face: Any, database_url: str, name: str) -> Iterator[Any]:
    with face.Store(database_url, owner=name) as made:
        yield made


@pytest.fixture
def elsewhere(face: Any, database_url: str, name: str) -> Iterator[Any]:
    """The same database in another process, as far as memory goes."""
    with face.Store(database_url, owner=name) as made:
        yield made


@pytest.fixture
def forgetful(face: Any, database_url: str, name: str) -> Iterator[Any]:
    with face.Store(database_url, owner=name, memory=0) as made:
        yield made


def window_reads(statements: list[str]) -> int:
    return sum("FROM convo_messages" in text for text in statements)


def same(one: Any, other: Any, **how: Any) -> None:
    """Both compose the same list, for the same reasons."""
    first, second = one.compose("and now?", **how), other.compose("and now?", **how)
    assert first.messages == second.messages
    assert (first.tokens, first.sources) == (second.tokens, second.sources)


def test_a_new_handle_reads_no_window_that_its_store_remembers(store: Any, forgetful: Any) -> None:
    chat = store.start(backend=echo, policy=SMALL)
    for number in range(20):
        chat.send(f"message {number}")
    with captured() as statements:
        store.load(chat.id, backend=echo).send("again")
    assert window_reads(statements) == 0
    with captured() as statements:
        forgetful.load(chat.id, backend=echo).send("again")
    assert window_reads(statements) == 1
    same(store.load(chat.id, backend=echo), forgetful.load(chat.id, backend=echo))


def test_of_what_others_wrote_since_only_that_is_read(store: Any, elsewhere: Any, forgetful: Any) -> None:
    chat = store.start(backend=echo)
    chat.send("one")
    elsewhere.load(chat.id, backend=echo).append("two", assistant("three"))
    with captured() as statements:
        again = store.load(chat.id, backend=echo)
        composition = again.compose("four")
    assert window_reads(statements) == 1
    assert [message.text for message in composition.messages] == ["one", "heard one", "two", "three", "four"]
    same(again, forgetful.load(chat.id, backend=echo))


def test_much_that_others_wrote_since_is_read_from_the_end(store: Any, elsewhere: Any, forgetful: Any) -> None:
    chat = store.start(backend=echo, policy=SMALL)
    chat.send("one")
    other = elsewhere.load(chat.id, backend=echo)
    for number in range(100):
        other.append(user(f"{number}"), assistant("yes"))
    same(store.load(chat.id, backend=echo), forgetful.load(chat.id, backend=echo))


def test_whatever_is_done_in_two_stores_both_compose_as_one_that_remembers_nothing(
    store: Any, elsewhere: Any, forgetful: Any
) -> None:
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    print(f"seed {seed}")
    stores = (store, elsewhere)
    first = store.start("Hello.", backend=echo, policy=SMALL)
    for _ in range(60):
        chat = dice.choice(stores).load(first.id, backend=echo)
        act = dice.choice(("send", "send", "append", "fork", "edit", "pin", "annotate", "configure", "switch"))
        if act == "send":
            chat.send("word " * dice.randrange(1, 12))
        elif act == "append":
            chat.append(user("a"), assistant("b " * dice.randrange(1, 60)))
        elif act == "fork":
            chat.fork(at=dice.choice(chat.history(limit=10))).send("on a branch")
        elif act == "edit":
            chat.edit(dice.choice([one for one in chat.history(limit=20) if one.role == "user"]), "edited")
        elif act == "pin":
            pinned = dice.choice(chat.history(limit=5))
            chat.pin(pinned)
            for each in stores:
                same(each.load(first.id, backend=echo), forgetful.load(first.id, backend=echo))
            chat.unpin(pinned)
        elif act == "annotate":
            chat.annotate(dice.choice(chat.history(limit=5)), {"n": dice.randrange(9)})
        elif act == "configure":
            chat.configure(system=dice.choice(("Be brief.", "Be kind.", "")))
        else:
            chat.switch(dice.choice(chat.branches()).no)
        for each in stores:
            same(each.load(first.id, backend=echo), forgetful.load(first.id, backend=echo))
    assert list(forgetful.verify()) == []


def test_a_function_in_a_policy_sees_metadata_as_it_is_now(store: Any, elsewhere: Any) -> None:
    chat = store.start(backend=echo)
    chat.send("secret")
    chat.send("open")
    other = elsewhere.load(chat.id)
    other.annotate(other.history()[0], {"hide": True})

    def hides(draft: Draft) -> Draft:
        return draft.only(lambda item: item.entry is None or not item.entry.metadata.get("hide"))

    texts = [message.text for message in store.load(chat.id, backend=echo).compose("x", policy=[hides]).messages]
    assert "secret" not in texts
    assert "open" in texts
    chat.annotate(chat.history()[2], {"hide": True})
    opened = store.load(chat.id, backend=echo, policy=[hides])
    texts = [message.text for message in opened.compose("x").messages]
    assert "secret" not in texts
    assert "open" not in texts


def test_a_function_sees_metadata_as_it_is_now_also_after_a_switch(store: Any, elsewhere: Any) -> None:
    chat = store.start(backend=echo)
    chat.send("secret")
    other = elsewhere.load(chat.id, backend=echo)
    other.annotate(other.history()[0], {"hide": True})
    other.fork(name="side").send("aside")

    def hides(draft: Draft) -> Draft:
        return draft.only(lambda item: item.entry is None or not item.entry.metadata.get("hide"))

    there = store.load(chat.id, branch="side", backend=echo, policy=[hides])
    there.switch(chat.branch.no)
    assert "secret" not in [message.text for message in there.compose("x").messages]


def test_a_look_at_one_branch_is_none_at_its_sibling(store: Any, elsewhere: Any, forgetful: Any) -> None:
    main = elsewhere.start("one", backend=echo, system="Be brief.")
    for side in ("left", "right"):
        main.fork(name=side)
    chat = store.load(main.id, branch="left", backend=echo)
    chat.compose()
    main.configure(system="Be kind.")
    chat.switch("right")
    main.configure(system="Be brief.")
    chat.compose()
    same(chat, forgetful.load(chat.id, branch="right", backend=echo))


def test_another_policy_finds_what_it_needs(store: Any, forgetful: Any) -> None:
    chat = store.start(backend=echo, policy=SMALL)
    for number in range(30):
        chat.send(f"message {number}")
    for policy in ([Window(4_000)], [Window(300), KeepFirst(3)]):
        same(store.load(chat.id, backend=echo), forgetful.load(chat.id, backend=echo), policy=policy)


def test_what_is_remembered_is_no_way_around_an_owner(store: Any) -> None:
    chat = store.start(backend=echo)
    chat.send("mine")
    with pytest.raises(NotFound):
        store.for_owner("somebody else").load(chat.id)


def test_a_memory_holds_no_more_than_it_may() -> None:
    memory = Memory(100)
    for number in range(10):
        memory.put(number, f"value {number}", 30)
        memory.get(0)
    assert [memory.get(number) for number in range(10)] == ["value 0", *[None] * 7, "value 8", "value 9"]
    memory.put(0, "larger", 60)
    assert (memory.get(0), memory.get(9), memory.get(8)) == ("larger", "value 9", None)
    memory.put(9, "too large", 101)
    assert memory.get(9) is None
    memory.drop(0)
    memory.drop("never there")
    memory.put(1, "fits again", 100)
    assert memory.get(1) == "fits again"


LOCKED_AT_A_FORK = """
import os, signal
from convo.ports.memory import Memory
memory = Memory(100)
memory.put("key", "the parent's", 10)
with memory._lock:
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        assert memory.get("key") is None
        memory.put("key", "the child's", 10)
        assert memory.get("key") == "the child's"
        os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(memory.get("key"))
"""


def test_a_forked_child_remembers_anew_whoever_was_at_it_in_the_parent() -> None:
    assert program_output(LOCKED_AT_A_FORK, forks=True) == ["the parent's"]


@pytest.mark.parametrize("character", ["x", "ж", "漢"])
def test_what_is_remembered_is_counted_as_large_as_it_is(character: str) -> None:
    text = character * 10_000
    message = user(text)
    kept = sys.getsizeof(text) + len(message.canonical())
    assert kept <= size_of(entry(1, message)) <= 1.5 * kept + ABOUT_A_MESSAGE


def test_a_store_remembers_no_more_than_it_may(face: Any, database_url: str, name: str) -> None:
    with face.Store(database_url, owner=name, memory=20_000) as store:
        chats = [store.start(backend=echo) for _ in range(8)]
        for chat in chats:
            chat.send("x" * 2_000)
        kept = store._port.memory
        assert 0 < len(kept._kept) < len(chats)
        assert kept._size <= 20_000
        chats[0].send("y" * 30_000)
        assert (chats[0].id, 0) not in kept._kept


def test_what_is_composed_counts_in_what_a_store_remembers(face: Any, database_url: str, name: str) -> None:
    with face.Store(database_url, owner=name, memory=20_000) as store:
        kept = store._port.memory
        told = store.start("Hi", backend=echo, system="s" * 30_000)
        told.send("there")
        chat = store.start("Hi", backend=echo)
        chat.compose("x" * 30_000)
        assert not kept._kept
        chat.compose(policy=[Insert([user("x" * 30_000)], at="start")])
        ((remembered, size),) = kept._kept.values()
        assert (remembered.composed, size < 20_000) == (None, True)


@pytest.mark.parametrize("memory", [-1, True, "much", 1.5, None])
def test_a_memory_of_no_size_is_refused(face: Any, database_url: str, memory: Any) -> None:
    with pytest.raises(InvalidSetting, match="memory: must be a number of bytes, 0 for none"):
        face.Store(database_url, memory=memory)
