"""Looking for damage in a store: its rows against each other, and its calls against what they sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.errors import ConvoError, CorruptRecord
from convo.flows.judging import wrong_texts
from convo.flows.record import Erased, rebuild
from convo.ports import Port
from convo.records import Call, Finding, Turn
from convo.store import ledger, verify

MOST = 1000
"""Findings given of one conversation; damage that goes further is told by as many."""

ODD = (KeyError, TypeError, AttributeError, ValueError)
"""What reading a row may end with, since it may hold anything by now."""


async def findings(port: Port, owner: str | None) -> AsyncGenerator[Finding, None]:
    """Yield what is wrong in the owner's conversations (None: everybody's, and rows that are nobody's).

    Reads everything, one conversation at a time, each as it stood at one moment. Memory stays bounded.
    """
    for finding in await port.read(lambda c: list(islice(verify.strays(c, owner), MOST)), snapshot=True):
        yield finding
    last: UUID | None = None
    while page := await port.read(lambda c, after=last: verify.page(c, owner, after)):  # type: ignore[misc]
        for conversation_id in page:
            for finding in await port.read(lambda c, id=conversation_id: _of_one(c, id), snapshot=True):  # type: ignore[misc]
                yield finding
        last = page[-1]


def _of_one(connection: Connection, conversation_id: UUID) -> list[Finding]:
    checks = (verify.conversation, wrong_texts, _unproven)
    return list(islice(chain.from_iterable(check(connection, conversation_id) for check in checks), MOST))


def _unproven(connection: Connection, conversation_id: UUID) -> Iterator[Finding]:
    """Yield the calls, made or in flight, that do not rebuild to what was sent."""
    last: UUID | None = None
    while page := verify.turns_page(connection, conversation_id, last):
        try:
            turns = {turn.id: turn for turn in ledger.turns(connection, conversation_id, page)}
            calls = ledger.calls(connection, conversation_id, page)
        except (CorruptRecord, *ODD):
            yield Finding("unproven", conversation_id, f"turns {page[0]} to {page[-1]} cannot be read back")
        else:
            yield from _wrong_calls(connection, turns, calls)
        last = page[-1]


def _wrong_calls(connection: Connection, turns: Mapping[UUID, Turn], calls: Sequence[Call]) -> Iterator[Finding]:
    for call in calls:
        if not _is_proven(connection, turns[call.turn_id], call.recipe, call.request_hash):
            yield _finding(turns[call.turn_id], f"call {call.call_no}")
    for turn in turns.values():
        pending = ledger.pending(connection, turn.conversation_id, turn.id) if turn.status == "running" else None
        if pending is not None and not _is_proven(connection, turn, pending["recipe"], pending["hash"]):
            yield _finding(turn, "the call in flight")


def _finding(turn: Turn, which: str) -> Finding:
    said = f"{which} of turn {turn.id} does not rebuild to what was sent"
    return Finding("unproven", turn.conversation_id, said)


def _is_proven(connection: Connection, turn: Turn, recipe: Mapping[str, Any], digest: str) -> bool:
    """Whether ``recipe`` rebuilds to ``digest``; nothing can be proven of, or held against, what was erased."""
    try:
        return rebuild(connection, turn, recipe).hash == digest
    except Erased:
        return True
    except (ConvoError, *ODD):
        return False
