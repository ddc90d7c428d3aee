"""The backends that come with convo keep the contract of every backend."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from convo.backends.dialects import DIALECTS
from convo.backends.fallback import fallback
from convo.backends.http import HttpBackend
from convo.backends.mistral import mistral
from convo.completions import CompletionRequest
from convo.errors import BackendUnavailable
from convo.testing import BackendContract, ChatServer, ScriptedBackend, ServerReply


class TestScripted(BackendContract):
    def backend(self) -> Any:
        return ScriptedBackend("Hello, you.", forever=True)


class TestScriptedWithEcho(BackendContract):
    def backend(self) -> Any:
        return ScriptedBackend("Hello, you.", forever=True, echo=True)


class TestFunction(BackendContract):
    def backend(self) -> Any:
        return lambda request: f"Hello to {len(request.messages)} messages."


class TestGeneratorFunction(BackendContract):
    def backend(self) -> Any:
        def speak(request: CompletionRequest) -> Iterator[str]:
            yield "Hello, "
            yield "you."

        return speak


class TestAsyncFunction(BackendContract):
    faces = ("async",)

    def backend(self) -> Any:
        async def speak(request: CompletionRequest) -> str:
            return "Hello, you."

        return speak


class TestAsyncGeneratorFunction(BackendContract):
    faces = ("async",)

    def backend(self) -> Any:
        async def speak(request: CompletionRequest) -> AsyncIterator[str]:
            yield "Hello, "
            yield "you."

        return speak


class TestFallback(BackendContract):
    def backend(self) -> Any:
        broken = ScriptedBackend([BackendUnavailable("down")], forever=True)
        return fallback([broken, ScriptedBackend("Hello, you.", forever=True, echo=True)])


class OverHttp(BackendContract):
    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with ChatServer(*self.replies(), style=self.style()) as self.server:
            yield

    def style(self) -> Any:
        return "openai"

    def replies(self) -> list[ServerReply]:
        return [ServerReply()]


class TestMistral(OverHttp):
    def style(self) -> Any:
        return "mistral"

    def replies(self) -> list[ServerReply]:
        return [ServerReply(echo="late")]

    def backend(self) -> Any:
        return mistral("mistral-small-latest", api_key="k", base_url=self.server.base_url)


class TestOpenAI(OverHttp):
    def backend(self) -> Any:
        return HttpBackend(DIALECTS["openai"], base_url=self.server.base_url, model="m")


class TestVLLM(OverHttp):
    def backend(self) -> Any:
        return HttpBackend(DIALECTS["vllm"], base_url=self.server.base_url, model="m")


class TestOllama(OverHttp):
    def backend(self) -> Any:
        return HttpBackend(DIALECTS["ollama"], base_url=self.server.base_url, model="m")


class TestDeepSeek(OverHttp):
    def backend(self) -> Any:
        return HttpBackend(DIALECTS["deepseek"], base_url=self.server.base_url, model="m", api_key="k")
