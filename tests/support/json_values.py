"""JSON values and messages drawn at random: any text, unknown fields and chunks, names that are also attributes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from convo.chunks import ThinkingChunk
from convo.messages import AssistantMessage

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
ATTRIBUTES = sorted({name for kind in (AssistantMessage, ThinkingChunk) for name in dir(kind)})
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    ANY_TEXT,
)
NAMES = st.one_of(ANY_TEXT, st.sampled_from(ATTRIBUTES))
FIELD_NAMES = st.one_of(st.text(max_size=20), st.sampled_from(ATTRIBUTES))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)

CHUNK_FIELDS: dict[str, tuple[str, ...]] = {
    "text": ("text",),
    "image_url": ("image_url",),
    "document_url": ("document_url", "document_name"),
    "reference": ("reference_ids",),
    "file": ("file_id",),
    "input_audio": ("input_audio",),
    "thinking": ("thinking", "signature", "closed"),
    "tool_reference": ("tool", "title", "url", "favicon", "description"),
    "tool_file": ("tool", "file_id", "file_name", "file_type"),
    "resource": ("uri", "content"),
    "resource_link": ("uri", "metadata"),
}
KNOWN_CHUNKS: list[dict[str, Any]] = [
    {"type": "text", "text": "Vingt-quatre degrés"},
    {"type": "image_url", "image_url": "https://images.example/a.png"},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0=", "detail": "low"}},
    {"type": "document_url", "document_url": "https://documents.example/a.pdf", "document_name": "a.pdf"},
    {"type": "reference", "reference_ids": [0, "b", 2]},
    {"type": "file", "file_id": "f-1"},
    {"type": "input_audio", "input_audio": "UklGRg=="},
    {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "signature": "c2ln", "closed": False},
    {"type": "tool_reference", "tool": "web_search", "title": "A page", "url": "https://pages.example/"},
    {"type": "tool_file", "tool": "code", "file_id": "f-2", "file_name": "plot.png", "file_type": "png"},
    {"type": "resource", "uri": "file:///notes", "content": {"type": "text", "text": "notes"}},
    {"type": "resource_link", "uri": "file:///notes", "metadata": {"size": 3}},
]


@st.composite
def with_more(draw: st.DrawFn, base: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """``base`` with unknown fields, in any order; its ``fields`` keep their values."""
    unknown = st.dictionaries(FIELD_NAMES.filter(lambda name: name not in fields), VALUES, max_size=3)
    items = [*base.items(), *((name, value) for name, value in draw(unknown).items() if name not in base)]
    return dict(draw(st.permutations(items)))


CHUNKS = st.one_of(
    st.sampled_from(KNOWN_CHUNKS).flatmap(lambda chunk: with_more(chunk, ("type", *CHUNK_FIELDS[chunk["type"]]))),
    ANY_TEXT.filter(lambda kind: kind not in CHUNK_FIELDS).flatmap(lambda kind: with_more({"type": kind}, ("type",))),
)
CONTENTS = st.one_of(ANY_TEXT, st.lists(CHUNKS, max_size=3))
CALLS = st.builds(
    lambda name, arguments, id: {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}},
    ANY_TEXT,
    st.one_of(ANY_TEXT, st.dictionaries(NAMES, VALUES, max_size=2)),
    ANY_TEXT,
)
CALLS_TOLD_APART = st.lists(CALLS, min_size=2, max_size=2, unique_by=lambda call: call["id"]).filter(
    lambda calls: not {"", "null"} & {call["id"] for call in calls}
)
"""Calls in one message with ids of their own: where they have none, they are given one when they are stored."""
MESSAGE_FIELDS = ("role", "content", "tool_calls", "prefix", "tool_call_id", "name")
_BASES = st.one_of(
    st.builds(lambda content: {"role": "system", "content": content}, CONTENTS),
    st.builds(lambda content: {"role": "user", "content": content}, CONTENTS),
    st.builds(lambda content: {"role": "assistant", "content": content}, st.one_of(st.none(), CONTENTS)),
    st.builds(
        lambda content, calls: {"role": "assistant", "content": content, "tool_calls": calls},
        st.one_of(st.none(), CONTENTS),
        st.one_of(st.lists(CALLS, max_size=1), CALLS_TOLD_APART),
    ),
    st.builds(
        lambda content, id, name: {"role": "tool", "content": content, "tool_call_id": id, "name": name},
        CONTENTS,
        ANY_TEXT,
        ANY_TEXT,
    ),
)
MESSAGES: st.SearchStrategy[dict[str, Any]] = _BASES.flatmap(lambda base: with_more(base, MESSAGE_FIELDS))


def exactly(value: Any) -> str:
    """A text that two JSON values share only if they are equal with the order of their keys.

    Halves of a surrogate pair that stand together are the same as their character: JSON has one spelling for both.
    """
    return json.dumps(json.loads(json.dumps(value)))


def nested(depth: int, kind: type = list) -> Any:
    """``depth`` containers around nothing."""
    value: Any = kind()
    for _ in range(depth - 1):
        value = {"a": value} if kind is dict else [value]
    return value
