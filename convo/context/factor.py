"""How a model's own tokens compare with the neutral estimate, learnt from the usage that its backend reports."""

from __future__ import annotations

from convo.frozen import dataclass

MEMORY = 20_000
"""Estimated tokens after which older reports begin to count less than newer ones."""

SMALLEST, LARGEST = 0.25, 4.0
"""A report farther off than this is of something else than the request (a cache, another prompt) and is not learnt."""


@dataclass(frozen=True)
class Factor:
    """What estimates are multiplied by for one model. ``seen`` is how many estimated tokens it was learnt from."""

    value: float = 1.0
    seen: int = 0

    def after(self, estimated: int, reported: int) -> Factor:
        """Return the factor after a request of ``estimated`` neutral tokens was reported as ``reported``.

        ``estimated`` is the estimate before any factor, of the whole request. O(1).
        """
        if estimated <= 0 or not SMALLEST <= reported / estimated <= LARGEST:
            return self
        learnt = (self.value * self.seen + reported) / (self.seen + estimated)
        return Factor(value=round(learnt, 4), seen=min(self.seen + estimated, MEMORY))
