"""Whatever was stored, a terminal is only ever shown text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convo.harmless import beginning, brief, harmless, one_line

SURROGATES = st.characters(categories=["Cs"])
TEXTS = st.text(st.characters() | SURROGATES | st.sampled_from("\x1b\x07\x9b\x00\r\n\t\u202e\u2066[]\x7f"))


def is_safe(char: str) -> bool:
    hidden = unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(char) in (
        "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
    )  # fmt: skip
    return char == "\n" or not hidden


@given(TEXTS)
def test_nothing_that_commands_a_terminal_comes_out(text: str) -> None:
    assert all(map(is_safe, harmless(text)))


@given(TEXTS, st.integers(2, 50))
def test_a_line_is_one_line_and_no_longer_than_asked(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert "\n" not in line
    assert len(line) <= limit
    assert all(map(is_safe, line))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_is_left_alone(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    "text", ["Grüße, 世界", "سلام", "שלום", "नमस्ते", "e\u0301\u0323", "👩‍👩‍👧 👍🏽", "می‌خواهم", "a\nb"]
)
def test_the_worlds_scripts_are_left_alone(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x1b]52;c;aGk=\x07", "\\x1b]52;c;aGk=\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("safe\u202egnp.exe", "safe\\u202egnp.exe"),
        ("over\rwrite", "over\\rwrite"),
        ("windows\r\nlines", "windows\nlines"),
        ("\ud83d", "\\ud83d"),
        ("a\tb", "a    b"),
        ("z" + "\u0301" * 50, "z" + "\u0301" * 4),
    ],
)
def test_what_is_unsafe_is_shown(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_a_long_text_says_how_much_is_missing() -> None:
    assert beginning("x" * 1500, 500) == "x" * 500 + "… (1,000 more characters)"
    assert beginning("x" * 500, 500) == "x" * 500


class Speechless:
    def __repr__(self) -> str:
        raise RuntimeError("nobody calls me anything")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a\0b", r"'a\x00b'"),
        ("x" * 100, "'" + "x" * 79),
        (10**5000, "<int>"),
        (Speechless(), "<Speechless>"),
        ([Speechless()], "<list>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_is_called_something_whatever_it_is(value: object, said: str) -> None:
    assert brief(value) == said
