"""The rules a policy is made of, and policies as values: their key, and the JSON in which they are stored.

A rule is a small frozen value, called with a draft and giving back the draft it makes of it (None: unchanged).
A user's own rule is any function that does the same. The order of a policy does not matter, with two exceptions:
functions act one after the other, and so do rules of one kind of change (``phases.Phase``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeAlias

from convo.context.choosing import KeepFirst, LastMessages, LastTurns, Pinned, Window
from convo.context.draft import Draft
from convo.context.phases import BuiltInRule
from convo.context.placing import Insert, MergeConsecutive, SystemIntoUser
from convo.context.rewriting import ClearToolResults, DropImages, DropThinking, Redact, TruncateToolResults
from convo.context.summarizing import Summarize
from convo.errors import InvalidSetting
from convo.harmless import brief
from convo.values import canonical_json, plain

__all__ = [
    "DEFAULT_POLICY",
    "ClearToolResults",
    "Draft",
    "DropImages",
    "DropThinking",
    "Insert",
    "KeepFirst",
    "LastMessages",
    "LastTurns",
    "MergeConsecutive",
    "Pinned",
    "Policy",
    "Redact",
    "Rule",
    "Summarize",
    "SystemIntoUser",
    "TruncateToolResults",
    "Window",
    "can_be_stored",
    "check_policy",
    "dump_policy",
    "load_policy",
    "policy_key",
    "rule_name",
    "the_window",
]


Rule: TypeAlias = BuiltInRule
OwnRule: TypeAlias = Callable[[Draft], "Draft | None"]
Policy: TypeAlias = "Sequence[Rule | OwnRule]"

DEFAULT_POLICY: tuple[Rule, ...] = (Window(32_000, 24_000),)
"""What serves a conversation that has no policy: pins are kept, and nothing is cut before 32,000 tokens."""

_RULES: dict[str, Callable[..., Rule]] = {
    rule.__name__: rule
    for rule in (
        ClearToolResults,
        DropImages,
        DropThinking,
        Insert,
        KeepFirst,
        LastMessages,
        LastTurns,
        MergeConsecutive,
        Pinned,
        Redact,
        Summarize,
        SystemIntoUser,
        TruncateToolResults,
        Window,
    )
}


def rule_name(rule: Rule | OwnRule) -> str:
    """Return the name under which ``explain()`` speaks of ``rule``."""
    return type(rule).__name__ if _is_stored(rule) else _own_name(rule)


def _is_stored(rule: object) -> bool:
    return _RULES.get(type(rule).__name__) is type(rule)


def _own_name(rule: object) -> str:
    return getattr(rule, "__qualname__", None) or type(rule).__qualname__


def check_policy(policy: Policy) -> None:
    """Raise InvalidSetting unless ``policy`` is a sequence of rules and functions, at most one of them a window."""
    if isinstance(policy, str) or not isinstance(policy, Sequence):
        raise InvalidSetting("policy: must be a list of rules, e.g. [Window(8000)]", field="policy")
    for rule in policy:
        if not callable(rule) or isinstance(rule, type):
            raise InvalidSetting(f"policy: {brief(rule, 60)} is neither a rule nor a function", field="policy")
    if sum(isinstance(rule, Window | Summarize) for rule in policy) > 1:
        raise InvalidSetting("policy: holds more than one Window or Summarize", field="policy")


def the_window(policy: Policy) -> Window | Summarize | None:
    """Return the policy's window, one that summarises or not; None where it has none."""
    return next((rule for rule in policy if isinstance(rule, Window | Summarize)), None)


def policy_key(policy: Policy) -> str:
    """Return the key under which a branch remembers the cut of ``policy``: 16 hex digits made of its rules.

    A function counts by its module and qualified name, so changing its body keeps the key.
    """
    return hashlib.sha256(b"[" + b",".join(map(_canonical, policy)) + b"]").hexdigest()[:16]


def _canonical(rule: Rule | OwnRule) -> bytes:
    """Return the canonical JSON that ``rule`` counts as; a built-in one, a frozen value, keeps it."""
    if not _is_stored(rule):
        return canonical_json(_own_key(rule))
    kept: bytes | None = rule.__dict__.get(_KEPT)
    if kept is None:
        kept = rule.__dict__[_KEPT] = canonical_json(_dumped(rule))
    return kept


_KEPT = "_canonical_json"


def _own_key(rule: object) -> str:
    named = rule if hasattr(rule, "__qualname__") else type(rule)
    return f"{named.__module__}:{_own_name(rule)}"


def dump_policy(policy: Policy) -> list[dict[str, Any]]:
    """Return ``policy`` as JSON data that ``load_policy`` reads; raises InvalidSetting for what is a function."""
    check_policy(policy)
    for rule in policy:
        if not _is_stored(rule):
            raise InvalidSetting(f"policy: {_own_name(rule)} is a function, which {_UNSTORABLE}", field="policy")
        if _holds_backend(rule):
            name = _own_name(getattr(rule, "backend", None))
            raise InvalidSetting(
                f"policy: the backend {name} of a Summarize {_UNSTORABLE}; a backend's name can", field="policy"
            )
    return [_dumped(rule) for rule in policy]


_UNSTORABLE = "cannot be stored with a conversation: give it whenever you open the conversation, or with the call"


def can_be_stored(policy: Policy) -> bool:
    """Return whether ``dump_policy`` takes ``policy``: it holds no function and no backend."""
    return all(_is_stored(rule) and not _holds_backend(rule) for rule in policy)


def _holds_backend(rule: object) -> bool:
    return isinstance(rule, Summarize) and not isinstance(rule.backend, str | None)


def _dumped(rule: object) -> dict[str, Any]:
    """Return a built-in rule as JSON data; a backend that it holds counts by its class or function."""
    given = {item.name: plain(getattr(rule, item.name)) for item in fields(rule)}  # type: ignore[arg-type]
    if _holds_backend(rule):
        given["backend"] = _own_key(given["backend"])
    return {"rule": type(rule).__name__, **{name: value for name, value in given.items() if value is not None}}


def load_policy(data: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Return the policy stored as ``data``; raises InvalidSetting naming a rule it does not know, or a
    parameter that rule does not take."""
    policy = tuple(_loaded(dict(one)) for one in data)
    check_policy(policy)
    return policy


def _loaded(data: dict[str, Any]) -> Rule:
    name = data.pop("rule", None)
    if not isinstance(name, str) or name not in _RULES:
        raise InvalidSetting(f"policy: there is no rule {brief(name, 60)} in this release", field="policy")
    try:
        return Pinned(*data.pop("seqs", ()), **data) if name == "Pinned" else _RULES[name](**data)
    except TypeError:
        raise InvalidSetting(f"policy: {name} does not take the parameters {[*data]}", field="policy") from None
