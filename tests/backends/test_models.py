"""What models a server lists, in the shapes of several."""

from __future__ import annotations

from typing import Any

import pytest

from convo.backends.dialects import DIALECTS
from convo.backends.http import HttpBackend
from convo.backends.mistral import mistral
from convo.backends.models import ModelInfo, list_models
from convo.backends.openai import openai
from convo.backends.policy import Retries
from convo.errors import AuthenticationFailed, InvalidSetting, MalformedResponse, Unsupported
from convo.testing import ChatServer, ScriptedBackend, faults
from support.asking import Asker


def listed(asker: Asker, server: ChatServer, key: str = "") -> tuple[ModelInfo, ...]:
    quick = Retries(first_wait=0.01, longest_wait=0.01)
    backend = HttpBackend(DIALECTS["mistral"], base_url=server.base_url, api_key=key, retries=quick)
    found: tuple[ModelInfo, ...] = asker.run(lambda io: list_models(io, backend))
    return found


def test_mistral_lists_context_lengths_aliases_and_temperatures(asker: Asker, server: ChatServer) -> None:
    (model,) = listed(asker, server)
    assert (model.id, model.context_length, model.aliases, model.default_temperature) == (
        "mistral-small-2603",
        262144,
        ("mistral-small-latest",),
        0.3,
    )
    assert model.details["capabilities"]["function_calling"] is True


@pytest.mark.parametrize(
    ("entry", "length"),
    [
        ({"id": "vllm", "max_model_len": 4096}, 4096),
        ({"id": "llamacpp", "meta": {"n_ctx_train": 2048, "n_params": 1}}, 2048),
        ({"id": "openrouter", "context_length": 128000}, 128000),
        ({"id": "groq", "context_window": 8192}, 8192),
        ({"id": "openai", "owned_by": "openai"}, None),
        ({"id": "odd", "max_context_length": "long", "meta": 7}, None),
    ],
)
def test_context_lengths_are_found_under_each_servers_name(
    asker: Asker, server: ChatServer, entry: Any, length: int | None
) -> None:
    server.misbehave(faults.status(200, {"object": "list", "data": [entry, {"no": "id"}, 7]}))
    (model,) = listed(asker, server)
    assert (model.id, model.context_length) == (entry["id"], length)


def test_listing_is_tried_again_and_errors_are_typed(asker: Asker, server: ChatServer) -> None:
    server.misbehave(faults.status(503))
    assert len(listed(asker, server)) == 1
    server.misbehave(faults.status(401))
    with pytest.raises(AuthenticationFailed):
        listed(asker, server)
    server.misbehave(faults.status(200, {"data": "none"}))
    with pytest.raises(MalformedResponse):
        listed(asker, server)


@pytest.mark.parametrize("name", ["openai", "object"])
def test_a_store_asks_a_backend_or_its_name_for_its_models(
    face: Any, server: ChatServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    given = f"openai:@{server.base_url}" if name == "openai" else mistral(api_key="k", base_url=server.base_url)
    with face.Store("sqlite://") as store:
        (model,) = store.models(given)
        assert (model.id, model.context_length) == ("mistral-small-2603", 262144)
        with pytest.raises(Unsupported, match="scripted"):
            store.models("scripted:")
        with pytest.raises(InvalidSetting, match="klingon"):
            store.models("klingon:")


def test_what_is_no_server_lists_nothing(asker: Asker) -> None:
    with pytest.raises(Unsupported, match="scripted"):
        asker.run(lambda io: list_models(io, ScriptedBackend("x")))


def test_a_backend_knows_the_context_length_that_is_published_or_given() -> None:
    assert mistral("codestral-latest", api_key="key").context_length == 131_072
    assert mistral("mistral-large-2512", api_key="key", context_length=8_000).context_length == 8_000
    assert mistral("of-my-own", api_key="key").context_length is None
    assert openai("any", base_url="http://127.0.0.1:1/v1", context_length=4_096).context_length == 4_096
