"""Tool calls and their results: which belongs to which, and the ids under which they leave.

A result belongs to the newest call before it that has its id and no result yet. A result without an id belongs to the
first open call of the newest round; so does one whose id nobody used, where that round has a call without an id
(several servers leave the id out on one side).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import field
from typing import Any

from convo.frozen import dataclass
from convo.messages import AssistantMessage, Message, ToolCall, ToolMessage
from convo.profiles import Profile
from convo.records import Entry

MISSING_IDS = frozenset({"", "null"})
"""Ids that stand for none: Mistral's schema says "null" where a call has no id."""

ID_LENGTH = 9
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Place:
    """A tool call: its message's index in the list, and its position among the message's calls."""

    index: int
    position: int


@dataclass(slots=True)
class _OpenCalls:
    ids: dict[Place, str] = field(default_factory=dict)
    places: dict[str, list[Place]] = field(default_factory=dict)
    newest: int = -1

    def open(self, index: int, message: AssistantMessage) -> None:
        self.newest = index
        for position, call in enumerate(message.calls):
            place = Place(index, position)
            self.ids[place] = call.id
            self.places.setdefault(call.id, []).append(place)

    def answer(self, call_id: str) -> Place | None:
        named = None if call_id in MISSING_IDS else self._named(call_id)
        place = named or self._first_of_newest_round(call_id in MISSING_IDS)
        if place is not None:
            self.places[self.ids.pop(place)].remove(place)
        return place

    def _named(self, call_id: str) -> Place | None:
        places = self.places.get(call_id)
        return next(place for place in places if place.index == places[-1].index) if places else None

    def _first_of_newest_round(self, any_id: bool) -> Place | None:
        open_now = (place for place in self.ids if place.index == self.newest)
        return next((place for place in open_now if any_id or self.ids[place] in MISSING_IDS), None)


def match_results(messages: Sequence[Message]) -> dict[int, Place]:
    """Return, for the index of each tool message that answers a call, the call it answers. O(n).

    A tool message that is missing from the dict is an orphan: nobody asked, or it was answered before.
    """
    calls, matched = _OpenCalls(), {}
    for index, message in enumerate(messages):
        if isinstance(message, AssistantMessage) and message.calls:
            calls.open(index, message)
        elif isinstance(message, ToolMessage):
            place = calls.answer(message.tool_call_id or "")
            if place is not None:
                matched[index] = place
    return matched


def together(entries: Sequence[Entry], seq: int) -> tuple[int, ...]:
    """Return the seqs that stand and fall with the message at ``seq``: a call's message and its results, ascending.

    ``entries`` is the part of the path to look at; a message that is no part of a tool round stands alone. O(n).
    """
    rounds = rounds_of([entry.message for entry in entries])
    for members in rounds:
        seqs = tuple(entries[index].seq for index in members)
        if seq in seqs:
            return seqs
    return (seq,)


def rounds_of(messages: Sequence[Message]) -> list[list[int]]:
    """Return the tool rounds: for each message with calls its index and those of its results. O(n)."""
    rounds: dict[int, list[int]] = {
        index: [index]
        for index, message in enumerate(messages)
        if isinstance(message, AssistantMessage) and message.calls
    }
    for index, place in match_results(messages).items():
        rounds[place.index].append(index)
    return [*rounds.values()]


def short_id(seed: str) -> str:
    """Return nine alphanumerics made from ``seed``: the base-62 digits of its SHA-256."""
    number = int.from_bytes(hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest())
    digits = []
    for _ in range(ID_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(digits)


@dataclass(slots=True)
class OutboundIds:
    """Gives each tool call the id under which it leaves.

    An id that the profile accepts leaves as it is. Any other is mapped by itself alone, so it is the same in every
    request; one that is missing, or stands twice in its message, is made from the message's place. Two ids never
    share an outbound id: the one that comes later is salted. ``mapped`` goes from outbound to stored ids.
    """

    profile: Profile
    mapped: dict[str, str] = field(default_factory=dict)
    _given: dict[str, str] = field(default_factory=dict)
    _taken: dict[str, str] = field(default_factory=dict)

    def of_message(self, message: AssistantMessage, place: str) -> list[str]:
        """Return the outbound ids of the message's calls; ``place`` tells the message from every other."""
        ids: list[str] = []
        seen: set[str] = set()
        for position, call in enumerate(message.calls):
            named = call.id not in MISSING_IDS and call.id not in seen
            seen.add(call.id)
            ids.append(self._outbound(f"id {call.id}" if named else f"at {place} {position}", call.id, named))
        return ids

    def _outbound(self, seed: str, stored: str, named: bool) -> str:
        if seed not in self._given:
            wanted = stored if named and self.profile.accepts_id(stored) else short_id(seed)
            salt = 0
            while self._taken.setdefault(wanted, seed) != seed:
                salt += 1
                wanted = short_id(f"{seed} {salt}")
            self._given[seed] = wanted
            if wanted != stored:
                self.mapped[wanted] = stored
        return self._given[seed]


def portable_name(name: str, profile: Profile) -> str:
    """Return ``name``, or what the profile accepts in its stead: other signs as underscores, at most 64."""
    if profile.accepts_name(name):
        return name
    return "".join(sign if sign.isascii() and (sign.isalnum() or sign == "-") else "_" for sign in name)[:64] or "_"


def renamed(message: AssistantMessage, ids: Sequence[str], names: Sequence[str]) -> AssistantMessage:
    """Return the message with these ids and function names on its calls; the same object where nothing differs."""
    calls = tuple(_renamed(*each) for each in zip(message.calls, ids, names, strict=True))
    if all(new is old for new, old in zip(calls, message.calls, strict=True)):
        return message
    return message.altered(tool_calls=calls)


def _renamed(call: ToolCall, call_id: str, name: str) -> ToolCall:
    changes: dict[str, Any] = {} if call_id == call.id else {"id": call_id}
    if name != call.name:
        changes["function"] = call.function.altered(name=name)
    return call.altered(**changes) if changes else call
