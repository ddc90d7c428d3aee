"""A turn that is running for real: in a thread of its own, its backend waiting to be told what to answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

from convo import Conversation, Store
from convo.completions import CompletionRequest

PATIENCE = 30.0


class Held:
    """Runs a verb on a conversation's main branch and holds its call until ``release``."""

    def __init__(
        self,
        url: str,
        conversation_id: UUID,
        verb: Callable[[Conversation], Any] = lambda chat: chat.send("held"),
        **given: Any,
    ) -> None:
        self.outcome: Any = None
        self.requests: list[CompletionRequest] = []
        self._called, self._told = threading.Event(), threading.Event()
        self._answer: Any = None
        self._thread = threading.Thread(target=self._run, args=(url, conversation_id, verb, given))
        self._thread.start()
        assert self._called.wait(PATIENCE), self.outcome

    def _run(self, url: str, conversation_id: UUID, verb: Callable[[Conversation], Any], given: dict[str, Any]) -> None:
        with Store(url, owner=None) as store:
            chat = Conversation.load(store, conversation_id, branch="main", backend=self._backend, **given)
            try:
                self.outcome = verb(chat)
            except BaseException as problem:  # it is looked at by the test
                self.outcome = problem
            self._called.set()

    def _backend(self, request: CompletionRequest) -> Any:
        self.requests.append(request)
        self._called.set()
        assert self._told.wait(PATIENCE)
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer

    def release(self, answer: Any = "held answer") -> Any:
        """Let the backend give ``answer`` (raise it, if it is an error); return the reply, or the error raised."""
        self._answer = answer
        self._told.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        return self.outcome

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *problem: object) -> None:
        self.release()
