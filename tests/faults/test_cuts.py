"""Streams that break off at any event: what is resumed is, to the letter, what the model would have answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from convo import PERMISSIVE, Profile, Store, assistant
from convo.backends.mistral import mistral
from convo.backends.openai import llamacpp
from convo.completions import CompletionRequest
from convo.errors import StreamInterrupted
from convo.profiles import PrefixSupport
from convo.testing import ChatServer, faults
from convo.testing.replies import ServerReply, prefix_of
from faults.scenes import SERVERS

TEXTS = {
    "laughter": "ha ha ha ha ha ha ha",
    "doubled letters": "aardvark aardvark aa",
    "indented code": "def f(x):\n    if x:\n        return x\n    return x\n",
    "white space": "  \n\n a  \n a  \n\n ",
    "one word again and again": "nonono",
}
texts = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


class Breaks:
    """Streams ``text`` by one or two characters, continuing what it is given, and breaks off after ``after`` pieces."""

    name = "breaks"

    def __init__(self, text: str, echoes: bool | None, after: int | None = None) -> None:
        support = PrefixSupport(style="flag", echoes_whole=echoes, echoes_stream=echoes)
        self.profile: Profile = replace(PERMISSIVE, prefix=support)
        self.prefixes: list[str] = []
        self._text, self._echoes, self._after = text, echoes, after

    def complete(self, request: CompletionRequest) -> Any:
        return assistant("".join(self._pieces(request)))

    def stream(self, request: CompletionRequest) -> Iterator[str]:
        for number, piece in enumerate(self._pieces(request)):
            if number == self._after:
                raise StreamInterrupted("broken off")
            yield piece
        if self._after is not None:
            raise StreamInterrupted("broken off")

    def _pieces(self, request: CompletionRequest) -> list[str]:
        self.prefixes.append(request.prefix)
        return re.findall(r"(?s)..?", self._text if self._echoes else self._text[len(request.prefix) :])


def read(stream: Any) -> str:
    """What a stream gives until it ends or breaks off."""
    came = []
    with suppress(StreamInterrupted):
        for delta in stream:
            came.append(delta.text)
    return "".join(came)


WHERE = [("sqlite", "sync", name) for name in TEXTS] + [("sqlite", "async", "laughter")]
WHERE += [(*server, "laughter") for server in SERVERS]


@pytest.mark.parametrize(("database_url", "face", "name"), WHERE, indirect=["database_url", "face"])
@pytest.mark.parametrize("echoes", [True, False], ids=["echoing", "not echoing"])
def test_a_stream_cut_at_any_event_and_again_is_resumed_to_the_letter(
    name: str, echoes: bool, face: Any, database_url: str, keeper: Store
) -> None:
    text = TEXTS[name]
    with face.Store(database_url) as store:
        for cut in range(len(text) // 2 + 2):
            chat = store.start(backend=Breaks(text, echoes, cut))
            kept = read(chat.stream("?"))
            again = Breaks(text, echoes, 2 if not echoes else (len(kept) + 1) // 2 + 1)
            kept += read(chat.stream_resume(backend=again))
            last = Breaks(text, echoes)
            resumed = chat.stream_resume(backend=last)
            assert kept + read(resumed) == text == resumed.reply.text, f"cut at {cut}"
            assert last.prefixes == [kept]
            assert [entry.text for entry in chat.history()] == ["?", text]
    assert list(keeper.verify()) == []


@texts
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_where_echoing_is_not_declared_the_whole_answer_is_asked_for_again(text: str, keeper: Store) -> None:
    """A continuation that begins as the partial did could be either."""
    for server_echoes in (True, False):
        chat = keeper.start(backend=Breaks(text, None, 2))
        assert read(chat.stream("?"))
        again = Breaks(text, server_echoes)
        again.profile = replace(again.profile, prefix=PrefixSupport(style="flag"))
        resumed = chat.stream_resume(backend=again)
        assert read(resumed) == text == resumed.reply.text
        assert again.prefixes == [""]


@texts
@pytest.mark.parametrize("style", ["mistral", "openai"])
@pytest.mark.parametrize(("database_url", "face"), [("sqlite", "sync")], indirect=True)
def test_a_server_that_hangs_up_after_any_event_is_resumed_to_the_letter(
    text: str, style: Any, face: Any, database_url: str
) -> None:
    """Mistral's is asked for the whole answer, whose echo is declared; llama.cpp's for a stream."""
    echo: Any = "yes" if style == "mistral" else "no"
    reply = lambda body: ServerReply(text=text[len(prefix_of(body)) :], echo=echo, usage="none")
    with ChatServer(reply, style=style) as server, face.Store(database_url) as store:
        made = {"mistral": mistral, "openai": llamacpp}[style]
        backend = made("m", base_url=server.base_url, **({"api_key": "k"} if style == "mistral" else {}))
        for cut in range(2, len(text.split()) + 3):
            server.misbehave(faults.disconnect(cut))
            chat = store.start(backend=backend)
            kept = read(chat.stream("?"))
            assert text.startswith(kept)
            if style == "mistral":
                assert chat.resume().text == text, f"cut at {cut}"
            else:
                assert kept + read(chat.stream_resume()) == text, f"cut at {cut}"
            assert [entry.text for entry in chat.history()] == ["?", text]
            assert len(server.requests) == 2
            server.requests.clear()
