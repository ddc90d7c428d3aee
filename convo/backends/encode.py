"""A neutral request written in a dialect. Pure; what a dialect does not list never leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from convo.backends.dialects import Dialect
from convo.chunks import Chunk, DocumentURLChunk, FileChunk, ImageURLChunk, InputAudioChunk, ThinkingChunk, UnknownChunk
from convo.completions import CompletionRequest
from convo.errors import InvalidMessage, InvalidOption
from convo.messages import AssistantMessage, BaseMessage, Message, ToolCall
from convo.options import CompletionOptions, Tool
from convo.values import wire_json

_FUNCTION = frozenset({"name", "description", "parameters", "strict"})
_FORMAT = frozenset({"type", "json_schema"})
_SCHEMA = frozenset({"name", "schema", "description", "strict"})


def encode(dialect: Dialect, request: CompletionRequest, model: str | None, *, streamed: bool) -> bytes:
    """Return the body for ``request`` as UTF-8 JSON; ``model`` is asked where the options name none.

    Raises InvalidOption or InvalidMessage for what the dialect cannot say. O(size of the request).
    """
    return wire_json(_body(dialect, request, request.messages, model, streamed=streamed))


def check(dialect: Dialect, request: CompletionRequest, messages: tuple[Message, ...], model: str | None) -> None:
    """Raise what ``encode`` would for the options of ``request`` and for ``messages``, some of its own. O(those)."""
    _body(dialect, request, messages, model, streamed=True)


def _body(
    dialect: Dialect, request: CompletionRequest, messages: tuple[Message, ...], model: str | None, *, streamed: bool
) -> dict[str, Any]:
    options = request.options
    body: dict[str, Any] = {"model": options.model or model} if options.model or model else {}
    if dialect.model_required and not body:
        raise InvalidOption(f"{dialect.name} needs to know which model: name one", field="model")
    body["messages"] = encode_messages(dialect, messages)
    body |= encode_options(dialect, options)
    if request.conversation_id and "prompt_cache_key" in dialect.options and "prompt_cache_key" not in dialect.drops:
        body.setdefault(dialect.options["prompt_cache_key"], request.conversation_id)
    if request.prefix:
        body |= dialect.prefix_switches
    if streamed:
        body["stream"] = True
        body |= {"stream_options": {"include_usage": True}} if dialect.usage_in_streams else {}
    return _with_extra(body, options.extra or {})


def _with_extra(body: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    if taken := sorted(body.keys() & extra.keys()):
        raise InvalidOption(
            f"extra: {taken[0]!r:.60} is sent by convo itself: give it as an option, or leave it out", field="extra"
        )
    return body | extra


def encode_options(dialect: Dialect, options: CompletionOptions) -> dict[str, Any]:
    """Return the body fields for ``options``, without ``model`` and ``extra``."""
    fields: dict[str, Any] = {}
    for name, value in options.to_json().items():
        if name in ("model", "extra") or name in dialect.drops or (name == "tools" and not value):
            continue
        if name not in dialect.options:
            raise InvalidOption(f"{dialect.name} has no option {name}: leave it out", field=name)
        _check_range(dialect, name, value)
        fields[dialect.options[name]] = _option(dialect, options, name, value)
    return fields


def _check_range(dialect: Dialect, name: str, value: Any) -> None:
    low, high = dialect.ranges.get(name, (float("-inf"), float("inf")))
    if isinstance(value, int | float) and not low <= value <= high:
        raise InvalidOption(f"{name}: {dialect.name} takes {low:g} to {high:g}, not {value:g}", field=name)


def _option(dialect: Dialect, options: CompletionOptions, name: str, value: Any) -> Any:
    if name == "tools":
        return [_tool(tool) for tool in options.tools or ()]
    if name == "tool_choice" and isinstance(value, str):
        return dialect.tool_choices.get(value, value)
    if name == "response_format":
        picked = _pick(value, _FORMAT)
        return picked | {"json_schema": _pick(value["json_schema"], _SCHEMA)} if "json_schema" in picked else picked
    return value


def _tool(tool: Tool) -> dict[str, Any]:
    given = tool.to_json()
    if tool.function is None:
        return given
    return {"type": tool.type, "function": _pick(given["function"], _FUNCTION)}


def _pick(data: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name in names and value is not None}


def encode_messages(dialect: Dialect, messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """Return ``messages`` as the dialect writes them."""
    return [_message(dialect, message, is_last=number == len(messages)) for number, message in enumerate(messages, 1)]


def _message(dialect: Dialect, message: Message, *, is_last: bool) -> dict[str, Any]:
    data = {name: value for name, value in message.to_json().items() if name in dialect.messages[message.role]}
    if "content" in data:
        data["content"] = _content(dialect, message)
    if message.role == "system":
        data["role"] = dialect.system_role
    if isinstance(message, AssistantMessage):
        _finish_assistant(dialect, message, data, is_last=is_last)
    return data


def _finish_assistant(dialect: Dialect, message: AssistantMessage, data: dict[str, Any], *, is_last: bool) -> None:
    data.pop("prefix", None)
    data.pop("tool_calls", None)
    if message.calls:
        data["tool_calls"] = [_call(dialect, call) for call in message.calls]
    if message.prefix and is_last and dialect.profile.prefix.style == "flag":
        data["prefix"] = True
    if message.thinking and dialect.thinking in ("reasoning", "reasoning_content"):
        data[dialect.thinking] = message.thinking


def _call(dialect: Dialect, call: ToolCall) -> dict[str, Any]:
    given = {"id": call.id, "type": call.type, **call.to_json()}
    function = {"name": call.name, "arguments": call.arguments}
    return {name: value for name, value in (given | {"function": function}).items() if name in dialect.call}


def _content(dialect: Dialect, message: BaseMessage) -> Any:
    if message.content is None or isinstance(message.content, str):
        return message.content
    written = [_chunk(dialect, chunk) for chunk in message.content]
    kept = [chunk for chunk in written if chunk is not None]
    if len(kept) < len(written) and all(chunk["type"] == "text" for chunk in kept):
        return "".join(chunk["text"] for chunk in kept)
    return kept


def _chunk(dialect: Dialect, chunk: Chunk) -> dict[str, Any] | None:
    if isinstance(chunk, UnknownChunk) and chunk.type not in dialect.chunks:
        return chunk.to_json()
    if isinstance(chunk, ThinkingChunk) and dialect.thinking != "chunks":
        return None
    if chunk.type in dialect.drops_chunks:
        return None
    if chunk.type not in dialect.chunks:
        raise InvalidMessage(f"{dialect.name} takes no {chunk.type} in a message", field="content")
    written = _as_object(chunk) if dialect.media == "object" else _as_text(dialect, chunk)
    return _pick(written, dialect.chunks[chunk.type])


def _as_text(dialect: Dialect, chunk: Chunk) -> dict[str, Any]:
    data = chunk.to_json()
    if isinstance(chunk, InputAudioChunk) and not isinstance(chunk.input_audio, str):
        return data | {"input_audio": chunk.input_audio.get("data", "")}
    if isinstance(chunk, ImageURLChunk) and not isinstance(chunk.image_url, str):
        return data | {"image_url": _pick(data["image_url"], ("url", "detail"))}
    if isinstance(chunk, ThinkingChunk):
        return data | {"thinking": [part for part in (_chunk(dialect, inner) for inner in chunk.thinking) if part]}
    return data


def _as_object(chunk: Chunk) -> dict[str, Any]:
    if isinstance(chunk, ImageURLChunk):
        image = {"url": chunk.image_url} if isinstance(chunk.image_url, str) else chunk.image_url.to_json()
        return {"type": chunk.type, "image_url": _pick(image, ("url", "detail"))}
    if isinstance(chunk, InputAudioChunk):
        return {"type": chunk.type, "input_audio": _audio(chunk.input_audio)}
    if isinstance(chunk, FileChunk):
        return {"type": "file", "file": {"file_id": chunk.file_id}}
    if isinstance(chunk, DocumentURLChunk):
        return {"type": "file", "file": _document(chunk)}
    return chunk.to_json()


def _audio(audio: str | dict[str, Any]) -> dict[str, Any]:
    if not isinstance(audio, str):
        return _pick(audio, ("data", "format"))
    head, _, data = audio.partition(";base64,")
    if not head.startswith("data:audio/"):
        raise InvalidMessage(
            "input_audio: give {'data': ..., 'format': 'wav'} or a data URL; this server must know the format",
            field="content",
        )
    return {"data": data, "format": head.removeprefix("data:audio/").removeprefix("x-")}


def _document(chunk: DocumentURLChunk) -> dict[str, Any]:
    if not chunk.document_url.startswith("data:"):
        raise InvalidMessage("document_url: this server takes documents as data URLs only", field="content")
    return {"filename": chunk.document_name or "document", "file_data": chunk.document_url}
