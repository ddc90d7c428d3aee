"""Reading branches to be compared: the ranges they share, and their turns from there on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.errors import InvalidOption, NotFound
from convo.flows.comparing import Comparison, Pair, Side, Table
from convo.flows.handle import Handle, refresh
from convo.flows.record import options_in
from convo.flows.settings import checked_branch
from convo.harmless import brief
from convo.messages import message_from
from convo.records import Call, Entry
from convo.store import branches, history, ledger

MOST_BRANCHES = 100
"""Branches laid side by side in one table."""


async def diff(handle: Handle, a: str | int, b: str | int) -> Comparison:
    """Compare branches ``a`` and ``b`` of the conversation from where they part. O(messages after that point)."""
    found = await table(handle, (a, b))
    pairs = tuple(Pair(a=left, b=right) for left, right in found.rows)
    return Comparison(a=found.branches[0], b=found.branches[1], shared=found.shared, pairs=pairs)


async def table(handle: Handle, wanted: Sequence[str | int]) -> Table:
    """Lay branches side by side from where the first of them parts from another. O(messages after that point)."""
    names = [checked_branch(name) for name in wanted]
    if not 1 < len(names) <= MOST_BRANCHES:
        raise InvalidOption(f"branches: 2 to {MOST_BRANCHES} can be compared, not {len(names)}", field="branches")
    await refresh(handle)
    return await handle.port.read(lambda connection: _table(connection, handle.conversation_id, names))


def _table(connection: Connection, conversation: UUID, names: Sequence[str | int]) -> Table:
    found = []
    for name in names:
        state = branches.state(connection, conversation, name)
        if state is None:
            raise NotFound(f"there is no branch {brief(name)} in this conversation")
        found.append(state.branch)
    paths = [history.spans(connection, conversation, branch.no, branch.head_seq) for branch in found]
    shared = min(_shared(paths[0], path) for path in paths[1:])
    columns = [
        list(_turns(connection, conversation, history.clip(path, shared, branch.head_seq)))
        for path, branch in zip(paths, found, strict=True)
    ]
    return Table(branches=tuple(branch.name for branch in found), shared=shared, rows=tuple(zip_longest(*columns)))


def _shared(a: Sequence[history.Span], b: Sequence[history.Span]) -> int:
    """Return how many messages two paths share: the last seq that the same branch owns on both."""
    owned = {span.branch_no: span for span in a}
    ends = (min(span.hi, owned[span.branch_no].hi) for span in b if span.branch_no in owned)
    return max(ends, default=0)


def _turns(connection: Connection, conversation: UUID, spans: Sequence[history.Span]) -> Iterator[Side]:
    entries = history.read(connection, conversation, spans)
    groups: list[list[Entry]] = []
    for entry in entries:
        begins = not groups or entry.turn_id != groups[-1][-1].turn_id or entry.turn_id is None
        if begins and not (groups and _goes_on(groups[-1][-1], entry)):
            groups.append([])
        groups[-1].append(entry)
    ids = list({entry.turn_id for entry in entries if entry.turn_id is not None})
    calls: dict[UUID, list[Call]] = {}
    for call in ledger.calls(connection, conversation, ids) if ids else []:
        calls.setdefault(call.turn_id, []).append(call)
    blobs: dict[str, Any] = {}

    def blob(digest: str) -> Any:
        if digest not in blobs:
            blobs[digest] = ledger.blob(connection, conversation, digest)
        return blobs[digest]

    for group in groups:
        of = dict.fromkeys(entry.turn_id for entry in group if entry.turn_id is not None)
        yield _side(group, [call for turn_id in of for call in calls.get(turn_id, ())], blob)


def _side(group: Sequence[Entry], calls: Sequence[Call], blob: Callable[[str], Any]) -> Side:
    recipe = next((call.recipe for call in reversed(calls) if call.answers), None)
    if recipe is None:
        return Side(entries=tuple(group), calls=tuple(calls))
    options = options_in(recipe, blob).to_json()
    return Side(entries=tuple(group), calls=tuple(calls), options=options, system=_inserted_system(recipe["m"], blob))


def _inserted_system(parts: Sequence[Any], blob: Callable[[str], Any]) -> str:
    """Return the text of the system messages that were sent and are none of the path's own."""
    made = [blob(part) if isinstance(part, str) else part for part in parts if not isinstance(part, list)]
    return "\n".join(message_from(each).text for each in made if each.get("role") == "system")


def _goes_on(last: Entry, entry: Entry) -> bool:
    """Whether ``entry`` belongs to the exchange of ``last``: what was appended by hand has no turn of its own."""
    return entry.turn_id is None and last.turn_id is None and not (entry.role == "user" and last.role != "user")
