"""What is recorded of a call that has ended, and of an error that ended one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from convo.completions import Completion
from convo.errors import BackendError, BackendFailed, ConvoError
from convo.records import Call, Turn
from convo.store.clock import now


def call_record(
    turn: Turn,
    pending: Mapping[str, Any],
    *,
    completion: Completion | None = None,
    error: Mapping[str, Any] | None = None,
) -> Call:
    """Return the record of the call ``pending`` of ``turn`` that ends now."""
    return Call(
        turn_id=turn.id,
        call_no=turn.calls + 1,
        kind=pending["kind"],
        backend=(completion and completion.backend) or pending["backend"],
        model=(completion and completion.model) or pending["model"],
        recipe=pending["recipe"],
        request_hash=pending["hash"],
        wire_hash=completion.wire_hash if completion else None,
        usage=completion.usage if completion else None,
        finish_reason=completion.finish_reason if completion else None,
        error=error,
        started_at=datetime.fromisoformat(pending["at"]),
        ended_at=now(),
    )


def error_record(problem: BaseException) -> dict[str, Any]:
    """Return what is stored of an error: its type, and its sentence where it is convo's own."""
    record: dict[str, Any] = {"type": type(problem).__name__}
    if isinstance(problem, ConvoError):
        record["message"] = str(problem)[:1000]
    if isinstance(problem, BackendError):
        record |= {name: value for name in ("status", "code", "request_id") if (value := getattr(problem, name))}
    if isinstance(problem, BackendFailed) and problem.__cause__ is not None:
        record["cause"] = type(problem.__cause__).__name__
    return record
