"""What a docstring says of its function and of each parameter: Google's style and Sphinx's."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from convo.frozen import dataclass

_HEADING = re.compile(r"^(?:Args|Arguments|Parameters|Params)[ \t]*:[ \t]*$\n?", re.MULTILINE)
_ITEM = re.compile(r"\*{0,2}(\w+)[ \t]*(?:\([^()]*\))?[ \t]*:[ \t]*(.*)")
_FIELD = re.compile(r"^:param[ \t]+(?:[^:\n]*[ \t])?(\w+)[ \t]*:[ \t]*(.*(?:\n[ \t]+\S.*)*)", re.MULTILINE)


@dataclass(frozen=True)
class Told:
    """What a function is for, and what its parameters mean, by name."""

    purpose: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


def told_by(function: Callable[..., Any]) -> Told:
    """Return what the docstring of ``function`` tells; nothing where there is none.

    The purpose is what stands before the first section or field of parameters.
    """
    text = inspect.getdoc(function) or ""
    heading = _HEADING.search(text)
    if heading is not None:
        return Told(text[: heading.start()].strip(), _items(text[heading.end() :]))
    fields = list(_FIELD.finditer(text))
    if not fields:
        return Told(text.strip())
    return Told(text[: fields[0].start()].strip(), {found[1]: _joined(found[2]) for found in fields})


def _items(section: str) -> dict[str, str]:
    """Return the items of an indented section, which ends where the indentation does."""
    told: dict[str, str] = {}
    name, depth = "", 0
    for line in section.splitlines():
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if text and not indent:
            break
        depth = depth or indent
        found = _ITEM.fullmatch(text) if indent == depth else None
        if found is not None:
            name = found[1]
            told[name] = found[2]
        elif name and text:
            told[name] = f"{told[name]} {text}".strip()
    return told


def _joined(text: str) -> str:
    return " ".join(text.split())
