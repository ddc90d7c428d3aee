"""Idempotency: a verb repeated under the same key has one effect, and gives back what came of it.

The record is exactly-once: it is written in the transaction that stores the input. The call of the backend is
at-least-once: a process that dies while it waits for an answer leaves a turn whose resumption asks again.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from types import TracebackType
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.completions import Choice
from convo.errors import (
    BranchMoved,
    IdempotencyMismatch,
    InvalidMessage,
    NothingToAnswer,
    NothingToResume,
    TurnClosed,
    UnknownToolCall,
)
from convo.flows.handle import Handle
from convo.flows.outbound import Ask
from convo.flows.reply import Reply
from convo.flows.settings import checked_name
from convo.frozen import dataclass
from convo.messages import AssistantMessage
from convo.records import Call, Entry, Turn
from convo.store import history, ledger, requests
from convo.store.history import Span
from convo.store.requests import Done
from convo.values import canonical_json, clean_json, plain


class Recalled(Exception):
    """What was asked has been done before under this key."""

    def __init__(self, done: Done) -> None:
        self.done = done


@dataclass(frozen=True, slots=True)
class Key:
    """A user's key for one use of a verb, with the fingerprint of what it is used for."""

    key: str
    verb: str
    fingerprint: str

    def check(self, done: Done) -> None:
        """Raise IdempotencyMismatch where the key was used for something else."""
        if (done.verb, done.fingerprint) != (self.verb, self.fingerprint):
            raise IdempotencyMismatch(
                f"the idempotency key {self.key!r:.80} was used with another input, branch or verb: take a new one"
            )


def key_for(given: Any, verb: str, scope: Any, content: Any) -> Key | None:
    """Return the key a user gave (None: none), for ``verb`` on ``scope`` (branch number) with ``content``.

    Raises InvalidSetting for a key that cannot be kept, InvalidMessage for content that is no JSON.
    """
    if given is None:
        return None
    try:
        body = canonical_json([verb, scope, clean_json(plain(content))])
    except ValueError as problem:
        raise InvalidMessage(f"the input must be messages or JSON data: {problem}") from None
    return Key(checked_name(given, "idempotency_key"), verb, hashlib.sha256(body).hexdigest())


async def recall(handle: Handle, key: Key | None) -> None:
    """Raise Recalled when the verb was done under this key, IdempotencyMismatch when something else was."""
    if key is None:
        return
    done = await handle.port.read(lambda c: requests.find(c, handle.conversation_id, key.key))
    if done is not None:
        key.check(done)
        raise Recalled(done)


class Once:
    """Does a verb under its key: raises Recalled where it was done before, or by somebody else meanwhile.

    Who does the same under the same key at the same time moves the branch; what the verb then finds no longer makes
    sense for it, and is the effect it was to have.
    """

    def __init__(self, handle: Handle, key: Key | None) -> None:
        self._handle, self._key = handle, key

    async def __aenter__(self) -> None:
        await recall(self._handle, self._key)

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(problem, BranchMoved | NothingToAnswer | NothingToResume | UnknownToolCall):
            await recall(self._handle, self._key)


def record(connection: Connection, conversation_id: UUID, key: Key | None, turn_id: UUID | None, step: int) -> None:
    """Record what is being done under ``key``, in the transaction that does it; raises as ``recall``."""
    if key is None:
        return
    done = requests.find(connection, conversation_id, key.key)
    if done is not None:
        key.check(done)
        raise Recalled(done)
    done = Done(verb=key.verb, fingerprint=key.fingerprint, turn_id=turn_id, step=step)
    requests.add(connection, conversation_id, key.key, done)


async def entries_again(handle: Handle, done: Done, count: int) -> list[Entry]:
    """Return the entries that an ``append`` stored under its key."""
    span = Span(handle.place.branch_no, done.step - 1, done.step - 1 + count)
    return await handle.port.read(lambda c: history.read(c, handle.conversation_id, [span]))


def begun(ask: Ask) -> Ask:
    """Return ``ask`` for a turn that was begun under a key: after which message it was to come was judged then."""
    return replace(ask, expect_head=None)


async def reply_again(handle: Handle, done: Done, ask: Ask) -> Reply | None:
    """Return the stored reply of the turn that was done under a key; None where its turn is still to be answered.

    Raises TurnClosed where it was left unfinished and written over.
    """
    turn_id = done.turn_id
    if turn_id is None:
        raise NothingToResume("under this key messages were stored, and nobody was asked")

    def work(connection: Connection) -> tuple[Turn | None, list[Call], list[Entry], list[Entry]]:
        turn = ledger.turn(connection, handle.conversation_id, turn_id)
        if turn is None or turn.output is None:
            return turn, [], [], []
        calls = ledger.calls(connection, turn.conversation_id, [turn.id])
        return turn, calls, _range(connection, turn, turn.input), _range(connection, turn, turn.output)

    turn, calls, inputs, outputs = await handle.port.read(work)
    if turn is None or turn.status == "superseded":
        raise TurnClosed("the turn of this key was left unfinished and written over")
    if turn.status in ("running", "failed", "interrupted") or not outputs:
        return None
    return _stored_reply(turn, calls, inputs, outputs[-1], ask)


def _range(connection: Connection, turn: Turn, span: tuple[int, int] | None) -> list[Entry]:
    if span is None:
        return []
    return history.read(connection, turn.conversation_id, [Span(turn.branch_no, span[0] - 1, span[1])])


def _stored_reply(turn: Turn, calls: list[Call], inputs: list[Entry], entry: Entry, ask: Ask) -> Reply:
    answer = entry.message
    choices = (Choice(answer, entry.finish_reason),) if isinstance(answer, AssistantMessage) else ()
    used = [call.usage for call in calls if call.usage is not None]
    return Reply(
        entry=entry,
        inputs=tuple(inputs),
        turn=turn,
        usage=sum(used[1:], used[0]) if used else None,
        model=calls[-1].model if calls else None,
        backend=calls[-1].backend if calls else "",
        choices=choices,
        response_model=ask.response_model,
    )
