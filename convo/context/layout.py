"""The layout: a draft made into the list that its profile accepts, with nothing lost unsaid.

Laws of this file:
- What a message becomes depends on what stands before it; on what comes after only where that already stood there
  when the message was first sent. So a longer path begins with the same bytes.
- What is left out, changed or put in has its line: a ``dropped`` item, a note, or an item of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import NamedTuple

from convo.context.calls import OutboundIds, Place, match_results, portable_name, renamed
from convo.context.content import as_user, fitted, is_plain_text, is_talk, merged, says_something, split_calls
from convo.context.draft import Draft, Item, inserted, is_prefix
from convo.frozen import dataclass
from convo.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from convo.profiles import Profile

NO_RESULT = "[no result: this call was not answered]"
"""What stands in for the result of a call that has none."""


class Outbound(NamedTuple):
    """A message as it leaves, and the items it is made of; an ``Item`` stands for itself."""

    message: Message
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The list as it leaves, the items in it, what was left out (with the reason as last note), the ids mapped."""

    outbound: tuple[Outbound | Item, ...]
    items: tuple[Item, ...]
    dropped: tuple[Item, ...] = ()
    call_ids: Mapping[str, str] = field(default_factory=dict)


def lay_out(draft: Draft) -> Layout:
    """Return ``draft`` as a list that its profile accepts, as far as repairs can make it so. O(n)."""
    profile = draft.profile
    if needs_no_repair(draft.items, profile):
        return Layout(draft.items, draft.items)
    dropped: list[Item] = []
    items = _fit_contents(draft.items, profile, dropped)
    call_ids: Mapping[str, str] = {}
    if any(_is_of_a_round(item.message) for item in items):
        rounds = _Rounds(items, profile, dropped)
        items, call_ids = [*rounds.items()], rounds.ids.mapped
    items = _place_system(items, profile)
    if not profile.text_with_calls:
        items = [part for item in items for part in split_calls(item)]
    outbound = tuple(_bridged(_merge(items, profile), profile))
    return Layout(outbound, tuple(item for part in outbound for item in part.items), tuple(dropped), call_ids)


def needs_no_repair(items: Sequence[Item], profile: Profile, after: Item | None = None) -> bool:
    """Return whether ``items`` are plain talk, each step of it accepted, so that nothing below changes it. O(n)."""
    previous, joins = ("start", False) if after is None else (after.role, after.joins_next)
    follows = profile.follows
    for item in items:
        message = item.message
        role = message.role
        if role not in follows[previous] or not is_talk(message):
            return False
        if role == previous and (joins or role in profile.merges):
            return False
        if role == "system" and (previous != "start" or profile.system == "none"):
            return False
        previous, joins = role, item.joins_next
    return previous != "system"


def _is_of_a_round(message: Message) -> bool:
    return isinstance(message, ToolMessage) or (isinstance(message, AssistantMessage) and bool(message.tool_calls))


def _fit_contents(items: Sequence[Item], profile: Profile, dropped: list[Item]) -> list[Item]:
    kept = []
    for index, item in enumerate(items):
        if is_plain_text(item.message):
            kept.append(item)
            continue
        item = fitted(item, profile, last=index == len(items) - 1)
        if _is_mute(item.message, profile):
            dropped.append(item.noted("says nothing and calls nothing"))
        else:
            kept.append(item)
    return kept


def _is_mute(message: Message, profile: Profile) -> bool:
    if isinstance(message, AssistantMessage):
        return not (profile.empty_assistant or message.calls or says_something(message))
    return message.role == "system" and not isinstance(message.content, str) and not message.content


@dataclass(slots=True)
class _Rounds:
    """The tool rounds of a list, whole: every call answered, and where the profile is strict, right behind it."""

    given: list[Item]
    profile: Profile
    dropped: list[Item]
    ids: OutboundIds = field(init=False)
    _matched: dict[int, Place] = field(init=False)
    _results: dict[Place, int] = field(init=False)
    _calls: dict[Place, ToolCall] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ids = OutboundIds(self.profile)
        self._matched = match_results([item.message for item in self.given])
        self._results = {place: index for index, place in self._matched.items()}

    def items(self) -> Iterator[Item]:
        for index, item in enumerate(self.given):
            if isinstance(item.message, AssistantMessage) and item.message.calls:
                yield from self._round(index, item, item.message)
            elif not isinstance(item.message, ToolMessage):
                yield item
            elif index not in self._matched:
                yield from self._orphan(item)
            elif not self.profile.strict_tools:
                yield self._result(index)

    def _round(self, index: int, item: Item, message: AssistantMessage) -> Iterator[Item]:
        renamed_message = self._renamed(index, item, message)
        yield item.relabelled(renamed_message, "call ids or names mapped")
        for position, call in enumerate(renamed_message.calls):
            place = Place(index, position)
            self._calls[place] = call
            if place not in self._results:
                result = ToolMessage(content=NO_RESULT, tool_call_id=call.id, name=call.name)
                yield inserted(result, "stand-in: the call has no result", "profile")
            elif self.profile.strict_tools:
                yield self._result(self._results[place])

    def _renamed(self, index: int, item: Item, message: AssistantMessage) -> AssistantMessage:
        names = [portable_name(call.name, self.profile) for call in message.calls]
        ids = [call.id for call in message.calls]
        if self.profile.strict_tools or self.profile.tool_call_id is not None:
            ids = self.ids.of_message(message, f"+{index}" if item.seq is None else str(item.seq))
        return renamed(message, ids, names)

    def _result(self, index: int) -> Item:
        item = self.given[index]
        message, call = item.message, self._calls[self._matched[index]]
        assert isinstance(message, ToolMessage)  # noqa: S101 - nothing else is matched with a call
        changes: dict[str, str] = {}
        if message.tool_call_id != call.id and (self.profile.strict_tools or self.profile.tool_call_id is not None):
            changes["tool_call_id"] = call.id
        if message.name is not None and not self.profile.accepts_name(message.name):
            changes["name"] = call.name
        return item.relabelled(message.altered(**changes), "call id or name mapped") if changes else item

    def _orphan(self, item: Item) -> Iterator[Item]:
        if self.profile.strict_tools:
            self.dropped.append(item.noted("a result of no call in the list"))
        else:
            yield item


def _place_system(items: list[Item], profile: Profile) -> list[Item]:
    """Turn system messages that may not stand where they do into the user's.

    One that ends the list, or that an answer follows, counts as what is answered: it must be of a role that may end
    the list, and it stays what it was when the answer has come.
    """
    if not any(item.message.role == "system" for item in items):
        return items
    placed: list[Item] = []
    for start, stop in _runs(items):
        run = items[start:stop]
        if run[0].role == "system" and not _may_stand(items, start, stop, profile):
            run = [_as_the_users(item, profile) for item in run]
        placed.extend(run)
    return placed


def _as_the_users(item: Item, profile: Profile) -> Item:
    """The system prompt of the settings is nothing to answer: it alone stays what it is, unless none is accepted."""
    if item.kept == "system" and profile.system != "none":
        return item
    return replace(as_user(item, profile), joins_next=True)


def _runs(items: Sequence[Item]) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of each run of system messages, and of each stretch between them."""
    start = 0
    for index in range(1, len(items) + 1):
        if index == len(items) or (items[index].role == "system") != (items[start].role == "system"):
            yield start, index
            start = index


def _may_stand(items: Sequence[Item], start: int, stop: int, profile: Profile) -> bool:
    if profile.system in ("anywhere", "none"):
        return profile.system == "anywhere"
    followed_by_user = stop < len(items) and items[stop].role == "user"
    ends_well = "system" in profile.last or followed_by_user
    if start == 0:
        return ends_well or stop < len(items)
    after_user = profile.system == "start_or_after_user" and items[start - 1].role == "user"
    return after_user and ends_well


def _merge(items: Sequence[Item], profile: Profile) -> list[Outbound]:
    groups: list[list[Item]] = []
    for item in items:
        if groups and _belongs(groups[-1][-1], item, profile):
            groups[-1].append(item)
        else:
            groups.append([item])
    return [_joined(group) for group in groups]


def _joined(group: Sequence[Item]) -> Outbound:
    message = group[0].message if len(group) == 1 else merged([item.message for item in group])
    return Outbound(message, tuple(group))


def _belongs(before: Item, item: Item, profile: Profile) -> bool:
    if before.role != item.role or not (item.role in profile.merges or before.joins_next):
        return False
    if not isinstance(item.message, AssistantMessage):
        return True
    return not is_prefix(item.message) and (profile.text_with_calls or not item.message.calls)


def _bridged(outbound: Sequence[Outbound], profile: Profile) -> Iterator[Outbound]:
    previous = "start"
    for part in outbound:
        role = _bridge_between(previous, part.message, profile)
        if role is not None and profile.bridge is not None:
            kind = AssistantMessage if role == "assistant" else UserMessage
            item = inserted(
                kind(content=profile.bridge), f"bridge: {_step(previous, part.message)} is not accepted", "profile"
            )
            yield Outbound(item.message, (item,))
        yield part
        previous = part.message.role


def _bridge_between(previous: str, message: Message, profile: Profile) -> str | None:
    """Return the role of the message to put in between, None where none is needed or would help."""
    if not _is_refused_step(previous, message, profile):
        return None
    roles = ("assistant", "user") if previous != "start" else ("user",)
    return next(
        (role for role in roles if role in profile.follows[previous] and message.role in profile.follows[role]), None
    )


def _is_refused_step(previous: str, message: Message, profile: Profile) -> bool:
    if message.role not in profile.follows[previous]:
        return True
    if previous != "start" or not profile.opens_with_greeting or not isinstance(message, AssistantMessage):
        return False
    return bool(message.calls) or message.prefix


def _step(previous: str, message: Message) -> str:
    return f"{message.role} first" if previous == "start" else f"{message.role} after {previous}"
