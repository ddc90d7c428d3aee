"""Frozen dataclasses made quickly are like the standard library's."""

from __future__ import annotations

import dataclasses
import pickle
from dataclasses import field, replace
from typing import Any

import pytest

from convo.frozen import dataclass


@dataclass(frozen=True)
class Quick:
    name: str
    parts: tuple[Any, ...] = ()
    note: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Slotted:
    name: str
    inner: Quick | None = None

    def __repr__(self) -> str:
        return "<slotted>"


@dataclass(frozen=True)
class Further(Quick):
    more: int = 0


@dataclasses.dataclass(frozen=True)
class Slow:
    name: str
    parts: tuple[Any, ...] = ()
    note: str = field(default="", compare=False, repr=False)


def test_equality_and_hash_go_by_the_fields_compared_and_the_class() -> None:
    assert Quick("a", (1,), note="x") == Quick("a", (1,), note="y") != Quick("b")
    assert hash(Quick("a", (1,), note="x")) == hash(Quick("a", (1,), note="y"))
    assert Quick("a") != Slow("a")
    assert Quick("a") != Further("a")
    assert Further("a", more=1) != Further("a", more=2)
    assert Quick("a") != "a"
    with pytest.raises(TypeError, match="unhashable"):
        hash(Quick("a", ([],)))


def test_the_picture_is_the_standard_librarys() -> None:
    assert repr(Quick("a", (Quick("b"),), note="x")) == repr(Slow("a", (Slow("b"),))).replace("Slow", "Quick")
    assert repr(Slotted(name="a")) == "<slotted>"
    assert repr(Further("a", more=2)) == "Further(name='a', parts=(), more=2)"


@pytest.mark.parametrize("value", [Quick("a", (1,)), Slotted(name="a", inner=Quick("b")), Further("a", more=1)])
def test_all_else_works_as_ever(value: Any) -> None:
    assert pickle.loads(pickle.dumps(value)) == value
    assert replace(value, name="c").name == "c"
    assert dataclasses.asdict(value)["name"] == "a"
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.name = "b"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del value.name
