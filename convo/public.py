"""Everything that ``from convo import ...`` gives."""

from __future__ import annotations

from convo.aio import AsyncConversation, AsyncStore, AsyncStream
from convo.context.choosing import KeepFirst, LastMessages, LastTurns, Pinned, Window
from convo.conversation import Conversation, Store, Stream
from convo.flows.reply import Reply
from convo.messages import (
    AssistantMessage,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
    assistant,
    system,
    tool_call,
    tool_result,
    user,
)
from convo.options import CompletionOptions
from convo.profiles import MISTRAL, OPENAI, PERMISSIVE, Profile
from convo.records import Entry

__all__ = [
    "MISTRAL",
    "OPENAI",
    "PERMISSIVE",
    "AssistantMessage",
    "AsyncConversation",
    "AsyncStore",
    "AsyncStream",
    "CompletionOptions",
    "Conversation",
    "Entry",
    "KeepFirst",
    "LastMessages",
    "LastTurns",
    "Pinned",
    "Profile",
    "Reply",
    "Store",
    "Stream",
    "SystemMessage",
    "ToolCall",
    "ToolMessage",
    "UserMessage",
    "Window",
    "assistant",
    "system",
    "tool_call",
    "tool_result",
    "user",
]
