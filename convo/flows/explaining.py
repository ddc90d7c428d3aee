"""What would be sent and why; what was sent, rebuilt from the record and proven by its hash."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.completions import CompletionRequest
from convo.context.account import Composition, Decision
from convo.context.explain import Explanation, Sent, explain
from convo.context.learning import Learned
from convo.context.reach import Reach
from convo.context.tokens import estimate
from convo.errors import CorruptRecord, NotFound
from convo.flows.circumstances import composed_under, head_of, state_of
from convo.flows.handle import Handle, refresh
from convo.flows.outbound import (
    Ask,
    compose_for,
    entries_for,
    learned_of,
    load_summaries,
    reach_of,
    start_of,
)
from convo.flows.reading import MAX_PAGE, turns
from convo.flows.record import rebuild, request_of, turn_record
from convo.flows.remembering import see_anew
from convo.flows.verbs import messages_from
from convo.flows.windows import load_window, refresh_window
from convo.frozen import dataclass
from convo.harmless import brief
from convo.messages import MessageLike
from convo.profiles import BUILT_IN, PERMISSIVE, Profile
from convo.records import Call, Entry, Turn
from convo.store import history, ledger

TurnRef = Turn | UUID | str | int
"""A turn, its id, or its number among the turns of the branch: from 1, or from the last one (-1) backwards."""


@dataclass(frozen=True)
class _AsRecorded:
    """Stands for the backend that a call was made to, where only its record is at hand."""

    name: str
    model: str | None
    profile: Profile
    context_length: int | None


def _as_recorded(call: Call) -> _AsRecorded:
    under = composed_under(call.recipe)
    known = call.recipe.get("learned", {}).get("of", f"{call.backend}/{call.model or ''}")
    name, _, model = known.partition("#")[0].partition("/")
    profile = BUILT_IN.get(under.get("profile", ""), PERMISSIVE)
    return _AsRecorded(name, model or None, profile, under.get("length"))


async def composed(handle: Handle, given: MessageLike | None, asked: Callable[[], Ask]) -> Composition:
    """Return what would be sent for ``given`` (None: for what is there), without sending or storing anything.

    ``asked`` tells how, by the handle's settings as they are. Where no backend is at hand, it is composed for the one
    that was asked last.
    """
    ask = asked()
    if ask.backend is not None:
        learned = await learned_of(handle, ask)
        see_anew(handle, ask.settings.rules)
        wanted = reach_of(ask, start_of(handle, ask), learned)
        if await refresh_window(handle, wanted):
            return await _composed(handle, given, ask, wanted)
        return await _composed(handle, given, asked())
    await refresh(handle)
    ask, last = asked(), await _last_call(handle)
    return await _composed(handle, given, ask if last is None else replace(ask, backend=_as_recorded(last)))


async def explained(handle: Handle, given: MessageLike | None, asked: Callable[[], Ask]) -> Explanation:
    """Return why each message would be in or out, and what has changed since the last turn's request.

    ``asked`` is as for ``composed``.
    """
    await refresh(handle)
    ask, last = asked(), await _last_call(handle)
    if last is None:
        return explain(await _composed(handle, given, ask))
    ask = ask if ask.backend is not None else replace(ask, backend=_as_recorded(last))
    account = await _composed(handle, given, ask)
    try:
        return explain(account, previous=await _sent(handle, last))
    except CorruptRecord as problem:
        return replace(explain(account), changes=(f"What the last turn sent is not known: {problem}",))


async def _composed(handle: Handle, given: MessageLike | None, ask: Ask, wanted: Reach | None = None) -> Composition:
    """Compose for ``given`` by what the handle knows; ``wanted`` is the reach, where that is known already."""
    inputs = [] if given is None else entries_for(handle, messages_from(given), None)
    state, learned = start_of(handle, ask), await learned_of(handle, ask)
    see_anew(handle, ask.settings.rules)
    known = await load_window(handle, wanted or reach_of(ask, state, learned))
    await load_summaries(handle, ask, state)
    return compose_for(handle, [*known, *inputs], ask, state, learned)[0]


async def _last_call(handle: Handle) -> Call | None:
    """Return the last call of the branch's last turn that asked for an answer; one statement."""
    turn = handle.last
    if turn is None or not turn.calls:
        return None
    calls = await handle.port.read(lambda c: ledger.calls(c, turn.conversation_id, [turn.id]))
    return next((call for call in reversed(calls) if call.answers), None)


async def _sent(handle: Handle, call: Call) -> Sent:
    turn = handle.last
    assert turn is not None  # noqa: S101 - it made the call
    request = await handle.port.read(lambda connection: rebuild(connection, turn, call.recipe))
    return Sent(request.messages, frozenset(_seqs(call.recipe)))


def _seqs(recipe: Mapping[str, Any]) -> Iterator[int]:
    for part in recipe["m"]:
        if isinstance(part, list):
            yield from range(part[0], part[1] + 1)


async def explained_turn(handle: Handle, turn: TurnRef) -> Explanation:
    """Return what the model saw in the last call of ``turn``, rebuilt from the record and proven by its hash.

    Why each message was in or out is told where composing again, as the record says that it was, gives the same
    request; else only what was in is. Raises NotFound, and CorruptRecord for what cannot be rebuilt.
    """
    found, calls = await _turn(handle, turn)
    call = next((call for call in reversed(calls) if call.answers), None)
    if call is None:
        raise NotFound("no model has been asked in this turn")
    request = await request_of(handle.port, handle.conversation_id, found, call)
    proof = (
        f"This is what the model saw in call {call.call_no} of turn {found.id}: rebuilt from the record, and proven by "
        f"its hash, {call.request_hash[:16]}…"
    )
    again = await _composed_again(handle, found, call, request)
    if again.messages == request.messages:
        return explain(again, proof=proof)
    return _account_of(request, call, proof)


async def _turn(handle: Handle, turn: TurnRef) -> tuple[Turn, list[Call]]:
    if not isinstance(turn, int) or isinstance(turn, bool):
        return await turn_record(handle.port, handle.conversation_id, turn)  # type: ignore[arg-type]
    listed = await turns(handle, MAX_PAGE, None)
    place = turn - 1 if turn > 0 else len(listed) + turn
    if turn == 0 or not 0 <= place < len(listed):
        raise NotFound(f"there is no turn {brief(turn)} among the last {len(listed)} of this branch")
    return await turn_record(handle.port, handle.conversation_id, listed[place].id)


async def _composed_again(handle: Handle, turn: Turn, call: Call, request: CompletionRequest) -> Composition:
    """Compose anew what ``call`` was composed of, under what the record says; the settings are today's."""
    under, learned = composed_under(call.recipe), Learned.from_json(call.recipe.get("learned"))
    settings = replace(handle.settings, options=request.options)
    ask = Ask(settings=settings, backend=_as_recorded(call), prefix=request.prefix)
    state = state_of(under, settings.rules)
    wanted = reach_of(ask, state, learned)
    first, last = wanted.first, head_of(call.recipe, turn)

    def work(connection: Connection) -> list[Entry]:
        path = history.spans(connection, turn.conversation_id, turn.branch_no, last)
        singles = [(seq - 1, seq) for seq in {*range(1, first + 1), *wanted.pins} if seq <= (wanted.after or 0)]
        ranges = [*singles, (max(wanted.after or 0, last - MAX_PAGE), last)]
        spans = [span for after, upto in ranges for span in history.clip(path, after, upto)]
        return history.read(connection, turn.conversation_id, spans)

    entries = await handle.port.read(work)
    await load_summaries(handle, ask, state)
    return compose_for(handle, entries, ask, state, learned)[0]


def _account_of(request: CompletionRequest, call: Call, proof: str) -> Explanation:
    """Return the account of a request of which only its record is known: what was in, not why."""
    factor = Learned.from_json(call.recipe.get("learned")).factor
    seqs: list[int | None] = []
    for part in call.recipe["m"]:
        seqs += range(part[0], part[1] + 1) if isinstance(part, list) else [None]
    lines = [
        Decision(
            seq=seq,
            role=message.role,
            included=True,
            rule="",
            tokens=ceil(estimate(message) * factor),
            note="" if seq is not None else "put in, merged or changed",
        )
        for seq, message in zip(seqs, request.messages, strict=True)
    ]
    return Explanation(tuple(lines), sum(line.tokens for line in lines), None, proof=proof)
