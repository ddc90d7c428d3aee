"""Backends of every kind are asked in the same way."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import pytest

from convo.backends import call
from convo.backends.policy import Deadlines
from convo.completions import Choice, Completion, CompletionRequest, Delta, Usage
from convo.errors import (
    BackendFailed,
    BackendUnavailable,
    InvalidOption,
    InvalidSetting,
    MalformedResponse,
    WrongFace,
)
from convo.messages import assistant, tool_call, user
from convo.profiles import OPENAI, PERMISSIVE
from convo.testing import ScriptedBackend
from support.asking import Asker, gathered, request

CALL = tool_call("f", {"a": 1}, id="abcdefghi")
THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "signature": "s"}
RICH = Completion(
    choices=(
        Choice(
            message=assistant(
                [THOUGHT, {"type": "text", "text": "See "}, {"type": "reference", "reference_ids": [1]}],
                tool_calls=[CALL],
            ),
            finish_reason="tool_calls",
        ),
        Choice(message=assistant("Other.", refusal="no"), finish_reason="length", index=1),
    ),
    usage=Usage(1, 2, 3),
    model="m",
    id="i",
    backend="somebody",
)


def speak(request: CompletionRequest) -> str:
    return "Hello, you."


async def speak_async(request: CompletionRequest) -> str:
    return "Hello, you."


def utter(request: CompletionRequest) -> Iterator[str | Delta]:
    yield "Hello, "
    yield Delta(text="you.")


async def utter_async(request: CompletionRequest) -> AsyncIterator[str]:
    yield "Hello, "
    yield "you."


class Whole:
    """A backend without a stream."""

    name = "whole"
    profile = PERMISSIVE

    def complete(self, request: CompletionRequest) -> str:
        return "Hello, you."


class Both(Whole):
    """A backend with both."""

    def stream(self, request: CompletionRequest) -> Iterator[str]:
        yield from ("Hello", ", ", "you.")


class AsyncBoth:
    """A backend with both, async."""

    name = "async"
    profile = OPENAI

    async def complete(self, request: CompletionRequest) -> str:
        return "Hello, you."

    async def stream(self, request: CompletionRequest) -> AsyncIterator[str]:
        yield "Hello, "
        yield "you."


class CallableObject:
    """An object that is called."""

    async def __call__(self, request: CompletionRequest) -> str:
        return "Hello, you."


SYNC_KINDS = [speak, utter, Whole(), Both(), partial(speak), lambda request: assistant("Hello, you.")]
ASYNC_KINDS = [
    speak_async,
    utter_async,
    AsyncBoth(),
    CallableObject(),
    partial(speak_async),
    lambda r: speak_async(r),
    lambda r: Once(),
]


class Once:
    """An async iterator that is no generator: it has no ``aclose``."""

    def __init__(self) -> None:
        self._pieces = iter(["Hello, ", "you."])

    def __aiter__(self) -> Once:
        return self

    async def __anext__(self) -> str:
        piece = next(self._pieces, None)
        if piece is None:
            raise StopAsyncIteration
        return piece


@pytest.mark.parametrize("backend", SYNC_KINDS)
def test_sync_backends_serve_both_faces(asker: Asker, backend: Any) -> None:
    whole = asker.complete(backend)
    streamed = gathered(asker.stream(backend))
    assert (whole.text, whole.finish_reason) == ("Hello, you.", "stop")
    assert (streamed.text, streamed.finish_reason) == ("Hello, you.", "stop")
    assert whole.backend == streamed.backend == call.name_of(backend)


@pytest.mark.parametrize("backend", ASYNC_KINDS)
def test_async_backends_serve_the_async_face(backend: Any) -> None:
    asker = Asker("async")
    assert asker.complete(backend).text == "Hello, you."
    assert gathered(asker.stream(backend)).text == "Hello, you."
    asker.close()


@pytest.mark.parametrize("backend", ASYNC_KINDS)
def test_async_backends_are_the_wrong_face_for_sync(backend: Any) -> None:
    asker = Asker("sync")
    for ask in (asker.complete, asker.stream):
        with pytest.raises(WrongFace, match="AsyncConversation"):
            ask(backend)


def test_a_blocking_backend_does_not_block_the_event_loop() -> None:
    asker = Asker("async")
    main = threading.get_ident()
    seen: list[int] = []

    def whole(request: CompletionRequest) -> str:
        seen.append(threading.get_ident())
        return "x"

    def pieces(request: CompletionRequest) -> Iterator[str]:
        for _ in range(3):
            seen.append(threading.get_ident())
            yield "x"

    asker.complete(whole)
    asker.stream(pieces)
    asker.close()
    assert len(seen) == 4
    assert main not in seen


def test_a_rich_answer_streams_as_what_it_is(asker: Asker) -> None:
    streamed = gathered(asker.stream(ScriptedBackend([RICH])))
    assert streamed.choices == RICH.choices
    assert (streamed.usage, streamed.model, streamed.id, streamed.backend) == (RICH.usage, "m", "i", "somebody")


def test_what_a_backend_raises_is_its_failure_with_the_cause(asker: Asker) -> None:
    secret = "a very private sentence"

    def broken(request: CompletionRequest) -> str:
        raise KeyError(secret)

    def breaking(request: CompletionRequest) -> Iterator[str]:
        yield "x"
        raise KeyError(secret)

    for ask, backend in ((asker.complete, broken), (asker.stream, broken), (asker.stream, breaking)):
        with pytest.raises(BackendFailed, match="KeyError") as caught:
            ask(backend)
        assert isinstance(caught.value.__cause__, KeyError)
        assert secret not in str(caught.value)
        assert caught.value.backend == backend.__name__


def test_errors_of_convos_own_come_through_and_are_told_whose_they_are(asker: Asker) -> None:
    with pytest.raises(BackendUnavailable) as caught:
        asker.complete(ScriptedBackend([BackendUnavailable("down")], name="mine"))
    assert caught.value.backend == "mine"
    with pytest.raises(InvalidOption):
        asker.complete(ScriptedBackend([InvalidOption("no")]))


@pytest.mark.parametrize("answer", [None, 7, {"role": "assistant"}, b"x", Completion(choices=())])
def test_what_is_no_answer_is_refused(asker: Asker, answer: Any) -> None:
    def odd(request: CompletionRequest) -> Any:
        return answer

    def odd_pieces(request: CompletionRequest) -> Iterator[Any]:
        yield answer

    for ask, backend in ((asker.complete, odd), (asker.stream, odd), (asker.stream, odd_pieces)):
        with pytest.raises(MalformedResponse, match="odd"):
            ask(backend)


def test_closing_a_stream_closes_the_backends_generator(asker: Asker) -> None:
    closed: list[bool] = []

    def pieces(request: CompletionRequest) -> Iterator[str]:
        try:
            yield "one"
            yield "two"
        finally:
            closed.append(True)

    assert len(asker.stream(pieces, stop_after=1)) == 1
    assert closed == [True]


def test_a_backend_says_its_name_profile_and_deadlines() -> None:
    assert (call.name_of(Whole()), call.name_of(speak), call.name_of(CallableObject())) == (
        "whole",
        "speak",
        "CallableObject",
    )
    assert call.profile_of(AsyncBoth()) is OPENAI
    assert call.profile_of(speak) is PERMISSIVE
    assert call.deadlines_of(speak) == Deadlines()


def test_a_script_is_played_once_or_for_ever(asker: Asker) -> None:
    short = ScriptedBackend(["one", lambda request: f"two of {len(request.messages)}"])
    assert [asker.complete(short).text for _ in range(2)] == ["one", "two of 1"]
    with pytest.raises(InvalidSetting, match="asked 3 times"):
        asker.complete(short)
    assert [asked.messages for asked in short.requests] == [(user("Hello"),)] * 3
    endless = ScriptedBackend(["one", "two"], forever=True)
    assert [asker.complete(endless).text for _ in range(5)] == ["one", "two", "one", "two", "one"]


def test_a_script_streams_word_by_word_and_loses_nothing(asker: Asker) -> None:
    text = "  One,\n two \t three  "
    deltas = asker.stream(ScriptedBackend([text]), request("a b"))
    assert [delta.text for delta in deltas if delta.text] == ["  One,", "\n two", " \t three", "  "]
    assert gathered(deltas).usage == Usage(prompt_tokens=5, completion_tokens=10, total_tokens=15)
