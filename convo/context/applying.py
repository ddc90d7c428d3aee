"""Applying a rule to a draft: what it gave back checked, and what it dropped, changed and put in noted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from convo.context.draft import Draft, Item
from convo.context.phases import Phase
from convo.context.rules import OwnRule, Rule, rule_name
from convo.context.tokens import estimate
from convo.errors import InvalidSetting
from convo.messages import Message
from convo.profiles import Profile


def applied(rule: Rule | OwnRule, draft: Draft, dropped: list[tuple[Item, str]]) -> Draft:
    """Return what ``rule`` makes of ``draft``; each item that it dropped is added to ``dropped`` with its name. O(n).

    Raises InvalidSetting where a function gave back what is no draft of these messages.
    """
    name, result = rule_name(rule), rule(draft)
    if result is None or result is draft:
        return draft
    if not isinstance(result, Draft):
        raise InvalidSetting(f"policy: {name} gave back a {type(result).__name__}, not a draft", field="policy")
    if not isinstance(rule, Rule) or rule.phase > Phase.CHOOSE:  # those before it change no message
        result = _attributed(result, draft, rule, name)
    stays = {item.seq for item in result.items}
    dropped.extend((item, name) for item in draft.items if item.seq is not None and item.seq not in stays)
    return result


def _attributed(result: Draft, draft: Draft, rule: Rule | OwnRule, name: str) -> Draft:
    """Return ``result`` with the rule's name at all that it changed or put in."""
    before = {item.seq: item for item in draft.items if item.seq is not None}
    items = result.items if isinstance(rule, Rule) else _sound(result, name)
    after = [_signed(item, before, name) for item in items]
    seqs = [item.seq for item in after if item.seq is not None]
    if len({*seqs}) < len(seqs) or not before.keys() >= {*seqs}:
        raise InvalidSetting(
            f"policy: {name} gave back a stored message twice, or one that is not there", field="policy"
        )
    return replace(result, items=tuple(after))


def _sound(result: Draft, name: str) -> list[Item]:
    """Return the items that a function gave back, if they are some; what it did not count is estimated."""
    items: Any = result.items
    if not isinstance(items, tuple | list) or not all(map(_is_sound, items)):
        raise InvalidSetting(f"policy: {name} gave back a draft that holds what is no item", field="policy")
    if not isinstance(result.profile, Profile):
        raise InvalidSetting(f"policy: {name} gave back a draft without a profile", field="policy")
    return [item if item.tokens > 0 else replace(item, tokens=estimate(item.message)) for item in items]


def _is_sound(item: Any) -> bool:
    if not isinstance(item, Item) or not isinstance(item.message, Message):
        return False
    told = isinstance(item.notes, tuple) and isinstance(item.rule, str) and isinstance(item.kept, str)
    return told and isinstance(item.tokens, int)


def _signed(item: Item, before: Mapping[int, Item], rule: str) -> Item:
    old = before.get(item.seq) if item.seq is not None else None
    if old is None:
        return item if item.rule or item.kept else replace(item, rule=rule, tokens=estimate(item.message))
    return item if item.message is old.message else replace(item, rule=rule, tokens=estimate(item.message))
