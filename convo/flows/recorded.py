"""A stored branch as a backend: it answers again, by the hash of the request, what it answered when it was recorded."""

from __future__ import annotations

import difflib
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.backends.answers import deltas_of
from convo.backends.base import BackendIO
from convo.completions import Choice, Completion, CompletionRequest, Delta
from convo.context.summary import Summary
from convo.errors import CorruptRecord, InvalidSetting, RequestChanged
from convo.flows.handle import Handle, refresh
from convo.flows.reading import path_of
from convo.flows.record import assemble, check_version
from convo.flows.telling import TOLD
from convo.frozen import dataclass
from convo.harmless import harmless
from convo.messages import AssistantMessage, Message, assistant
from convo.profiles import PERMISSIVE, PrefixSupport, Profile
from convo.records import Call, Entry, Turn
from convo.store import history, ledger
from convo.store.history import Span
from convo.values import dump_json

CONTEXT_LINES = 2
"""Lines that did not change, shown around those that did."""

LONGEST_DIFFERENCE = 200
"""Lines of a difference that an error shows."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One call of a recorded branch, and what was answered."""

    call: Call
    completion: Completion
    conversation_id: UUID
    stored: Mapping[int, Entry]
    blobs: Mapping[str, Any]

    @cached_property
    def request(self) -> CompletionRequest:
        """What was asked."""
        return assemble(self.conversation_id, self.call.recipe, self.stored, self._blob)

    def _blob(self, digest: str) -> Any:
        if digest not in self.blobs:
            raise CorruptRecord(f"a part of a recorded request ({digest[:12]}…) is no longer stored")
        return self.blobs[digest]


class RecordedBackend:
    """Answers every request that is on record as it was answered, in both faces, offline; raises RequestChanged else.

    A request that was made several times is answered in that order, and from then on as the last time. What is asked
    depends on the profile: ``profile`` is the one that the record was made with. Safe for threads.
    """

    name = "recorded"

    def __init__(self, recorded: Sequence[Recorded], profile: Profile = PERMISSIVE) -> None:
        if not isinstance(profile, Profile):
            raise InvalidSetting("profile: must be a Profile, e.g. convo.MISTRAL", field="profile")
        style = "flag" if profile.prefix.style == "none" else profile.prefix.style
        support = PrefixSupport(style=style, echoes_whole=True, echoes_stream=True)
        self.profile = replace(profile, prefix=support)
        self._recorded = tuple(recorded)
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def left(self) -> int:
        """How many recorded answers have not been asked for yet."""
        known = Counter(each.call.request_hash for each in self._recorded)
        return sum((known - self._asked).values())

    async def complete_over(self, io: BackendIO, request: CompletionRequest) -> Completion:  # noqa: ARG002
        """Return the recorded answer to ``request``."""
        return self._answer(request)

    async def stream_over(self, io: BackendIO, request: CompletionRequest) -> AsyncGenerator[Delta, None]:  # noqa: ARG002
        """Yield the recorded answer to ``request``."""
        for delta in deltas_of(self._answer(request)):
            yield delta

    def _answer(self, request: CompletionRequest) -> Completion:
        known = self._by_hash.get(request.hash)
        if known is None:
            raise self._changed(request)
        with self._lock:
            number = self._asked[request.hash]
            self._asked[request.hash] += 1
        return known[min(number, len(known) - 1)].completion

    @cached_property
    def _by_hash(self) -> Mapping[str, Sequence[Recorded]]:
        known: dict[str, list[Recorded]] = {}
        for each in self._recorded:
            known.setdefault(each.call.request_hash, []).append(each)
        return known

    def _changed(self, request: CompletionRequest) -> RequestChanged:
        if not self._recorded:
            return RequestChanged("nothing is on record on this branch: no answer of a backend, at least")
        number, nearest = max(enumerate(self._recorded, 1), key=lambda each: self._likeness(each[1], request))
        return RequestChanged(
            f"this request is not on record; the nearest of the {len(self._recorded)} that are is number {number}: "
            "undo what changed it, or record anew",
            difference=difference(nearest.request, request),
        )

    def _likeness(self, known: Recorded, request: CompletionRequest) -> tuple[float, bool]:
        ours, theirs = request.messages, known.request.messages
        same = sum(a.canonical() == b.canonical() for a, b in zip(ours, theirs, strict=False))
        same_options = known.request.options == request.options
        fresh = self._asked[known.call.request_hash] == 0
        return same - 0.6 * abs(len(ours) - len(theirs)) + 0.5 * same_options, fresh


def difference(recorded: CompletionRequest, asked: CompletionRequest) -> str:
    """Return how ``asked`` differs from ``recorded``, line by line, for people to read."""
    before, now = [*_lines(recorded)], [*_lines(asked)]
    lines = [*difflib.unified_diff(before, now, "as recorded", "as asked now", n=CONTEXT_LINES, lineterm="")]
    more = len(lines) - LONGEST_DIFFERENCE
    return "\n".join([*lines[:LONGEST_DIFFERENCE], *([f"… and {more:,} more lines"] if more > 0 else [])])


def _lines(request: CompletionRequest) -> Iterator[str]:
    for name, value in request.options.to_json().items():
        yield f"{name} = {harmless(dump_json(value))}"
    for message in request.messages:
        yield f"{message.role}:"
        yield from (f"    {line}" for line in _told(message))


def _told(message: Message) -> Iterator[str]:
    yield from harmless(message.text).splitlines()
    yield from (f"[{harmless(dump_json(chunk))}]" for chunk in message.chunks if chunk.type != "text")
    if isinstance(message, AssistantMessage):
        yield from (f"-> {harmless(call.name)}({harmless(call.arguments)})" for call in message.calls)


async def recorded(handle: Handle, profile: Profile) -> RecordedBackend:
    """Return the handle's branch as a backend. Reads the whole path, its turns and calls, once."""
    await refresh(handle)
    entries = await path_of(handle, 0, handle.head)
    found = await handle.port.read(lambda c: _calls_of(c, handle.conversation_id, entries))
    return RecordedBackend(found, profile)


def _calls_of(connection: Connection, conversation_id: UUID, entries: Sequence[Entry]) -> list[Recorded]:
    """Return the calls whose answers are on record: those of ``entries``, in their order, and of summaries."""
    answers: dict[UUID, list[Entry]] = {}
    for entry in entries:
        if entry.turn_id is not None and isinstance(entry.message, AssistantMessage):
            answers.setdefault(entry.turn_id, []).append(entry)
    turns = ledger.turns(connection, conversation_id, answers) if answers else []
    made = _answered_calls(connection, conversation_id, {turn.choice_of or turn.id for turn in turns} | {*answers})
    others = _other_choices(connection, conversation_id, [turn.id for turn in turns])
    digests = set(_digests(call for calls in made.values() for call in calls))
    blobs = {digest: ledger.blob(connection, conversation_id, digest) for digest in digests}
    stored = {entry.seq: entry for entry in entries}

    def recorded(call: Call, completion: Completion) -> Recorded:
        check_version(call.recipe)
        return Recorded(call=call, completion=completion, conversation_id=conversation_id, stored=stored, blobs=blobs)

    found: list[tuple[int, Recorded]] = []
    for turn in turns:
        held, first = answers[turn.id], answers[turn.id][0].seq
        told = (call for call in made.get(turn.id, ()) if not call.answers and call.recipe.get(TOLD) in blobs)
        found += [(first, recorded(call, _summary(call, blobs[call.recipe[TOLD]]))) for call in told]
        for call, entry in zip(_of_turn(turn, made, answers), held, strict=False):
            choices = [entry, *(other for other in others.get(turn.id, ()) if other.seq == entry.seq)]
            found.append((entry.seq, recorded(call, _completion(call, choices))))
    return [each for _, each in sorted(found, key=lambda pair: pair[0])]


def _summary(call: Call, body: Any) -> Completion:
    """Return the answer to a request for a summary."""
    choice = Choice(message=assistant(Summary.from_json(body).text), finish_reason=call.finish_reason or "stop")
    return Completion(choices=(choice,), usage=call.usage, model=call.model)


def _answered_calls(connection: Connection, conversation_id: UUID, turn_ids: set[UUID]) -> dict[UUID, list[Call]]:
    made: dict[UUID, list[Call]] = {}
    for call in ledger.calls(connection, conversation_id, turn_ids) if turn_ids else []:
        if call.error is None:
            made.setdefault(call.turn_id, []).append(call)
    return made


def _of_turn(
    turn: Turn, made: Mapping[UUID, Sequence[Call]], answers: Mapping[UUID, Sequence[Entry]]
) -> Sequence[Call]:
    """Return the calls whose answers the turn holds; the first of another choice is a call of the turn it is beside."""
    own, beside = ([call for call in made.get(of, ()) if call.answers] for of in (turn.id, turn.choice_of or turn.id))
    if turn.choice_of is None:
        return own
    return [*beside[len(answers.get(turn.choice_of, ())) :][:1], *own]


def _digests(calls: Iterable[Call]) -> Iterator[str]:
    for call in calls:
        yield from (part for part in (*call.recipe["m"], call.recipe.get(TOLD)) if isinstance(part, str))
        sent = call.recipe.get("o", {}).values()
        yield from (value["blob"] for value in sent if isinstance(value, dict) and set(value) == {"blob"})


def _other_choices(connection: Connection, conversation_id: UUID, turn_ids: Sequence[UUID]) -> dict[UUID, list[Entry]]:
    """Return the answers that stand on other branches as further choices of these turns, by turn."""
    others = ledger.choices(connection, conversation_id, turn_ids) if turn_ids else []
    found: dict[UUID, list[Entry]] = {}
    for turn in others:
        if turn.choice_of is not None and turn.output is not None:
            span = Span(turn.branch_no, turn.output[0] - 1, turn.output[0])
            found.setdefault(turn.choice_of, []).extend(history.read(connection, conversation_id, [span]))
    return found


def _completion(call: Call, answers: Sequence[Entry]) -> Completion:
    choices = tuple(
        Choice(message=entry.message, finish_reason=entry.finish_reason or call.finish_reason, index=index)
        for index, entry in enumerate(answers)
        if isinstance(entry.message, AssistantMessage)
    )
    return Completion(choices=choices, usage=call.usage, model=call.model)
