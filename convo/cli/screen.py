"""Where output goes: a terminal as wide as it is, a pipe line by line, or JSON."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import sys
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from rich.console import Console, RenderableType

from convo.values import Value

UNWRAPPED = 1_000_000
"""Columns of what goes to a pipe: a line stays a line, so that grep and cut work."""


@cache
def console() -> Console:
    """Return the console for standard output; colours only on a terminal, and not with NO_COLOR set."""
    if not re.fullmatch("0*[1-9][0-9]{0,4}", os.environ.get("COLUMNS", "")):
        os.environ.pop("COLUMNS", None)  # some shells say 0 for "not known", in which nothing would be shown
    as_wide_as_it_is = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, markup=False, emoji=False, width=None if as_wide_as_it_is else UNWRAPPED)


def show(*pictures: RenderableType) -> None:
    """Print ``pictures`` one below the other."""
    for picture in pictures:
        console().print(picture)


def show_json(value: Any, *, indent: int | None = 2) -> None:
    """Print ``value`` (records, or JSON data that holds them) as one JSON document in ASCII; indent None: one line."""
    text = json.dumps(value, default=_json, indent=indent)
    sys.stdout.write(text.replace("\x7f", "\\u007f") + "\n")


def _json(value: Any) -> Any:
    if isinstance(value, Value):
        return value.to_json()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
