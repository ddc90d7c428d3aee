"""Several processes at one database: everything arrives exactly once, in one order, and nobody sees an error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from convo import Conversation, Store
from support import workers
from support.processes import together
from support.workers import Outcome

MANY = 8


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with Store(database_url) as made:
        yield made


def path(chat: Conversation) -> list[tuple[int, str]]:
    return [(entry.seq, entry.text) for entry in chat.history(limit=10_000)]


def complaints(outcomes: list[Outcome]) -> Counter[str]:
    return sum((outcome.complaints for outcome in outcomes), Counter())


def all_of(outcomes: list[Outcome]) -> list[tuple[int, str]]:
    return sorted(each for outcome in outcomes for each in outcome.done)


@pytest.mark.parametrize("processes", [2, MANY])
def test_a_new_name_opened_by_all_at_once_is_one_conversation(
    store: Store, database_url: str, name: str, processes: int
) -> None:
    names = [f"{name}-{number}" for number in range(5)]
    found = together(workers.open_new, [(database_url, names)] * processes)
    assert [len(set(ids)) for ids in zip(*found, strict=True)] == [1] * len(names)
    assert found[0] == [store.open(one).id for one in names]
    assert store.open(names[0]).history() == []


def test_what_each_appends_on_opening_a_new_name_arrives(store: Store, database_url: str, name: str) -> None:
    names = [f"{name}-{number}" for number in range(3)]
    together(workers.open_and_append, [(database_url, names, f"p{number}") for number in range(MANY)])
    for one in names:
        expected = sorted(f"p{number} on {one}" for number in range(MANY))
        assert sorted(text for _, text in path(store.open(one))) == expected


def test_appends_to_one_branch_arrive_exactly_once_in_one_order(store: Store, database_url: str, name: str) -> None:
    chat = store.open(name)
    outcomes = together(workers.append, [(database_url, chat.id, 0, f"p{number}", 25) for number in range(MANY)])
    assert path(chat) == all_of(outcomes)
    assert [seq for seq, _ in path(chat)] == list(range(1, MANY * 25 + 1))
    for number, outcome in enumerate(outcomes):
        assert [text for _, text in outcome.done] == [f"p{number}.{each}" for each in range(25)]
        assert outcome.done == sorted(outcome.done)


@pytest.mark.parametrize("face", ["sync", "async"])
def test_turns_on_one_branch_come_one_after_the_other_never_parted(
    store: Store, database_url: str, name: str, face: str
) -> None:
    chat = store.open(name)
    send = workers.send if face == "sync" else workers.send_async
    outcomes = together(send, [(database_url, chat.id, 0, f"p{number}", 4) for number in range(MANY)])
    assert path(chat) == all_of(outcomes)
    texts = [text for _, text in path(chat)]
    assert len(texts) == MANY * 4 * 2
    assert texts[1::2] == [f"re {text}" for text in texts[::2]]
    assert {turn.status for turn in chat.turns(limit=1000)} == {"completed"}


def test_processes_whose_clocks_are_hours_apart_write_one_order(store: Store, database_url: str, name: str) -> None:
    chat = store.open(name)
    chat.append("by a clock that is right")
    skews = [timedelta(hours=hours) for hours in (-1, 0, 1)]
    jobs = [(database_url, chat.id, 0, f"p{number}", 8, wrong) for number, wrong in enumerate(skews)]
    outcomes = together(workers.send_by_another_clock, jobs)
    assert path(chat)[1:] == all_of(outcomes)
    assert all(outcome.done == sorted(outcome.done) for outcome in outcomes)
    texts = [text for _, text in path(chat)[1:]]
    assert texts[1::2] == [f"re {text}" for text in texts[::2]]
    told = [entry.created_at for entry in chat.history(limit=1000)]
    assert told != sorted(told), "the clocks did not disagree"


def test_appends_and_turns_mix_on_one_branch(store: Store, database_url: str, name: str) -> None:
    chat = store.open(name)
    jobs = [("append", database_url, chat.id, 0, f"a{number}", 6) for number in range(4)]
    jobs += [("send", database_url, chat.id, 0, f"t{number}", 4) for number in range(4)]
    outcomes = together(workers.do, jobs)
    assert path(chat) == all_of(outcomes)
    entries = path(chat)
    for seq, text in entries:
        if text.startswith("t"):
            assert entries[seq] == (seq + 1, f"re {text}")


def test_forks_made_at_once_get_numbers_and_paths_of_their_own(store: Store, database_url: str, name: str) -> None:
    chat = store.open(name)
    chat.append("root")
    outcomes = together(workers.fork, [(database_url, chat.id, f"p{number}", 5) for number in range(MANY)])
    numbers = [number for outcome in outcomes for number in outcome.done]
    assert sorted(numbers) == list(range(1, MANY * 5 + 1))
    assert len({branch.name for branch in chat.branches()}) == MANY * 5 + 1
    for label, outcome in enumerate(outcomes):
        for count, number in enumerate(outcome.done):
            assert [text for _, text in path(store.load(chat.id, branch=number))] == ["root", f"p{label}.{count}"]
    assert [text for _, text in path(chat)] == ["root"]


def test_writers_on_different_branches_of_one_conversation_do_not_meet(
    store: Store, database_url: str, name: str
) -> None:
    chat = store.open(name)
    chat.append("root")
    numbers = [chat.fork().branch.no for _ in range(MANY)]
    given = [(database_url, chat.id, number, f"b{number}", 25) for number in numbers]
    outcomes = together(workers.append, given)
    assert_no_deadlock(outcomes)
    for number, outcome in zip(numbers, outcomes, strict=True):
        assert path(store.load(chat.id, branch=number))[1:] == outcome.done


def test_turns_forks_and_switches_in_one_conversation_do_not_deadlock(
    store: Store, database_url: str, name: str
) -> None:
    chat = store.open(name)
    chat.append("root")
    numbers = [chat.fork().branch.no for _ in range(3)]
    jobs: list[tuple[object, ...]] = [("send", database_url, chat.id, number, f"b{number}", 8) for number in numbers]
    jobs += [("append", database_url, chat.id, 0, f"a{number}", 8) for number in range(2)]
    jobs += [("fork", database_url, chat.id, "f", 8), ("fork", database_url, chat.id, "g", 8)]
    jobs += [("switch", database_url, chat.id, 4, 16)]
    outcomes = together(workers.do, jobs)
    assert_no_deadlock(outcomes)
    assert len(chat.branches()) == 4 + 16
    assert [text for _, text in path(chat)[1:]] == [text for _, text in all_of(outcomes[3:5])]


def assert_no_deadlock(outcomes: list[Outcome]) -> None:
    """Nothing had to be retried for a deadlock: every transaction takes its locks in the same order."""
    said = complaints(outcomes)
    assert not [one for one in said if "Deadlock" in one or "1213" in one or "40P01" in one], said


@pytest.mark.parametrize("processes", [2, MANY])
def test_an_empty_database_upgraded_by_all_at_once_is_upgraded(empty_database_url: str, processes: int) -> None:
    assert len(set(together(workers.upgrade, [(empty_database_url,)] * processes))) == 1
    with Store(empty_database_url) as store:
        store.open("x").append("hi")


def test_a_new_sqlite_file_is_first_used_by_all_at_once(tmp_path: object) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    together(workers.open_and_append, [(url, ["x", "y"], f"p{number}") for number in range(MANY)])
    with Store(url) as store:
        assert sorted(text for _, text in path(store.open("x"))) == [f"p{number} on x" for number in range(MANY)]
