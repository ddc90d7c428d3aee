"""mistral-common as a second opinion on outbound lists: its request validators, and its v3 tokenizer.

The library has chunk types and shapes of its own; what it has no word for (documents, references, files), or what a
generation cannot hold, is put before it as text: its judgement on order, calls, ids and prefix is what is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, cast

from mistral_common.exceptions import MistralCommonException
from mistral_common.protocol.instruct.normalize import get_normalizer
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.protocol.instruct.validator import ValidationMode, get_validator
from mistral_common.tokens.tokenizers import instruct
from mistral_common.tokens.tokenizers.base import SpecialTokens, TokenizerVersion
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer
from mistral_common.tokens.tokenizers.model_settings_builder import ModelSettingsBuilder
from mistral_common.tokens.tokenizers.tekken import Tekkenizer

from convo.messages import AssistantMessage, Message, ToolMessage
from convo.options import Tool

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


def prompt_tokens(generation: int, messages: Sequence[Message], tools: Sequence[Tool] = ()) -> int:
    """The prompt's tokens as that generation's template makes them, over the vocabulary that ships with the library."""
    version, tokenizer = TokenizerVersion(f"v{generation}"), _tekken()
    tokenizer._version = version
    tokenizer._model_settings_builder = ModelSettingsBuilder() if generation >= 15 else None
    template = getattr(instruct, f"InstructTokenizerV{generation}")(tokenizer)
    normal = get_normalizer(version, tokenizer.model_settings_builder)
    whole = MistralTokenizer(template, get_validator(version, ValidationMode.test), normal)
    offered: Any = [tool.to_json() for tool in tools] or None
    request: Any = ChatCompletionRequest(messages=_converted(messages, generation, exact=False), tools=offered)
    return len(whole.encode_chat_completion(request).tokens)


@cache
def _tekken() -> Any:
    """The tokenizer with every special token, so that it serves each generation's template."""
    shipped = cast("Any", _v3().instruct_tokenizer.tokenizer)
    file = json.loads(shipped.file_path.read_text(encoding="utf-8"))
    old = [token["token_str"] for token in Tekkenizer.DEPRECATED_SPECIAL_TOKENS]
    names = [*old, *(token.value for token in SpecialTokens if token.value not in old)]
    special: Any = [{"rank": rank, "token_str": name, "is_control": True} for rank, name in enumerate(names)]
    config = file["config"]
    size, count = config["default_vocab_size"], config["default_num_special_tokens"]
    return Tekkenizer(file["vocab"], special, config["pattern"], size, count, TokenizerVersion.v13)


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
