"""Histories brought along from elsewhere: kept as they came, and what is sent of them is accepted by the provider."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from convo import MISTRAL, Store
from convo.chunks import TextChunk
from convo.completions import CompletionRequest
from convo.errors import InvalidMessage, NothingToAnswer, OrderViolation
from convo.messages import message_from
from support.embedded import database_url
from support.mistral_oracle import refusals

__all__ = ["database_url"]

DATA = Path(__file__).parent.parent / "data"
CASES: dict[str, Any] = {
    case["name"]: case["messages"]
    for case in json.loads((DATA / "message-order-cases.json").read_text(encoding="utf-8"))["cases"]
}
NO_MESSAGES = {"tool_result_null_content": "content", "unknown_role_developer": "role"}
CUTS_PER_CONVERSATION = 3


@cache
def tool_conversations() -> list[tuple[str, list[dict[str, Any]]]]:
    lines = (DATA / "tool-conversations.jsonl").read_text(encoding="utf-8").splitlines()
    return [(row["id"], row["messages"]) for row in map(json.loads, lines)]


class Provider:
    """A backend with Mistral's profile that refuses what mistral-common does."""

    name, profile = "provider", MISTRAL

    def __init__(self) -> None:
        self.requests: list[CompletionRequest] = []

    def complete(self, request: CompletionRequest) -> str:
        self.requests.append(request)
        assert refusals(request.messages) == {}
        return "Fine."


def unaccounted(chat: Any, question: str | None) -> list[int]:
    """The messages whose texts would not all go out verbatim, without a line that says why."""
    composed = chat.compose(question)
    texts = [message.text for message in composed.messages]
    said = {line.seq for line in composed.decisions if not line.included or line.note}
    return [
        entry.seq
        for entry in chat.history(limit=1000)
        for chunk in entry.message.chunks
        if isinstance(chunk, TextChunk) and not any(chunk.text in text for text in texts) and entry.seq not in said
    ]


def goes_on(chat: Any) -> bool:
    """Whether the conversation is answered: as it stands where there is something to answer, else after a question."""
    try:
        assert unaccounted(chat, None) == []
        return bool(chat.complete().text)
    except (NothingToAnswer, OrderViolation):
        assert unaccounted(chat, "And now?") == []
        return bool(chat.send("And now?").text)


def prefix_of(messages: list[dict[str, Any]]) -> str:
    """The text of a last message that the answer is made to begin with."""
    last = messages[-1] if messages else {}
    return last.get("content") or "" if last.get("prefix") else ""


@pytest.mark.parametrize("name", sorted(set(CASES) - set(NO_MESSAGES)))
def test_every_order_of_messages_can_be_brought_and_goes_on(store: Any, name: str) -> None:
    prefix = prefix_of(CASES[name])
    brought = [message_from({**message, "prefix": False}) for message in CASES[name][: -1 if prefix else None]]
    brought = [message.replace(prefix=None) for message in brought]
    provider = Provider()
    chat = store.start(brought, backend=provider)
    assert [entry.message for entry in chat.history()] == brought
    if prefix:
        assert chat.complete(prefix=prefix).text == prefix + "Fine."
        assert provider.requests[-1].prefix == prefix
    else:
        assert goes_on(chat)
    assert chat.send("And then?").text == "Fine."


@pytest.mark.parametrize("name", [name for name in CASES if any(message.get("prefix") for message in CASES[name])])
def test_a_history_with_an_answer_begun_is_refused_with_the_word_for_it(store: Any, name: str) -> None:
    if CASES[name][-1]["role"] != "user":
        with pytest.raises(InvalidMessage, match="give its beginning to send"):
            store.start(CASES[name])
        assert store.conversations() == []


@pytest.mark.parametrize(("name", "field"), NO_MESSAGES.items())
def test_a_history_that_holds_no_messages_is_refused_whole(store: Any, name: str, field: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        store.start(CASES[name])
    assert caught.value.field == field
    assert store.conversations() == []


@pytest.mark.parametrize("group", range(10))
def test_recorded_tool_conversations_go_on_whole_and_cut_anywhere(database_url: str, group: int) -> None:
    with Store(database_url) as store:
        for name, messages in tool_conversations()[group::10]:
            cuts = random.Random(name).sample(range(1, len(messages)), CUTS_PER_CONVERSATION - 1)
            for cut in (*cuts, len(messages)):
                chat = store.start(messages[:cut], backend=Provider())
                assert [entry.message.to_json() for entry in chat.history()] == messages[:cut]
                assert goes_on(chat), (name, cut)
