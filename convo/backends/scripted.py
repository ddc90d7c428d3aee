"""A backend that says what it was told to: offline, deterministic, for tests and demonstrations."""

from __future__ import annotations

import re
import threading
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import replace
from math import ceil
from typing import TypeAlias

from convo.backends.answers import as_completion, deltas_of
from convo.backends.base import BackendIO
from convo.backends.given import require, require_profile, require_text
from convo.backends.prefix import join_completion
from convo.completions import Completion, CompletionRequest, Delta, Usage
from convo.errors import InvalidSetting
from convo.messages import AssistantMessage, Message, UserMessage
from convo.profiles import PERMISSIVE, PrefixSupport, Profile

Reply: TypeAlias = "str | AssistantMessage | Completion | BaseException | Callable[[CompletionRequest], Reply]"
_WORD = re.compile(r"\s*\S+|\s+\Z")
_CHARACTERS = 4
"""Characters of a token, about as in English with a real tokenizer."""

_OVERHEAD = 4
"""Tokens around a message or a tool call."""


class ScriptedBackend:
    """Answers with ``replies`` in turn, in both faces; the requests it got are in ``requests``.

    A reply is a text, an AssistantMessage, a Completion, an exception to raise, or a function of the request that
    gives one of these. ``forever`` starts again after the last; else one request too many is InvalidSetting. A
    stream comes word by word. A prefix is continued by the reply; ``echo`` repeats it first. Usage counts four
    characters as a token, and four tokens around each message and tool call. Safe for threads.
    """

    def __init__(
        self,
        replies: Iterable[Reply] | str,
        *,
        name: str = "scripted",
        profile: Profile = PERMISSIVE,
        echo: bool = False,
        forever: bool = False,
    ) -> None:
        require_text(name=name)
        require_profile(profile)
        require(Iterable, "a list of replies, or one text", replies=replies)
        self.name = name
        support = PrefixSupport(style=profile.prefix.style, echoes_whole=echo, echoes_stream=echo)
        self.profile = replace(profile, prefix=support)
        self.requests: list[CompletionRequest] = []
        self._replies = [replies] if isinstance(replies, str) else list(replies)
        self._echo = echo
        self._forever = forever
        self._lock = threading.Lock()

    async def complete_over(self, io: BackendIO, request: CompletionRequest) -> Completion:  # noqa: ARG002
        """Return the next reply."""
        return self._answer(request)

    async def stream_over(self, io: BackendIO, request: CompletionRequest) -> AsyncGenerator[Delta, None]:  # noqa: ARG002
        """Yield the next reply word by word."""
        for delta in deltas_of(self._answer(request)):
            if not delta.text:
                yield delta
            for word in _WORD.findall(delta.text):
                yield Delta(text=word, index=delta.index)

    def _answer(self, request: CompletionRequest) -> Completion:
        completion = as_completion(_resolved(self._next(request), request), self.name)
        if self._echo and request.prefix:
            completion = join_completion(completion, request.prefix, echoes=False)
        return completion if completion.usage else replace(completion, usage=_counted(request, completion))

    def _next(self, request: CompletionRequest) -> Reply:
        with self._lock:
            number = len(self.requests)
            self.requests.append(request)
        if not self._replies or (number >= len(self._replies) and not self._forever):
            raise InvalidSetting(
                f"{self.name} has {len(self._replies)} replies and was asked {number + 1} times: give it more, or "
                "forever=True"
            )
        return self._replies[number % len(self._replies)]


def _resolved(reply: Reply, request: CompletionRequest) -> str | AssistantMessage | Completion:
    while callable(reply):
        reply = reply(request)
    if isinstance(reply, BaseException):
        raise reply
    return reply


def _counted(request: CompletionRequest, completion: Completion) -> Usage:
    prompt = sum(map(_tokens, request.messages))
    answer = sum(_tokens(choice.message) for choice in completion.choices)
    return Usage(prompt_tokens=prompt, completion_tokens=answer, total_tokens=prompt + answer)


def _tokens(message: Message) -> int:
    calls = message.calls if isinstance(message, AssistantMessage) else ()
    texts = (message.text, *(call.name + call.arguments for call in calls))
    return sum(_OVERHEAD + ceil(len(text) / _CHARACTERS) for text in texts)


def scripted(model: str | None = None) -> ScriptedBackend:
    """Return the backend ``scripted:``, which repeats what it hears; ``scripted:text`` always answers ``text``."""
    return ScriptedBackend([model or _repeat], forever=True)


def _repeat(request: CompletionRequest) -> str:
    heard = [message.text for message in request.messages if isinstance(message, UserMessage)]
    return f"You said: {heard[-1]}" if heard else "You said nothing."
