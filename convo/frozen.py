"""Frozen dataclasses that are quick to define, for the sake of those who import convo.

The standard library compiles six methods from text for every frozen dataclass, which for convo's hundred is half of
the time that importing it takes. Here three of them, ``__repr__``, ``__eq__`` and ``__hash__``, are the same functions
for all; what they do, and all else, is the standard library's. To type checkers this is ``dataclasses.dataclass``.
"""

from __future__ import annotations

import dataclasses
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(kind: type | None = None, /, **options: Any) -> Any:
        """As ``dataclasses.dataclass``; ``eq``, ``order`` and ``repr`` cannot be given for a frozen one."""
        if kind is None:
            return lambda given: dataclass(given, **options)
        if not options.get("frozen"):
            return dataclasses.dataclass(kind, **options)
        own = vars(kind)
        made = dataclasses.dataclass(kind, repr=False, eq=False, **options)
        for name, method in _SHARED.items():
            if name not in own:
                setattr(made, name, method)
        return made


def _compared(value: Any) -> tuple[Any, ...]:
    return tuple(getattr(value, field.name) for field in dataclasses.fields(value) if field.compare)


def _equal(self: Any, other: object) -> bool:
    return _compared(self) == _compared(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_compared(self))


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


_SHARED: dict[str, Any] = {"__repr__": _repr, "__eq__": _equal, "__hash__": _hash}
