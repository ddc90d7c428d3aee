"""The contract of a backend, as tests: subclass, say what the backend is, and let pytest run them.

::

    class TestMine(BackendContract):
        def backend(self):
            return MyBackend()
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

from convo.backends import call
from convo.backends.base import BackendIO, Face
from convo.backends.http_io import AsyncHttp, SyncHttp
from convo.completions import Completion, CompletionRequest, Delta
from convo.errors import InvalidSetting
from convo.messages import assistant, user
from convo.ports import drive
from convo.turns import Accumulator

T = TypeVar("T")


class BackendContract:
    """What convo expects of every backend. Each test asks in each of ``faces``.

    Override ``backend``; ``request`` and ``prefix`` where the defaults cannot be answered.
    """

    faces: ClassVar[tuple[Face, ...]] = ("sync", "async")
    prefix: ClassVar[str] = "Once upon a "

    def backend(self) -> Any:
        """Return a backend that answers, new or not."""
        raise InvalidSetting("a subclass of BackendContract says what its backend is", field="backend")

    def request(self) -> CompletionRequest:
        """Return a request that the backend answers with a text."""
        return CompletionRequest((user("Say hello."),))

    def test_it_has_a_name_for_the_records(self) -> None:
        name = call.name_of(self.backend())
        assert name.strip(), "a backend needs a name: it is stored with each call"

    def test_a_whole_answer_says_something_and_why_it_ended(self) -> None:
        for face in self.faces:
            completion = self._complete(face, self.request())
            assert completion.text, f"{face}: the answer has no text"
            assert completion.finish_reason, f"{face}: the answer has no finish reason"

    def test_a_stream_says_something_and_why_it_ended(self) -> None:
        for face in self.faces:
            completion = _gathered(self._stream(face, self.request()))
            assert completion.text, f"{face}: the stream has no text"
            assert completion.finish_reason, f"{face}: the stream has no finish reason"

    def test_whoever_answers_is_named(self) -> None:
        for face in self.faces:
            assert self._complete(face, self.request()).backend, f"{face}: the answer names no backend"
            assert self._stream(face, self.request())[0].backend, f"{face}: the first delta names no backend"

    def test_a_given_beginning_stands_in_front_exactly_once(self) -> None:
        if not call.profile_of(self.backend()).prefix.supported:
            return
        begun = replace(self.request(), messages=(*self.request().messages, assistant(self.prefix, prefix=True)))
        for face in self.faces:
            whole = self._complete(face, begun).text
            assert whole.startswith(self.prefix), f"{face}: the answer does not begin with the prefix"
            assert not whole.startswith(self.prefix * 2), f"{face}: the prefix stands there twice"
            new = _gathered(self._stream(face, begun)).text
            assert not new.startswith(self.prefix), f"{face}: the stream repeats the prefix"

    def test_a_request_is_left_as_it_was(self) -> None:
        for face in self.faces:
            request = self.request()
            before = request.hash
            self._complete(face, request)
            self._stream(face, request)
            assert replace(request).hash == before, f"{face}: the backend changed its request"

    def test_it_answers_on_after_a_reader_left(self) -> None:
        for face in self.faces:
            left = self._stream(face, self.request(), stop_after=1)
            assert len(left) == 1, f"{face}: the stream gave nothing"
            assert self._complete(face, self.request()).text, f"{face}: no answer after a reader had left"

    def test_it_serves_several_at_once(self) -> None:
        for face in self.faces:
            with ThreadPoolExecutor(4) as threads:
                answers = list(threads.map(lambda _, face=face: self._complete(face, self.request()), range(4)))
            assert all(answer.text for answer in answers), f"{face}: an answer is missing"

    def _complete(self, face: Face, request: CompletionRequest) -> Completion:
        return _asked(face, lambda io: call.complete(io, self.backend(), request))

    def _stream(self, face: Face, request: CompletionRequest, *, stop_after: int = 0) -> list[Delta]:
        return _asked(face, lambda io: _deltas(io, self.backend(), request, stop_after))


async def _deltas(io: BackendIO, backend: Any, request: CompletionRequest, stop_after: int) -> list[Delta]:
    deltas: list[Delta] = []
    async with aclosing(call.stream(io, backend, request)) as source:
        async for delta in source:
            deltas.append(delta)
            if len(deltas) == stop_after:
                break
    return deltas


def _asked(face: Face, ask: Callable[[BackendIO], Coroutine[Any, Any, T]]) -> T:
    if face == "async":
        return asyncio.run(_on_a_loop(ask))
    io = SyncHttp()
    try:
        return drive(ask(io))
    finally:
        io.close()


async def _on_a_loop(ask: Callable[[BackendIO], Coroutine[Any, Any, T]]) -> T:
    return await ask(AsyncHttp())


def _gathered(deltas: list[Delta]) -> Completion:
    gathered = Accumulator()
    for delta in deltas:
        gathered.add(delta)
    return gathered.completion()
