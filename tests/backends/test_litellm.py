"""LiteLLM's adapter, against a real server behind the real package."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import pytest

from convo.backends.litellm import LiteLLMBackend, litellm
from convo.backends.policy import Retries
from convo.errors import (
    AuthenticationFailed,
    BackendError,
    BackendUnavailable,
    ContextTooLong,
    InvalidSetting,
    RateLimited,
    RequestRefused,
)
from convo.testing import BackendContract, ChatServer, ServerReply, faults
from support.asking import Asker, gathered, request

pytestmark = [pytest.mark.litellm, pytest.mark.filterwarnings("ignore")]  # its own code warns

KEY = "sk-a-key-that-nobody-may-see"
OVERFLOW = {
    "error": {
        "message": "This model's maximum context length is 4097 tokens. However, your messages resulted in 7575.",
        "type": "invalid_request_error",
        "code": "context_length_exceeded",
    }
}


@pytest.fixture(scope="module", autouse=True)
def _what_litellm_leaves_open() -> Iterator[None]:
    """Collect the event loops and sockets that LiteLLM never closes where nobody minds."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")


@pytest.fixture(params=["openai/m", "mistral/m"])
def backend(request: pytest.FixtureRequest, openai_server: ChatServer) -> LiteLLMBackend:
    quick = Retries(attempts=2, first_wait=0.01)
    return litellm(request.param, base_url=openai_server.base_url, api_key=KEY, retries=quick)


class TestContract(BackendContract):
    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with ChatServer(style="openai") as self.server:
            yield

    def backend(self) -> LiteLLMBackend:
        return litellm("openai/m", base_url=self.server.base_url, api_key=KEY)


def test_options_reach_the_provider_in_its_words(
    asker: Asker, backend: LiteLLMBackend, openai_server: ChatServer
) -> None:
    asker.complete(backend, request("Hello", max_tokens=5, random_seed=3, safe_prompt=True))
    sent = openai_server.bodies[0]
    assert sent["max_tokens"] == 5
    assert sent["seed" if backend.model == "openai/m" else "random_seed"] == 3
    assert "safe_prompt" not in sent


def test_calls_come_through_whole_and_streamed(
    asker: Asker, backend: LiteLLMBackend, openai_server: ChatServer
) -> None:
    openai_server.reply(ServerReply(text="", tool_calls=(("abcdefghi", "f", '{"a": 1}'),), fragments=True))
    for completion in (asker.complete(backend), gathered(asker.stream(backend))):
        (call,) = completion.message.calls
        assert (call.id, call.name, call.parsed_arguments()) == ("abcdefghi", "f", {"a": 1})
        assert completion.finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.status(400), RequestRefused),
        (faults.status(401), AuthenticationFailed),
        (faults.status(429), RateLimited),
        (faults.status(500), BackendUnavailable),
        (faults.no_answer(), BackendUnavailable),
        (faults.status(400, OVERFLOW), ContextTooLong),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_errors_are_typed_and_do_not_show_the_key(
    asker: Asker,
    backend: LiteLLMBackend,
    openai_server: ChatServer,
    fault: faults.Fault,
    kind: type[BackendError],
    streamed: bool,
) -> None:
    openai_server.misbehave(fault, times=2)
    with pytest.raises(kind) as caught:
        (asker.stream if streamed else asker.complete)(backend)
    assert type(caught.value) is kind
    assert caught.value.backend == "litellm"
    assert KEY not in f"{caught.value}{caught.value!r}{backend!r}"
    if isinstance(caught.value, ContextTooLong):
        assert (caught.value.needed, caught.value.limit) == (7575, 4097)


def test_what_passes_is_sent_again(asker: Asker, backend: LiteLLMBackend, openai_server: ChatServer) -> None:
    openai_server.misbehave(faults.status(503))
    assert asker.complete(backend).text == "Bonjour, mon ami."
    assert len(openai_server.requests) == 2


def test_a_broken_stream_is_no_answer(asker: Asker, backend: LiteLLMBackend, openai_server: ChatServer) -> None:
    openai_server.misbehave(faults.disconnect(3))
    with pytest.raises(BackendUnavailable):
        asker.stream(backend)


def test_a_model_must_be_named() -> None:
    with pytest.raises(InvalidSetting, match="model"):
        litellm()
