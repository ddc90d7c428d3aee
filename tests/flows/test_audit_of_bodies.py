"""What was sent can be shown years later: every call rebuilds to its hash, and its codec makes of it the very bytes
that reached the server, whatever has become of the conversation since."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from convo import Store, Summarize, Window, assistant
from convo.backends.encode import encode
from convo.backends.mistral import mistral
from convo.backends.openai import llamacpp
from convo.errors import BackendError
from convo.testing import ChatServer, ServerReply, faults
from support.embedded import database_url
from support.nasty import NASTY

__all__ = ["database_url"]

WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}, "description": "d"}}
BACKENDS: dict[str, Any] = {"mistral": mistral, "openai": llamacpp}


def reply(body: Any) -> ServerReply:
    """Call a tool where one is offered, else answer."""
    if body.get("tools") and body["messages"][-1]["role"] == "user":
        return ServerReply(tool_calls=(("call00001", "weather", '{"city": "Rome"}'),))
    return ServerReply(text=f"Answer to {len(body['messages'])} messages, ünïcode ✓.")


def talk(chat: Any, server: ChatServer) -> None:
    """Everything that shapes a request: options, tools, prefixes, streams, odd texts, refusals, forks, edits."""
    asked = chat.send("What is the weather?", tools=[WEATHER], temperature=0.5, stop=["END"])
    chat.submit({call.id: {"sky": "blue"} for call in asked.tool_calls})
    for text in NASTY:
        if text.strip():
            chat.append(text, assistant("Odd."))
    with chat.stream("Now streamed.", max_tokens=50) as stream:
        list(stream)
    chat.send("As JSON.", prefix='{"n":', response_format={"type": "json_object"})
    server.misbehave(faults.status(400))
    with pytest.raises(BackendError):
        chat.send("This is refused.")
    chat.resume()
    side = chat.fork(at=chat.history()[2], name="side")
    side.send("On the side.", policy=[Window(300, 200)])
    edited = chat.edit(chat.history()[0], "What was the weather?")
    chat.regenerate(temperature=1.0)
    for number in range(12):
        chat.send(f"A longer question, number {number}. " * 4, policy=[Summarize(when=300, keep=150)])
    chat.switch("main")
    chat.delete_branch(edited.entry.branch_no, switch_to="main")
    side.replay(options={"top_p": 0.9})


@pytest.mark.parametrize("style", BACKENDS)
def test_every_call_on_record_becomes_the_bytes_that_were_sent(face: Any, store: Any, style: Any, name: str) -> None:
    with ChatServer(reply, style=style) as server:
        backend = BACKENDS[style]("model-1", base_url=server.base_url, api_key="k" * 32)
        chat = store.open(name, backend=backend, system="Be terse.", top_p=0.8)
        talk(chat, server)
        sent = [request.raw for request in server.requests]
    rebuilt: list[bytes] = []
    proven = 0
    for branch in chat.branches():
        handle = store.load(chat.id, branch=branch.no)
        for turn in handle.turns(limit=10_000):
            turn, calls = handle.turn(turn.id)
            for call in calls:
                request = handle.request(turn, call)  # raises where its hash is another
                body = encode(backend.dialect, request, backend.model, streamed=call.kind == "stream")
                rebuilt.append(body)
                if call.wire_hash is not None:
                    proven += call.wire_hash == hashlib.sha256(body).hexdigest()
    assert {*rebuilt} <= {*sent}
    assert len({*rebuilt}) > 20
    assert proven > 20


def test_the_same_holds_in_another_process_and_release(tmp_path: Any, database_url: str, name: str) -> None:
    """The request is rebuilt of what is stored alone: by a handle that knows neither backend nor settings."""
    with ChatServer(reply, style="openai") as server, Store(database_url) as store:
        chat = store.open(name, backend=llamacpp("m", base_url=server.base_url), system="Be terse.")
        chat.send("One?", prefix="It")
        (sent,) = [request.raw for request in server.requests]
    with Store(database_url) as store:
        chat = store.open(name)
        ((turn, (call,)),) = [chat.turn(turn.id) for turn in chat.turns()]
        dialect = llamacpp("m").dialect
        assert encode(dialect, chat.request(turn, call), "m", streamed=False) == sent
