"""Errors a server reports, made one typed error each. Pure.

Bodies come in many shapes (Mistral alone has four for a 422): the message may be a text, a list or an object, the
code null, a text or a number, all of it inside ``error``, ``detail`` or nothing. A server may repeat what it was
sent, so its words are passed on only where they hold no part of the request and no key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from convo.backends.secret import Secret
from convo.backends.wire import load_json
from convo.errors import (
    AuthenticationFailed,
    BackendError,
    BackendUnavailable,
    ContextTooLong,
    MalformedResponse,
    RateLimited,
    RequestRefused,
)
from convo.frozen import dataclass
from convo.messages import Message

MAX_WORDS = 300
REPEATED = 16

OVERFLOW_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error", "ContextWindowExceededError"})
"""Codes and types by which servers say that the prompt does not fit."""

OVERFLOW_WORDS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"maximum context length is (?P<limit>\d+) tokens"
        r".{0,60}?(?:requested|resulted in|has|contains) (?:about )?(?P<needed>\d+)",
        r"prompt contains (?P<needed>\d+) tokens.{0,60}?too large for model with (?P<limit>\d+)",
        r"prompt is too long:? (?P<needed>\d+) tokens > (?P<limit>\d+)",
        r"\((?P<needed>\d+) tokens\).{0,40}?exceeds? the available context size \((?P<limit>\d+)",
        r"maximum context length|exceeds? the (?:available )?context (?:size|window|length)",
    )
)
"""Sentences by which they say it, with the numbers where they give them."""


@dataclass(frozen=True)
class Refusal:
    """What a server said about a request it did not carry out."""

    words: str = ""
    code: str | None = None
    kind: str = ""
    status: int | None = None
    numbers: tuple[int | None, int | None] = (None, None)


def read_refusal(body: Any) -> Refusal:
    """Return what an error body (parsed JSON of any shape) says."""
    top = body if isinstance(body, Mapping) else {"detail": body}
    inner = top.get("error")
    error = inner if isinstance(inner, Mapping) else top
    said = next((error[name] for name in ("message", "detail", "msg", "error", "title") if error.get(name)), "")
    code = error.get("code")
    return Refusal(
        words=_words(said)[: 4 * MAX_WORDS],
        code=None if code is None or isinstance(code, dict | list) else str(code),
        kind=str(error.get("type") or top.get("type") or ""),
        status=_status(error, top),
        numbers=(_number(error.get("n_prompt_tokens")), _number(error.get("n_ctx"))),
    )


def is_refusal(event: Any) -> bool:
    """Return whether a JSON object that came where an answer should be is an error."""
    if not isinstance(event, dict) or event.get("choices"):
        return False
    return (
        bool(event.get("error"))
        or str(event.get("object", "")).lower() == "error"
        or (("detail" in event or "message" in event) and "choices" not in event)
    )


def _words(said: Any) -> str:
    if isinstance(said, str):
        return said
    if isinstance(said, list):
        return "; ".join(filter(None, map(_words, said[:5])))
    if isinstance(said, Mapping):
        place = ".".join(str(part) for part in said.get("loc") or ())
        words = _words(next((said[name] for name in ("msg", "message", "detail") if said.get(name)), ""))
        return f"{place}: {words}" if place and words else place or words
    return ""


def _status(*bodies: Mapping[str, Any]) -> int | None:
    for body in bodies:
        for name in ("status", "raw_status_code", "status_code", "code"):
            value = _number(body.get(name))
            if value is not None and 400 <= value <= 599:
                return value
    return None


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


@dataclass(frozen=True)
class Complaints:
    """Makes errors of what the server of one request says; ``withhold`` takes from its words what must not show."""

    backend: str
    withhold: Callable[[str], str]

    def response(self, status: int, headers: Mapping[str, str], body: bytes) -> BackendError:
        """Return the error for a response with a ``status`` of 300 or more."""
        error = self.typed(_refusal_in(body), status)
        error.retry_after = retry_after(headers)
        error.request_id = request_id(headers)
        should = headers.get("x-should-retry", "").lower()
        error.retryable = should == "true" if should in ("true", "false") else error.retryable
        return error

    def event(self, event: Any) -> BackendError:
        """Return the error for a JSON value that came where an answer should be."""
        return self.typed(read_refusal(event), None)

    def typed(self, refusal: Refusal, status: int | None) -> BackendError:
        """Return the error that ``refusal`` and the HTTP ``status`` (None: the body's own) amount to."""
        status = status or refusal.status
        overflow = _overflow(refusal) if status is None or 400 <= status < 500 else None
        kind = _kind(refusal, status) if overflow is None else ContextTooLong
        code = refusal.code or refusal.kind or None
        error = kind(self._sentence(kind, status, code, refusal), backend=self.backend, status=status, code=code)
        if isinstance(error, ContextTooLong) and overflow:
            error.needed, error.limit = overflow
        error.retryable = kind.retryable and code != "insufficient_quota"
        return error

    def _sentence(self, kind: type[BackendError], status: int | None, code: str | None, refusal: Refusal) -> str:
        reason = (kind.__doc__ or "").strip().partition("\n")[0].partition(". ")[0].rstrip(".")
        marks = [f"HTTP {status}"] * (status is not None) + [f"code {code}"] * (code is not None)
        where = f" ({', '.join(marks)})" if marks else ""
        said = self.withhold(refusal.words)
        return reason.replace("The backend", self.backend, 1) + where + (f": {said}" if said else "")


def _refusal_in(body: bytes) -> Refusal:
    if not body.strip():
        return Refusal()
    try:
        return read_refusal(load_json(body))
    except MalformedResponse:
        return Refusal(words="the answer is a page, not JSON" if body.lstrip()[:1] == b"<" else "")


_REQUEST_IDS = ("x-request-id", "request-id", "mistral-correlation-id", "x-kong-request-id")


def _kind(refusal: Refusal, status: int | None) -> type[BackendError]:
    if status is None:
        return _kind_by_words(f"{refusal.kind} {refusal.code} {refusal.words}".lower())
    if status == 429:
        return RateLimited
    if status in (401, 402, 403):
        return AuthenticationFailed
    return BackendUnavailable if status == 408 or status >= 500 else RequestRefused


def _kind_by_words(hints: str) -> type[BackendError]:
    if "rate limit" in hints or "rate_limit" in hints or "too many requests" in hints:
        return RateLimited
    if "authentication" in hints or "unauthorized" in hints:
        return AuthenticationFailed
    return RequestRefused if "invalid" in hints else BackendUnavailable


def _overflow(refusal: Refusal) -> tuple[int | None, int | None] | None:
    for pattern in OVERFLOW_WORDS:
        if found := pattern.search(refusal.words):
            groups = found.groupdict()
            needed, limit = _number(groups.get("needed")), _number(groups.get("limit"))
            return (refusal.numbers[0] or needed, refusal.numbers[1] or limit)
    return refusal.numbers if {refusal.code, refusal.kind} & OVERFLOW_CODES else None


def withheld(said: str, messages: Iterable[Message], key: Secret) -> str:
    """Return ``said``, at most ``MAX_WORDS`` characters, or ``""`` where it repeats words of ``messages`` or ``key``.

    A repetition is ``REPEATED`` characters in a row, or a whole shorter text. O(length of the messages).
    """
    said = " ".join(said.split())[:MAX_WORDS]
    texts = [" ".join(text.split()) for message in messages for text in _texts(message.to_json())]
    if (key and key.reveal() in said) or any(4 <= len(text) <= REPEATED and text in said for text in texts):
        return ""
    sent = "\n".join(texts)
    pieces = (said[start : start + REPEATED] for start in range(len(said) - REPEATED + 1))
    return "" if any(piece in sent for piece in pieces) else said


def _texts(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, str) and name not in ("role", "type"):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for inner, item in value.items():
            yield from _texts(item, inner)


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the id by which a server knows the request, None where its headers name none."""
    return next((headers[name] for name in _REQUEST_IDS if headers.get(name)), None)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a server asks to wait: ``retry-after-ms``, else ``Retry-After`` in seconds or as a date."""
    milliseconds = _seconds(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    given = headers.get("retry-after", "").strip()
    seconds = _seconds(given)
    return seconds if seconds is not None or not given else _until(given)


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\s*\d{1,9}(\.\d+)?\s*", text) else None


def _until(date: str) -> float | None:
    try:
        when = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
