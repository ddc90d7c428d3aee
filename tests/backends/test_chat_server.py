"""The servers of both styles, asked in both faces."""

from __future__ import annotations

from convo.backends.mistral import mistral
from convo.backends.openai import openai
from convo.testing import ChatServer
from support.asking import Asker, gathered


def test_a_whole_answer_comes_as_it_was_given(asker: Asker, server: ChatServer) -> None:
    server.reply("Le Comté.")
    completion = asker.complete(mistral("m", api_key="k", base_url=server.base_url))
    assert completion.text == "Le Comté."
    assert completion.finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 2
    assert completion.backend == "mistral"


def test_a_stream_adds_up_to_the_whole_answer(asker: Asker, server: ChatServer) -> None:
    backend = mistral("m", api_key="k", base_url=server.base_url)
    streamed = gathered(asker.stream(backend))
    whole = asker.complete(backend)
    assert streamed.message == whole.message
    assert streamed.usage == whole.usage
    assert streamed.finish_reason == whole.finish_reason


def test_a_connection_serves_again_after_a_whole_answer_and_after_a_stream(
    asker: Asker, openai_server: ChatServer
) -> None:
    backend = openai("m", base_url=openai_server.base_url)
    for _ in range(3):
        asker.complete(backend)
        asker.stream(backend)
    assert openai_server.connections == 1
