"""Any message comes back from every database as it went in: any text, unknown fields and chunks, the order of keys."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convo.messages import message_from
from support.json_values import ANY_TEXT, MESSAGES, VALUES, exactly
from support.nasty import NASTY

GIVEN_A_DATABASE = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
EXTREMES = {
    "NUL": "a\0b\0",
    "halves of characters": "\ud83d \ude00 \udfff",
    "the last character": "\U0010ffff\uffff\ufffe\ufdd0",
    "both directions": "abc \u202e\u0627\u0644\u0639\u0631\u0628\u064a\u0629\u202c \u05e2\u05d1\u05e8\u05d9\u05ea",
    "line ends": "\r\n\n\r\u2028\u2029\x85\x1c",
    "quotes": "'\"`\\\\%s%(x)s:name?;--/*",
    "composed and not": "é e\u0301 \ufb01 ﬃ ß ẞ ı İ",
    "a megabyte of emoji": "😀" * 262_144,
    "ten megabytes": "0123456789" * 1_048_576,
    "blanks at the end": "text   \t\n ",
}


@GIVEN_A_DATABASE
@given(messages=st.lists(MESSAGES, min_size=1, max_size=8))
def test_any_messages_come_back_as_they_went_in(store: Any, messages: list[dict[str, Any]]) -> None:
    chat = store.start(messages[:-1])
    stored = [message for message in messages if message["role"] != "tool"]
    for data, entry in zip(messages, store.load(chat.id).history(), strict=False):
        assert exactly(entry.message.to_json()) == exactly(data)
    bare = [message for message in stored if message_from(message).text]
    chat.append(*bare)
    found = store.load(chat.id).history()
    assert [exactly(entry.message.to_json()) for entry in found] == [exactly(data) for data in (*messages[:-1], *bare)]


@GIVEN_A_DATABASE
@given(text=ANY_TEXT.filter(bool), metadata=st.dictionaries(ANY_TEXT, VALUES, max_size=3), answer=ANY_TEXT)
def test_any_text_is_asked_and_answered(store: Any, text: str, metadata: dict[str, Any], answer: str) -> None:
    chat = store.start(backend=lambda request: answer, metadata=metadata, title=text, system=text)
    reply = chat.send(text, metadata=metadata, extra={"given": text})
    found = store.load(chat.id)
    assert [exactly(entry.text) for entry in found.history()] == [exactly(text), exactly(answer)]
    assert exactly(found.info().metadata) == exactly(found.turns()[0].metadata) == exactly(metadata)
    assert exactly(found.info().title) == exactly(text)
    request = found.request(reply.turn, found.turn(reply.turn.id)[1][0])
    assert [exactly(message.text) for message in request.messages] == [exactly(text)] * 2


@pytest.mark.parametrize("text", EXTREMES.values(), ids=EXTREMES)
def test_an_extreme_text_comes_back(store: Any, text: str) -> None:
    chat = store.start(backend=lambda request: request.messages[-1])
    chat.append(text)
    assert store.load(chat.id).history()[0].text == text


def test_nasty_texts_come_back(store: Any) -> None:
    texts = [text for text in NASTY if text]
    chat = store.start(texts)
    assert [entry.text for entry in store.load(chat.id).history(limit=1000)] == texts
