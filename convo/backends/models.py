"""What models a server offers, and how long their contexts are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from convo.backends.base import BackendIO
from convo.backends.call import name_of
from convo.backends.http import HttpBackend
from convo.errors import MalformedResponse, Unsupported
from convo.frozen import dataclass

_CONTEXT_FIELDS = ("max_context_length", "max_model_len", "context_length", "context_window", "n_ctx", "n_ctx_train")


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """A model on offer. ``context_length`` (tokens) and ``default_temperature`` are None where the server is silent.

    ``details`` is the entry as it came.
    """

    id: str
    context_length: int | None = None
    aliases: tuple[str, ...] = ()
    default_temperature: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)


async def list_models(io: BackendIO, backend: Any) -> tuple[ModelInfo, ...]:
    """Return the models that ``backend``'s server lists, in its order.

    Raises Unsupported for a backend that is no HTTP server, BackendError for what goes wrong there.
    """
    if not isinstance(backend, HttpBackend):
        raise Unsupported(f"{name_of(backend)} lists no models")
    listed = await backend.get(io, "/models")
    entries = listed.get("data") if isinstance(listed, Mapping) else listed
    if not isinstance(entries, list):
        raise MalformedResponse(f"{backend.name} sent no list of models", backend=backend.name)
    return tuple(_model(entry) for entry in entries if isinstance(entry, Mapping) and isinstance(entry.get("id"), str))


def _model(entry: Mapping[str, Any]) -> ModelInfo:
    meta = entry.get("meta")
    places = (entry, meta if isinstance(meta, Mapping) else {})
    lengths = (place.get(name) for place in places for name in _CONTEXT_FIELDS)
    temperature = entry.get("default_model_temperature")
    return ModelInfo(
        id=entry["id"],
        context_length=next((length for length in lengths if isinstance(length, int) and length > 0), None),
        aliases=tuple(alias for alias in entry.get("aliases") or () if isinstance(alias, str)),
        default_temperature=temperature if isinstance(temperature, int | float) else None,
        details=entry,
    )
