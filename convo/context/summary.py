"""Summaries as values: what has been told of the part that a window cut away, and what is still to be told.

Laws of this file:
- A summary tells messages that were cut away and is none itself: what it tells stays in the store as it was.
- What was told stays told in the same words: a later cut adds a part. Only where the parts grow too long together are
  they told anew, as one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Self

from convo.errors import CorruptRecord
from convo.frozen import dataclass
from convo.values import canonical_json

HEADING = "[Summary of the earlier part of this conversation]"
"""How the message begins that carries the summary."""

_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class Summary:
    """One part of a summary, as it is stored: the messages ``first`` to ``last`` of a path, told in ``text``.

    ``tokens`` is the neutral estimate of ``text``; ``backend`` and ``model`` are who wrote it.
    """

    first: int
    last: int
    text: str
    tokens: int
    backend: str
    model: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the dict that ``from_json`` reads."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the summary stored as ``data``; raises CorruptRecord for what is none."""
        try:
            return cls(**data)
        except TypeError:
            raise CorruptRecord("a stored summary cannot be read back: run a check of the store") from None

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) under which it is stored: one for every branch that shares it."""
        return hashlib.sha256(canonical_json(self.to_json())).hexdigest()


@dataclass(frozen=True, slots=True)
class Part:
    """Where a part of a summary is found, as a branch remembers it."""

    first: int
    last: int
    digest: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a branch remembers of a policy's summary: its parts, ascending, and why the last try to add one failed.

    ``failed`` is the name of an error, ``""`` where nothing has failed since.
    """

    parts: tuple[Part, ...] = ()
    failed: str = ""

    @property
    def last(self) -> int:
        """The seq up to which the path has been told; 0 for none of it."""
        return self.parts[-1].last if self.parts else 0

    def to_json(self) -> list[Any]:
        """Return the list that ``from_json`` reads."""
        return [[[part.first, part.last, part.digest] for part in self.parts], self.failed]

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Return what is stored as ``data``; raises ValueError or TypeError for what is none."""
        parts, failed = data
        told = cls(tuple(Part(*part) for part in parts), failed)
        if any(len(bytes.fromhex(part.digest)) != _DIGEST_BYTES for part in told.parts):
            raise ValueError("a part is named by a SHA-256")
        return told

    def before(self, seq: int) -> Told:
        """Return the parts that tell of nothing from ``seq`` on."""
        return Told(tuple(part for part in self.parts if part.last < seq))


@dataclass(frozen=True, slots=True)
class NeedsSummary:
    """A window has cut away the messages ``after`` to ``upto`` (``after`` itself excluded), and they are to be told.

    ``parts`` is what has been told before; with ``folds`` it is to be told anew together with them. ``tokens`` is how
    long the new text may be.
    """

    after: int
    upto: int
    parts: tuple[Summary, ...]
    folds: bool
    tokens: int
    most: int

    def made(self, first: int, text: str, tokens: int, backend: str, model: str | None) -> Summary:
        """Return the summary of what was needed, read from the message ``first`` on."""
        begins = self.parts[0].first if self.folds and self.parts else first
        return Summary(begins, self.upto, text, tokens, backend, model)

    def told(self, summary: Summary) -> Told:
        """Return what the branch remembers once ``summary`` is there."""
        kept = () if self.folds else self.parts
        return Told(tuple(Part(part.first, part.last, part.digest) for part in (*kept, summary)))
