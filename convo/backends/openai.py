"""OpenAI's chat completions, and every server that follows them."""

from __future__ import annotations

import os
from typing import Any

from convo.backends.dialects import DEEPSEEK, DIALECTS, GENERIC, LLAMACPP, OLLAMA, OPENAI_DIALECT, VLLM, Dialect
from convo.backends.given import require_text
from convo.backends.http import HttpBackend
from convo.errors import InvalidSetting

BASE_URL = "https://api.openai.com/v1"


def openai(
    model: str | None = None,
    *,
    api_key: str | None = None,
    base_url: str = BASE_URL,
    dialect: Dialect | str | None = None,
    **settings: Any,
) -> HttpBackend:
    """Return a backend for OpenAI, or for the compatible server at ``base_url``.

    ``dialect`` is a ``Dialect`` or the name of one (``vllm``, ``llamacpp``, ``ollama``, ``deepseek``, ``mistral``,
    ``openai``, ``generic``); without one it is OpenAI's for OpenAI's own server and ``generic`` for any other. The
    key is ``api_key``, else the environment's ``OPENAI_API_KEY``, which is sent to OpenAI's own server only; another
    server needs none. ``settings`` are those of ``HttpBackend``. Raises InvalidSetting.
    """
    require_text(base_url=base_url)
    require_text(optional=True, api_key=api_key)
    own = base_url == BASE_URL
    spoken = _dialect(dialect) if dialect is not None else OPENAI_DIALECT if own else GENERIC
    key = api_key or (_key_of_environment("OPENAI_API_KEY") if own else None)
    settings.setdefault("name", "openai" if own else None)
    return HttpBackend(spoken, base_url=base_url, api_key=key, model=model, **settings)


def _dialect(dialect: Dialect | str) -> Dialect:
    if not isinstance(dialect, str):
        return dialect
    if dialect not in DIALECTS:
        raise InvalidSetting(f"there is no dialect {dialect!r:.60}; known are {', '.join(DIALECTS)}", field="dialect")
    return DIALECTS[dialect]


def _key_of_environment(variable: str) -> str:
    key = os.environ.get(variable, "")
    if not key:
        raise InvalidSetting(f"set {variable}, or give api_key=, to use this server", field="api_key")
    return key


def vllm(model: str | None = None, *, base_url: str = "http://127.0.0.1:8000/v1", **settings: Any) -> HttpBackend:
    """Return a backend for a vLLM server; ``settings`` are those of ``HttpBackend``."""
    return HttpBackend(VLLM, base_url=base_url, model=model, **settings)


def llamacpp(model: str | None = None, *, base_url: str = "http://127.0.0.1:8080/v1", **settings: Any) -> HttpBackend:
    """Return a backend for llama.cpp's server; ``settings`` are those of ``HttpBackend``."""
    return HttpBackend(LLAMACPP, base_url=base_url, model=model, **settings)


def ollama(model: str | None = None, *, base_url: str = "http://127.0.0.1:11434/v1", **settings: Any) -> HttpBackend:
    """Return a backend for Ollama; ``settings`` are those of ``HttpBackend``."""
    return HttpBackend(OLLAMA, base_url=base_url, model=model, **settings)


def deepseek(
    model: str | None = None,
    *,
    api_key: str | None = None,
    base_url: str = "https://api.deepseek.com/beta",
    **settings: Any,
) -> HttpBackend:
    """Return a backend for DeepSeek; the key is ``api_key``, else the environment's ``DEEPSEEK_API_KEY``."""
    require_text(optional=True, api_key=api_key)
    key = api_key or _key_of_environment("DEEPSEEK_API_KEY")
    return HttpBackend(DEEPSEEK, base_url=base_url, api_key=key, model=model, **settings)
