"""Searching a store: exact on every database, bounded in what it reads, an owner's own."""

from __future__ import annotations

from typing import Any

import pytest

from convo import assistant, tool_call
from convo.errors import InvalidSetting
from convo.store.searching import DEPTH
from support.statements import captured


def texts(hits: Any) -> list[str]:
    return [hit.entry.text for hit in hits]


def test_a_text_is_found_whatever_its_case_and_signs_newest_first(face: Any, database_url: str, name: str) -> None:
    with face.Store(database_url, owner=name) as store:
        store.start(["Der GROSSE Käse", 'he said "fromage" \\ twice\nand again'])
        chat = store.start(["größer", "nothing of note", "Die STRASSE nach Käseburg", "käse"])
        assert texts(store.search("KÄSE")) == ["käse", "Die STRASSE nach Käseburg", "Der GROSSE Käse"]
        assert texts(store.search("straße")) == ["Die STRASSE nach Käseburg"]
        assert texts(store.search('"Fromage" \\ twice\nAND')) == ['he said "fromage" \\ twice\nand again']
        assert texts(store.search("%")) == texts(store.search("user")) == texts(store.search("_")) == []
        assert store.search("käse").found[0].conversation.id == chat.id


def test_only_what_stands_on_the_active_branch_is_found(face: Any, database_url: str, name: str) -> None:
    with face.Store(database_url, owner=name) as store:
        chat = store.start(["cheese of the trunk", "cheese of the first branch"])
        fork = chat.fork(at=chat.history(limit=2)[0])
        fork.append("cheese of the fork")
        assert texts(store.search("cheese")) == ["cheese of the first branch", "cheese of the trunk"]
        chat.switch(fork.branch.name)
        assert texts(store.search("cheese")) == ["cheese of the fork", "cheese of the trunk"]


def test_texts_of_chunks_are_found_and_arguments_of_calls_are_not(face: Any, database_url: str, name: str) -> None:
    with face.Store(database_url, owner=name) as store:
        chunks = [
            {"type": "text", "text": "see the cheese"},
            {"type": "image_url", "image_url": "https://cheese.example"},
        ]
        store.start(
            [{"role": "user", "content": chunks}, assistant(tool_calls=[tool_call("cheese", {"of": "cheese"}, "c1")])]
        )
        hits = store.search("cheese")
        assert [hit.entry.seq for hit in hits] == [1]
        assert len(hits) == 1


def test_pages_go_through_all_conversations_and_owners_do_not_meet(face: Any, database_url: str, name: str) -> None:
    with face.Store(database_url, owner=name) as store:
        made = [store.start([f"cheese {number}"]).id for number in range(5)]
        with face.Store(database_url, owner=f"{name}-other") as other:
            other.start(["cheese of another"])
        found, before = [], None
        for _ in range(3):
            page = store.search("cheese", limit=2, before=before)
            found += [hit.conversation.id for hit in page.found]
            before = page.last
        assert found == made[::-1]
        assert before is None


def test_a_search_reads_so_much_of_a_conversation_and_no_more(face: Any, database_url: str, name: str) -> None:
    with face.Store(database_url, owner=name) as store:
        store.start(["a very old cheese", *["young"] * (DEPTH - 1)])
        older = store.start(["too old a cheese", *["young"] * DEPTH])
        with captured() as seen:
            assert texts(store.search("cheese")) == ["a very old cheese"]
        assert len(seen) == 2
        assert older.history(limit=1000)[0].text == "too old a cheese"


@pytest.mark.parametrize("text", ["", "x" * 1001, None, 5])
def test_what_is_no_text_to_search_for_is_refused(face: Any, database_url: str, text: Any) -> None:
    with face.Store(database_url) as store, pytest.raises(InvalidSetting, match="text"):
        store.search(text)
