"""Messages and their content: frozen values without identity.

A message is what a model sees; ids, positions, times and metadata belong to the stored ``Entry``. Shapes are those
of Mistral's chat completions request (roles and chunk types of its schema); an unknown chunk type or field is kept
and given back unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import StrictBool, StrictInt

from convo.chunks import Chunk, Chunks, Content, TextChunk, ThinkingChunk, is_known
from convo.errors import InvalidMessage
from convo.harmless import brief
from convo.values import MAX_DEPTH, Value, clean_json, dump_json, join_surrogates

Role = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")


class FunctionCall(Value):
    """The function a model wants called; ``arguments`` is JSON text, or an object where a provider sends one."""

    name: str
    arguments: str | dict[str, Any] = ""


class ToolCall(Value):
    """A model's wish to have a function called; ``id`` is what its result refers to.

    ``"null"`` stands for none. Of several calls in one message, those without an id of their own get one when stored.
    """

    id: str = "null"
    type: str = "function"
    function: FunctionCall
    index: StrictInt = 0

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.name

    @property
    def arguments(self) -> str:
        """The arguments as JSON text, ``{}`` when there are none."""
        given = self.function.arguments
        return (given or "{}") if isinstance(given, str) else dump_json(given)

    def parsed_arguments(self) -> dict[str, Any]:
        """Return the arguments as a dict; raises InvalidMessage when they are no JSON object (models err)."""
        try:
            value = clean_json(json.loads(self.arguments))
        except (ValueError, RecursionError) as problem:
            raise InvalidMessage(f"the arguments of {self.name} are not JSON: {problem}", field="arguments") from None
        if not isinstance(value, dict):
            raise InvalidMessage(f"the arguments of {self.name} are not a JSON object", field="arguments")
        return value


class BaseMessage(Value):
    """What the four kinds of message share."""

    discriminator: ClassVar[str] = "role"
    role: Role
    content: Content | None = None

    @property
    def chunks(self) -> Chunks:
        """The content as chunks: a text is one text chunk, nothing is none."""
        if isinstance(self.content, str):
            return (TextChunk(text=self.content),) if self.content else ()
        return self.content or ()

    @property
    def text(self) -> str:
        """The text chunks in order, joined; other chunks are left out."""
        if isinstance(self.content, str):
            return self.content
        return "".join(chunk.text for chunk in self.content or () if isinstance(chunk, TextChunk))


class SystemMessage(BaseMessage):
    """Instructions to the model."""

    role: Literal["system"] = "system"
    content: Content


class UserMessage(BaseMessage):
    """What the user said or showed."""

    role: Literal["user"] = "user"
    content: Content


class AssistantMessage(BaseMessage):
    """What the model said, or is made to begin with (``prefix``), and the tool calls it wants."""

    role: Literal["assistant"] = "assistant"
    content: Content | None = None
    tool_calls: tuple[ToolCall, ...] | None = None
    prefix: StrictBool = False

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tool calls, ``()`` when there are none."""
        return self.tool_calls or ()

    @property
    def thinking(self) -> str:
        """The text of the thinking chunks, joined."""
        return "".join(chunk.text for chunk in self.chunks if isinstance(chunk, ThinkingChunk))


class ToolMessage(BaseMessage):
    """The result of a tool call."""

    role: Literal["tool"] = "tool"
    content: Content
    tool_call_id: str | None = None
    name: str | None = None


Message: TypeAlias = SystemMessage | UserMessage | AssistantMessage | ToolMessage
MessageLike: TypeAlias = Message | Mapping[str, Any] | str

_KINDS: dict[str, type[Message]] = {
    "system": SystemMessage,
    "user": UserMessage,
    "assistant": AssistantMessage,
    "tool": ToolMessage,
}


def message_from(data: MessageLike) -> Message:
    """Return the message that ``data`` stands for: a message, a dict with ``role``, or a text (a user message).

    Raises InvalidMessage naming the field.
    """
    if isinstance(data, SystemMessage | UserMessage | AssistantMessage | ToolMessage):
        return data
    if isinstance(data, str):
        return user(data)
    if not isinstance(data, Mapping):
        raise InvalidMessage(f"a message must be a text, a dict or a message, not {type(data).__name__}", field="")
    role = data.get("role")
    kind = _KINDS.get(role) if isinstance(role, str) else None
    if kind is None:
        raise InvalidMessage(f"role: must be system, user, assistant or tool, not {brief(role, 40)}", field="role")
    return kind.from_json(dict(data))


def stored_message(data: dict[str, Any]) -> Message:
    """Return the message that was stored as ``data``; raises InvalidMessage.

    A plain text, the most frequent message by far, is taken as it was checked when it was stored.
    """
    kind = _KINDS.get(data.get("role", ""))
    if len(data) == 2 and kind is not None and isinstance(data.get("content"), str):
        return kind.unchecked(data)
    return message_from(data)


def is_empty(message: Message) -> bool:
    """Return whether ``message`` says nothing: no text, no other chunk, no tool call."""
    if message.text or (isinstance(message, AssistantMessage) and message.calls):
        return False
    return all(isinstance(chunk, TextChunk) for chunk in message.chunks)


def system(content: Content | Sequence[Any], **extra: Any) -> SystemMessage:
    """Return a system message."""
    return SystemMessage(content=content, **extra)


def user(content: Content | Sequence[Any], **extra: Any) -> UserMessage:
    """Return a user message."""
    if type(content) is str and not extra:
        return UserMessage.unchecked({"role": "user", "content": join_surrogates(content)})
    return UserMessage(content=content, **extra)


def assistant(
    content: Content | Sequence[Any] | None = None,
    *,
    tool_calls: Iterable[Any] | None = None,
    prefix: bool = False,
    **extra: Any,
) -> AssistantMessage:
    """Return an assistant message; ``tool_calls`` are ``ToolCall`` values or their dicts."""
    if type(content) is str and tool_calls is None and not prefix and not extra:
        return AssistantMessage.unchecked({"role": "assistant", "content": join_surrogates(content)})
    given: dict[str, Any] = {"content": content} if content is not None or tool_calls is None else {}
    if tool_calls is not None:
        given["tool_calls"] = list(tool_calls)
    if prefix:
        given["prefix"] = True
    return AssistantMessage(**given, **extra)


def tool_call(name: str, arguments: Any = None, id: str = "null") -> ToolCall:
    """Return a tool call; ``arguments`` is JSON text or anything JSON can hold."""
    if not isinstance(arguments, str):
        arguments = dump_json(_cleaned({} if arguments is None else arguments, "arguments", "the arguments of a call"))
    return ToolCall(id=id, type="function", function=FunctionCall(name=name, arguments=arguments))


def tool_result(call: ToolCall | str, content: Any, **extra: Any) -> ToolMessage:
    """Return the result of ``call`` (a ToolCall or its id); what is no text or chunk list becomes JSON text."""
    if isinstance(call, ToolCall):
        extra = {"name": call.name, **extra}
        call = call.id
    if not isinstance(content, str) and not _is_chunks(content):
        content = dump_json(_cleaned(content, "content", "a tool result"))
    return ToolMessage(content=content, tool_call_id=call, **extra)


def _is_chunks(content: Any) -> bool:
    return (
        isinstance(content, list | tuple)
        and bool(content)
        and all(
            isinstance(part, Chunk) or (isinstance(part, Mapping) and is_known(part.get("type"))) for part in content
        )
    )


def _cleaned(data: Any, field: str, what: str) -> Any:
    try:
        return clean_json(data)
    except ValueError as problem:
        raise InvalidMessage(
            f"{field}: {what} must be JSON data (at most {MAX_DEPTH} deep): {problem}", field=field
        ) from None
