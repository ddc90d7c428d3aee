"""The judge of outbound lists: says whether a list satisfies a profile, knowing nothing of how it was made.

The rules are those of a ``Profile``'s fields, each checked by a function of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from convo.chunks import TextChunk
from convo.context.content import is_talk
from convo.errors import OrderViolation
from convo.messages import AssistantMessage, Message, ToolMessage
from convo.profiles import Profile

Problem = tuple[int, str]
"""The index of the offending message, and the rule it breaks in one sentence."""


def check(messages: Sequence[Message], profile: Profile, judged: int = 0) -> None:
    """Return if ``profile`` accepts ``messages``; raises OrderViolation with ``index`` and the rule broken. O(n).

    The first ``judged`` messages are talk, and were a list that it accepts: where the rest is talk too, that is judged.
    """
    if not messages:
        raise OrderViolation("there is no message to send", index=-1)
    if all(map(is_talk, messages[judged:])):
        problems = [rule(messages, profile, judged) for rule in _RULES_OF_TALK]
    else:
        problems = [rule(messages, profile) for rule in _RULES]
    for index, problem in chain.from_iterable(problems):
        raise OrderViolation(f"message {index} ({messages[index].role}): {problem}", index=index)


def _steps(messages: Sequence[Message], profile: Profile, judged: int = 0) -> Iterator[Problem]:
    previous = messages[judged - 1].role if judged else "start"
    for index, message in enumerate(messages[judged:], judged):
        if message.role not in profile.follows[previous]:
            after = "come first" if previous == "start" else f"follow {previous}"
            yield index, f"{profile.name} does not let {message.role} {after}"
        if index and message.role == previous and message.role in profile.merges:
            yield index, f"{profile.name} takes neighbours of role {previous} as one message"
        previous = message.role


def _opening(messages: Sequence[Message], profile: Profile) -> Iterator[Problem]:
    first = messages[0]
    if profile.opens_with_greeting and isinstance(first, AssistantMessage) and (first.calls or first.prefix):
        yield 0, f"{profile.name} does not let tool calls or a prefix open the list"


def _ending(messages: Sequence[Message], profile: Profile, judged: int = 0) -> Iterator[Problem]:  # noqa: ARG001 - it ends anew
    last = messages[-1]
    if not (isinstance(last, AssistantMessage) and last.prefix) and last.role not in profile.last:
        yield len(messages) - 1, f"{profile.name} does not let {last.role} end the list"


def _system(messages: Sequence[Message], profile: Profile, judged: int = 0) -> Iterator[Problem]:
    allowed, last = profile.system != "none", max(judged - 1, 0)
    for index, message in enumerate(messages[last:], last):
        if message.role == "system":
            if not allowed:
                yield index, f"{profile.name} does not take a system message here"
        else:
            after_user = profile.system == "start_or_after_user" and message.role == "user"
            allowed = profile.system == "anywhere" or after_user


def _prefix(messages: Sequence[Message], profile: Profile) -> Iterator[Problem]:
    for index, message in enumerate(messages):
        if isinstance(message, AssistantMessage) and message.prefix:
            if not profile.prefix.supported:
                yield index, f"{profile.name} cannot continue an assistant message"
            if index < len(messages) - 1:
                yield index, "only the last message may be a prefix"


def _answers(messages: Sequence[Message], profile: Profile) -> Iterator[Problem]:
    """Each call is answered right behind its message, in order, once; nothing else is answered."""
    if not profile.strict_tools:
        return
    waiting: list[str] = []
    for index, message in enumerate(messages):
        if isinstance(message, ToolMessage):
            if not waiting or message.tool_call_id != waiting.pop(0):
                yield index, "a tool result must answer the next open call of the message before it"
        elif waiting:
            yield index, "a tool call before it has no result"
        else:
            waiting = [call.id for call in message.calls] if isinstance(message, AssistantMessage) else []
    if waiting:
        yield len(messages) - 1, "a tool call has no result"


def _calls(messages: Sequence[Message], profile: Profile) -> Iterator[Problem]:
    for index, message in enumerate(messages):
        if isinstance(message, AssistantMessage) and message.calls:
            ids = [call.id for call in message.calls]
            if profile.strict_tools and (len({*ids}) < len(ids) or {"", "null"} & {*ids}):
                yield index, "its tool calls need ids, each its own"
            if not all(map(profile.accepts_id, ids)):
                yield index, f"{profile.name} does not accept the form of its tool call ids"
            if not all(profile.accepts_name(call.name) for call in message.calls):
                yield index, f"{profile.name} does not accept the name of a function it calls"


def _results(messages: Sequence[Message], profile: Profile) -> Iterator[Problem]:
    for index, message in enumerate(messages):
        if isinstance(message, ToolMessage):
            if profile.tool_call_id is not None and not profile.accepts_id(message.tool_call_id or ""):
                yield index, f"{profile.name} does not accept the form of its tool call id"
            if message.name is not None and not profile.accepts_name(message.name):
                yield index, f"{profile.name} does not accept the name of its function"


def _contents(messages: Sequence[Message], profile: Profile) -> Iterator[Problem]:
    for index, message in enumerate(messages):
        refused = [] if isinstance(message.content, str) else [chunk.type for chunk in message.content or ()]
        refused = [kind for kind in refused if not profile.accepts_chunk(message.role, kind)]
        if refused:
            yield index, f"{profile.name} does not accept {refused[0]} from this role"
        if isinstance(message, AssistantMessage):
            holds = bool(message.content) if message.calls else _says_something(message)
            if message.calls and holds and not profile.text_with_calls:
                yield index, f"{profile.name} does not accept content beside tool calls"
            if not message.calls and not holds and not profile.empty_assistant:
                yield index, f"{profile.name} does not accept an assistant message that says and calls nothing"


def _says_something(message: Message) -> bool:
    content = message.content
    return bool(message.text) or any(not isinstance(part, str | TextChunk) for part in content or ())


_RULES_OF_TALK: tuple[Callable[[Sequence[Message], Profile, int], Iterator[Problem]], ...] = (_steps, _ending, _system)
"""Those that a list without calls, results, chunks and prefix can break."""

_RULES: tuple[Callable[[Sequence[Message], Profile], Iterator[Problem]], ...] = (
    _steps,
    _opening,
    _ending,
    _system,
    _prefix,
    _answers,
    _calls,
    _results,
    _contents,
)
