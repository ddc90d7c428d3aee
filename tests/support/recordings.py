"""Recorded exchanges with hosted servers; see tests/data/README.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convo.completions import CompletionRequest
from convo.messages import message_from
from convo.options import CompletionOptions

DATA = Path(__file__).parent.parent / "data"
_NEWER = ("functions", "function_call")  # OpenAI's older fields, for which convo has no option


@dataclass(frozen=True)
class Recording:
    """One exchange: the request's body, and what was answered."""

    name: str
    style: str
    request: Mapping[str, Any]
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def streamed(self) -> bool:
        return bool(self.request.get("stream"))

    def neutral(self) -> CompletionRequest:
        """The request as convo has it."""
        options = {name: value for name, value in self.request.items() if name not in ("messages", "stream", *_NEWER)}
        extra = {name: self.request[name] for name in _NEWER if name in self.request}
        messages = tuple(message_from(message) for message in self.request["messages"])
        return CompletionRequest(messages, CompletionOptions(**options, **({"extra": extra} if extra else {})))


def _read(style: str) -> list[Recording]:
    exchanges = json.loads((DATA / f"{style}-recordings.json").read_text(encoding="utf-8"))["exchanges"]
    return [
        Recording(
            f"{number}-{item['name']}", style, item["request"], item["status"], item["headers"], item["body"].encode()
        )
        for number, item in enumerate(exchanges)
    ]


RECORDINGS = [*_read("mistral"), *_read("openai")]
STREAMS = [recording for recording in RECORDINGS if recording.streamed]
