"""Rules that put something in, or change the form in which messages leave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar, Literal, get_args

from convo.context.draft import Draft, inserted
from convo.context.phases import BuiltInRule, Phase
from convo.errors import InvalidSetting
from convo.frozen import dataclass
from convo.harmless import brief
from convo.messages import Message, MessageLike, message_from

InsertPlace = Literal["start", "before_question", "after_question"]


@dataclass(frozen=True, init=False)
class Insert(BuiltInRule):
    """``messages`` go out without being stored: retrieved context, reminders, examples.

    ``at``: ``start``, behind the system messages that open the list, where the same messages turn after turn keep the
    prompt cache; ``before_question`` or ``after_question``: around the user messages that begin the newest turn, the
    place of context that changes with every question.
    """

    messages: tuple[Message, ...]
    at: InsertPlace

    phase: ClassVar[Phase] = Phase.INSERT

    def __init__(self, messages: MessageLike | Iterable[MessageLike], at: InsertPlace = "before_question") -> None:
        single = isinstance(messages, str | dict) or hasattr(messages, "role")
        if not single and (isinstance(messages, bytes) or not isinstance(messages, Iterable)):
            raise InvalidSetting(
                f"Insert: messages must be messages or a list of them, not {type(messages).__name__}", field="messages"
            )
        given: Iterable[Any] = [messages] if single else messages
        if at not in get_args(InsertPlace):
            raise InvalidSetting(
                f"Insert: at must be start, before_question or after_question, not {brief(at, 40)}", field="at"
            )
        object.__setattr__(self, "messages", tuple(message_from(message) for message in given))
        object.__setattr__(self, "at", at)

    def _apply(self, draft: Draft) -> Draft:
        index = self._index(draft)
        new = tuple(inserted(message, "inserted") for message in self.messages)
        return replace(draft, items=(*draft.items[:index], *new, *draft.items[index:]))

    def _index(self, draft: Draft) -> int:
        roles = [item.role for item in draft.items]
        index = 0 if self.at == "start" else draft.newest_turn
        passed = ("system", "user") if self.at == "after_question" else ("system",)
        while index < len(roles) and roles[index] in passed:
            index += 1
        return index


@dataclass(frozen=True)
class SystemIntoUser(BuiltInRule):
    """No system message goes out: its text opens the user message that follows it, or becomes one of its own."""

    phase: ClassVar[Phase] = Phase.FORM

    def _apply(self, draft: Draft) -> Draft:
        return replace(draft, profile=replace(draft.profile, system="none"))


@dataclass(frozen=True)
class MergeConsecutive(BuiltInRule):
    """Neighbours of one role (system, user, assistant) go out as one message, their texts joined by a blank line."""

    phase: ClassVar[Phase] = Phase.FORM

    def _apply(self, draft: Draft) -> Draft:
        merges = draft.profile.merges | {"system", "user", "assistant"}
        return replace(draft, profile=replace(draft.profile, merges=merges))
