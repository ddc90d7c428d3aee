"""Under what a request was composed, as its recipe keeps it: so that it can be composed again, to the same bytes.

Nothing here is needed to rebuild a request, which the recipe's own ranges and literals do; it tells why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convo.context.rules import DEFAULT_POLICY, policy_key
from convo.context.state import ComposeState
from convo.context.summary import Told
from convo.profiles import PERMISSIVE, Profile
from convo.records import Turn

_DEFAULT = policy_key(DEFAULT_POLICY)


def circumstances(
    policy: Sequence[Any], profile: Profile, state: ComposeState, head: int, length: int | None
) -> dict[str, Any]:
    """Return what a recipe keeps: what is as it mostly is, is left out.

    ``state`` is the compose state after the request, ``head`` the newest stored message in it, ``length`` the model's
    context length where the backend says it.
    """
    key = policy_key(policy)
    kept: dict[str, Any] = {"head": head}
    if profile.name != PERMISSIVE.name:
        kept["profile"] = profile.name
    if key != _DEFAULT:
        kept["policy"] = key
    if key in state.cuts:
        kept["cut"] = [state.cuts[key], state.marks.get(key, 0)]
    if key in state.told:
        kept["told"] = state.told[key].to_json()
    if state.pins:
        kept["pins"] = [*state.pins]
    return kept if length is None else {**kept, "length": length}


def composed_under(recipe: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what ``recipe`` says of how it was composed."""
    kept: Mapping[str, Any] = recipe.get("c", {})
    return kept


def state_of(under: Mapping[str, Any], policy: Sequence[Any]) -> ComposeState:
    """Return the compose state that a request was composed from, as ``policy`` has it where it is the same one."""
    state, key = ComposeState(pins=tuple(under.get("pins", ()))), policy_key(policy)
    if under.get("policy", _DEFAULT) != key:
        return state
    if "cut" in under:
        state = state.cut_at(key, *under["cut"])
    return state.telling(key, Told.from_json(under["told"])) if "told" in under else state


def head_of(recipe: Mapping[str, Any], turn: Turn) -> int:
    """Return the newest stored message that a request was composed of."""
    ends = [part[1] for part in recipe["m"] if isinstance(part, list)]
    found: int = composed_under(recipe).get("head") or max(ends, default=turn.input[1] if turn.input else 1)
    return found
