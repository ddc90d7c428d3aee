"""A conversation's settings: what is stored with it, and what one handle uses instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any
from uuid import UUID

from convo.context.rules import DEFAULT_POLICY, can_be_stored, check_policy, dump_policy, load_policy
from convo.context.tokens import Count
from convo.errors import CallerError, CorruptRecord, InvalidSetting
from convo.frozen import dataclass
from convo.options import CompletionOptions
from convo.profiles import PERMISSIVE, Profile
from convo.values import clean_json, dump_json

NAME_LENGTH = 255
METADATA_BYTES = 64 * 1024
BRANCHES = 2**31 - 1
"""No branch has this number: it is the greatest that every database can be asked for."""

NO_BRANCH = -1
"""Nor this one, nor any below it."""

DEFAULT_LEASE = 60.0
"""Seconds a backend without deadlines of its own (a plain function) is given before its turn may be taken over."""

MAX_LEASE = 7 * 24 * 3600
"""Seconds a lease may last: a branch whose process died is held that long."""

CHECKPOINT = (1.0, 2048)
"""What streams is kept every so many seconds, or once so many characters have come."""

LEASE_MARGIN = 10.0
"""Seconds a lease lasts beyond the longest silence that the backend's deadlines permit (design §5)."""


@cache
def no_options() -> CompletionOptions:
    """Return the options of which none is set."""
    return CompletionOptions()


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What shapes a call: system prompt, policy, default options, profile, lease, who counts tokens. None: not given.

    ``policy`` is a sequence of rules; ``lease`` is in seconds, ``checkpoint`` in seconds and characters.
    """

    system: str | None = None
    policy: Sequence[Any] | None = None
    options: CompletionOptions | None = None
    profile: Profile | None = None
    lease: float | None = None
    checkpoint: tuple[float, int] | None = None
    count_tokens: Count | None = None

    def over(self, stored: Settings) -> Settings:
        """Return these settings, with ``stored`` where they are not given; options are merged."""
        options = (stored.options or no_options()).merged(self.options)
        return Settings(
            system=stored.system if self.system is None else self.system,
            policy=stored.policy if self.policy is None else self.policy,
            options=options,
            profile=self.profile or stored.profile,
            lease=self.lease or stored.lease,
            checkpoint=self.checkpoint or stored.checkpoint,
            count_tokens=self.count_tokens or stored.count_tokens,
        )

    def without(self, others: Settings) -> Settings:
        """Return these settings, less those that ``others`` gives."""
        mine, theirs = (each.options.to_json() if each.options else {} for each in (self, others))
        return Settings(
            system=self.system if others.system is None else None,
            policy=self.policy if others.policy is None else None,
            options=CompletionOptions(**{name: value for name, value in mine.items() if name not in theirs}),
            profile=self.profile if others.profile is None else None,
            lease=self.lease if others.lease is None else None,
            checkpoint=self.checkpoint if others.checkpoint is None else None,
            count_tokens=self.count_tokens if others.count_tokens is None else None,
        )

    @property
    def unstored(self) -> Settings:
        """What is not stored: all but system prompt, options, and a policy without functions or a backend."""
        policy = None if self._storable else self.policy
        return replace(self, system=None, options=None, policy=policy)

    @property
    def stored(self) -> Settings:
        """What can be stored with a conversation."""
        return Settings(system=self.system, policy=self.policy if self._storable else None, options=self.options)

    @property
    def _storable(self) -> bool:
        return self.policy is None or can_be_stored(self.policy)

    def to_json(self) -> dict[str, Any]:
        """Return what is stored with a conversation: system, policy and options; raises InvalidSetting."""
        data: dict[str, Any] = {}
        if self.system is not None:
            data["system"] = self.system
        if self.policy is not None:
            data["policy"] = dump_policy(self.policy)
        if self.options is not None and self.options.to_json():
            data["options"] = self.options.to_json()
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Settings:
        """Return the settings stored as ``data``; raises CorruptRecord for what is none, or of a later release."""
        try:
            system, policy, options = data.get("system"), data.get("policy"), data.get("options")
            if not isinstance(system, str | None):
                raise InvalidSetting("system: must be a text", field="system")
            return cls(
                system=system,
                policy=None if policy is None else load_policy(policy),
                options=None if options is None else CompletionOptions.from_json(options),
            )
        except CallerError as problem:
            why = f" ({problem})"
        except (TypeError, ValueError, AttributeError):
            why = ""
        raise CorruptRecord(
            f"the settings stored with this conversation cannot be read back: run a check of the store{why}"
        )

    @property
    def rules(self) -> Sequence[Any]:
        """The policy in force: the one given, else the default window."""
        return DEFAULT_POLICY if self.policy is None else self.policy

    def profile_for(self, backend: Any) -> Profile:
        """Return the profile in force for ``backend``: the one given, else its own, else PERMISSIVE."""
        own = getattr(backend, "profile", None)
        return self.profile or (own if isinstance(own, Profile) else PERMISSIVE)

    @property
    def checkpoints(self) -> tuple[float, int]:
        """How often what streams is kept: after how many seconds or characters."""
        return self.checkpoint or CHECKPOINT

    def lease_ms(self, backend: Any) -> int:
        """Return how long a turn may be silent before it can be taken over, in milliseconds."""
        silence = getattr(getattr(backend, "deadlines", None), "longest_silence", None)
        seconds = self.lease or ((silence if silence is not None else DEFAULT_LEASE) + LEASE_MARGIN)
        return int(seconds * 1000)


def checked_settings(
    *,
    system: str | None = None,
    policy: Sequence[Any] | Any = None,
    profile: Profile | None = None,
    lease: float | None = None,
    checkpoint: Any = None,
    count_tokens: Any = None,
    options: Mapping[str, Any],
) -> Settings:
    """Return the settings a user gave; raises InvalidSetting or InvalidOption naming the field."""
    if system is not None and not isinstance(system, str):
        raise InvalidSetting(f"system: must be a text, not {type(system).__name__}", field="system")
    if policy is not None:
        check_policy(policy)
    if profile is not None and not isinstance(profile, Profile):
        raise InvalidSetting("profile: must be a Profile, e.g. convo.MISTRAL", field="profile")
    if lease is not None and (
        isinstance(lease, bool) or not isinstance(lease, int | float) or not 0 < lease <= MAX_LEASE
    ):
        raise InvalidSetting(f"lease: must be a number of seconds, more than 0 and at most {MAX_LEASE}", field="lease")
    _check_checkpoint(checkpoint)
    if count_tokens is not None and not callable(count_tokens):
        raise InvalidSetting(
            "count_tokens: must be a function of a message, e.g. convo.MistralTokens()", field="count_tokens"
        )
    given = CompletionOptions(**options) if options else None
    return Settings(
        system=system,
        policy=policy,
        profile=profile,
        lease=lease,
        checkpoint=checkpoint,
        count_tokens=count_tokens,
        options=given,
    )


def _check_checkpoint(given: Any) -> None:
    """Raise InvalidSetting unless ``given`` is None, or a number of seconds and one of characters."""
    right = given is None or (isinstance(given, tuple) and len(given) == 2)
    numbers = given or CHECKPOINT
    if not right or not all(isinstance(n, int | float) and not isinstance(n, bool) and n > 0 for n in numbers):
        raise InvalidSetting(
            "checkpoint: must be two numbers above 0, after how many seconds and characters of a stream it is kept, "
            "e.g. (1.0, 2048)",
            field="checkpoint",
        )


def checked_name(value: Any, what: str) -> str:
    """Return ``value`` as a name that every database keeps as it is; raises InvalidSetting."""
    if not isinstance(value, str):
        raise InvalidSetting(f"{what}: must be a text, not {type(value).__name__}", field=what)
    if not value or len(value) > NAME_LENGTH:
        raise InvalidSetting(f"{what}: must have 1 to {NAME_LENGTH} characters, not {len(value)}", field=what)
    if any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 or 0xD800 <= ord(sign) < 0xE000 for sign in value):
        raise InvalidSetting(f"{what}: must not contain control characters or lone surrogates", field=what)
    return value


def checked_title(value: Any) -> str | None:
    """Return ``value`` as a conversation's title; raises InvalidSetting."""
    if value is not None and not isinstance(value, str):
        raise InvalidSetting(f"title: must be a text, not {type(value).__name__}", field="title")
    return value


def checked_branch(value: Any) -> str | int:
    """Return ``value`` as the name or number of a branch, whether or not there is one; raises InvalidSetting."""
    if isinstance(value, int) and not isinstance(value, bool):
        return max(min(int(value), BRANCHES), NO_BRANCH)
    if not isinstance(value, str):
        kind = type(value).__name__
        raise InvalidSetting(f"branch: must be the name or the number of a branch, not {kind}", field="branch")
    return checked_name(value, "branch")


def checked_memory(value: Any) -> int:
    """Return ``value`` as a number of bytes; raises InvalidSetting."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidSetting("memory: must be a number of bytes, 0 for none", field="memory")
    return value


def uuid_from(given: Any) -> UUID | None:
    """Return the UUID that ``given`` is, or is the text of; None for what is neither."""
    if isinstance(given, UUID):
        return given
    try:
        return UUID(given) if isinstance(given, str) else None
    except ValueError:
        return None


def named(given: Any) -> str:
    """Return what an error calls ``given``, which should be an id: a short text as it is, anything else by its type."""
    return f"{given!r:.80}" if isinstance(given, str) else f"a value of type {type(given).__name__}"


def checked_owner(value: Any) -> str:
    """Return ``value`` as an owner's name; ``""`` stands for none."""
    return "" if value == "" else checked_name(value, "owner")


def checked_metadata(value: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return ``value`` as plain JSON of a bounded size; raises InvalidSetting."""
    if value is not None and not isinstance(value, Mapping):
        raise InvalidSetting(f"metadata: must be a dict of JSON data, not {type(value).__name__}", field="metadata")
    try:
        data = clean_json(dict(value or {}))
        if len(dump_json(data)) > METADATA_BYTES:
            raise ValueError(f"larger than {METADATA_BYTES // 1024} KiB")
    except ValueError as problem:
        raise InvalidSetting(f"metadata: must be a dict of JSON data: {problem}", field="metadata") from None
    return data  # type: ignore[no-any-return]


def with_stored(given: Settings, stored: Mapping[str, Any]) -> Settings:
    """Return the settings in force for a handle: those given, over those stored with the conversation."""
    return given.over(Settings.from_json(stored))
