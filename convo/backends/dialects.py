"""Dialects: how a server spells the chat completions request, as data.

What leaves is what a dialect lists: a field, chunk type or option that is not listed is left out where it means
nothing to the server (``drops``) and refused where leaving it out would change the answer. Describe a new server by
``dataclasses.replace`` of the one it is nearest to::

    MINE = replace(GENERIC, name="mine", drops=GENERIC.drops | {"top_k"}, usage_in_streams=True)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, Literal, get_args

from convo.backends.given import require, require_known, require_profile, require_text
from convo.errors import InvalidSetting
from convo.frozen import dataclass
from convo.options import CompletionOptions
from convo.profiles import MISTRAL, OPENAI, PrefixSupport, Profile

Thinking = Literal["chunks", "reasoning_content", "reasoning", "drop"]


_ALL_OPTIONS = frozenset(CompletionOptions.model_fields) - {"extra"}
_ROLES = frozenset({"system", "user", "assistant", "tool"})


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How one kind of server is spoken to.

    ``profile``: what it accepts in a message list, and how it continues a prefix. ``options``: for each neutral
    option the field it is sent as. ``drops``: options left out without a word. ``ranges``: for an option the lowest
    and highest number the server takes. ``tool_choices``: words of ``tool_choice`` that are spelt otherwise.
    ``messages``: for each role the fields sent; ``chunks``: for each chunk type the fields sent, where a type that
    convo knows and the dialect does not is left out if in ``drops_chunks``, else refused. ``call``: fields of a tool
    call. ``thinking``: how earlier thoughts are sent. ``media``: Mistral writes images and audio as plain texts
    (``text``), OpenAI as objects (``object``). ``system_role``: the word for system messages.
    ``usage_in_streams``: ask for usage by ``stream_options``. ``prefix_switches``: body fields sent with a prefix.
    ``model_required``: whether a request must name a model.
    """

    name: str
    profile: Profile
    options: Mapping[str, str]
    drops: frozenset[str] = frozenset()
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    tool_choices: Mapping[str, str] = field(default_factory=dict)
    messages: Mapping[str, frozenset[str]]
    chunks: Mapping[str, frozenset[str]]
    drops_chunks: frozenset[str] = frozenset()
    call: frozenset[str] = frozenset({"id", "type", "function"})
    thinking: Thinking = "drop"
    media: Literal["text", "object"] = "object"
    system_role: str = "system"
    usage_in_streams: bool = False
    prefix_switches: Mapping[str, Any] = field(default_factory=dict)
    model_required: bool = True

    def __post_init__(self) -> None:
        require_text(name=self.name, system_role=self.system_role)
        require_profile(self.profile)
        for name, known in (("options", _ALL_OPTIONS), ("ranges", _ALL_OPTIONS), ("messages", _ROLES)):
            require(Mapping, "a mapping", **{name: getattr(self, name)})
            require_known("Dialect", name, getattr(self, name), known)
        require(Mapping, "a mapping", tool_choices=self.tool_choices, chunks=self.chunks)
        require(Mapping, "a mapping", prefix_switches=self.prefix_switches)
        require_known("Dialect", "drops", self.drops, _ALL_OPTIONS)
        require_known("Dialect", "thinking", (self.thinking,), get_args(Thinking))
        require_known("Dialect", "media", (self.media,), ("text", "object"))
        if missing := _ROLES - self.messages.keys():
            raise InvalidSetting(f"Dialect.messages leaves out the role {min(missing)}", field="messages")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _fields(names: str, **renamed: str) -> dict[str, str]:
    return {name: name for name in names.split()} | renamed


_COMMON = (
    "model temperature top_p stop response_format tools tool_choice parallel_tool_calls n presence_penalty "
    "frequency_penalty"
)
_MISTRAL_ONLY = _words("safe_prompt prompt_mode guardrails")

MISTRAL_DIALECT = Dialect(
    name="mistral",
    profile=MISTRAL,
    options=_fields(
        f"{_COMMON} max_tokens min_tokens random_seed prediction prompt_mode reasoning_effort safe_prompt guardrails "
        "prompt_cache_key service_tier top_k repetition_penalty logprobs top_logprobs prompt_logprobs "
        "top_prompt_logprobs",
        request_metadata="metadata",
    ),
    ranges={"temperature": (0, 1.5)},
    messages={
        "system": _words("role content"),
        "user": _words("role content"),
        "assistant": _words("role content tool_calls prefix"),
        "tool": _words("role content tool_call_id name"),
    },
    chunks={
        "text": _words("type text"),
        "image_url": _words("type image_url"),
        "document_url": _words("type document_url document_name"),
        "reference": _words("type reference_ids"),
        "file": _words("type file_id"),
        "input_audio": _words("type input_audio"),
        "thinking": _words("type thinking signature closed"),
        "tool_reference": _words("type tool title url favicon description"),
        "resource": _words("type uri content"),
        "resource_link": _words("type uri metadata"),
    },
    drops_chunks=_words("tool_file"),
    call=_words("id type function index"),
    thinking="chunks",
    media="text",
)
"""Mistral's chat completions. Its schema is closed: an unknown key anywhere is a 422."""

OPENAI_DIALECT = Dialect(
    name="openai",
    profile=OPENAI,
    options=_fields(
        f"{_COMMON} prediction reasoning_effort prompt_cache_key service_tier logprobs top_logprobs",
        max_tokens="max_completion_tokens",
        random_seed="seed",
        request_metadata="metadata",
    ),
    drops=_MISTRAL_ONLY,
    tool_choices={"any": "required"},
    messages={
        "system": _words("role content name"),
        "user": _words("role content name"),
        "assistant": _words("role content tool_calls refusal audio name"),
        "tool": _words("role content tool_call_id"),
    },
    chunks={
        "text": _words("type text"),
        "image_url": _words("type image_url"),
        "input_audio": _words("type input_audio"),
        "file": _words("type file"),
        "document_url": _words("type file"),
        "refusal": _words("type refusal"),
    },
    drops_chunks=_words("thinking reference tool_reference tool_file"),
    usage_in_streams=True,
)
"""OpenAI's chat completions."""

GENERIC = replace(
    OPENAI_DIALECT,
    name="generic",
    options=_fields(f"{_COMMON} max_tokens logprobs top_logprobs", random_seed="seed"),
    drops=_MISTRAL_ONLY | {"prompt_cache_key", "request_metadata", "service_tier", "prediction"},
    messages={**OPENAI_DIALECT.messages, "assistant": _words("role content tool_calls")},
    usage_in_streams=False,
)
"""A server of which no more is known than that it follows OpenAI's older request."""

_LOCAL = replace(
    GENERIC,
    options={**GENERIC.options, "top_k": "top_k", "repetition_penalty": "repetition_penalty"},
    usage_in_streams=True,
)

_REASONING = replace(OPENAI, chunks={**OPENAI.chunks, "assistant": OPENAI.chunks["assistant"] | {"thinking"}})

VLLM = replace(
    _LOCAL,
    name="vllm",
    profile=replace(
        _REASONING, name="vllm", prefix=PrefixSupport(style="continue", echoes_whole=False, echoes_stream=False)
    ),
    options={
        **_LOCAL.options,
        "min_tokens": "min_tokens",
        "prompt_logprobs": "prompt_logprobs",
        "reasoning_effort": "reasoning_effort",
    },
    thinking="reasoning",
    prefix_switches={"continue_final_message": True, "add_generation_prompt": False},
)
"""vLLM's server. It continues a last assistant message when told to, and does not repeat it."""

LLAMACPP = replace(
    _LOCAL,
    name="llamacpp",
    profile=replace(
        _REASONING, name="llamacpp", prefix=PrefixSupport(style="trailing", echoes_whole=True, echoes_stream=False)
    ),
    options={**_LOCAL.options, "repetition_penalty": "repeat_penalty"},
    thinking="reasoning_content",
    model_required=False,
)
"""llama.cpp's server. It continues a last assistant message; whole replies repeat it, streams do not."""

OLLAMA = replace(
    GENERIC,
    name="ollama",
    profile=replace(OPENAI, name="ollama", prefix=PrefixSupport(style="trailing")),
    options={**{name: spelt for name, spelt in GENERIC.options.items() if name not in ("tool_choice", "n")}},
    drops=GENERIC.drops | {"tool_choice", "parallel_tool_calls"},
    usage_in_streams=True,
)
"""Ollama's ``/v1``. It continues a last assistant message where the model's template does."""

DEEPSEEK = replace(
    GENERIC,
    name="deepseek",
    profile=replace(_REASONING, name="deepseek", prefix=PrefixSupport(style="flag")),
    messages={**GENERIC.messages, "assistant": _words("role content tool_calls prefix")},
    thinking="reasoning_content",
    usage_in_streams=True,
)
"""DeepSeek. Its prefix needs the base URL that ends in ``/beta``."""

DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect for dialect in (MISTRAL_DIALECT, OPENAI_DIALECT, GENERIC, VLLM, LLAMACPP, OLLAMA, DEEPSEEK)
}
"""The dialects by name."""
