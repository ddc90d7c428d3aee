"""Joining a prefix and its answer: the text that was given stands in front of what came, exactly once.

A backend repeats the prefix or does not, by its profile (``PrefixSupport``), for whole replies and streams apart:

- False: never repeated; what comes is new, even where it looks like the prefix.
- True: repeated; trailing white space of the prefix may be lost on the way.
- None: not known; taken for repeated where the answer begins with the whole prefix.
"""

from __future__ import annotations

from dataclasses import replace

from convo.chunks import TextChunk
from convo.completions import Choice, Completion, Delta
from convo.messages import AssistantMessage


def new_text(text: str, prefix: str, echoes: bool | None) -> str:
    """Return ``text`` without a repeated ``prefix``."""
    if echoes is False:
        return text
    if text.startswith(prefix):
        return text[len(prefix) :]
    return text[len(prefix.rstrip()) :] if echoes and text.startswith(prefix.rstrip()) else text


def join_completion(completion: Completion, prefix: str, echoes: bool | None) -> Completion:
    """Return ``completion`` with every choice's text beginning with ``prefix``, once."""
    choices = tuple(replace(choice, message=_join(choice, prefix, echoes)) for choice in completion.choices)
    return replace(completion, choices=choices)


def _join(choice: Choice, prefix: str, echoes: bool | None) -> AssistantMessage:
    message = choice.message
    if message.content is None or isinstance(message.content, str):
        return message.replace(content=prefix + new_text(message.text, prefix, echoes))
    texts = [number for number, chunk in enumerate(message.content) if isinstance(chunk, TextChunk)]
    if not texts:
        return message.replace(content=[TextChunk(text=prefix), *message.content])
    first = message.content[texts[0]]
    joined = TextChunk(text=prefix + new_text(first.text, prefix, echoes)) if isinstance(first, TextChunk) else first
    return message.replace(content=[*message.content[: texts[0]], joined, *message.content[texts[0] + 1 :]])


class PrefixFilter:
    """Takes a repeated prefix out of the deltas of one choice, however the repetition is cut into deltas.

    Text is held back only while it may still turn out to be the prefix.
    """

    def __init__(self, prefix: str, echoes: bool | None) -> None:
        self._prefix = prefix
        self._echoes = echoes
        self._held = ""
        self._done = echoes is False

    def pass_on(self, delta: Delta) -> Delta:
        """Return ``delta`` with new text only."""
        if self._done:
            return delta
        self._held += delta.text
        ends = delta.finish_reason or delta.chunk is not None or delta.tool_calls
        return replace(delta, text=self._release() if ends or self._decided() else "")

    def flush(self) -> str:
        """Return the text still held back at the stream's end."""
        return "" if self._done else self._release()

    def _decided(self) -> bool:
        return self._held.startswith(self._prefix) or not self._prefix.startswith(self._held)

    def _release(self) -> str:
        self._done, held = True, self._held
        return new_text(held, self._prefix, self._echoes)
