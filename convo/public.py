"""Everything that ``from convo import ...`` gives."""

from __future__ import annotations

from convo.aio import AsyncConversation
from convo.backends.models import ModelInfo
from convo.completions import Choice, Completion, CompletionRequest, Delta, Usage
from convo.context.choosing import KeepFirst, LastMessages, LastTurns, Pinned, Window
from convo.context.exact import MistralTokens
from convo.context.placing import Insert, MergeConsecutive, SystemIntoUser
from convo.context.rewriting import ClearToolResults, DropImages, DropThinking, Redact, TruncateToolResults
from convo.context.summarizing import Summarize
from convo.conversation import Conversation
from convo.errors import BackendError, CallerError, ContextError, ConvoError, StoreError
from convo.flows.accounting import UsageReport
from convo.flows.comparing import Comparison, Table
from convo.flows.events import RunEvent, ToolFinished, ToolStarted, TurnDone
from convo.flows.recorded import RecordedBackend
from convo.flows.replay_values import Replay, ReplayBegun, ReplayDone, ReplayEvent, TurnReplayed
from convo.flows.reply import Reply
from convo.flows.spending import TurnUsage
from convo.flows.toolbox import ToolFunction, tool
from convo.messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
    assistant,
    message_from,
    system,
    tool_call,
    tool_result,
    user,
)
from convo.options import CompletionOptions
from convo.profiles import MISTRAL, OPENAI, PERMISSIVE, Profile
from convo.records import Branch, Call, ConversationInfo, Entry, Finding, Hit, Hits, Turn
from convo.stores import AsyncStore, Store
from convo.streams import AsyncStream, Stream

__all__ = [
    "MISTRAL",
    "OPENAI",
    "PERMISSIVE",
    "AssistantMessage",
    "AsyncConversation",
    "AsyncStore",
    "AsyncStream",
    "BackendError",
    "Branch",
    "Call",
    "CallerError",
    "Choice",
    "ClearToolResults",
    "Comparison",
    "Completion",
    "CompletionOptions",
    "CompletionRequest",
    "ContextError",
    "Conversation",
    "ConversationInfo",
    "ConvoError",
    "Delta",
    "DropImages",
    "DropThinking",
    "Entry",
    "Finding",
    "Hit",
    "Hits",
    "Insert",
    "KeepFirst",
    "LastMessages",
    "LastTurns",
    "MergeConsecutive",
    "Message",
    "MistralTokens",
    "ModelInfo",
    "Pinned",
    "Profile",
    "RecordedBackend",
    "Redact",
    "Replay",
    "ReplayBegun",
    "ReplayDone",
    "ReplayEvent",
    "Reply",
    "RunEvent",
    "Store",
    "StoreError",
    "Stream",
    "Summarize",
    "SystemIntoUser",
    "SystemMessage",
    "Table",
    "ToolCall",
    "ToolFinished",
    "ToolFunction",
    "ToolMessage",
    "ToolStarted",
    "TruncateToolResults",
    "Turn",
    "TurnDone",
    "TurnReplayed",
    "TurnUsage",
    "Usage",
    "UsageReport",
    "UserMessage",
    "Window",
    "assistant",
    "message_from",
    "system",
    "tool",
    "tool_call",
    "tool_result",
    "user",
]
