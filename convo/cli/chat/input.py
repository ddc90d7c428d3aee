"""Where a chat's questions come from: a prompt with history and completion on a terminal, lines of a pipe."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from convo.harmless import one_line

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completion
    from prompt_toolkit.document import Document


class Input(Protocol):
    """What is asked for the next line."""

    async def line(self, prompt: str, default: str = "") -> str:
        """Return what was typed; raises EOFError at the end, KeyboardInterrupt for Ctrl-C."""
        ...


class PipedInput:
    """Each line is a question; nothing is prompted for."""

    async def line(self, prompt: str, default: str = "") -> str:  # noqa: ARG002 - a pipe shows no prompt
        """Return the next line that is not empty."""
        text = "\n"
        while text and not text.strip():
            text = str(await asyncio.to_thread(sys.stdin.readline))
        if not text:
            raise EOFError
        return text.strip()


Words = Callable[[], Awaitable[Mapping[str, Iterable[str]]]]
"""Gives what may follow each slash command."""


class TerminalInput:
    """A prompt: arrow keys go through ``history`` (oldest first), Tab completes commands and what follows them."""

    def __init__(self, history: Iterable[str], words: Words) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import InMemoryHistory

        self._session: PromptSession[str] = PromptSession(
            history=InMemoryHistory(list(history)),
            completer=_completer(words),
            complete_while_typing=False,
            key_bindings=_keys(),
        )

    async def line(self, prompt: str, default: str = "") -> str:
        """Return what was typed; Alt-Enter begins a new line of it."""
        message: Any = [("bold ansicyan", f"{one_line(prompt, 60)}> ")]
        text: str = await self._session.prompt_async(message, default=default)
        return text.strip()


def _keys() -> Any:
    from prompt_toolkit.key_binding import KeyBindings

    bindings = KeyBindings()
    bindings.add("escape", "enter")(lambda event: event.current_buffer.insert_text("\n"))
    return bindings


def _completer(words: Words) -> Any:
    from prompt_toolkit.completion import Completer, Completion

    class SlashCompleter(Completer):
        """Completes ``/command`` and its first argument."""

        def get_completions(self, document: Document, complete_event: Any) -> Iterable[Completion]:  # noqa: ARG002
            return ()

        async def get_completions_async(self, document: Document, complete_event: Any) -> Any:  # noqa: ARG002
            typed = document.text_before_cursor
            if not typed.startswith("/") or "\n" in typed:
                return
            command, space, rest = typed.partition(" ")
            known = await words()
            for word in known.get(command, ()) if space else known:
                part = rest if space else command
                if word.startswith(part):
                    yield Completion(word, start_position=-len(part), display=one_line(word, 60))

    return SlashCompleter()
