"""Whatever a backend's constructor is given, it takes it or says in one typed sentence what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import httpx
import pytest

from convo.backends.circuit import Circuit
from convo.backends.dialects import GENERIC, Dialect
from convo.backends.fallback import fallback
from convo.backends.http import HttpBackend
from convo.backends.litellm import LiteLLMBackend
from convo.backends.mistral import mistral
from convo.backends.openai import deepseek, llamacpp, ollama, openai, vllm
from convo.backends.policy import ClientOptions, Deadlines, Retries
from convo.backends.scripted import ScriptedBackend, scripted
from convo.errors import InvalidSetting

ODD: list[Any] = [5, -1, 0, True, 1.5, float("nan"), float("inf"), None, object(), lambda: 1]
ODD += ["", "x", "a\nb", "é", "\ud800", "http://[::1", "http://a b", "http://a:b", b"x", [], [1], {}, {"a": 1}, {1: 2}]
SHARED = ["model", "base_url", "api_key", "name", "profile", "headers", "retries", "deadlines", "circuit", "client"]


def dialect_with(**given: Any) -> Dialect:
    return replace(GENERIC, **given)


def backend_with(**given: Any) -> HttpBackend:
    return HttpBackend(given.pop("dialect"), base_url="http://127.0.0.1/v1", **given)


CONSTRUCTORS: dict[Callable[..., Any], tuple[dict[str, Any], list[str]]] = {
    mistral: ({"api_key": "k"}, SHARED),
    openai: ({"api_key": "k"}, [*SHARED, "dialect"]),
    deepseek: ({"api_key": "k"}, SHARED),
    vllm: ({}, SHARED),
    llamacpp: ({}, SHARED),
    ollama: ({}, SHARED),
    backend_with: ({}, ["dialect"]),
    dialect_with: ({}, [field.name for field in fields(Dialect)]),
    Deadlines: ({}, [field.name for field in fields(Deadlines)]),
    Retries: ({}, [field.name for field in fields(Retries)]),
    Circuit: ({}, [field.name for field in fields(Circuit)]),
    ClientOptions: ({}, [field.name for field in fields(ClientOptions)]),
    fallback: ({"backends": ["scripted:"]}, ["backends", "profile", "name"]),
    scripted: ({}, ["model"]),
    ScriptedBackend: ({"replies": ["a"]}, ["replies", "name", "profile", "echo", "forever"]),
    LiteLLMBackend: ({"model": "m"}, ["model", "api_key", "dialect", "name", "retries", "deadlines"]),
}
CASES = [(make, name) for make, (_, names) in CONSTRUCTORS.items() for name in names]


@pytest.mark.parametrize(("make", "name"), CASES, ids=lambda item: getattr(item, "__name__", item))
def test_an_odd_argument_is_taken_or_refused_in_one_sentence(make: Callable[..., Any], name: str) -> None:
    base, _ = CONSTRUCTORS[make]
    problems = []
    for odd in ODD:
        try:
            make(**{**base, name: odd})
        except InvalidSetting as problem:
            problems.append(problem)
    assert all("\n" not in str(problem) for problem in problems)
    assert {problem.field for problem in problems} <= {name, name.removesuffix("s")}


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: openai("m", base_url=5), "base_url"),
        (lambda: openai("m", api_key=5), "api_key"),
        (lambda: openai("m", api_key="k", dialect="opnai"), "dialect"),
        (lambda: vllm("m", headers={"x-a": 1}), "headers"),
        (lambda: vllm("m", headers={"x-a": "b\r\nx-c: d"}), "headers"),
        (lambda: vllm("m", deadlines=5), "deadlines"),
        (lambda: vllm("m", retries=5), "retries"),
        (lambda: vllm("m", client=httpx.Client), "client"),
        (lambda: Deadlines(total="5"), "total"),
        (lambda: Retries(attempts=0), "attempts"),
        (lambda: Retries(first_wait=-1), "first_wait"),
        (lambda: Circuit(failures=0), "failures"),
        (lambda: vllm("m", headers={"a b": "c"}), "headers"),
        (lambda: vllm("m", headers={"Content-Length": "3"}), "headers"),
        (lambda: vllm("m", base_url="http://" + "a" * 300), "base_url"),
        (lambda: vllm("m", base_url="http://127.0.0.1:99999/v1"), "base_url"),
        (lambda: ClientOptions(proxy="nonsense://proxy"), "proxy"),
        (lambda: ClientOptions(proxy="not a proxy"), "proxy"),
        (lambda: ClientOptions(proxy="http://127.0.0.1:99999"), "proxy"),
        (lambda: ClientOptions(http2="yes"), "http2"),
        (lambda: ClientOptions(verify=5), "verify"),
        (lambda: ClientOptions(sync_client=object()), "sync_client"),
        (lambda: replace(GENERIC, drops={"tok_k"}), "drops"),
        (lambda: replace(GENERIC, options={"temprature": "t"}), "options"),
        (lambda: replace(GENERIC, thinking="reasoning_text"), "thinking"),
        (lambda: fallback("scripted:"), "backends"),
    ],
)
def test_the_argument_that_cannot_be_is_named(make: Callable[[], Any], field: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        make()
    assert caught.value.field == field
    assert field in str(caught.value)
