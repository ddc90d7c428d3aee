"""The base of all frozen values, and the one way convo writes JSON.

Laws of this file:
- What was given is given back: no default is added, unknown fields stay, keys keep their order.
- Every text that Python can hold survives: halves of a surrogate pair are joined, lone halves stay.
- Data nested deeper than ``MAX_DEPTH`` is refused before anything recurses into it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    model_serializer,
    model_validator,
)

from convo.errors import CallerError, InvalidMessage

MAX_DEPTH = 64
"""Levels of nesting accepted in any JSON value; a parser or database further on may recurse."""

MAX_INTEGER_BITS = 14_000
"""Binary digits accepted in an integer; parsers refuse longer ones (Python's own beyond 4,300 decimal digits)."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_hold = object.__setattr__


def join_surrogates(text: str) -> str:
    """Return ``text`` with each high and low surrogate that stand together joined into their character. O(n)."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def clean_json(value: Any, depth: int = 0) -> Any:
    """Return ``value`` as plain JSON data (str, int, float, bool, None, list, dict; ``Value`` objects stay).

    Raises ValueError for what JSON cannot hold (other types, NaN, non-text keys), for nesting beyond ``MAX_DEPTH``
    and for integers beyond ``MAX_INTEGER_BITS``.
    """
    if isinstance(value, str):
        return join_surrogates(str.__str__(value))
    if value is None or isinstance(value, int | float):
        return _number(value)
    if isinstance(value, Value):
        clean_json(value.to_json(), depth)  # it was clean where it was made, but now it stands deeper
        return value
    if depth >= MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return {_key(name): clean_json(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(item, depth + 1) for item in value]
    raise ValueError(f"{type(value).__name__} is not a JSON type")


def _number(value: float | None) -> float | None:
    if isinstance(value, int):
        if value.bit_length() > MAX_INTEGER_BITS:
            raise ValueError("an integer is too long for JSON readers")
    elif value is not None and not math.isfinite(value):
        raise ValueError(f"{value} is not a JSON number")
    return value


def _key(name: Any) -> str:
    if not isinstance(name, str):
        raise ValueError(f"a key of type {type(name).__name__} is not a text")
    return join_surrogates(str.__str__(name))


class _UncleanField(ValueError):
    def __init__(self, field: str, said: str) -> None:
        super().__init__(said)
        self.field = field


def _clean_fields(data: Mapping[Any, Any]) -> dict[str, Any]:
    """Return ``data`` cleaned; the error names the field."""
    fields: dict[str, Any] = {}
    for given, value in data.items():
        name = _key(given)
        if _SURROGATE.search(name):
            raise ValueError("the name of a field must not hold half of a surrogate pair")
        try:
            fields[name] = clean_json(value, 1)
        except ValueError as problem:
            raise _UncleanField(name, str(problem)) from None
    return fields


_SCALARS = frozenset({str, int, float, bool, type(None)})


def plain(value: Any) -> Any:
    """Return ``value`` with every ``Value`` in it turned into the dict it stands for."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, Value):
        return value.to_json()
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def dump_json(value: Any) -> str:
    """Return ``value`` as compact JSON text that any database and UTF-8 can hold.

    Non-ASCII stays as it is; control characters and lone surrogates are escaped.
    """
    text = _COMPACT.encode(value)
    return text if text.isascii() else _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def wire_json(value: Any) -> bytes:
    """Return ``value`` as JSON that every server reads: half of a surrogate pair, no character, is sent as U+FFFD."""
    text = _COMPACT.encode(value)
    return (text if text.isascii() else _SURROGATE.sub("\ufffd", text)).encode()


def canonical_json(value: Any) -> bytes:
    """Return ``value`` as the one byte string that equal JSON values share: ASCII, sorted keys, no spaces."""
    return _CANONICAL.encode(value).encode()


def _json_of(value: Any) -> Any:
    """Return what the encoder, which knows dicts and lists, writes for another object."""
    if isinstance(value, Value | Mapping):
        return plain(value)
    raise TypeError(f"{type(value).__name__} is not a JSON type")


_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_json_of)
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, default=_json_of)


class Value(BaseModel):
    """A frozen value that knows its JSON form. Two values are equal when their JSON is."""

    model_config = ConfigDict(
        frozen=True, extra="allow", defer_build=True, hide_input_in_errors=True, protected_namespaces=()
    )
    discriminator: ClassVar[str] = ""
    error: ClassVar[type[CallerError]] = InvalidMessage

    _given: tuple[str, ...] = PrivateAttr(default=())
    _canonical: bytes | None = PrivateAttr(default=None)

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as problem:
            raise explain_validation(problem, self.error) from None

    # Nested values are validated by the schema itself; without this mark pydantic would call __init__ for each.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Return the value that ``data`` (a dict, or such a value) stands for; raises ``cls.error``."""
        try:
            return cls.model_validate(data)
        except ValidationError as problem:
            raise explain_validation(problem, cls.error) from None

    @classmethod
    def unchecked(cls, data: dict[str, Any]) -> Self:
        """Return the value that ``data``, known to be valid, stands for: known fields alone, no value nested in it.

        Several times quicker than ``from_json``: for what was checked when it was stored.
        """
        given, names, defaults = _SHAPES.get((cls, *data)) or _shape(cls, *data)
        value = object.__new__(cls)
        _hold(value, "__dict__", {**defaults, **data})
        _hold(value, "__pydantic_fields_set__", names)
        _hold(value, "__pydantic_extra__", {})
        _hold(value, "__pydantic_private__", {"_given": given, "_canonical": None})
        return value

    @model_validator(mode="wrap")
    @classmethod
    def _remember_given(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, dict):
            return handler(data)
        data = _clean_fields(data)
        value = handler(data)
        value._given = tuple(data)
        return value

    @model_serializer(mode="plain")
    def to_json(self) -> dict[str, Any]:
        """Return the dict this value stands for: what was given, in the order given, and the discriminator."""
        names: tuple[str, ...] = (self.__pydantic_private__ or {}).get("_given", ())
        if self.discriminator and self.discriminator not in names:
            names = (self.discriminator, *names)
        return {name: plain(self._item(name)) for name in names}

    def canonical(self) -> bytes:
        """Return the ``canonical_json`` of this value; O(size) the first time, then O(1)."""
        private = self.__pydantic_private__ or {}
        known: bytes | None = private.get("_canonical")
        if known is None:
            known = private["_canonical"] = canonical_json(self)
        return known

    def _item(self, name: str) -> Any:
        """Return what is held under ``name``: a field, or an unknown one that may be called like an attribute."""
        held = self.__dict__
        return held[name] if name in held else (self.__pydantic_extra__ or {})[name]

    def replace(self, **changes: Any) -> Self:
        """Return a copy with ``changes`` applied and checked; a field changed to None is left out."""
        data = {**self.to_json(), **changes}
        return self.from_json({name: item for name, item in data.items() if not (name in changes and item is None)})

    def altered(self, **changes: Any) -> Self:
        """Return a copy with ``changes``, which are known to be valid, and not None: unchecked, so much quicker."""
        new = self.model_copy(update=changes)
        new.__pydantic_private__ = {"_given": (*dict.fromkeys((*self._given, *changes)),), "_canonical": None}
        return new

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.canonical())


_Shape: TypeAlias = tuple[tuple[str, ...], set[str], dict[str, Any]]
_SHAPES: dict[tuple[Any, ...], _Shape] = {}
"""By the kind of a value and the fields that it was made of: these in order and as a set, and the others' defaults.

All values of one shape share them: nothing changes a frozen value, and a copy of it has copies.
"""


def _shape(kind: type[Value], *given: str) -> _Shape:
    defaults = {name: field.default for name, field in kind.model_fields.items() if not field.is_required()}
    _SHAPES[kind, *given] = shape = given, {*given}, defaults
    return shape


def explain_validation(problem: ValidationError, error: type[CallerError]) -> CallerError:
    """Return ``error`` with one sentence about the first problem pydantic found, naming its field."""
    first = problem.errors(include_url=False, include_input=False)[0]
    cause = first.get("ctx", {}).get("error")
    inner = (cause.field,) if isinstance(cause, _UncleanField) else ()
    parts = [str(part) for part in (*first["loc"], *inner) if not str(part).startswith("<")]  # <...>: a union's tag
    field = ".".join(part if part.isalnum() or part.isidentifier() else f"{part!r:.40}" for part in parts)
    said = first["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    more = problem.error_count() - 1
    tail = f" ({more} more)" if more else ""
    return error(f"{field}: {said}{tail}" if field else f"{said}{tail}", field=field)
