"""Mistral's chat completions."""

from __future__ import annotations

import os
from typing import Any

from convo.backends.dialects import MISTRAL_DIALECT
from convo.backends.given import require_text
from convo.backends.http import HttpBackend
from convo.errors import InvalidSetting

BASE_URL = "https://api.mistral.ai/v1"
"""The global server; ``https://api.eu.mistral.ai`` and ``https://api.us.mistral.ai`` keep to one region."""


CONTEXT_LENGTHS = {
    **dict.fromkeys(("mistral-large-2512", "mistral-large-latest"), 262_144),
    **dict.fromkeys(("mistral-medium-3-5", "mistral-medium-3", "mistral-medium-latest"), 262_144),
    **dict.fromkeys(("mistral-small-2603", "mistral-small-latest"), 262_144),
    **{f"ministral-{size}-{of}": 262_144 for size in ("3b", "8b", "14b") for of in ("2512", "latest")},
    **dict.fromkeys(("codestral-2508", "codestral-latest"), 131_072),
    **dict.fromkeys(("voxtral-small-2507", "voxtral-small-latest"), 32_768),
}
"""How many tokens the models take, as published in August 2026."""


def mistral(
    model: str | None = None, *, api_key: str | None = None, base_url: str = BASE_URL, **settings: Any
) -> HttpBackend:
    """Return a backend for Mistral's API, or a server that speaks as it does.

    ``model`` is asked where the options name none, e.g. ``mistral-medium-latest``. The key is ``api_key``, else the
    environment's ``MISTRAL_API_KEY``. ``settings`` are those of ``HttpBackend``; ``context_length`` is known for the
    models of ``CONTEXT_LENGTHS``. Raises InvalidSetting without a key.
    """
    require_text(optional=True, model=model, api_key=api_key)
    key = api_key or os.environ.get("MISTRAL_API_KEY", "")
    if not key:
        raise InvalidSetting("set MISTRAL_API_KEY, or give api_key=, to use Mistral", field="api_key")
    settings.setdefault("context_length", CONTEXT_LENGTHS.get(model or ""))
    return HttpBackend(MISTRAL_DIALECT, base_url=base_url, api_key=key, model=model, **settings)
