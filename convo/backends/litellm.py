"""LiteLLM: one adapter to whatever it reaches. Needs the extra ``litellm``; imported late, for it is slow to import."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

from convo.backends.base import BackendIO
from convo.backends.decode import decode
from convo.backends.dialects import GENERIC, OPENAI_DIALECT, Dialect
from convo.backends.encode import check, encode
from convo.backends.fold import StreamFold
from convo.backends.given import require, require_text
from convo.backends.policy import Deadlines, Retries
from convo.backends.refusals import Complaints, Refusal, retry_after, withheld
from convo.backends.retrying import retried, retried_stream
from convo.backends.secret import Secret
from convo.backends.wire import load_json
from convo.completions import Completion, CompletionRequest, Delta
from convo.errors import BackendError, InvalidSetting, MissingExtra, StreamInterrupted
from convo.messages import Message

LITELLM_DIALECT: Dialect = replace(
    OPENAI_DIALECT,
    name="litellm",
    options={**OPENAI_DIALECT.options, "max_tokens": "max_tokens"},
    drops=GENERIC.drops - {"prediction"},
)
"""LiteLLM takes OpenAI's fields and spells them anew for each provider."""


class LiteLLMBackend:
    """A model of LiteLLM's, by its name there, e.g. ``anthropic/claude-sonnet-4-5``.

    ``settings`` go with every call (``api_base``, ``drop_params``, ...). Retries are convo's; ``deadlines.total`` is
    LiteLLM's timeout for each request. What LiteLLM does, convo cannot undo: it ends a truncated stream as if it were
    complete, and fetches a table of prices when first used unless ``LITELLM_LOCAL_MODEL_COST_MAP=True``.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str | None = None,
        dialect: Dialect = LITELLM_DIALECT,
        name: str = "litellm",
        retries: Retries | None = None,
        deadlines: Deadlines | None = None,
        **settings: Any,
    ) -> None:
        require_text(model=model, name=name)
        require_text(optional=True, api_key=api_key)
        require(Dialect, "a Dialect", dialect=dialect)
        require(Retries, "Retries of convo.backends.policy", optional=True, retries=retries)
        require(Deadlines, "Deadlines of convo.backends.policy", optional=True, deadlines=deadlines)
        self.name = name
        self.model = model
        self.dialect = dialect
        self.profile = dialect.profile
        self.retries = retries or Retries()
        self.deadlines = deadlines or Deadlines()
        self._key = Secret(api_key or "")
        self._settings = settings

    def __repr__(self) -> str:
        return f"<LiteLLMBackend {self.model}>"

    def check_request(self, request: CompletionRequest, messages: tuple[Message, ...]) -> None:
        """Raise CallerError where the options of ``request``, or ``messages`` of it, cannot be given to LiteLLM."""
        check(self.dialect, request, messages, self.model)

    async def complete_over(self, io: BackendIO, request: CompletionRequest) -> Completion:
        """Return the whole answer to ``request``."""
        send = partial(self._complete_once, io, request)
        return await retried(io, self.retries, self.deadlines.start(streamed=False), send)

    def stream_over(self, io: BackendIO, request: CompletionRequest) -> AsyncGenerator[Delta, None]:
        """Yield the answer to ``request`` as it comes."""
        send = partial(self._stream_once, io, request)
        return retried_stream(io, self.retries, self.deadlines.start(streamed=True), send)

    async def _complete_once(self, io: BackendIO, request: CompletionRequest) -> Completion:
        body = encode(self.dialect, request, self.model, streamed=False)
        with self._explained(request):
            answer = await self._called(io, body)
            return decode(answer.model_dump(), hashlib.sha256(body).hexdigest())

    async def _stream_once(self, io: BackendIO, request: CompletionRequest) -> AsyncGenerator[Delta, None]:
        body = encode(self.dialect, request, self.model, streamed=True)
        fold = StreamFold(hashlib.sha256(body).hexdigest())
        with self._explained(request):
            async with aclosing(_each(io, await self._called(io, body))) as chunks:
                async for chunk in chunks:
                    for delta in fold.fold(chunk.model_dump()):
                        yield delta
        if not fold.finished:
            raise StreamInterrupted("the stream ended before its finish reason", backend=self.name)

    async def _called(self, io: BackendIO, body: bytes) -> Any:
        litellm = _litellm()
        given = {**load_json(body), "timeout": self.deadlines.total, "num_retries": 0, **self._settings}
        if self._key:
            given["api_key"] = self._key.reveal()
        return await litellm.acompletion(**given) if io.face == "async" else litellm.completion(**given)

    @contextmanager
    def _explained(self, request: CompletionRequest) -> Iterator[None]:
        """Make typed errors of LiteLLM's, which carry an HTTP status."""
        try:
            yield
        except BackendError as problem:
            problem.backend = problem.backend or self.name
            raise
        except Exception as problem:
            status = getattr(problem, "status_code", None)
            if not isinstance(status, int):
                raise
            complaints = Complaints(self.name, partial(withheld, messages=request.messages, key=self._key))
            refusal = Refusal(words=str(getattr(problem, "message", "")), kind=type(problem).__name__)
            error = complaints.typed(refusal, status)
            error.retry_after = retry_after(getattr(getattr(problem, "response", None), "headers", {}))
            raise error from None


async def _each(io: BackendIO, chunks: Any) -> AsyncGenerator[Any, None]:
    """Yield LiteLLM's chunks; its streams can be read either way, whichever face they were opened for."""
    if io.face == "async":
        async for chunk in chunks:
            yield chunk
    else:
        for chunk in chunks:
            yield chunk


def _litellm() -> Any:
    try:
        return import_module("litellm")
    except ImportError:
        raise MissingExtra(
            "the litellm backend needs an optional package: pip install 'convo-sql[litellm]'", extra="litellm"
        ) from None


def litellm(model: str | None = None, *, base_url: str | None = None, **settings: Any) -> LiteLLMBackend:
    """Return a backend for ``model`` by LiteLLM's name for it, e.g. ``anthropic/claude-sonnet-4-5``.

    ``base_url`` is its ``api_base``. ``settings`` are those of ``LiteLLMBackend``. Raises InvalidSetting without a
    model, MissingExtra where the package is not installed.
    """
    _litellm()
    if not model:
        raise InvalidSetting("litellm needs a model, e.g. 'litellm:anthropic/claude-sonnet-4-5'", field="model")
    require_text(optional=True, base_url=base_url)
    return LiteLLMBackend(model, **{"api_base": base_url, **settings} if base_url else settings)
