"""From what a user gives with a verb to an ``Ask``: keyword arguments, checked once for both faces."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from pydantic import BaseModel

from convo.backends.registry import resolve
from convo.errors import InvalidOption, InvalidSetting
from convo.flows.handle import Handle
from convo.flows.outbound import Ask
from convo.flows.settings import Settings, checked_metadata, checked_settings
from convo.flows.structure import response_format_of
from convo.messages import Message, ToolCall
from convo.options import CompletionOptions, OptionKwargs
from convo.profiles import Profile
from convo.records import Entry


class SettingKwargs(OptionKwargs, total=False):
    """Settings of a conversation as keyword arguments: with ``open``, ``start``, ``load`` and ``configure``.

    ``system``: the system prompt. ``policy``: a list of rules. ``profile``: what the provider accepts, where it is
    not the backend's own. ``lease``: seconds a silent turn holds its branch. ``checkpoint``: after how many seconds,
    or characters, what streams is kept; ``(1.0, 2048)`` where not given. ``count_tokens``: a function that counts a
    message's tokens in the place of the estimate, e.g. ``MistralTokens()``. The rest are default options.
    """

    system: str | None
    policy: Sequence[Any] | None
    profile: Profile | None
    lease: float | None
    checkpoint: tuple[float, int] | None
    count_tokens: Callable[[Message], int] | None


class MakingKwargs(SettingKwargs, total=False):
    """What ``open`` takes besides: ``title`` and ``metadata`` are stored with a conversation that is made."""

    title: str | None
    metadata: Mapping[str, Any] | None


class StartKwargs(MakingKwargs, total=False):
    """What ``start`` takes besides: the same ``idempotency_key`` gives the same conversation again."""

    idempotency_key: str | None


class CallKwargs(SettingKwargs, total=False):
    """What a verb that calls takes besides its input.

    ``prefix``: the text the answer is made to begin with. ``response_model``: the pydantic model that
    ``reply.parsed`` shall be. ``idempotency_key``: the verb repeated under the same key, with the same input on the
    same branch, has one effect; the stored reply is given back, an unfinished turn resumed. ``wait``: seconds to
    wait for a turn that is running. ``expect_head``: the entry that must be the last one, else BranchMoved.
    ``backend``: another one for this call. ``metadata``: kept with the turn. Settings hold for this call alone.
    """

    prefix: str
    response_model: type[BaseModel] | None
    idempotency_key: str | None
    wait: float
    expect_head: Entry | None
    backend: Any
    metadata: Mapping[str, Any] | None


class RunKwargs(CallKwargs, total=False):
    """What ``run`` takes besides: ``tools`` are functions here, plain ones or made by ``tool``.

    ``max_rounds``: how often tools are called and the model is asked again. ``approve``: a function that is asked
    before each call with the ``ToolCall`` (see ``tool``); it returns True, or False or a text that says why not.
    """

    max_rounds: int
    approve: Callable[[ToolCall], Any] | None


class AppendKwargs(TypedDict, total=False):
    """What ``append`` takes besides its messages: as the verbs that call do."""

    wait: float
    expect_head: Entry | None
    idempotency_key: str | None


_NAMED = ("system", "policy", "profile", "lease", "checkpoint", "count_tokens")


def settings_from(given: Mapping[str, Any]) -> Settings:
    """Return the settings among keyword arguments, checked."""
    rest = dict(given)
    named = {name: rest.pop(name, None) for name in _NAMED}
    return checked_settings(**named, options=rest)


def append_ask(handle: Handle, given: AppendKwargs) -> Ask:
    """Return how an ``append`` is to be made."""
    unknown = set(given) - AppendKwargs.__annotations__.keys()
    if unknown:
        raise InvalidOption(f"append takes wait, expect_head and idempotency_key, not {sorted(unknown)[0]!r:.80}")
    return Ask(settings=handle.settings, backend=handle.backend, wait=seconds_from(given), expect_head=_entry(given))


_NOTHING_GIVEN = Settings()


def call_ask(handle: Handle, given: CallKwargs, *, streamed: bool = False, preview: bool = False) -> Ask:
    """Return how a call is to be made; raises InvalidSetting where there is no backend, unless it is a preview."""
    rest: dict[str, Any] = dict(given)
    own = {name: rest.pop(name, None) for name in CallKwargs.__annotations__ if name in _BESIDES}
    if own["response_model"] is not None:
        rest["response_format"] = response_format_of(_model(own["response_model"]))
    settings = settings_from(rest) if rest else _NOTHING_GIVEN
    backend = resolve(own["backend"]) if own["backend"] is not None else handle.backend
    if backend is None and not preview:
        raise no_backend()
    return Ask(
        settings=settings.over(handle.settings) if rest else handle.settings,
        backend=backend,
        prefix=_prefix(own["prefix"]),
        given_prefix=_prefix(own["prefix"]),
        wait=seconds_from(given),
        expect_head=_entry(given),
        own_policy=settings.policy is not None,
        metadata=None if own["metadata"] is None else checked_metadata(own["metadata"]),
        streamed=streamed,
        response_model=own["response_model"],
    )


def no_backend() -> InvalidSetting:
    """Return the error for a verb that calls, on a handle without a backend."""
    return InvalidSetting(
        "there is no backend to ask: give backend=... (a function, or a name like 'mistral:mistral-medium-latest')",
        field="backend",
    )


_BESIDES = frozenset({"prefix", "response_model", "idempotency_key", "wait", "expect_head", "backend", "metadata"})


def given_options(given: Mapping[str, Any]) -> CompletionOptions:
    """Return the completion options among keyword arguments."""
    options = {name: value for name, value in given.items() if name not in _BESIDES}
    return settings_from(options).options or CompletionOptions()


def _model(given: Any) -> type[BaseModel]:
    if not (isinstance(given, type) and issubclass(given, BaseModel)):
        raise InvalidOption("response_model: must be a pydantic model class", field="response_model")
    return given


def _prefix(given: Any) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        raise InvalidOption(f"prefix: must be a text, not {type(given).__name__}", field="prefix")
    return given


def seconds_from(given: Mapping[str, Any]) -> float:
    """Return the ``wait`` that was given with a verb, 0 for none; raises InvalidOption."""
    wait = given.get("wait")
    if wait is None:
        return 0.0
    if isinstance(wait, bool) or not isinstance(wait, int | float) or not wait >= 0:
        raise InvalidOption("wait: must be a number of seconds, 0 or more", field="wait")
    return float(min(wait, sys.maxsize))


def _entry(given: Mapping[str, Any]) -> Entry | None:
    entry = given.get("expect_head")
    if entry is not None and not isinstance(entry, Entry):
        raise InvalidOption("expect_head: must be an entry, from a reply or history()", field="expect_head")
    return entry
