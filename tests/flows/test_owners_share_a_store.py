"""One store, many owners: each sees their own conversations, over the same connections."""

from __future__ import annotations

from typing import Any

import pytest

from convo.errors import InvalidSetting, NotFound


def test_owners_over_one_store_never_meet(face: Any, database_url: str, name: str) -> None:
    with face.Store(database_url, owner=None) as store:
        ann, bob = (store.for_owner(f"{name}-{who}") for who in ("ann", "bob"))
        anns, bobs = (each.open("support", backend="scripted:Hello.") for each in (ann, bob))
        anns.send("I am Ann.")
        assert anns.id != bobs.id
        assert bobs.history() == []
        assert [info.id for info in ann.conversations()] == [anns.id]
        with pytest.raises(NotFound):
            bob.load(anns.id)
        assert store.load(anns.id).info().owner == f"{name}-ann"


def test_a_store_for_an_owner_that_is_no_text_is_refused(face: Any, database_url: str) -> None:
    with face.Store(database_url) as store, pytest.raises(InvalidSetting):
        store.for_owner(42)
