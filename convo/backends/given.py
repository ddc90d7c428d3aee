"""What the constructors of backends are given, checked: one sentence names what cannot be, and no value is repeated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from convo.errors import InvalidSetting
from convo.harmless import brief
from convo.profiles import Profile

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PROXIES = ("http", "https", "socks5", "socks5h")


def require(kind: type | tuple[type, ...], what: str, *, optional: bool = False, **given: Any) -> None:
    """Raise InvalidSetting for the first of ``given`` that is not ``kind``, told as ``what``; ``optional``: or None."""
    for name, value in given.items():
        if not isinstance(value, kind) and not (optional and value is None):
            raise InvalidSetting(f"{name}: must be {what}, not {type(value).__name__}", field=name)


def require_text(*, optional: bool = False, **given: Any) -> None:
    """Raise InvalidSetting for the first of ``given`` that is no text; ``optional``: nor None."""
    require(str, "a text", optional=optional, **given)


def require_profile(profile: Any, *, optional: bool = False) -> None:
    """Raise InvalidSetting where ``profile`` is no Profile; ``optional``: nor None."""
    require(Profile, "a Profile, e.g. convo.MISTRAL", optional=optional, profile=profile)


def require_seconds(owner: str, *, zero: bool = False, **given: Any) -> None:
    """Raise InvalidSetting for the first of ``given`` that is no finite number of seconds above 0 (``zero``: or 0)."""
    for name, value in given.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and (0 < value < float("inf") or (zero and value == 0))):
            least = "0 or more" if zero else "greater than 0"
            raise InvalidSetting(f"{owner}.{name} must be a number of seconds {least}", field=name)


def require_count(owner: str, **given: Any) -> None:
    """Raise InvalidSetting for the first of ``given`` that is no whole number of at least 1."""
    for name, value in given.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise InvalidSetting(f"{owner}.{name} must be a whole number of at least 1", field=name)


def require_known(owner: str, name: str, words: Any, known: Iterable[str]) -> None:
    """Raise InvalidSetting where ``words`` is no collection of texts that are all ``known``."""
    if isinstance(words, str) or not isinstance(words, Iterable):
        raise InvalidSetting(f"{owner}.{name} must be a collection of names, not {type(words).__name__}", field=name)
    for word in words:
        if word not in known:
            raise InvalidSetting(f"{owner}.{name} names {brief(word, 60)}, which there is not", field=name)


def require_headers(headers: Any) -> None:
    """Raise InvalidSetting where ``headers`` is neither None nor a mapping of names to texts that a header can be."""
    require(Mapping, "a mapping of names to texts", optional=True, headers=headers)
    for name, value in (headers or {}).items():
        if not (isinstance(name, str) and isinstance(value, str) and name.isascii() and value.isascii()):
            raise InvalidSetting("headers: names and values must be ASCII texts", field="headers")
        if not _HEADER_NAME.fullmatch(name) or any(not sign.isprintable() and sign != "\t" for sign in value):
            raise InvalidSetting("headers: a name or value holds characters that no header has", field="headers")
        if name.lower() in ("content-length", "transfer-encoding"):
            raise InvalidSetting(f"headers: {name} is convo's own, leave it out", field="headers")


def require_proxy(proxy: Any) -> None:
    """Raise InvalidSetting where ``proxy`` is neither None nor the URL of a proxy; ``host:port`` stands for http."""
    require_text(optional=True, proxy=proxy)
    if proxy is None:
        return
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        named = parts.scheme in _PROXIES and (parts.hostname or "").encode("idna") and parts.port != 0
    except ValueError:
        named = False
    if not named or " " in proxy:
        raise InvalidSetting(f"proxy must be a URL that begins with {', '.join(_PROXIES)}", field="proxy")
