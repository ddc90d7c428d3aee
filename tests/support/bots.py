"""A backend that tells who answered what."""

from __future__ import annotations

from typing import Any

from convo import assistant, user
from convo.completions import Choice, Completion, CompletionRequest, Usage


class Bot:
    """Answers with what it was asked, after its name; remembers the requests."""

    def __init__(self, name: str, model: str | None = None) -> None:
        self.name, self.model, self.requests = name, model, list[CompletionRequest]()

    def complete(self, request: CompletionRequest) -> Completion:
        self.requests.append(request)
        text = f"{self.name} on {request.messages[-1].text}"
        usage = Usage(prompt_tokens=10, completion_tokens=5, total_tokens=15)
        return Completion((Choice(assistant(text), "stop"),), usage=usage, model=self.model)


def two_turns(store: Any, name: str) -> Any:
    """A conversation of two turns with different options, a greeting, and a human's word in between."""
    chat = store.open(name, backend=Bot("old"), system="Be terse.", temperature=0.5)
    chat.append(assistant("Hello!"))
    chat.send("one", max_tokens=20)
    chat.append(user("Is a human there?"), assistant("Yes, Ann."))
    chat.send("two", temperature=0.9)
    return chat
