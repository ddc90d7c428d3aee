"""Profiles: what a provider accepts, as data. Write one for a new provider by ``dataclasses.replace``.

The order rules of ``MISTRAL`` are those that pass every tokenizer version of mistral-common 1.13 and what the hosted
API has been reported to refuse beyond it; its content types are those of the published request schema.
``MISTRAL_V3`` to ``MISTRAL_V15`` are what a server of one tokenizer generation accepts. ``OPENAI`` follows the
published API; ``PERMISSIVE`` refuses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Literal

from convo.frozen import dataclass

PrefixStyle = Literal["none", "flag", "trailing", "continue"]
SystemPlacement = Literal["anywhere", "start", "start_or_after_user", "none"]

_ANY: frozenset[str] = frozenset({"system", "user", "assistant", "tool"})


@dataclass(frozen=True, kw_only=True)
class PrefixSupport:
    """How a backend is asked to continue a last assistant message, and whether it repeats that text.

    ``style``: ``none``; ``flag`` (``prefix: true``); ``trailing`` (a last assistant message is continued as it is);
    ``continue`` (vLLM's ``continue_final_message``). ``echoes_whole`` and ``echoes_stream`` say whether the answer
    begins with the prefix, for a whole reply and a streamed one; None: not known, then it is taken off where it
    stands and the prefix is put in front where not.
    """

    style: PrefixStyle = "none"
    echoes_whole: bool | None = None
    echoes_stream: bool | None = None

    @property
    def supported(self) -> bool:
        """Whether an answer can be made to begin with a given text."""
        return self.style != "none"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a provider accepts in a message list.

    ``follows``: for each role, and ``start``, the roles that may come next. ``last``: roles that may end the list
    (an assistant message with prefix is judged by ``prefix``). ``system``: where system messages may stand; elsewhere
    their text goes out as the user's. ``merges``: roles whose neighbours are merged into one message. ``bridge``: the
    text of an assistant or user message put between two messages where ``follows`` forbids that step.
    ``tool_call_id`` and ``function_name``: the patterns that ids and names must match in full, or None.
    ``strict_tools``: each call is answered right after its message, in order, before anything else.
    ``text_with_calls``: an assistant message may hold text and calls. ``empty_assistant``: it may hold neither.
    ``opens_with_greeting``: an assistant message that opens the list may hold neither calls nor a prefix.
    ``chunks``: for each role the chunk types accepted; a role that is missing accepts all.
    """

    name: str
    follows: Mapping[str, frozenset[str]] = field(default_factory=lambda: dict.fromkeys(("start", *_ANY), _ANY))
    last: frozenset[str] = _ANY
    system: SystemPlacement = "anywhere"
    merges: frozenset[str] = frozenset()
    bridge: str | None = None
    tool_call_id: str | None = None
    function_name: str | None = None
    strict_tools: bool = False
    text_with_calls: bool = True
    empty_assistant: bool = True
    opens_with_greeting: bool = False
    chunks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    prefix: PrefixSupport = PrefixSupport()

    def accepts_id(self, call_id: str) -> bool:
        """Return whether ``call_id`` may leave as it is."""
        return self.tool_call_id is None or re.fullmatch(self.tool_call_id, call_id) is not None

    def accepts_name(self, name: str) -> bool:
        """Return whether a function may be called ``name``."""
        return self.function_name is None or re.fullmatch(self.function_name, name) is not None

    def accepts_chunk(self, role: str, kind: str) -> bool:
        """Return whether a message of ``role`` may hold a chunk of type ``kind``."""
        return role not in self.chunks or kind in self.chunks[role]


def _steps(**follows: str) -> dict[str, frozenset[str]]:
    return {role: frozenset(names.split()) for role, names in follows.items()}


_FUNCTION_NAME = "[a-zA-Z0-9_-]{1,64}"
_MEDIA = "text image_url document_url file input_audio resource resource_link"

MISTRAL = Profile(
    name="mistral",
    follows=_steps(
        start="system user assistant",
        system="user assistant",
        user="assistant system",
        assistant="user tool",
        tool="assistant tool",
    ),
    last=frozenset({"user", "tool"}),
    system="start_or_after_user",
    merges=frozenset({"system", "user", "assistant"}),
    bridge="…",
    tool_call_id="[a-zA-Z0-9]{9}",
    function_name=_FUNCTION_NAME,
    strict_tools=True,
    text_with_calls=False,
    empty_assistant=False,
    opens_with_greeting=True,
    chunks={
        "system": frozenset({"text", "thinking"}),
        "user": frozenset(_MEDIA.split()),
        "assistant": frozenset({"text", "reference", "thinking", "resource", "resource_link"}),
        "tool": frozenset(_MEDIA.split()) | {"reference"},
    },
    prefix=PrefixSupport(style="flag", echoes_whole=True, echoes_stream=None),
)
"""Mistral's chat completions; portable over the tokenizer generations v1 to v15 and the hosted API as reported.

Thinking is sent back, as the documentation of the reasoning models asks; a model without reasoning refuses it: add
``DropThinking()`` to the policy where a conversation changes to such a model.
"""

_TEXT = frozenset({"text"})
_SEEN = _TEXT | {"image_url"}

MISTRAL_V3 = replace(
    MISTRAL, name="mistral-v3", chunks={"system": _TEXT, "user": _SEEN, "assistant": _TEXT, "tool": _TEXT}
)
"""Servers of tokenizer v3 (2407 and before, Nemo): text, and the user's images."""

MISTRAL_V7 = replace(MISTRAL_V3, name="mistral-v7", text_with_calls=True)
"""Servers of tokenizer v7 (Large 2411, Small 3): text beside tool calls."""

MISTRAL_V11 = replace(
    MISTRAL_V7,
    name="mistral-v11",
    chunks={
        "system": _TEXT | {"thinking"},
        "user": _SEEN | {"input_audio"},
        "assistant": _TEXT | {"thinking"},
        "tool": _TEXT,
    },
)
"""Servers of tokenizer v11 (Small 3.2, Magistral): thinking, the user's audio."""

MISTRAL_V13 = replace(MISTRAL_V11, name="mistral-v13", tool_call_id="(?!null$)(?s:.+)")
"""Servers of tokenizer v13 (Ministral 3, Large 3): any tool call id."""

MISTRAL_V15 = replace(
    MISTRAL_V13,
    name="mistral-v15",
    chunks={
        "system": _TEXT,
        "user": _SEEN | {"input_audio"},
        "assistant": _TEXT | {"thinking"},
        "tool": _SEEN | {"input_audio"},
    },
)
"""Servers of tokenizer v15 (Small 4, Medium 3.5): images and audio in tool results, no thinking in system messages."""

OPENAI = Profile(
    name="openai",
    follows={
        **dict.fromkeys(("start", "system", "user", "assistant"), _ANY - {"tool"}),
        "tool": _ANY,
        "assistant": _ANY,
    },
    last=_ANY,
    tool_call_id="(?s:.{1,40})",
    function_name=_FUNCTION_NAME,
    strict_tools=True,
    empty_assistant=False,
    chunks={
        "system": _TEXT,
        "user": _SEEN | {"input_audio", "file", "document_url"},
        "assistant": _TEXT | {"refusal"},
        "tool": _TEXT,
    },
)
"""OpenAI's chat completions and servers that follow it. Its ids are of at most 40 characters (its error text)."""

PERMISSIVE = Profile(name="permissive", prefix=PrefixSupport(style="trailing"))
"""Refuses nothing: for plain functions and servers that check nothing."""

BUILT_IN: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (MISTRAL, MISTRAL_V3, MISTRAL_V7, MISTRAL_V11, MISTRAL_V13, MISTRAL_V15, OPENAI, PERMISSIVE)
}
"""convo's own profiles, by name."""
