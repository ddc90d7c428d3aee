"""Bytes to events: the same whatever the cuts; nothing is held or recursed into without bound."""

from __future__ import annotations

import json
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convo.backends.wire import MAX_EVENT, EventDecoder, load_json
from convo.errors import MalformedResponse
from support.json_values import VALUES
from support.recordings import STREAMS

TEXTS = ["plain", "é", "日本語", "🏳️‍🌈", "tab\there", "nul\x00", "  spaced  ", "{}", ": no comment"]
EVENTS = [json.dumps({"choices": [{"delta": {"content": text}}]}, ensure_ascii=False) for text in TEXTS] + ["[DONE]"]


def decoded(*chunks: bytes) -> list[str]:
    decoder = EventDecoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)] + decoder.end()


def stream(newline: bytes = b"\n", bom: bytes = b"") -> bytes:
    return bom + b"".join(b"data: " + event.encode() + newline * 2 for event in EVENTS)


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
def test_every_single_cut_gives_the_same_events(newline: bytes, bom: bytes) -> None:
    whole = stream(newline, bom)
    for cut in range(len(whole) + 1):
        assert decoded(whole[:cut], whole[cut:]) == EVENTS


@given(st.lists(st.integers(0, 10_000), max_size=40), st.sampled_from([b"\n", b"\r\n", b"\r"]), st.booleans())
def test_any_cuts_give_the_same_events(cuts: list[int], newline: bytes, bom: bool) -> None:
    whole = stream(newline, b"\xef\xbb\xbf" if bom else b"")
    places = [0, *sorted(cut % len(whole) for cut in cuts), len(whole)]
    assert decoded(*(whole[start:end] for start, end in pairwise(places))) == EVENTS


@pytest.mark.parametrize("recording", STREAMS, ids=lambda recording: recording.name)
def test_a_recorded_stream_may_come_byte_by_byte(recording) -> None:
    body = recording.body
    assert decoded(*(body[place : place + 1] for place in range(len(body)))) == decoded(body)


def test_comments_other_fields_and_empty_events_are_skipped() -> None:
    assert decoded(b": ping\n\nevent: message\nid: 7\nretry: 10\ndata: 1\n\n\n\n: bye\n\ndata:2\n\n") == ["1", "2"]


def test_data_lines_of_one_event_are_joined_with_a_newline() -> None:
    assert decoded(b"data: a\ndata: b\ndata:\ndata:  c\n\n") == ["a\nb\n\n c"]


def test_an_event_that_only_the_end_completes_is_given() -> None:
    assert decoded(b"data: 1\n\ndata: 2") == ["1", "2"]


def test_a_json_line_without_its_field_name_is_taken_as_data() -> None:
    assert decoded(b'{"error": "no"}\n\n') == ['{"error": "no"}']


@pytest.mark.parametrize("size", [1, 1000, 2**16])
def test_a_giant_event_is_refused_however_it_comes(size: int) -> None:
    decoder = EventDecoder()
    piece = b"x" * max(size, 4096)
    with pytest.raises(MalformedResponse, match="bytes"):  # noqa: PT012
        decoder.feed(b"data: ")
        for _ in range(MAX_EVENT // len(piece) + 2):
            decoder.feed(piece)


def test_a_giant_event_of_many_lines_is_refused() -> None:
    decoder = EventDecoder()
    line = b"data: " + b"x" * 2**16 + b"\n"
    with pytest.raises(MalformedResponse, match="bytes"):  # noqa: PT012
        for _ in range(MAX_EVENT // 2**16 + 2):
            decoder.feed(line)


def test_an_event_of_more_than_a_mebibyte_is_given() -> None:
    text = "x" * (1024 * 1024 + 100_000)
    assert decoded(b"data: " + text.encode() + b"\n\n") == [text]


def test_what_is_not_utf8_is_a_typed_error() -> None:
    with pytest.raises(MalformedResponse, match="UTF-8"):
        decoded(b"data: \xff\xfe\n\n")


@pytest.mark.parametrize("depth", [100, 1000, 10_000, 100_000])
@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
def test_deep_json_is_a_typed_error(depth: int, left: str, right: str) -> None:
    inner = "1" if left != "[" else ""
    with pytest.raises(MalformedResponse):
        load_json(left * depth + inner + right * depth)


def test_wide_json_is_not_deep() -> None:
    assert len(load_json("[" + ",".join(["[[]]"] * 1000) + "]")) == 1000


NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,400})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
HALVES = ['"\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"']
ODD = st.sampled_from([*HALVES, '{"a":1,"a":2}', " [1] ", "[1,]", '"\t"', "01", "1.", "-"])


TEXTS_OF_JSON = st.one_of(VALUES.map(json.dumps), VALUES.map(partial(json.dumps, ensure_ascii=False)), NUMBERS, ODD)


@given(TEXTS_OF_JSON)
def test_json_is_read_as_the_standard_library_reads_it(text: str) -> None:
    try:
        expected = json.dumps(json.loads(text))
    except ValueError:
        with pytest.raises(MalformedResponse):
            load_json(text)
    else:
        assert json.dumps(load_json(text)) == expected
        assert not text.isascii() or json.dumps(load_json(text.encode())) == expected


@pytest.mark.parametrize("text", ["", "{", "nope", '{"a": NaN}', '{"a": Infinity}', "1" * 5000, b"\xff"])
def test_what_is_no_json_is_a_typed_error(text: str | bytes) -> None:
    with pytest.raises(MalformedResponse):
        load_json(text)
