"""mistral-common as a second opinion on outbound lists: its request validators, and its v3 tokenizer.

The library has chunk types and shapes of its own; what it has no word for (documents, references, files), or what a
generation cannot hold, is put before it as text: its judgement on order, calls, ids and prefix is what is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from mistral_common.exceptions import MistralCommonException
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.protocol.instruct.validator import ValidationMode, get_validator
from mistral_common.tokens.tokenizers.base import TokenizerVersion
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

from convo.messages import AssistantMessage, Message, ToolMessage

VERSIONS = tuple(int(version.value.removeprefix("v")) for version in TokenizerVersion)


def holds(version: int, role: str, kind: str) -> bool:
    """Whether messages of ``role`` may hold a chunk of type ``kind`` in that tokenizer version."""
    if kind == "image_url":
        return (role == "user" and version >= 3) or (role == "tool" and version >= 15)
    if kind == "input_audio":
        return (role == "user" and version >= 11) or (role == "tool" and version >= 15)
    return kind == "thinking" and ((role == "assistant" and version >= 11) or (role == "system" and 7 <= version < 15))


def refusals(messages: Sequence[Message], versions: Sequence[int] = VERSIONS, *, exact: bool = False) -> dict[int, str]:
    """The versions that refuse the list when serving, each with its reason. ``exact``: no chunk is put as text."""
    refused = {}
    for version in versions:
        try:
            request: Any = ChatCompletionRequest(messages=_converted(messages, version, exact), model="m")
            get_validator(TokenizerVersion(f"v{version}"), ValidationMode.serving).validate_request(request)
        except (MistralCommonException, ValueError) as problem:
            refused[version] = f"{type(problem).__name__}: {problem}"
    return refused


def tokens_v3(messages: Sequence[Message]) -> int:
    """The prompt's tokens by the v3 tokenizer (tekken); raises what it raises where it refuses the list."""
    request: Any = ChatCompletionRequest(messages=_converted(messages, 1, exact=False))
    return len(_v3().encode_chat_completion(request).tokens)


@cache
def _v3() -> MistralTokenizer:
    return MistralTokenizer.v3(is_tekken=True)


def text_tokens(text: str) -> int:
    """The tokens of ``text`` alone, by the v3 tokenizer (tekken)."""
    return len(_v3().instruct_tokenizer.tokenizer.encode(text, bos=False, eos=False))


def _converted(messages: Sequence[Message], version: int, exact: bool) -> list[dict[str, Any]]:
    return [_message(message, version, exact) for message in messages]


def _message(message: Message, version: int, exact: bool) -> dict[str, Any]:
    data: dict[str, Any] = {"role": message.role, "content": _content(message, version, exact)}
    if isinstance(message, AssistantMessage):
        data["prefix"] = message.prefix
        if message.tool_calls is not None:
            data["tool_calls"] = [
                {"id": call.id, "function": {"name": call.name, "arguments": call.arguments}}
                for call in message.tool_calls
            ]
    if isinstance(message, ToolMessage):
        data |= {"tool_call_id": message.tool_call_id, "name": message.name}
    return data


def _content(message: Message, version: int, exact: bool) -> Any:
    if message.content is None or isinstance(message.content, str):
        return message.content
    return [_chunk(chunk, message.role, version, exact) for chunk in message.content]


def _chunk(chunk: Any, role: str, version: int, exact: bool) -> dict[str, Any]:
    if chunk.type == "text":
        return {"type": "text", "text": chunk.text}
    if not (exact or holds(version, role, chunk.type)):
        return {"type": "text", "text": f"[{chunk.type}]"}
    if chunk.type == "thinking":
        return {"type": "thinking", "thinking": chunk.text, "closed": chunk.closed}
    if chunk.type == "input_audio":
        return {"type": "audio_url", "audio_url": {"url": "https://audio.example/a.mp3"}}
    if chunk.type == "image_url":
        return {"type": "image_url", "image_url": chunk.url}
    return chunk.to_json()  # type: ignore[no-any-return]
