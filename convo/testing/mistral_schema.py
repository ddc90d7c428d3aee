"""The body of Mistral's ``POST /v1/chat/completions`` by its published schema, which is closed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True, protected_namespaces=())


class _Text(_Closed):
    type: Literal["text"]
    text: str


class _ImageAddress(_Closed):
    url: str
    detail: Literal["low", "auto", "high"] | None = None


class _Image(_Closed):
    type: Literal["image_url"]
    image_url: str | _ImageAddress


class _Document(_Closed):
    type: Literal["document_url"]
    document_url: str
    document_name: str | None = None


class _Reference(_Closed):
    type: Literal["reference"]
    reference_ids: list[int | str]


class _File(_Closed):
    type: Literal["file"]
    file_id: str


class _Audio(_Closed):
    type: Literal["input_audio"]
    input_audio: str


class _ToolReference(_Closed):
    type: Literal["tool_reference"]
    tool: str
    title: str
    url: str | None = None
    favicon: str | None = None
    description: str | None = None


class _Thinking(_Closed):
    type: Literal["thinking"]
    thinking: list[Annotated[_Text | _Reference | _ToolReference, Field(discriminator="type")]]
    signature: str | None = None
    closed: bool = True


class _Resource(_Closed):
    type: Literal["resource"]
    uri: str
    content: Annotated[_Text | _Image, Field(discriminator="type")]


class _ResourceLink(_Closed):
    type: Literal["resource_link"]
    uri: str
    metadata: dict[str, str | int | float | bool] | None = None


_Chunk = Annotated[
    _Text | _Image | _Document | _Reference | _File | _Audio | _Thinking | _Resource | _ResourceLink,
    Field(discriminator="type"),
]


class _FunctionCall(_Closed):
    name: str
    arguments: dict[str, Any] | str


class _ToolCall(_Closed):
    id: str = "null"
    type: str = "function"
    function: _FunctionCall
    index: int = 0


class _System(_Closed):
    role: Literal["system"]
    content: str | list[Annotated[_Text | _Thinking, Field(discriminator="type")]]


class _User(_Closed):
    role: Literal["user"]
    content: str | list[_Chunk] | None


class _Assistant(_Closed):
    role: Literal["assistant"]
    content: str | list[_Chunk] | None = None
    tool_calls: list[_ToolCall] | None = None
    prefix: bool = False


class _Tool(_Closed):
    role: Literal["tool"]
    content: str | list[_Chunk] | None
    tool_call_id: str | None = None
    name: str | None = None


class _Function(_Closed):
    name: str
    parameters: dict[str, Any]
    description: str = ""
    strict: bool = False


class _FunctionTool(_Closed):
    type: Literal["function"]
    function: _Function


class _BuiltInTool(BaseModel):
    type: Literal[
        "web_search",
        "web_search_premium",
        "code_interpreter",
        "image_generation",
        "document_library",
        "connector",
    ]


class _FunctionName(_Closed):
    name: str


class _NamedTool(_Closed):
    type: Literal["function"]
    function: _FunctionName


class _JSONSchema(_Closed):
    name: str
    schema_: dict[str, Any] = Field(alias="schema")
    description: str | None = None
    strict: bool = False


class _ResponseFormat(_Closed):
    type: Literal["text", "json_object", "json_schema"] = "text"
    json_schema: _JSONSchema | None = None


class _Prediction(_Closed):
    type: Literal["content"] = "content"
    content: str = ""


class _Guardrail(_Closed):
    block_on_error: bool = False
    moderation_llm_v1: dict[str, Any] | None = None
    moderation_llm_v2: dict[str, Any] | None = None


_Penalty = Annotated[float, Field(ge=-2, le=2)]


class _Request(_Closed):
    model: str
    messages: list[Annotated[_System | _User | _Assistant | _Tool, Field(discriminator="role")]]
    temperature: Annotated[float, Field(ge=0, le=1.5)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=0)] | None = None
    min_tokens: int | None = None
    stream: bool = False
    stop: str | list[str] | None = None
    random_seed: Annotated[int, Field(ge=0)] | None = None
    metadata: dict[str, Any] | None = None
    response_format: _ResponseFormat = _ResponseFormat()
    tools: Annotated[list[_FunctionTool | _BuiltInTool], Field(min_length=1, max_length=128)] | None = None
    tool_choice: Literal["auto", "none", "any", "required"] | _NamedTool = "auto"
    parallel_tool_calls: bool = True
    presence_penalty: _Penalty | None = None
    frequency_penalty: _Penalty | None = None
    repetition_penalty: float | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    prediction: _Prediction | None = None
    prompt_mode: Literal["reasoning"] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    safe_prompt: bool = False
    guardrails: list[_Guardrail] | None = None
    prompt_cache_key: str | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    top_k: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    prompt_logprobs: bool | None = None
    top_prompt_logprobs: int | None = None


def violations(body: Any) -> list[dict[str, Any]]:
    """Return what is wrong with a request body by the schema, as a 422 lists it; empty when it is accepted."""
    try:
        _Request.model_validate(body)
    except ValidationError as problem:
        return [
            {"loc": ["body", *item["loc"]], "msg": item["msg"], "type": item["type"]}
            for item in problem.errors(include_url=False, include_input=False, include_context=False)
        ]
    return []
