"""Exact counts for Mistral's models: their tokenizer, from ``mistral-common`` (extra ``mistral``).

The text vocabulary is that of the tokenizer file which ships with mistral-common; what a generation's template puts
around a message is told here, since the files of the newer generations are not in that package.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Literal

from convo.chunks import ContentChunk, TextChunk, ThinkingChunk
from convo.context.tokens import estimate_chunk
from convo.errors import InvalidSetting, MissingExtra
from convo.messages import AssistantMessage, Message, ToolCall, ToolMessage
from convo.options import Tool

Generation = Literal[3, 7, 11, 13, 15]
GENERATIONS = (3, 7, 11, 13, 15)

KEPT = 4096
"""Messages whose count is kept, by what they hold: a window and more."""


class MistralTokens:
    """Counts the tokens of messages as Mistral's models of one generation do: ``count_tokens=MistralTokens(15)``.

    ``generation`` is that of the tokenizer: 3 (2407 and before, Nemo), 7 (Large 2411, Small 3), 11 (Small 3.2,
    Magistral), 13 (Ministral 3, Large 3), 15 (Small 4, Medium 3.5). Exact for texts, tool calls, their results and the
    tools' definitions, but for the one token that begins a request; images, audio and documents are estimated. A
    message that is merged with its neighbour is counted as if it stood alone, which is some two tokens more.

    Raises MissingExtra without mistral-common. The first count loads the tokenizer (about a second, 200 MB), once for a
    process; later ones cost some 10 microseconds for each kilobyte of text that is new.
    """

    def __init__(self, generation: Generation = 13) -> None:
        if generation not in GENERATIONS:
            raise InvalidSetting(
                f"MistralTokens: generation must be one of {', '.join(map(str, GENERATIONS))}", field="generation"
            )
        self.generation = generation
        self.name = f"mistral-v{generation}"
        self._encode = _encoder()
        self._known = lru_cache(maxsize=KEPT)(self._count)

    def __call__(self, message: Message) -> int:
        """Return the tokens of ``message`` in a request."""
        return self._known(message)

    def tools(self, tools: Sequence[Tool]) -> int:
        """Return the tokens of the definitions of ``tools`` in a request."""
        if not tools:
            return 0
        return 2 + self._text(_json([tool.to_json() for tool in tools]))

    def _text(self, text: str) -> int:
        return len(self._encode(text)) if text else 0

    def _count(self, message: Message) -> int:
        content = self._content(message)
        if isinstance(message, ToolMessage):
            return self._result(message, content)
        if isinstance(message, AssistantMessage):
            return content + self._calls(message.calls) + (0 if message.prefix else 1)
        if message.role == "system" and self.generation == 3:
            return self._text(f"{message.text}\n\n")
        return content + 2

    def _content(self, message: Message) -> int:
        content = message.content
        if not isinstance(content, str):
            return self._chunks(content or ())
        return self._text(content.rstrip(" ") if message.role == "assistant" else content)  # as the template does

    def _chunks(self, chunks: Iterable[ContentChunk]) -> int:
        return sum(map(self._chunk, chunks))

    def _chunk(self, chunk: ContentChunk) -> int:
        if isinstance(chunk, TextChunk):
            return self._text(chunk.text)
        return 2 + self._chunks(chunk.thinking) if isinstance(chunk, ThinkingChunk) else estimate_chunk(chunk)

    def _calls(self, calls: Sequence[ToolCall]) -> int:
        if not calls:
            return 0
        if self.generation <= 7:
            told = [{"name": call.name, "arguments": _parsed(call.arguments), "id": call.id} for call in calls]
            return 1 + self._text(_json(told))
        return sum(map(self._call, calls))

    def _call(self, call: ToolCall) -> int:
        named = 1 + self._text(call.id) if self.generation == 11 else 0
        return 2 + named + self._text(call.name) + self._text(_json(_parsed(call.arguments)))

    def _result(self, message: ToolMessage, content: int) -> int:
        if self.generation == 3:
            return 2 + self._text(_json({"content": _parsed(message.text), "call_id": message.tool_call_id}))
        named = 1 + self._text(message.tool_call_id or "") if self.generation <= 11 else 0
        return 2 + named + content


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError):
        return text


@lru_cache(maxsize=1)
def _encoder() -> Callable[[str], Sequence[int]]:
    """The text encoder of the newest vocabulary that ships with mistral-common."""
    try:
        from mistral_common.tokens.tokenizers.mistral import MistralTokenizer
    except ImportError:
        raise MissingExtra("exact counts need a package: pip install 'convo-sql[mistral]'", extra="mistral") from None
    tekken = MistralTokenizer.v3(is_tekken=True).instruct_tokenizer.tokenizer
    return lambda text: tekken.encode(text.encode("utf-8", "replace").decode(), bos=False, eos=False)
