"""The public interface: what ``convo`` exports is listed, documented and typed."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

import convo
from convo import errors, public


def constants_classes_functions(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def test_all_names_what_is_public_in_order() -> None:
    assert convo.__all__ == sorted(convo.__all__, key=constants_classes_functions)
    imported = {name for name in vars(public) if not name.startswith("_")} - {"annotations"}
    assert set(convo.__all__) == imported
    assert [name for name in convo.__all__ if not hasattr(convo, name)] == []
    assert set(convo.__all__) < set(dir(convo))


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = convo.nonsense


def test_importing_one_module_does_not_import_everything() -> None:
    code = "import sys, convo.errors; sys.exit('sqlalchemy' in sys.modules or 'pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_every_error_is_in_the_tree_at_the_top_of_its_module() -> None:
    kinds = {kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, Exception)}
    drawn = re.findall(r"^[│ ├└─]*([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE)[1:]
    assert sorted(drawn) == sorted(kind.__name__ for kind in kinds)


def members() -> Iterator[tuple[str, Any]]:
    """Every public function and class, and their public methods as written in convo."""
    for name in convo.__all__:
        value = getattr(convo, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            yield name, value
        if inspect.isclass(value) and value.__module__.startswith("convo"):
            yield from (
                (f"{name}.{key}", member)
                for key, member in vars(value).items()
                if not key.startswith("_") and isinstance(member, METHODS)
            )


METHODS = (types.FunctionType, classmethod, staticmethod, property)
MEMBERS = dict(members())


def functions(member: Any) -> list[Any]:
    """The plain functions behind a member; a class has none of its own here."""
    if isinstance(member, property):
        return [member.fget]
    member = getattr(member, "__func__", member)
    return [member] if inspect.isfunction(member) else []


@pytest.mark.parametrize("name", MEMBERS)
def test_a_public_name_is_documented(name: str) -> None:
    assert inspect.getdoc(MEMBERS[name]), f"{name} has no docstring"


@pytest.mark.parametrize("name", [name for name, member in MEMBERS.items() if functions(member)])
def test_a_public_function_is_typed(name: str) -> None:
    for function in functions(MEMBERS[name]):
        parameters = [p for p in inspect.signature(function).parameters.values() if p.name not in ("self", "cls")]
        assert [p.name for p in parameters if p.annotation is p.empty] == []
        assert "return" in function.__annotations__


ASYNC_ONLY = {"detached", "grace"}  # what goes on by itself needs an event loop


def test_the_two_faces_have_the_same_methods() -> None:
    for sync, asynchronous in ((convo.Conversation, convo.AsyncConversation), (convo.Store, convo.AsyncStore)):
        methods = public_methods(asynchronous)
        assert public_methods(sync) == {
            name: [parameter for parameter in parameters if parameter not in ASYNC_ONLY]
            if name.startswith("stream") or name == "close"
            else parameters
            for name, parameters in methods.items()
        }


def public_methods(face: type) -> dict[str, list[str]]:
    """The names and parameters of the methods; ``aclose`` is how the async face spells ``close``."""
    return {
        key.replace("aclose", "close"): list(inspect.signature(getattr(face, key)).parameters)
        for key in dir(face)
        if not key.startswith("_") and callable(getattr(face, key))
    }
