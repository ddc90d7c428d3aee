"""Mistral's chat completions."""

from __future__ import annotations

import os
from typing import Any

from convo.backends.dialects import MISTRAL_DIALECT
from convo.backends.http import HttpBackend
from convo.errors import InvalidSetting

BASE_URL = "https://api.mistral.ai/v1"
"""The global server; ``https://api.eu.mistral.ai`` and ``https://api.us.mistral.ai`` keep to one region."""


def mistral(
    model: str | None = None, *, api_key: str | None = None, base_url: str = BASE_URL, **settings: Any
) -> HttpBackend:
    """Return a backend for Mistral's API, or a server that speaks as it does.

    ``model`` is asked where the options name none, e.g. ``mistral-medium-latest``. The key is ``api_key``, else the
    environment's ``MISTRAL_API_KEY``. ``settings`` are those of ``HttpBackend``. Raises InvalidSetting without a key.
    """
    key = api_key or os.environ.get("MISTRAL_API_KEY", "")
    if not key:
        raise InvalidSetting("set MISTRAL_API_KEY, or give api_key=, to use Mistral", field="api_key")
    return HttpBackend(MISTRAL_DIALECT, base_url=base_url, api_key=key, model=model, **settings)
