"""What every composition promises, each as a check that raises AssertionError."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from convo.chunks import TextChunk
from convo.context.account import Composition
from convo.context.draft import turn_starts
from convo.context.explain import explain
from convo.messages import Message
from convo.records import Entry

UNTOUCHED = ("", "Pinned", "KeepFirst", "opening")
"""What stands as the rule of a message that leaves as it is."""


def newest_turn(entries: Sequence[Entry]) -> int:
    """The index at which the newest user turn begins."""
    living = [one for one in entries if not one.erased]
    starts = turn_starts([one.message for one in living], from_start=True)
    return entries.index(living[starts[-1] if starts else 0])


def lines_by_seq(composition: Composition) -> dict[int, Any]:
    return {line.seq: line for line in composition.decisions if line.seq is not None}


def texts(message: Message) -> list[str]:
    content = message.content
    if isinstance(content, str):
        return [content] if content else []
    return [chunk.text for chunk in content or () if isinstance(chunk, TextChunk)]


def every_text_is_there_or_told(entries: Sequence[Entry], composition: Composition) -> None:
    """Each text is in the list verbatim, or its line names the rule that changed or dropped it."""
    lines = lines_by_seq(composition)
    leaving = [text for message in composition.messages for text in texts(message)]
    arguments = [call.arguments for message in composition.messages for call in getattr(message, "calls", ())]
    for one in entries:
        line = lines[one.seq]
        if not line.included:
            assert line.rule
        elif line.rule in UNTOUCHED:
            assert all(any(text in sent for sent in leaving) for text in texts(one.message))
            assert all(call.arguments in arguments for call in getattr(one.message, "calls", ()))


def within_budget(composition: Composition) -> None:
    """The list fits its budget, and the lines add up to its tokens."""
    assert composition.tokens == sum(line.tokens for line in composition.decisions if line.included)
    assert composition.budget is None or composition.tokens + composition.reserve <= composition.budget


def newest_turn_stays(entries: Sequence[Entry], composition: Composition) -> None:
    lines = lines_by_seq(composition)
    for one in entries[newest_turn(entries) :]:
        assert lines[one.seq].included or lines[one.seq].rule in ("profile", "erased")


def pinned_stay(pins: Sequence[int], composition: Composition) -> None:
    lines = lines_by_seq(composition)
    for pin in pins:
        assert lines[pin].included or lines[pin].rule in ("profile", "erased")


def accounted_once(entries: Sequence[Entry], composition: Composition) -> None:
    """Each message that was loaded has exactly one line, and the account can be shown."""
    account = explain(composition)
    assert Counter(line.seq for line in account.decisions if line.seq is not None) == Counter(
        one.seq for one in entries
    )
    put_in = sum(line.seq is None and line.included and line.role != "tools" for line in account.decisions)
    included = sum(line.included for line in lines_by_seq(composition).values())
    assert len(composition.messages) <= put_in + included * 2
    assert all(sign.isprintable() or sign == "\n" for sign in str(account))


def sources_are_true(entries: Sequence[Entry], composition: Composition) -> None:
    """A source names the entry whose very message leaves."""
    stored = {one.seq: one.message for one in entries}
    for message, source in zip(composition.messages, composition.sources, strict=True):
        assert source is None or message is stored[source]


def no_orphans(composition: Composition, strict: bool) -> None:
    """Where the profile is strict: every result answers a call of the list, and every call has its result."""
    if not strict:
        return
    open_calls: list[str] = []
    for message in composition.messages:
        if message.role == "tool":
            open_calls.remove(message.tool_call_id)  # type: ignore[union-attr, arg-type]
        else:
            assert not open_calls
            open_calls = [call.id for call in getattr(message, "calls", ())]
    assert not open_calls
