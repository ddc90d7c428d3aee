"""What the JSON texts of a conversation have to say: each is read as the flows read it, and held against its row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.context.state import ComposeState
from convo.flows.settings import Settings
from convo.messages import message_from
from convo.partials import unpack
from convo.records import Finding
from convo.store import ledger, verify
from convo.store.texts import Judge, judged
from convo.values import canonical_json

Damage = tuple[str, str]
"""A kind of damage, and a sentence."""


def wrong_texts(connection: Connection, conversation_id: UUID) -> Iterator[Finding]:
    """Yield the texts of one conversation that cannot be read back, or say what cannot be of their rows.

    O(its rows) in time; the transaction should be a snapshot.
    """
    told: dict[str, int] = {}

    def compose_state(value: Any, row: Any) -> Damage | None:
        state = ComposeState.from_json(value)
        told.update((part.digest, row.branch_no) for one in state.told.values() for part in one.parts)
        return _beyond(state, row)

    yield from judged(connection, conversation_id, {**_JUDGES, "convo_branches.compose_state": compose_state})
    for digest in told.keys() - ledger.kept(connection, conversation_id, told):
        said = f"a summary ({digest[:12]}…) that branch {told[digest]} tells is not there"
        yield Finding("blob", conversation_id, said)


def _beyond(state: ComposeState, row: Any) -> Damage | None:
    """What a branch remembers of itself lies on its path; of one that is hidden the end may be gone."""
    last = max((*state.cuts.values(), *state.marks.values(), *(one.last for one in state.told.values())), default=0)
    owners = [number for number, _ in state.opening]
    ends = [0, *(upto for _, upto in state.opening), row.fork_seq]
    if last > row.head_seq and row.shown:
        return "compose-state", f"branch {row.branch_no} has cut away what is beyond its last message, {row.head_seq}"
    if ends != sorted(ends) or any(number >= row.branch_no for number in owners):
        return "compose-state", f"branch {row.branch_no} does not begin with messages of branches that it stands on"
    return None


def _pins(value: Any, row: Any) -> Damage | None:
    pins = ComposeState.from_json({"pins": value}).pins
    if all(0 < pin <= row.head_seq for pin in pins) or not row.shown:
        return None
    return "pins", f"branch {row.branch_no} pins messages that are not among its {row.head_seq}"


def _blob(value: Any, row: Any) -> Damage | None:
    if hashlib.sha256(canonical_json(value)).hexdigest() == row.hash:
        return None
    return "blob", f"what is kept under {row.hash[:12]}… is not what was put there"


def _body(value: Any, row: Any) -> None:
    _must(message_from(value).role == row.role)


def _marks(value: Any, _: Any) -> None:
    reason, prefix = value.get("finish_reason"), value.get("prefix", "")
    flags = value.get("incomplete", False), value.get("erased", False)
    _must(isinstance(reason, str | None) and isinstance(prefix, str) and all(isinstance(flag, bool) for flag in flags))


def _pending(value: Any, _: Any) -> None:
    _must(value["kind"] in verify.CALL_KINDS and isinstance(value["recipe"], dict) and isinstance(value["hash"], str))


def _parts(value: Any, _: Any) -> None:
    for _delta in unpack(value):
        pass


def _settings(value: Any, _: Any) -> None:
    Settings.from_json(value)


def _a(kind: type) -> Judge:
    return lambda value, _: _must(isinstance(value, kind))


def _must(is_so: bool) -> None:
    if not is_so:
        raise ValueError("it says what cannot be")


_JUDGES: Mapping[str, Judge] = {
    "convo_conversations.title": _a(str),
    "convo_conversations.metadata": _a(dict),
    "convo_conversations.settings": _settings,
    "convo_branches.pins": _pins,
    "convo_messages.body": _body,
    "convo_messages.marks": _marks,
    "convo_messages.metadata": _a(dict),
    "convo_turns.pending": _pending,
    "convo_turns.error": _a(dict),
    "convo_turns.metadata": _a(dict),
    "convo_calls.recipe": _a(dict),
    "convo_calls.usage": _a(dict),
    "convo_calls.error": _a(dict),
    "convo_partials.body": _parts,
    "convo_blobs.body": _blob,
}
