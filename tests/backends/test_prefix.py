"""A given beginning stands in front of the answer exactly once, whoever repeats it and however it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convo.backends.dialects import DIALECTS
from convo.backends.http import HttpBackend
from convo.backends.prefix import PrefixFilter, join_completion
from convo.completions import Choice, Completion, Delta
from convo.errors import Unsupported
from convo.messages import AssistantMessage, assistant
from convo.testing import ChatServer, ScriptedBackend, ServerReply
from support.asking import Asker, gathered, request

PREFIX = "The capital of France is "


def joined(text: str, prefix: str, echoes: bool | None) -> str:
    completion = Completion(choices=(Choice(message=assistant(text)),))
    return join_completion(completion, prefix, echoes).text


def filtered(pieces: list[str], prefix: str, echoes: bool | None) -> list[str]:
    found = PrefixFilter(prefix, echoes)
    return [found.pass_on(Delta(text=piece)).text for piece in pieces] + [found.flush()]


@pytest.mark.parametrize(
    ("text", "echoes", "expected"),
    [
        ("Paris.", False, PREFIX + "Paris."),
        (PREFIX + "Paris.", True, PREFIX + "Paris."),
        (PREFIX + "Paris.", None, PREFIX + "Paris."),
        ("Paris.", None, PREFIX + "Paris."),
        ("Paris.", True, PREFIX + "Paris."),
        (PREFIX.rstrip() + "Paris.", True, PREFIX + "Paris."),
        (PREFIX + "Paris.", False, PREFIX * 2 + "Paris."),
        ("", False, PREFIX),
        ("", None, PREFIX),
    ],
)
def test_a_whole_answer_begins_with_the_prefix_once(text: str, echoes: bool | None, expected: str) -> None:
    assert joined(text, PREFIX, echoes) == expected


def test_a_prefix_is_joined_to_the_first_text_of_an_answer_in_chunks() -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    message = assistant([thought, {"type": "text", "text": "Paris"}, {"type": "text", "text": "."}])
    completion = join_completion(Completion(choices=(Choice(message=message),)), PREFIX, None)
    assert completion.text == PREFIX + "Paris."
    assert completion.message.thinking == "hm"
    only_thought = Completion(choices=(Choice(message=assistant([thought])),))
    assert join_completion(only_thought, PREFIX, None).text == PREFIX


def test_every_choice_gets_the_prefix() -> None:
    choices = tuple(Choice(message=assistant(text), index=number) for number, text in enumerate(("Paris.", "big.")))
    found = join_completion(Completion(choices=choices), PREFIX, False).choices
    assert [choice.message.text for choice in found] == [PREFIX + "Paris.", PREFIX + "big."]


SMALL = st.text(alphabet="ab \n", max_size=6)


@given(SMALL.filter(bool), SMALL, st.lists(st.integers(0, 12), max_size=6), st.booleans())
def test_a_repeated_prefix_is_taken_out_whatever_the_cuts(
    prefix: str, answer: str, cuts: list[int], declared: bool
) -> None:
    text = prefix + answer
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    pieces = [text[start:end] for start, end in zip(places, places[1:], strict=False)]  # noqa: RUF007
    assert "".join(filtered(pieces, prefix, True if declared else None)) == answer


@given(SMALL.filter(bool), st.lists(SMALL, max_size=6))
def test_what_is_not_a_repetition_comes_through(prefix: str, pieces: list[str]) -> None:
    text = "".join(pieces)
    assert "".join(filtered(pieces, prefix, False)) == text
    if not text.startswith(prefix):
        assert "".join(filtered(pieces, prefix, None)) == text


def test_text_is_held_back_only_while_it_may_be_the_prefix() -> None:
    assert filtered(["The ", "capital", " was"], PREFIX, None) == ["", "", "The capital was", ""]
    assert filtered(["Par", "is"], PREFIX, None) == ["Par", "is", ""]


def test_white_space_of_the_prefix_that_comes_with_the_next_delta_is_not_new() -> None:
    assert filtered([PREFIX.rstrip(), " **Par", "is**"], PREFIX, None) == ["", "**Par", "is**", ""]


def test_what_was_held_back_comes_with_the_finish_reason() -> None:
    found = PrefixFilter(PREFIX, None)
    assert found.pass_on(Delta(text="The cap")).text == ""
    assert found.pass_on(Delta(finish_reason="length")).text == "The cap"


SERVERS = [
    ("mistral", "yes"),
    ("mistral", "late"),
    ("mistral", "no"),
    ("deepseek", "no"),
    ("deepseek", "yes"),
    ("vllm", "no"),
    ("ollama", "no"),
    ("ollama", "yes"),
]


@pytest.mark.parametrize(("dialect", "echo"), SERVERS)
def test_a_servers_answer_begins_with_the_prefix_once(asker: Asker, dialect: str, echo: str) -> None:
    reply = ServerReply(text="**Paris**.", echo=echo)  # type: ignore[arg-type]
    with ChatServer(reply, style="mistral" if dialect == "mistral" else "openai") as server:
        backend = HttpBackend(DIALECTS[dialect], base_url=server.base_url, model="m", api_key="k")
        asked = request("Capital of France?", assistant(PREFIX, prefix=True))
        assert asker.complete(backend, asked).text == PREFIX + "**Paris**."
        assert gathered(asker.stream(backend, asked)).text == "**Paris**."


def test_llamacpp_repeats_the_prefix_in_whole_replies_only(asker: Asker) -> None:
    def reply(body: object) -> ServerReply:
        return ServerReply(text="**Paris**.", echo="no" if body["stream"] else "yes")  # type: ignore[index]

    with ChatServer(lambda body: reply({"stream": body.get("stream")}), style="openai") as server:
        backend = HttpBackend(DIALECTS["llamacpp"], base_url=server.base_url)
        asked = request("Capital of France?", assistant(PREFIX, prefix=True))
        assert asker.complete(backend, asked).text == PREFIX + "**Paris**."
        assert gathered(asker.stream(backend, asked)).text == "**Paris**."


def test_a_prefix_that_cannot_be_continued_is_refused_before_sending(asker: Asker, openai_server: ChatServer) -> None:
    backend = HttpBackend(DIALECTS["openai"], base_url=openai_server.base_url, model="m")
    for ask in (asker.complete, asker.stream):
        with pytest.raises(Unsupported, match="prefix"):
            ask(backend, request("Hello", assistant("Bon", prefix=True)))
    assert openai_server.requests == []


def test_an_answer_that_is_a_message_is_joined_too(asker: Asker) -> None:
    backend = ScriptedBackend([AssistantMessage(content="jour")], forever=True)
    asked = request("Hello", assistant("Bon", prefix=True))
    assert asker.complete(backend, asked).text == "Bonjour"
    assert gathered(asker.stream(backend, asked)).text == "jour"
