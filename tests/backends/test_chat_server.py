"""What Mistral and OpenAI answer, whole and streamed, asked for in both faces; and the local server that does so."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from convo.backends.answers import citations
from convo.backends.dialects import DIALECTS
from convo.backends.http import HttpBackend
from convo.backends.mistral import mistral
from convo.backends.openai import openai
from convo.backends.policy import Retries
from convo.completions import Completion
from convo.errors import AuthenticationFailed, RequestRefused
from convo.testing import ChatServer, ServerReply, faults
from support.asking import Asker, gathered, request

STYLES = ["mistral", "openai"]


def both(asker: Asker, server: ChatServer, asked: Any = None) -> tuple[Completion, Completion]:
    """The whole answer and the streamed one."""
    backend = HttpBackend(DIALECTS[server.style], base_url=server.base_url, model="m", retries=Retries(attempts=1))
    return asker.complete(backend, asked), gathered(asker.stream(backend, asked))


def test_a_whole_answer_comes_as_it_was_given(asker: Asker, server: ChatServer) -> None:
    server.reply("Le Comté.")
    completion = asker.complete(mistral("m", api_key="k", base_url=server.base_url))
    assert completion.text == "Le Comté."
    assert completion.finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 2
    assert completion.backend == "mistral"


REPLIES = {
    "plain": ServerReply(),
    "nothing but an end": ServerReply(text="", finish_reason="length"),
    "usage in an event of its own": ServerReply(usage="extra"),
    "no usage": ServerReply(usage="none"),
    "thoughts beside the text": ServerReply(reasoning="Let me think about it."),
    "thoughts and citations as chunks": ServerReply(
        content=(
            {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
            {"type": "text", "text": "Paris"},
            {"type": "reference", "reference_ids": [2, "x"]},
            {"type": "text", "text": "."},
        )
    ),
    "a call": ServerReply(text="", tool_calls=(("abcdefghi", "weather", '{"city": "Paris"}'),)),
    "a call in fragments": ServerReply(text="", tool_calls=(("abcdefghi", "f", '{"city": "Paris"}'),), fragments=True),
    "two calls": ServerReply(text="", tool_calls=(("aaaaaaaaa", "f", "{}"), ("bbbbbbbbb", "f", "{}"))),
    "two calls in fragments": ServerReply(
        text="", tool_calls=(("aaaaaaaaa", "f", '{"a": 1}'), ("bbbbbbbbb", "g", '{"b": 2}')), fragments=True
    ),
    "text and a call": ServerReply(tool_calls=(("abcdefghi", "f", "{}"),)),
    "a field without a name in convo": ServerReply(extra={"mood": {"good": True}}),
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", REPLIES)
def test_a_stream_adds_up_to_the_whole_answer(asker: Asker, style: Any, name: str) -> None:
    with ChatServer(REPLIES[name], style=style) as server:
        whole, streamed = both(asker, server)
    assert streamed.message == whole.message
    assert streamed.finish_reason == whole.finish_reason
    assert streamed.usage == (None if name == "no usage" else whole.usage)
    assert (streamed.id, streamed.model, streamed.backend) == (whole.id, whole.model, whole.backend)


def test_citations_are_found_whole_and_streamed(asker: Asker, server: ChatServer) -> None:
    server.reply(REPLIES["thoughts and citations as chunks"])
    for completion in both(asker, server):
        assert citations(completion.message) == (2, "x")
        assert (completion.text, completion.message.thinking) == ("Paris.", "hm")


@pytest.mark.parametrize("style", STYLES)
def test_several_answers_come_side_by_side(asker: Asker, style: Any) -> None:
    with ChatServer("Oui.", style=style) as server:
        for completion in both(asker, server, request("Hello", n=3, temperature=1)):
            assert [(choice.index, choice.message.text) for choice in completion.choices] == [
                (0, "Oui."),
                (1, "Oui."),
                (2, "Oui."),
            ]


def test_the_hash_of_what_was_sent_is_on_record(asker: Asker, server: ChatServer) -> None:
    from hashlib import sha256

    whole, streamed = both(asker, server)
    assert [whole.wire_hash, streamed.wire_hash] == [sha256(item.raw).hexdigest() for item in server.requests]


def test_a_connection_serves_again_after_a_whole_answer_and_after_a_stream(
    asker: Asker, openai_server: ChatServer
) -> None:
    backend = openai("m", base_url=openai_server.base_url)
    for _ in range(3):
        asker.complete(backend)
        asker.stream(backend)
    assert openai_server.connections == 1


def test_a_compressed_answer_is_read(asker: Asker, server: ChatServer) -> None:
    import gzip

    def compressed(answer: faults.Answer) -> faults.Answer:
        body = gzip.compress(b"".join(part for part in answer.parts if isinstance(part, bytes)))
        return faults.Answer(headers={**(answer.headers or {}), "content-encoding": "gzip"}, parts=[body])

    server.misbehave(compressed, times=2)
    for completion in both(asker, server):
        assert completion.text == "Bonjour, mon ami."


def test_the_server_asks_for_its_key(asker: Asker) -> None:
    with ChatServer(key="right") as server:
        with pytest.raises(AuthenticationFailed):
            asker.complete(mistral("m", api_key="wrong", base_url=server.base_url))
        assert asker.complete(mistral("m", api_key="right", base_url=server.base_url)).text


def test_the_server_refuses_what_mistrals_schema_does_not_know(asker: Asker, server: ChatServer) -> None:
    backend = mistral("m", api_key="k", base_url=server.base_url)
    with pytest.raises(RequestRefused, match=r"body\.unheard_of") as caught:
        asker.complete(backend, request("Hello", extra={"unheard_of": 1}))
    assert caught.value.status == 422


def test_the_server_knows_no_other_path(server: ChatServer) -> None:
    assert httpx.post(server.base_url + "/embeddings", json={"model": "m", "messages": []}).status_code == 404


def test_replies_come_in_turn_and_may_be_functions_of_the_request(asker: Asker) -> None:
    with ChatServer("one", lambda body: f"two of {len(body['messages'])}") as server:
        backend = mistral("m", api_key="k", base_url=server.base_url)
        assert [asker.complete(backend).text for _ in range(3)] == ["one", "two of 1", "two of 1"]
