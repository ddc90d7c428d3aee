"""The parts of a message's content, told apart by ``type``: those of Mistral's schema, and any newer one as it came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Discriminator, StrictBool, StrictInt, Tag, field_validator

from convo.values import Value


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
    return f"<{kind}>" if is_known(kind) else "<unknown>"


def is_known(kind: Any) -> bool:
    """Return whether ``kind`` is a chunk type this release knows."""
    return isinstance(kind, str) and kind in KNOWN_CHUNKS


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


KNOWN_CHUNKS = frozenset(
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
