"""When one backend cannot answer, the next does; what was used is on record."""

from __future__ import annotations

import pytest

from convo.backends import call
from convo.backends.dialects import DIALECTS
from convo.backends.fallback import fallback
from convo.backends.http import HttpBackend
from convo.backends.policy import Deadlines, Retries
from convo.completions import Delta
from convo.errors import (
    AuthenticationFailed,
    BackendError,
    BackendFailed,
    BackendUnavailable,
    ContextTooLong,
    InvalidOption,
    InvalidSetting,
    MalformedResponse,
    RateLimited,
    RequestRefused,
    StreamInterrupted,
    Unsupported,
)
from convo.messages import assistant
from convo.profiles import OPENAI
from convo.testing import ChatServer, ScriptedBackend, faults
from support.asking import Asker, gathered, request

WARRANTED = [
    BackendUnavailable,
    RateLimited,
    AuthenticationFailed,
    ContextTooLong,
    MalformedResponse,
    StreamInterrupted,
    BackendFailed,
]


def failing(kind: type[BaseException] = BackendUnavailable, name: str = "first") -> ScriptedBackend:
    return ScriptedBackend([kind("no")], forever=True, name=name)


def answering(name: str = "second") -> ScriptedBackend:
    return ScriptedBackend("Here I am.", forever=True, name=name)


@pytest.mark.parametrize("kind", WARRANTED)
def test_the_next_answers_after_an_error_that_warrants_it(asker: Asker, kind: type[BackendError]) -> None:
    backend = fallback([failing(kind), answering()])
    whole = asker.complete(backend)
    deltas = asker.stream(backend)
    assert (whole.text, whole.backend) == ("Here I am.", "second")
    assert (gathered(deltas).text, deltas[0].backend) == ("Here I am.", "second")


def test_a_function_that_raises_warrants_the_next(asker: Asker) -> None:
    def broken(request: object) -> str:
        raise OSError

    assert asker.complete(fallback([broken, answering()])).backend == "second"


def test_a_refused_request_is_refused(asker: Asker) -> None:
    second = answering()
    for ask in (asker.complete, asker.stream):
        with pytest.raises(RequestRefused):
            ask(fallback([failing(RequestRefused), second]))
    assert second.requests == []


def test_a_stream_falls_back_only_before_its_first_token(asker: Asker, server: ChatServer) -> None:
    once = Retries(attempts=1)
    first = HttpBackend(DIALECTS["mistral"], base_url=server.base_url, model="m", name="first", retries=once)
    backend = fallback([first, answering()])
    server.misbehave(faults.disconnect(1), faults.disconnect(3))
    assert gathered(asker.stream(backend)).text == "Here I am."
    came: list[Delta] = []
    with pytest.raises(StreamInterrupted):
        asker.stream_into(came, backend)
    assert gathered(came).text == "Bonjour, mon"


def test_when_none_answers_the_last_error_tells_of_the_others(asker: Asker) -> None:
    with pytest.raises(RateLimited) as caught:
        asker.complete(
            fallback([failing(AuthenticationFailed, "a"), failing(BackendUnavailable, "b"), failing(RateLimited, "c")])
        )
    assert caught.value.backend == "c"
    assert [note.partition(":")[0] for note in caught.value.__notes__] == ["before it, a", "before it, b"]


def test_a_model_named_in_the_options_is_the_first_backends(asker: Asker) -> None:
    first, second = failing(), answering()
    asker.complete(fallback([first, second]), request("Hello", model="m", temperature=1))
    assert first.requests[0].options.model == "m"
    assert second.requests[0].options.model is None
    assert second.requests[0].options.temperature == 1


@pytest.mark.parametrize("echo", [False, True])
def test_a_prefix_is_joined_once_whoever_answers(asker: Asker, echo: bool) -> None:
    backend = fallback([failing(), ScriptedBackend("Paris.", forever=True, echo=echo)])
    asked = request("Where?", assistant("In ", prefix=True))
    assert asker.complete(backend, asked).text == "In Paris."
    assert gathered(asker.stream(backend, asked)).text == "Paris."


def test_a_backend_that_cannot_continue_a_prefix_is_passed_over(asker: Asker) -> None:
    unable = ScriptedBackend("no", profile=OPENAI, forever=True)
    asked = request("Where?", assistant("In ", prefix=True))
    assert asker.complete(fallback([answering("able"), unable]), asked).backend == "able"
    assert asker.complete(fallback([failing(), unable, answering("able")]), asked).backend == "able"
    assert unable.requests == []
    with pytest.raises(Unsupported):
        asker.complete(fallback([unable]), asked)


def test_a_later_backend_that_has_not_the_option_is_passed_over(asker: Asker) -> None:
    unable = HttpBackend(DIALECTS["generic"], base_url="http://127.0.0.1:1", model="m")
    asked = request("Hello", top_k=3)
    assert asker.complete(fallback([failing(), unable, answering("able")]), asked).backend == "able"
    with pytest.raises(BackendUnavailable):
        asker.complete(fallback([failing(), unable]), asked)
    with pytest.raises(InvalidOption, match="generic has no option top_k"):
        fallback([unable, answering()]).check_request(asked, ())


def test_fallbacks_may_be_nested_and_named(asker: Asker) -> None:
    backend = fallback([fallback([failing(), failing()]), "scripted:Named."], name="mine")
    assert asker.complete(backend).text == "Named."
    assert (backend.name, call.name_of(backend)) == ("mine", "mine")


def test_together_they_may_take_as_long_as_each_after_the_other() -> None:
    first = HttpBackend(DIALECTS["generic"], base_url="http://127.0.0.1:1", deadlines=Deadlines(total=10, idle=5))
    second = HttpBackend(DIALECTS["generic"], base_url="http://127.0.0.1:1", deadlines=Deadlines(total=20, idle=9))
    limits = fallback([first, second]).deadlines
    assert (limits.total, limits.idle, limits.first_event) == (30, 9, 30)


def test_none_is_not_enough() -> None:
    with pytest.raises(InvalidSetting, match="at least one"):
        fallback([])
    with pytest.raises(InvalidSetting, match="klingon"):
        fallback(["klingon:m"])
