"""Rebuilding what was sent: from a call's recipe to the neutral request, proven by its hash."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.completions import CompletionRequest
from convo.errors import CorruptRecord, InvalidSetting, NotFound
from convo.flows.handle import Handle
from convo.flows.outbound import RECIPE_VERSION
from convo.flows.settings import named, uuid_from
from convo.messages import message_from
from convo.options import CompletionOptions
from convo.ports import Port
from convo.records import Call, Entry, Turn
from convo.store import history, ledger


class Erased(CorruptRecord):
    """What was sent held a message that has been erased since."""


def rebuild(connection: Connection, turn: Turn, recipe: Mapping[str, Any]) -> CompletionRequest:
    """Return the neutral request that ``recipe`` describes; raises CorruptRecord for what cannot be rebuilt."""
    check_version(recipe)
    ranges = [part for part in recipe["m"] if isinstance(part, list)]
    stored = _entries(connection, turn, ranges)
    return assemble(turn.conversation_id, recipe, stored, _blobs_of(connection, turn.conversation_id))


def check_version(recipe: Mapping[str, Any]) -> None:
    """Raise CorruptRecord for a recipe of another release's making."""
    if recipe.get("v") != RECIPE_VERSION:
        raise CorruptRecord(f"a recipe of version {recipe.get('v')!r:.20} cannot be rebuilt by this release")


def assemble(
    conversation_id: UUID, recipe: Mapping[str, Any], stored: Mapping[int, Entry], blob: Callable[[str], Any]
) -> CompletionRequest:
    """Return the request that ``recipe`` describes of the entries ``stored``, by seq, and the blobs, by hash."""
    messages = []
    for part in recipe["m"]:
        if isinstance(part, list):
            messages += [_sent(stored, seq) for seq in range(part[0], part[1] + 1)]
        else:
            messages.append(message_from(blob(part) if isinstance(part, str) else part))
    return CompletionRequest(tuple(messages), options_in(recipe, blob), str(conversation_id))


def options_in(recipe: Mapping[str, Any], blob: Callable[[str], Any]) -> CompletionOptions:
    """Return the options that ``recipe`` holds."""
    sent = recipe.get("o", {})
    return CompletionOptions.from_json(
        {name: blob(value["blob"]) if _is_blob(value) else value for name, value in sent.items()}
    )


def _blobs_of(connection: Connection, conversation_id: UUID) -> Callable[[str], Any]:
    return lambda digest: _blob(connection, conversation_id, digest)


def _entries(connection: Connection, turn: Turn, ranges: Sequence[Sequence[int]]) -> dict[int, Entry]:
    if not ranges:
        return {}
    first, last = min(part[0] for part in ranges), max(part[1] for part in ranges)
    path = history.spans(connection, turn.conversation_id, turn.branch_no, last, first - 1)
    wanted = [span for part in ranges for span in history.clip(path, part[0] - 1, part[1])]
    return {entry.seq: entry for entry in history.read(connection, turn.conversation_id, wanted)}


def _sent(stored: Mapping[int, Entry], seq: int) -> Any:
    entry = stored.get(seq)
    if entry is None:
        raise CorruptRecord(f"message {seq} was sent, but is no longer stored: the request cannot be rebuilt")
    if entry.erased:
        raise Erased(f"message {seq} was sent, and has been erased since: the request cannot be rebuilt")
    return entry.message


def _is_blob(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"blob"}


def _blob(connection: Connection, conversation: UUID, digest: str) -> Any:
    body = ledger.blob(connection, conversation, digest)
    if body is None:
        raise CorruptRecord(f"a part of the request ({digest[:12]}…) is no longer stored: it cannot be rebuilt")
    return body


async def first_asked(handle: Handle, turn: Turn) -> tuple[CompletionOptions, str]:
    """Return the options and the prefix that the last call of ``turn`` was made with by the user.

    A call that continued a partial carries what the one before it had been asked with.
    """

    def work(connection: Connection) -> tuple[CompletionOptions, str]:
        pending = ledger.pending(connection, turn.conversation_id, turn.id)
        calls = ledger.calls(connection, turn.conversation_id, [turn.id])
        recipe = pending["recipe"] if pending else calls[-1].recipe if calls else None
        if recipe is None:
            return CompletionOptions(), ""
        request, first = rebuild(connection, turn, recipe), recipe.get("continues")
        if first is None:
            return request.options, request.prefix
        return request.options.replace(max_tokens=first["max_tokens"]), first["prefix"]

    return await handle.port.read(work)


def turn_id_from(given: Any) -> UUID:
    """Return ``given`` (a turn, its UUID or the text of that) as a turn's id; raises NotFound for what is none."""
    found = given.id if isinstance(given, Turn) else uuid_from(given)
    if found is None:
        raise NotFound(f"{named(given)} is no turn's id: they are UUIDs")
    return found


async def turn_record(port: Port, conversation_id: UUID, turn_id: UUID | str) -> tuple[Turn, list[Call]]:
    """Return a turn and its calls; raises NotFound."""
    wanted = turn_id_from(turn_id)

    def work(connection: Connection) -> tuple[Turn | None, list[Call]]:
        found = ledger.turn(connection, conversation_id, wanted)
        return found, ledger.calls(connection, conversation_id, [wanted]) if found else []

    turn, calls = await port.read(work)
    if turn is None:
        raise NotFound("this conversation has no such turn")
    return turn, calls


async def request_of(port: Port, conversation_id: UUID, turn: Turn, call: Call) -> CompletionRequest:
    """Return the neutral request of ``call``, rebuilt and proven; raises CorruptRecord where it differs."""
    if not isinstance(turn, Turn) or not isinstance(call, Call) or call.turn_id != turn.id:
        raise InvalidSetting("request() takes a turn and one of its calls, as turn() gives them", field="call")
    if turn.conversation_id != conversation_id:
        raise NotFound("this turn belongs to another conversation")
    request = await port.read(lambda connection: rebuild(connection, turn, call.recipe))
    if request.hash != call.request_hash:
        raise CorruptRecord(f"call {call.call_no} of turn {turn.id} rebuilds to another hash than was recorded")
    return request
