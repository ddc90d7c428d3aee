"""Backends by name: ``backend="mistral:mistral-medium-latest"``."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from convo.errors import InvalidSetting

_BUILT_IN = {
    "deepseek": "convo.backends.openai:deepseek",
    "litellm": "convo.backends.litellm:litellm",
    "llamacpp": "convo.backends.openai:llamacpp",
    "mistral": "convo.backends.mistral:mistral",
    "ollama": "convo.backends.openai:ollama",
    "openai": "convo.backends.openai:openai",
    "scripted": "convo.backends.scripted:scripted",
    "vllm": "convo.backends.openai:vllm",
}
_SPEC = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)(?::(?P<model>.*?)(?:@(?P<url>https?://\S+))?)?", re.DOTALL)


def resolve(spec: Any) -> Any:
    """Return the backend that ``spec`` means: a backend or function is itself, a text names one.

    The text is ``name``, ``name:model`` or ``name:model@url``; ``name`` is one of convo's own or of the entry-point
    group ``convo.backends``, whose factories are called as ``factory(model)`` or ``factory(model, base_url=url)``.
    Raises InvalidSetting for anything else.
    """
    if isinstance(spec, str):
        return _by_name(spec)
    if isinstance(spec, type):
        raise InvalidSetting(f"a backend is no class: make one, {spec.__name__}(...)", field="backend")
    if callable(spec) or hasattr(spec, "complete_over") or callable(getattr(spec, "complete", None)):
        return spec
    raise InvalidSetting(
        f"a backend is a name such as 'mistral:mistral-medium-latest', a function or a backend object, not "
        f"{type(spec).__name__}",
        field="backend",
    )


def known_names() -> list[str]:
    """Return every name that ``resolve`` knows, sorted."""
    return sorted({*_BUILT_IN, *(point.name for point in _entry_points())})


def _by_name(spec: str) -> Any:
    found = _SPEC.fullmatch(spec)
    factory = _factory(found["name"]) if found else None
    if not found or factory is None:
        raise InvalidSetting(
            f"there is no backend {spec.partition(':')[0]!r:.60}; known are {', '.join(known_names())}", field="backend"
        )
    if found["url"]:
        return factory(found["model"] or None, base_url=found["url"])
    return factory(found["model"] or None)


def _factory(name: str) -> Any:
    if name in _BUILT_IN:
        module, _, function = _BUILT_IN[name].partition(":")
        return getattr(import_module(module), function)
    return next((point.load() for point in _entry_points() if point.name == name), None)


def _entry_points() -> Any:
    from importlib.metadata import entry_points

    return entry_points(group="convo.backends")
