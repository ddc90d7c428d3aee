"""Completion options: every parameter of the chat completions request, typed and checked.

Names are Mistral's (``random_seed``, ``max_tokens``); a backend's dialect spells them as its server does. An option
that is not set is not sent. What is newer than this release goes into ``extra`` and is sent as it is; a field that
convo sends itself is refused there.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal, Self, TypedDict

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from convo.errors import InvalidOption
from convo.values import Value

FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""What Mistral and OpenAI accept as the name of a function."""

MAX_TOOLS = 128
"""Tools in one request, by Mistral's documentation."""


_OWN_FIELDS = frozenset({"messages", "stream"})


class _Option(Value):
    error: ClassVar[type[InvalidOption]] = InvalidOption


class FunctionDefinition(_Option):
    """A function a model may call: its name, what it is for, and the JSON schema of its arguments."""

    name: str
    parameters: dict[str, Any]
    description: str = ""
    strict: bool = False

    @field_validator("name")
    @classmethod
    def _callable_name(cls, name: str) -> str:
        if not FUNCTION_NAME.fullmatch(name):
            raise ValueError(f"{name!r:.80} must be 1 to 64 of a-z, A-Z, 0-9, underscore and dash")
        return name


class Tool(_Option):
    """A tool on offer: a function, or one of the provider's own (any other ``type``)."""

    type: str = "function"
    function: FunctionDefinition | None = None

    @model_validator(mode="after")
    def _function_is_described(self) -> Self:
        if self.type == "function" and self.function is None:
            raise ValueError("a tool of type function needs its function")
        return self


class JSONSchema(_Option):
    """A named JSON schema for the answer."""

    name: str
    schema_: dict[str, Any] = Field(alias="schema")
    description: str | None = None
    strict: bool = False

    def _item(self, name: str) -> Any:
        return super()._item("schema_" if name == "schema" else name)


class ResponseFormat(_Option):
    """The form of the answer: ``text``, ``json_object`` (ask for JSON in the prompt too) or ``json_schema``."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    json_schema: JSONSchema | None = None

    @model_validator(mode="after")
    def _schema_goes_with_type(self) -> Self:
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise ValueError("type json_schema and the json_schema itself go together")
        return self


class FunctionName(_Option):
    """The name of one function."""

    name: str


class NamedTool(_Option):
    """A tool choice that names the function to call."""

    type: Literal["function"] = "function"
    function: FunctionName


class Prediction(_Option):
    """Text the answer will mostly repeat, which makes it quicker."""

    type: Literal["content"] = "content"
    content: str


class Guardrail(_Option):
    """Input moderation by the provider (Mistral)."""

    block_on_error: bool = False
    moderation_llm_v1: dict[str, Any] | None = None
    moderation_llm_v2: dict[str, Any] | None = None


Penalty = Annotated[float, Field(ge=-2, le=2)]
ToolChoice = Literal["auto", "none", "any", "required"]
ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


def _tool_choice_kind(data: Any) -> str:
    return "<word>" if isinstance(data, str) else "<named>"


class CompletionOptions(_Option):
    """The options of a completion. All are optional; ``merged`` lays one set over another.

    Ranges are the widest any supported provider accepts; a backend's dialect may be narrower (Mistral's temperature
    ends at 1.5) and then refuses before anything is sent.
    """

    model: Annotated[str, Field(min_length=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=0)] | None = None
    max_tokens: Annotated[int, Field(ge=0)] | None = None
    min_tokens: Annotated[int, Field(ge=0)] | None = None
    stop: str | tuple[str, ...] | None = None
    random_seed: Annotated[int, Field(ge=0)] | None = None
    response_format: ResponseFormat | None = None
    tools: tuple[Tool, ...] | None = None
    tool_choice: (
        Annotated[
            Annotated[ToolChoice, Tag("<word>")] | Annotated[NamedTool, Tag("<named>")],
            Discriminator(_tool_choice_kind),
        ]
        | None
    ) = None
    parallel_tool_calls: bool | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    prediction: Prediction | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    repetition_penalty: Annotated[float, Field(gt=0)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0)] | None = None
    prompt_logprobs: bool | None = None
    top_prompt_logprobs: Annotated[int, Field(ge=0)] | None = None
    prompt_mode: Literal["reasoning"] | None = None
    reasoning_effort: ReasoningEffort | None = None
    safe_prompt: bool | None = None
    guardrails: tuple[Guardrail, ...] | None = None
    prompt_cache_key: str | None = None
    service_tier: Literal["auto", "standard_only", "default", "flex", "priority"] | None = None
    request_metadata: dict[str, Any] | None = None
    extra: dict[str, Any] | None = None

    @model_validator(mode="before")
    @classmethod
    def _known_names_only(cls, data: Any) -> Any:
        unknown = sorted(set(data) - set(cls.model_fields)) if isinstance(data, dict) else []
        if unknown:
            raise ValueError(
                f"there is no option {unknown[0]!r}; what this release does not know goes into extra={{...}}"
            )
        return {name: value for name, value in data.items() if value is not None} if isinstance(data, dict) else data

    @field_validator("extra")
    @classmethod
    def _extra_leaves_convos_own(cls, extra: dict[str, Any] | None) -> dict[str, Any] | None:
        if own := sorted(_OWN_FIELDS & (extra or {}).keys()):
            raise ValueError(f"{own[0]!r} is sent by convo itself: leave it out")
        return extra

    @field_validator("stop")
    @classmethod
    def _stop_says_something(cls, stop: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        if any(not sequence for sequence in ((stop,) if isinstance(stop, str) else stop or ())):
            raise ValueError("a stop sequence must not be empty")
        return stop

    @field_validator("tools")
    @classmethod
    def _tools_are_distinct(cls, tools: tuple[Tool, ...] | None) -> tuple[Tool, ...] | None:
        names = [tool.function.name for tool in tools or () if tool.function]
        if len(tools or ()) > MAX_TOOLS:
            raise ValueError(f"{len(tools or ())} tools; at most {MAX_TOOLS} can be offered")
        if len(set(names)) < len(names):
            raise ValueError("two tools have the same name")
        return tools

    @model_validator(mode="after")
    def _exclusive_options(self) -> Self:
        if (self.n or 1) > 1 and self.temperature == 0:
            raise ValueError("n greater than 1 needs a temperature greater than 0")
        named = self.tool_choice.function.name if isinstance(self.tool_choice, NamedTool) else None
        if named and named not in [tool.function.name for tool in self.tools or () if tool.function]:
            raise ValueError(f"tool_choice names {named!r:.80}, which is not among tools")
        if self.min_tokens and self.max_tokens is not None and self.min_tokens > self.max_tokens:
            raise ValueError("min_tokens is greater than max_tokens")
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the options that are set, in the order of their declaration."""
        given = super().to_json()
        return {name: given[name] for name in type(self).model_fields if given.get(name) is not None}

    def merged(self, over: CompletionOptions | None) -> CompletionOptions:
        """Return these options with those set in ``over`` laid over them."""
        if over is None or not over.to_json():
            return self
        return type(self).from_json({**self.to_json(), **over.to_json()})

    @property
    def stops(self) -> tuple[str, ...]:
        """The stop sequences, however they were given."""
        return (self.stop,) if isinstance(self.stop, str) else self.stop or ()


class OptionKwargs(TypedDict, total=False):
    """The options as keyword arguments of ``send``, ``stream`` and ``complete``."""

    model: str | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    max_tokens: int | None
    min_tokens: int | None
    stop: str | list[str] | tuple[str, ...] | None
    random_seed: int | None
    response_format: ResponseFormat | dict[str, Any] | None
    tools: list[Any] | tuple[Any, ...] | None
    tool_choice: ToolChoice | NamedTool | dict[str, Any] | None
    parallel_tool_calls: bool | None
    n: int | None
    prediction: Prediction | dict[str, Any] | None
    presence_penalty: float | None
    frequency_penalty: float | None
    repetition_penalty: float | None
    logprobs: bool | None
    top_logprobs: int | None
    prompt_logprobs: bool | None
    top_prompt_logprobs: int | None
    prompt_mode: Literal["reasoning"] | None
    reasoning_effort: ReasoningEffort | None
    safe_prompt: bool | None
    guardrails: list[Any] | tuple[Any, ...] | None
    prompt_cache_key: str | None
    service_tier: str | None
    request_metadata: dict[str, Any] | None
    extra: dict[str, Any] | None
