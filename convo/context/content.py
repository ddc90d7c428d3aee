"""What a single message may hold under a profile, and how two messages become one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from convo.chunks import ContentChunk, TextChunk
from convo.context.draft import Item, is_prefix
from convo.messages import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage
from convo.profiles import Profile

SEPARATOR = "\n\n"
"""What joins the texts of merged messages; mistral-common joins them so too."""


def is_plain_text(message: Message) -> bool:
    """Return whether ``message`` is a text and nothing else, which every profile accepts from every role."""
    return is_talk(message) or (message.role == "tool" and isinstance(message.content, str))


def is_talk(message: Message) -> bool:
    """Return whether ``message`` is what somebody says, as a text and nothing else: no result and no call of a tool."""
    content = message.content
    if message.role != "assistant":
        return message.role != "tool" and isinstance(content, str)
    return isinstance(content, str) and content != "" and message.tool_calls is None and not message.prefix


def fitted(item: Item, profile: Profile, *, last: bool) -> Item:
    """Return ``item`` with what the profile does not accept in its message left out and noted.

    Left out are chunks of refused types, a prefix mark that is not on a last message without calls, and an empty list
    of calls.
    """
    message = item.message
    changes: dict[str, object] = {}
    refused = refused_chunks(message, profile)
    if refused:
        changes["content"] = _content_without(message, refused)
        item = item.noted(f"left out, not accepted by {profile.name}: {', '.join(sorted(refused))}")
    if isinstance(message, AssistantMessage):
        if message.prefix and not (last and is_prefix(message)):
            changes["prefix"] = None
            item = item.noted("no longer a prefix")
        if message.tool_calls == ():
            changes["tool_calls"] = None
    return item.changed(message.replace(**changes)) if changes else item


def refused_chunks(message: Message, profile: Profile) -> set[str]:
    """Return the chunk types in ``message`` that the profile does not accept from its role."""
    if isinstance(message.content, str):
        return set()
    return {chunk.type for chunk in message.content or () if not profile.accepts_chunk(message.role, chunk.type)}


def _content_without(message: Message, refused: set[str]) -> list[ContentChunk] | str:
    left = [chunk for chunk in message.content or () if not isinstance(chunk, str) and chunk.type not in refused]
    if not left and isinstance(message, UserMessage | ToolMessage):
        return f"[left out: {', '.join(sorted(refused))}]"
    return left


def says_something(message: Message) -> bool:
    """Return whether the content holds any text, or a chunk that is no text."""
    if isinstance(message.content, str):
        return bool(message.content)
    return any(not isinstance(chunk, TextChunk) or chunk.text for chunk in message.content or ())


def split_calls(item: Item) -> list[Item]:
    """Return a call message that also says something as two: what it says, and its calls."""
    message = item.message
    if not (isinstance(message, AssistantMessage) and message.calls and message.content):
        return [item]
    calls = item.changed(AssistantMessage(content="", tool_calls=message.tool_calls))
    if not says_something(message):
        return [calls]
    said = item.changed(AssistantMessage(content=message.content), "what it says goes ahead of its calls")
    return [said, calls]


def as_user(item: Item, profile: Profile) -> Item:
    """Return a system message as the user message that carries the same content."""
    message = UserMessage(content=item.message.content if item.message.content is not None else "")
    return fitted(item.changed(message, "system message sent as the user's"), profile, last=False)


def merged(messages: Iterable[Message]) -> Message:
    """Return one message with the contents and calls of ``messages`` (one role) in order, and the last one's prefix.

    Texts are joined by a blank line, empty ones skipped; chunks are strung together.
    """
    first, *rest = messages
    if not rest:
        return first
    content = _joined([message.content for message in (first, *rest)])
    last = rest[-1]
    if isinstance(last, AssistantMessage):
        calls = [call for message in (first, *rest) if isinstance(message, AssistantMessage) for call in message.calls]
        given: dict[str, Any] = {"tool_calls": calls} if calls else {}
        return AssistantMessage(content=content, **given, **({"prefix": True} if last.prefix else {}))
    return SystemMessage(content=content) if isinstance(last, SystemMessage) else UserMessage(content=content)


def _joined(contents: list[str | tuple[ContentChunk, ...] | None]) -> str | list[ContentChunk]:
    texts = [content for content in contents if isinstance(content, str)]
    if len(texts) + contents.count(None) == len(contents):
        return SEPARATOR.join(text for text in texts if text)
    chunks: list[ContentChunk] = []
    for content in contents:
        if isinstance(content, str):
            chunks.extend([TextChunk(text=content)] if content else [])
        else:
            chunks.extend(content or ())
    return chunks
