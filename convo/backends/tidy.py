"""Making the pieces of a stream uniform, whoever yields them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from convo.backends.answers import as_delta
from convo.backends.prefix import PrefixFilter
from convo.completions import Delta


class Tidy:
    """Takes the pieces of one stream and gives deltas: the first names the backend, a repeated prefix is taken out.

    ``echoes``: whether the pieces repeat the prefix. ``finishes``: whether they are a wire's, which are well made and
    sure to end with a finish reason; where not, each is checked, and ``end`` adds a reason if none came.
    """

    def __init__(self, backend: str, prefix: str, echoes: bool | None, *, finishes: bool) -> None:
        self._backend = backend
        self._unnamed = True
        self._prefix = prefix
        self._echoes = echoes
        self._finished = self._well_made = finishes
        self._filters: dict[int, PrefixFilter] = {}

    def take(self, piece: Any) -> Delta:
        """Return the delta that ``piece`` (a text or a Delta) amounts to; raises MalformedResponse for another."""
        delta = piece if self._well_made and type(piece) is Delta else as_delta(piece, self._backend)
        if self._unnamed:
            self._unnamed = False
            delta = delta if delta.backend else replace(delta, backend=self._backend)
        if not self._finished and delta.finish_reason is not None:
            self._finished = True
        return self._without_prefix(delta) if self._prefix else delta

    def _without_prefix(self, delta: Delta) -> Delta:
        if delta.index not in self._filters:
            self._filters[delta.index] = PrefixFilter(self._prefix, self._echoes)
        return self._filters[delta.index].pass_on(delta)

    def end(self) -> Iterator[Delta]:
        """Yield what is left at the end of the stream."""
        for index, found in self._filters.items():
            if text := found.flush():
                yield Delta(text=text, index=index)
        if not self._finished:
            yield self.take(Delta(finish_reason="stop"))
