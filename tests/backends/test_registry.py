"""Backends by name, and each name's server, model and key."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from convo.backends.dialects import GENERIC, OPENAI_DIALECT
from convo.backends.http import HttpBackend
from convo.backends.openai import openai
from convo.backends.registry import known_names, resolve
from convo.backends.scripted import ScriptedBackend
from convo.errors import InvalidSetting, MissingExtra
from support.asking import Asker, request


def test_a_name_and_a_model_are_a_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTRAL_API_KEY", "k")
    backend = resolve("mistral:mistral-medium-latest")
    assert isinstance(backend, HttpBackend)
    assert (backend.name, backend.model, backend.base_url) == (
        "mistral",
        "mistral-medium-latest",
        "https://api.mistral.ai/v1",
    )


@pytest.mark.parametrize(
    ("spec", "name", "model", "url"),
    [
        ("openai:m@http://127.0.0.1:8101/v1", "generic", "m", "http://127.0.0.1:8101/v1"),
        ("openai:org/m:tag@http://127.0.0.1:8101", "generic", "org/m:tag", "http://127.0.0.1:8101/v1"),
        ("llamacpp", "llamacpp", None, "http://127.0.0.1:8080/v1"),
        ("llamacpp:smollm2@http://127.0.0.1:8101/v1/", "llamacpp", "smollm2", "http://127.0.0.1:8101/v1"),
        ("vllm:m@2", "vllm", "m@2", "http://127.0.0.1:8000/v1"),
        ("ollama:llama3:8b", "ollama", "llama3:8b", "http://127.0.0.1:11434/v1"),
    ],
)
def test_a_name_may_say_the_server_too(spec: str, name: str, model: str | None, url: str) -> None:
    backend = resolve(spec)
    assert (backend.name, backend.model, backend.base_url) == (name, model, url)


@pytest.mark.parametrize(
    ("spec", "variable"),
    [("mistral:m", "MISTRAL_API_KEY"), ("openai:m", "OPENAI_API_KEY"), ("deepseek:m", "DEEPSEEK_API_KEY")],
)
def test_a_missing_key_is_named(spec: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(InvalidSetting, match=variable):
        resolve(spec)
    monkeypatch.setenv(variable, "k")
    assert resolve(spec).model == "m"


def test_openais_key_goes_to_openai_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert "authorization" in openai("m")._headers
    elsewhere = openai("m", base_url="http://127.0.0.1:1/v1")
    assert "authorization" not in elsewhere._headers
    assert (openai("m").dialect, elsewhere.dialect) == (OPENAI_DIALECT, GENERIC)


def test_a_dialect_is_chosen_by_name() -> None:
    assert openai("m", base_url="http://127.0.0.1:1", dialect="vllm").dialect.name == "vllm"
    with pytest.raises(InvalidSetting, match="llamacpp"):
        openai("m", base_url="http://127.0.0.1:1", dialect="klingon")


def test_what_is_a_backend_already_stays_what_it_is() -> None:
    for backend in (ScriptedBackend("x"), lambda request: "x", openai("m", base_url="http://127.0.0.1:1")):
        assert resolve(backend) is backend


@pytest.mark.parametrize("spec", ["klingon:m", "", ":m", "mis tral:m"])
def test_an_unknown_name_lists_the_known_ones(spec: str) -> None:
    with pytest.raises(InvalidSetting, match="deepseek, litellm, llamacpp, mistral, ollama, openai, scripted, vllm"):
        resolve(spec)


@pytest.mark.parametrize("spec", [None, 7, {"name": "mistral"}, ["mistral:m"]])
def test_what_can_be_no_backend_is_refused(spec: Any) -> None:
    with pytest.raises(InvalidSetting, match=type(spec).__name__):
        resolve(spec)


def test_an_installed_package_may_add_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("parrot", "convo.backends.scripted:scripted", "convo.backends")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: EntryPoints([point]))
    assert "parrot" in known_names()
    assert isinstance(resolve("parrot:Hello"), ScriptedBackend)


def test_the_scripted_backend_by_name_repeats_or_recites(asker: Asker) -> None:
    assert asker.complete(resolve("scripted:"), request("Bonjour")).text == "You said: Bonjour"
    assert asker.complete(resolve("scripted"), request({"role": "system", "content": "x"})).text == "You said nothing."
    assert asker.complete(resolve("scripted:All is well."), request("Bonjour")).text == "All is well."


def test_litellm_without_its_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "litellm", None)
    with pytest.raises(MissingExtra, match="litellm") as caught:
        resolve("litellm:openai/m")
    assert caught.value.extra == "litellm"
