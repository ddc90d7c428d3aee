"""Reading a conversation: history, turns, what is listed of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.errors import InvalidSetting, NotFound
from convo.flows.handle import Handle, refresh
from convo.flows.reply import waiting_calls
from convo.flows.settings import checked_metadata
from convo.flows.windows import path_down_to
from convo.messages import ToolCall
from convo.records import ConversationInfo, Entry, Turn
from convo.store import branches, conversations, ledger
from convo.store import history as stored

MAX_PAGE = 10_000
FIRST_LOOK = 32
"""Messages read at first to find the tool calls that wait; eight times as many where all of them are results."""


Bounds = Callable[[int], tuple[int, int]]
"""From the head of a branch, which entries of its path are meant: those behind a seq, up to another."""


async def history(handle: Handle, limit: int, before: Entry | None, after: Entry | None) -> list[Entry]:
    """Return up to ``limit`` entries in path order: the last ones, those before an entry, or those after one.

    Two statements; O(limit), whatever the length of the history.
    """
    bounds = _bounds(handle, limit, before, after)
    if handle.port.has_replica:
        shown = await handle.port.read(lambda c: _shown(c, handle, bounds), replica=True)
        if shown is not None:
            return shown
    return await _stored(handle, bounds)


def _bounds(handle: Handle, limit: int, before: Entry | None, after: Entry | None) -> Bounds:
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MAX_PAGE:
        raise InvalidSetting(f"limit: must be a whole number from 1 to {MAX_PAGE}", field="limit")
    if before is not None and after is not None:
        raise InvalidSetting("give before or after, not both", field="before")
    for given in (before, after):
        if given is not None:
            same_conversation(handle, given)

    def bounds(head: int) -> tuple[int, int]:
        low = after.seq if after is not None else max((before.seq - 1 if before else head) - limit, 0)
        high = low + limit if after is not None else (before.seq - 1 if before else head)
        return low, min(high, head)

    return bounds


async def _stored(handle: Handle, bounds: Bounds) -> list[Entry]:
    found = await refresh(handle)
    return await path_of(handle, *bounds(found.branch.head_seq))


def _shown(connection: Connection, handle: Handle, bounds: Bounds) -> list[Entry] | None:
    """Return the entries of the path within ``bounds``, None where this database is behind what the handle knows.

    The handle learns nothing of it: what it composes from is read from the database that is written to.
    """
    place = handle.place
    found = branches.state(connection, place.conversation_id, place.branch_no)
    if found is None or (found.owner, found.revision) != (place.owner, place.revision):
        return None
    head = found.branch.head_seq
    if head < handle.head:
        return None
    after, upto = bounds(head)
    path = stored.spans(connection, place.conversation_id, place.branch_no, head, after)
    shown = stored.read(connection, place.conversation_id, stored.clip(path, after, upto))
    own = handle.annotated
    return None if any(entry.metadata != own.get(entry.id, entry.metadata) for entry in shown) else shown


async def waiting(handle: Handle) -> tuple[ToolCall, ...]:
    """Return the tool calls at the path's end that wait for a result; reads back to the message that made them."""
    limit = FIRST_LOOK
    entries = await history(handle, limit, None, None)
    while len(entries) == limit < MAX_PAGE and all(entry.role == "tool" for entry in entries):
        limit = min(8 * limit, MAX_PAGE)
        entries = await history(handle, limit, None, None)
    return tuple(waiting_calls(entries).values())


def same_conversation(handle: Handle, entry: Any) -> None:
    """Raise unless ``entry`` is an entry of the handle's conversation."""
    if not isinstance(entry, Entry):
        raise InvalidSetting(
            f"an entry is needed (from history() or a reply), not {type(entry).__name__}", field="entry"
        )
    if entry.conversation_id != handle.conversation_id:
        raise NotFound("this entry belongs to another conversation")


async def path_of(handle: Handle, after: int, upto: int) -> list[Entry]:
    """Return the entries of this path with ``after < seq <= upto``; two statements at most."""

    def work(connection: Connection) -> list[Entry]:
        path = path_down_to(connection, handle, after)
        return stored.read(connection, handle.conversation_id, stored.clip(path, after, upto))

    return await handle.port.read(work)


async def own_entry(handle: Handle, entry: Entry) -> Entry:
    """Return ``entry`` as it is stored on this handle's path; raises NotFound. Two statements."""
    same_conversation(handle, entry)
    await refresh(handle)
    found = await path_of(handle, entry.seq - 1, entry.seq)
    if not found or found[0].id != entry.id:
        raise NotFound(f"this entry is not on the path of branch {handle.branch.name!r}")
    return found[0]


async def annotate(handle: Handle, entry: Entry, metadata: Mapping[str, Any]) -> Entry:
    """Replace the metadata of a stored message; return the entry as it is now."""
    same_conversation(handle, entry)
    changed = replace(entry, metadata=checked_metadata(metadata))
    if not await handle.port.write(lambda c: stored.annotate(c, entry, dict(changed.metadata))):
        raise NotFound("this entry is not stored")
    with handle.memory:
        handle.entries = [changed if known.id == entry.id else known for known in handle.entries]
        handle.strays |= {seq: changed for seq, known in handle.strays.items() if known.id == entry.id}
    if handle.port.has_replica:
        handle.annotated[entry.id] = changed.metadata
    return changed


async def info(handle: Handle) -> ConversationInfo:
    """Return the conversation as it is listed, with its active branch; raises NotFound when it is gone."""
    place = handle.place
    found = await handle.port.read(lambda c: conversations.info(c, place.owner, place.conversation_id))
    if found is None:
        raise NotFound("this conversation is no longer there")
    return found


async def turn_counts(handle: Handle) -> dict[int, int]:
    """Return how many turns each branch has of its own, by its number. O(turns of the conversation)."""
    return await handle.port.read(lambda c: ledger.turn_counts(c, handle.conversation_id))


async def turns(handle: Handle, limit: int, before: Entry | None) -> list[Turn]:
    """Return the turns of the last ``limit`` entries (before an entry), in path order.

    The branch's last turn is among them also where it has no messages: one that took no input and got no answer.
    """
    bounds, conversation = _bounds(handle, limit, before, None), handle.conversation_id

    def shown(connection: Connection) -> list[Turn] | None:
        entries = _shown(connection, handle, bounds)
        if entries is None:
            return None
        wanted = _turns_of(handle, entries, before)
        found = ledger.turns(connection, conversation, wanted) if wanted else []
        return None if _is_behind(handle, wanted, found) else _in_order(wanted, found)

    known = await handle.port.read(shown, replica=True) if handle.port.has_replica else None
    if known is not None:
        return known
    wanted = _turns_of(handle, await _stored(handle, bounds), before)
    found = await handle.port.read(lambda c: ledger.turns(c, conversation, wanted)) if wanted else []
    return _in_order(wanted, found)


def _turns_of(handle: Handle, entries: Sequence[Entry], before: Entry | None) -> list[UUID]:
    ids = [entry.turn_id for entry in entries if entry.turn_id is not None]
    if before is None and handle.last is not None and (entries[-1].seq if entries else 0) == handle.head:
        ids.append(handle.last.id)
    return list(dict.fromkeys(ids))


def _in_order(wanted: Sequence[UUID], found: Iterable[Turn]) -> list[Turn]:
    by_id = {turn.id: turn for turn in found}
    return [by_id[turn_id] for turn_id in wanted if turn_id in by_id]


def _is_behind(handle: Handle, wanted: Sequence[UUID], found: Sequence[Turn]) -> bool:
    """Whether ``found`` is less of the turns ``wanted`` than the handle knows: of how its last one ended, too."""
    last = handle.last
    own = next((turn for turn in found if last is not None and turn.id == last.id), None)
    if len(found) < len(wanted) or last is None or own is None:
        return len(found) < len(wanted)
    return own.attempt < last.attempt or (own.attempt == last.attempt and own.status == "running" != last.status)
