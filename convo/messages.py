"""Messages and their content: frozen values without identity.

A message is what a model sees; ids, positions, times and metadata belong to the stored ``Entry``. Shapes are those
of Mistral's chat completions request (roles and chunk types of its schema); an unknown chunk type or field is kept
and given back unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Discriminator, StrictBool, StrictInt, Tag, field_validator

from convo.errors import InvalidMessage
from convo.values import MAX_DEPTH, Value, clean_json, dump_json

Role = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")


class Chunk(Value):
    """One part of a message's content, told apart by ``type``."""

    discriminator: ClassVar[str] = "type"
    type: str


class TextChunk(Chunk):
    """Plain text."""

    type: Literal["text"] = "text"
    text: str


class ImageURL(Value):
    """Where an image is: an https or data URL, and how finely to look at it."""

    url: str
    detail: Literal["low", "auto", "high"] | None = None


class ImageURLChunk(Chunk):
    """An image, by URL or as a data URL; ``url`` gives it for either spelling."""

    type: Literal["image_url"] = "image_url"
    image_url: str | ImageURL

    @property
    def url(self) -> str:
        """The image's URL, however it was given."""
        return self.image_url if isinstance(self.image_url, str) else self.image_url.url


class DocumentURLChunk(Chunk):
    """A document, by URL."""

    type: Literal["document_url"] = "document_url"
    document_url: str
    document_name: str | None = None


class ReferenceChunk(Chunk):
    """A citation: the ids refer to keys or indexes in the tool results that were supplied."""

    type: Literal["reference"] = "reference"
    reference_ids: tuple[StrictInt | str, ...]


class FileChunk(Chunk):
    """A file uploaded to the provider."""

    type: Literal["file"] = "file"
    file_id: str


class InputAudioChunk(Chunk):
    """Audio: base64 or a URL (Mistral), or ``{data, format}`` (OpenAI)."""

    type: Literal["input_audio"] = "input_audio"
    input_audio: str | dict[str, Any]


class ToolReferenceChunk(Chunk):
    """A source a built-in tool found."""

    type: Literal["tool_reference"] = "tool_reference"
    tool: str
    title: str
    url: str | None = None
    favicon: str | None = None
    description: str | None = None


class ToolFileChunk(Chunk):
    """A file a built-in tool made."""

    type: Literal["tool_file"] = "tool_file"
    tool: str
    file_id: str
    file_name: str | None = None
    file_type: str | None = None


class ResourceLinkChunk(Chunk):
    """A link to a resource outside the message."""

    type: Literal["resource_link"] = "resource_link"
    uri: str
    metadata: dict[str, Any] | None = None


class UnknownChunk(Chunk):
    """A chunk type newer than this release, kept as it came."""


def _chunk_type(data: Any) -> str:
    kind = data.get("type") if isinstance(data, Mapping) else getattr(data, "type", None)
    return f"<{kind}>" if _is_known(kind) else "<unknown>"


def _is_known(kind: Any) -> bool:
    return isinstance(kind, str) and kind in _KNOWN_CHUNKS


_Leaf = (
    Annotated[TextChunk, Tag("<text>")]
    | Annotated[ImageURLChunk, Tag("<image_url>")]
    | Annotated[DocumentURLChunk, Tag("<document_url>")]
    | Annotated[ReferenceChunk, Tag("<reference>")]
    | Annotated[FileChunk, Tag("<file>")]
    | Annotated[InputAudioChunk, Tag("<input_audio>")]
    | Annotated[ToolReferenceChunk, Tag("<tool_reference>")]
    | Annotated[ToolFileChunk, Tag("<tool_file>")]
    | Annotated[ResourceLinkChunk, Tag("<resource_link>")]
    | Annotated[UnknownChunk, Tag("<unknown>")]
)


def _leaf_type(data: Any) -> str:
    kind = _chunk_type(data)
    return "<unknown>" if kind in ("<thinking>", "<resource>") else kind


LeafChunk: TypeAlias = Annotated[_Leaf, Discriminator(_leaf_type)]


class ThinkingChunk(Chunk):
    """What a reasoning model thought before it answered: text, references and tool references.

    ``closed`` is False only in a partial that is to be continued.
    """

    type: Literal["thinking"] = "thinking"
    thinking: tuple[LeafChunk, ...]
    signature: str | None = None
    closed: StrictBool = True

    @field_validator("thinking", mode="before")
    @classmethod
    def _accept_text(cls, value: Any) -> Any:
        return [{"type": "text", "text": value}] if isinstance(value, str) else value

    @property
    def text(self) -> str:
        """The text parts in order, joined."""
        return "".join(part.text for part in self.thinking if isinstance(part, TextChunk))


class ResourceChunk(Chunk):
    """A resource given whole: its address and its content."""

    type: Literal["resource"] = "resource"
    uri: str
    content: LeafChunk


_KNOWN_CHUNKS = frozenset(
    "text image_url document_url reference file input_audio thinking tool_reference tool_file resource "
    "resource_link".split()
)

ContentChunk: TypeAlias = Annotated[
    _Leaf | Annotated[ThinkingChunk, Tag("<thinking>")] | Annotated[ResourceChunk, Tag("<resource>")],
    Discriminator(_chunk_type),
]
Chunks: TypeAlias = tuple[ContentChunk, ...]


def _content_type(data: Any) -> str:
    return "<chunks>" if isinstance(data, list | tuple) else "<text>"


Content: TypeAlias = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[Chunks, Tag("<chunks>")], Discriminator(_content_type)
]


class FunctionCall(Value):
    """The function a model wants called; ``arguments`` is JSON text, or an object where a provider sends one."""

    name: str
    arguments: str | dict[str, Any] = ""


class ToolCall(Value):
    """A model's wish to have a function called; ``id`` is what its result refers to."""

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
        raise InvalidMessage(f"role: must be system, user, assistant or tool, not {role!r:.40}", field="role")
    return kind.from_json(dict(data))


def stored_message(data: Mapping[str, Any]) -> Message:
    """Return the message that was stored as ``data``; raises InvalidMessage.

    A plain text, the most frequent message by far, is taken as it was checked when it was stored.
    """
    role, content = data.get("role"), data.get("content")
    if len(data) == 2 and isinstance(content, str) and isinstance(role, str) and role in _KINDS:
        return _KINDS[role].unchecked(dict(data))
    return message_from(data)


def is_empty(message: Message) -> bool:
    """Return whether ``message`` says nothing: no text, no other chunk, no tool call."""
    if isinstance(message, AssistantMessage) and message.calls:
        return False
    return not message.text and all(isinstance(chunk, TextChunk) for chunk in message.chunks)


def system(content: Content | Sequence[Any], **extra: Any) -> SystemMessage:
    """Return a system message."""
    return SystemMessage(content=content, **extra)


def user(content: Content | Sequence[Any], **extra: Any) -> UserMessage:
    """Return a user message."""
    return UserMessage(content=content, **extra)


def assistant(
    content: Content | Sequence[Any] | None = None,
    *,
    tool_calls: Iterable[Any] | None = None,
    prefix: bool = False,
    **extra: Any,
) -> AssistantMessage:
    """Return an assistant message; ``tool_calls`` are ``ToolCall`` values or their dicts."""
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
            isinstance(part, Chunk) or (isinstance(part, Mapping) and _is_known(part.get("type"))) for part in content
        )
    )


def _cleaned(data: Any, field: str, what: str) -> Any:
    try:
        return clean_json(data)
    except ValueError as problem:
        raise InvalidMessage(
            f"{field}: {what} must be JSON data (at most {MAX_DEPTH} deep): {problem}", field=field
        ) from None
