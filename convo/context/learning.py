"""What a model's own reports teach about the estimate: a factor for it, and the length it really takes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

DECAY = 0.8
"""Weight of all earlier reports together when a new one comes."""

LOWEST, HIGHEST = 0.25, 4.0
"""Bounds of a factor: beyond them a report counts something else than the prompt."""


@dataclass(frozen=True)
class Learned:
    """What is known of a model: tokens it reported, tokens estimated for the same requests, the length it takes."""

    reported: float = 0.0
    estimated: float = 0.0
    limit: int | None = None

    @property
    def factor(self) -> float:
        """What estimates are multiplied by, to two decimals; 1.0 until the model has reported anything."""
        if not self.estimated:
            return 1.0
        return round(min(max(self.reported / self.estimated, LOWEST), HIGHEST), 2)

    def after(self, reported: int, estimated: float) -> Self:
        """Return what is known after a request of ``estimated`` tokens (factor 1) for which ``reported`` came back."""
        if reported <= 0 or estimated <= 0:
            return self
        return replace(self, reported=self.reported * DECAY + reported, estimated=self.estimated * DECAY + estimated)

    def limited_to(self, limit: int | None) -> Self:
        """Return what is known after the model refused a request longer than ``limit`` tokens."""
        return self if limit is None or limit <= 0 else replace(self, limit=limit)

    def to_json(self) -> dict[str, Any]:
        """Return the dict that ``from_json`` reads."""
        data: dict[str, Any] = {"reported": round(self.reported, 1), "estimated": round(self.estimated, 1)}
        return data if self.limit is None else {**data, "limit": self.limit}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Self:
        """Return what is stored as ``data``, None for nothing."""
        known = data or {}
        return cls(known.get("reported", 0.0), known.get("estimated", 0.0), known.get("limit"))
