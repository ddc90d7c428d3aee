"""What is known of a model from its own answers: the factor of the estimate, and the length it really takes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, Self

from convo.context.factor import Factor
from convo.frozen import dataclass


@dataclass(frozen=True)
class Learned:
    """``estimate`` is the factor learnt from reported usage, ``limit`` the longest prompt the model took, in tokens."""

    estimate: Factor = field(default_factory=Factor)
    limit: int | None = None

    @property
    def factor(self) -> float:
        """What estimates are multiplied by."""
        return self.estimate.value

    def after(self, estimated: int, reported: int) -> Self:
        """Return what is known after a request of ``estimated`` tokens, before any factor, was ``reported``."""
        return replace(self, estimate=self.estimate.after(estimated, reported))

    def limited_to(self, limit: int) -> Self:
        """Return what is known after the model refused a request longer than ``limit`` tokens."""
        return replace(self, limit=max(limit, 1))

    def to_json(self) -> dict[str, Any]:
        """Return the dict that ``from_json`` reads."""
        data: dict[str, Any] = {"factor": self.estimate.value, "seen": self.estimate.seen}
        return data if self.limit is None else {**data, "limit": self.limit}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Self:
        """Return what is stored as ``data``, None for nothing."""
        known = data or {}
        return cls(Factor(known.get("factor", 1.0), known.get("seen", 0)), known.get("limit"))
