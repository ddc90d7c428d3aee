"""Paths of conversations: built by hand, and drawn at random, nasty ones among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from convo.context.calls import match_results
from convo.context.tokens import estimate
from convo.messages import AssistantMessage, Message, assistant, message_from, system, tool_result, user
from convo.records import Entry

NOBODY = UUID(int=0)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def entry(seq: int, message: Any, **facts: Any) -> Entry:
    message = message_from(message)
    return Entry(
        id=NOBODY,
        conversation_id=NOBODY,
        branch_no=1,
        seq=seq,
        message=message,
        tokens=estimate(message),
        created_at=LONG_AGO,
        **facts,
    )


def path(*messages: Any) -> list[Entry]:
    """Entries 1, 2, 3 … of these messages."""
    return [entry(seq, message) for seq, message in enumerate(messages, 1)]


def loaded(entries: Sequence[Entry], tail: int, first: int = 0, pins: Iterable[int] = ()) -> list[Entry]:
    """What is left of a path when only its last ``tail`` entries, its ``first`` and the pinned ones are loaded."""
    wanted = {*range(1, first + 1), *pins}
    oldest = len(entries) - tail
    return [one for index, one in enumerate(entries) if index >= oldest or one.seq in wanted]


TEXTS = st.one_of(
    st.sampled_from(["", " ", "hi", "line\n\nline", "…", "\x00\x1b[2J", "漢字かな交じり文", "😀" * 5, "word " * 40]),
    st.text(max_size=30),
)
CALL_IDS = st.sampled_from(
    ["aaaaaaaa1", "aaaaaaaa2", "call_1", "call_2", "null", "", "x" * 60, "9 chars !", "ünïcode99"]
)
NAMES = st.sampled_from(["get", "get_it", "get x!", "", "n" * 70, "naïve"])
ARGUMENTS = st.sampled_from(["{}", '{"q": 1}', "", '{"broken', {"q": [1, "two"]}])
CHUNKS: dict[str, dict[str, Any]] = {
    "image": {"type": "image_url", "image_url": "https://images.example/a.png"},
    "audio": {"type": "input_audio", "input_audio": "UklGRg=="},
    "document": {"type": "document_url", "document_url": "https://documents.example/a.pdf"},
    "reference": {"type": "reference", "reference_ids": [0, "a"]},
    "thinking": {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
    "unknown": {"type": "hologram", "beam": [1, 2]},
}


def contents(*kinds: str) -> st.SearchStrategy[Any]:
    """A text, or a list of text chunks and chunks of these kinds."""
    text = TEXTS.map(lambda text: {"type": "text", "text": text})
    chunk = st.one_of(text, *(st.just(CHUNKS[kind]) for kind in kinds))
    return st.one_of(TEXTS, TEXTS, st.lists(chunk, max_size=3))


SYSTEMS = contents("thinking").map(system)
USERS = contents("image", "audio", "document", "unknown").map(user)
CALLS = st.builds(
    lambda name, arguments, call_id: {"id": call_id, "function": {"name": name, "arguments": arguments}},
    NAMES,
    ARGUMENTS,
    CALL_IDS,
)
ANSWERS = st.builds(
    lambda content, calls, prefix: assistant(content, tool_calls=calls, prefix=prefix),
    st.one_of(st.none(), contents("thinking", "reference", "unknown", "image")),
    st.one_of(st.none(), st.lists(CALLS, max_size=3)),
    st.sampled_from([False, False, False, True]),
)
RESULTS = st.builds(
    lambda content, call_id, name: message_from(
        {"role": "tool", "content": content, "tool_call_id": call_id} | ({} if name is None else {"name": name})
    ),
    contents("image", "reference", "unknown"),
    st.one_of(st.none(), CALL_IDS),
    st.one_of(st.none(), NAMES),
)
MESSAGES: st.SearchStrategy[Message] = st.one_of(USERS, ANSWERS, ANSWERS, RESULTS, SYSTEMS)


@st.composite
def rounds(draw: st.DrawFn) -> list[Message]:
    """A user turn as it mostly is: a question, tool rounds that are mostly whole, an answer that mostly comes."""
    turn: list[Message] = draw(st.lists(USERS, min_size=1, max_size=2))
    for _ in range(draw(st.integers(0, 2))):
        calls = draw(st.lists(CALLS, min_size=1, max_size=3))
        turn.append(assistant(draw(st.one_of(st.none(), TEXTS)), tool_calls=calls))
        results = [tool_result(call["id"], draw(TEXTS)) for call in calls]
        results = draw(st.permutations(results))
        turn.extend(results[: draw(st.sampled_from([len(results), len(results), max(len(results) - 1, 0)]))])
    if draw(st.sampled_from([True, True, True, False])):
        turn.append(assistant(draw(contents("thinking", "reference"))))
    return turn


@st.composite
def paths(draw: st.DrawFn, max_size: int = 24) -> list[Entry]:
    """A path of 1 to about ``max_size`` entries, ending with something to answer or not."""
    start = draw(st.lists(st.one_of(SYSTEMS, ANSWERS), max_size=2))
    turns = draw(st.lists(st.one_of(rounds(), st.lists(MESSAGES, max_size=6)), max_size=max_size // 4))
    end = draw(st.one_of(USERS.map(lambda message: [message]), rounds(), st.lists(MESSAGES, min_size=1, max_size=3)))
    messages = [*start, *(message for turn in turns for message in turn), *end][-max_size:]
    marks = draw(
        st.lists(
            st.sampled_from(["", "", "", "", "erased", "incomplete"]), min_size=len(messages), max_size=len(messages)
        )
    )
    return [
        _marked(entry(seq, message), mark) for seq, (message, mark) in enumerate(zip(messages, marks, strict=True), 1)
    ]


def _marked(one: Entry, mark: str) -> Entry:
    if mark == "erased":
        return replace(one, message=message_from({"role": one.role, "content": ""}), tokens=0, erased=True)
    return replace(one, incomplete=True) if mark == "incomplete" and one.role == "assistant" else one


def answerable(entries: Sequence[Entry]) -> list[Entry]:
    """The path, with a user message at its end where there would be nothing to answer."""
    waiting = _is_waiting([one.message for one in entries if not one.erased])
    return [*entries] if waiting else [*entries, entry(len(entries) + 1, user("and now?"))]


def _is_waiting(messages: Sequence[Message]) -> bool:
    if not messages:
        return False
    last = messages[-1]
    if isinstance(last, AssistantMessage):
        return bool(last.calls) or (last.prefix and bool(last.text))
    if last.role == "tool":
        answered = match_results(messages).get(len(messages) - 1)
        return answered is not None and all(one.role != "assistant" for one in messages[answered.index + 1 :])
    return last.role == "user" or bool(last.text)
