"""Every verb that writes, each on a conversation that it makes sense on, and what may be found when it failed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from inspect import isawaitable
from typing import Any
from uuid import UUID, uuid4

from convo import Choice, Completion, Conversation, Store, Summarize, assistant, tool_call
from convo.completions import CompletionRequest
from convo.errors import BackendFailed, NothingToResume, Unsupported
from convo.profiles import PERMISSIVE, PrefixSupport, Profile
from convo.store.engine import parse_url
from support.databases import kinds

CALLS = [tool_call("add", {"a": 1, "b": 2}, id="c00000001"), tool_call("add", {"a": 3, "b": 4}, id="c00000002")]
ANSWER = "ha " * 800 + "done"
LEFT = ANSWER[:1200]
"""What has come of it where a stream is left after two pieces."""
Path = tuple[str, ...]
LEASE = 0.5
"""Seconds, where a turn may be left to its lease."""


class Model:
    """Says ``ANSWER``, goes on with its beginning where one is given, and wants two sums made where asked to add."""

    name = "model"
    profile: Profile = replace(PERMISSIVE, prefix=PrefixSupport(style="flag", echoes_whole=False, echoes_stream=False))

    def complete(self, request: CompletionRequest) -> Any:
        last = request.messages[-1]
        wants_calls = last.role == "user" and last.text == "add"
        return assistant(tool_calls=CALLS) if wants_calls else ANSWER[len(request.prefix) :]

    def stream(self, request: CompletionRequest) -> Iterator[str]:
        rest = ANSWER[len(request.prefix) :]
        return (rest[start : start + 600] for start in range(0, len(rest), 600))


class AsyncModel(Model):
    """The same, awaited."""

    async def complete(self, request: CompletionRequest) -> Any:
        return super().complete(request)

    async def stream(self, request: CompletionRequest) -> AsyncIterator[str]:  # type: ignore[override]
        for piece in super().stream(request):
            yield piece


def add(a: int, b: int) -> int:
    """Return the sum."""
    return a + b


async def now(result: Any) -> Any:
    """What a method of either face gives."""
    return await result if isawaitable(result) else result


async def drained(stream: Any, pieces: int = 1000) -> None:
    """Read so many pieces of a stream of either face, and leave it then."""
    if not hasattr(type(stream), "__next__"):
        async with stream:
            for _ in range(pieces):
                if await anext(stream, None) is None:
                    break
        return
    with stream:
        for _ in zip(range(pieces), stream, strict=False):
            pass


def broken(request: CompletionRequest) -> str:
    raise ConnectionError


async def refused(chat: Any) -> None:
    with suppress(BackendFailed):
        await now(chat.send("what?", backend=broken))


async def refused_and_asked_again(chat: Any) -> None:
    await refused(chat)
    await now(chat.send("what?"))


async def left_and_gone_on(chat: Any) -> None:
    await drained(chat.stream("what?"), pieces=2)
    await now(chat.append("never mind"))


def fresh(chat: Conversation) -> None:
    """Nothing but what every scene has."""


def asked(chat: Conversation) -> None:
    chat.append("and this?")


def broken_off(chat: Conversation) -> None:
    with chat.stream("go on") as stream:
        next(stream)
        next(stream)


def cut_short(chat: Conversation) -> None:
    short = Completion(choices=(Choice(assistant(ANSWER[:50]), "length"),))
    chat.send("briefly", backend=lambda request: short)


def failed(chat: Conversation) -> None:
    with suppress(BackendFailed):
        chat.send("go on", backend=broken)


def waiting(chat: Conversation) -> None:
    chat.send("add")


def forked(chat: Conversation) -> None:
    chat.fork(name="side").send("aside")


def has_pin(chat: Conversation) -> None:
    chat.pin(chat.history()[0])


def talked_long(chat: Conversation) -> None:
    """The next request is longer than its window, and what is cut away is to be summarised."""
    chat.configure(policy=[Summarize(800, 500, "scripted:They laughed.", max_tokens=50)])
    chat.send("and?")


async def first_entry(chat: Any) -> Any:
    return (await now(chat.history()))[0]


async def edited(chat: Any, answer: bool) -> None:
    await now(chat.edit(await first_entry(chat), "hello there", answer=answer))


async def pinned(chat: Any) -> None:
    assert await now(chat.pin(await first_entry(chat))) == (1,)


async def unpinned(chat: Any) -> None:
    assert await now(chat.unpin(await first_entry(chat))) == ()


async def annotated(chat: Any) -> None:
    entry = await now(chat.annotate(await first_entry(chat), {"rated": 5}))
    assert entry.metadata == {"rated": 5}


@dataclass(frozen=True)
class Verb:
    """What a user calls, on a conversation prepared by ``before``: ``act(store, chat)``, of either face."""

    name: str
    before: Callable[[Conversation], None]
    act: Callable[[Any, Any], Coroutine[Any, Any, Any]]


VERBS = [
    Verb("open", fresh, lambda store, chat: now(store.open("another", title="new"))),
    Verb("start", fresh, lambda store, chat: now(store.start(["hello", assistant("hi")], idempotency_key="start-1"))),
    Verb("append", fresh, lambda store, chat: now(chat.append("one", "two"))),
    Verb("append under a key", fresh, lambda store, chat: now(chat.append("one", "two", idempotency_key="append-1"))),
    Verb("append over a partial", broken_off, lambda store, chat: now(chat.append("never mind"))),
    Verb("send", fresh, lambda store, chat: now(chat.send("what?"))),
    Verb("send under a key", fresh, lambda store, chat: now(chat.send("what?", idempotency_key="send-1"))),
    Verb("send over a partial", broken_off, lambda store, chat: now(chat.send("what?"))),
    Verb("send for two choices", fresh, lambda store, chat: now(chat.send("what?", n=2, backend=Twice()))),
    Verb("send what needs a summary", talked_long, lambda store, chat: now(chat.send("what?"))),
    Verb("complete", asked, lambda store, chat: now(chat.complete())),
    Verb("stream", fresh, lambda store, chat: drained(chat.stream("what?"))),
    Verb("leave a stream", fresh, lambda store, chat: drained(chat.stream("what?"), pieces=2)),
    Verb("leave a stream and go on", fresh, lambda store, chat: left_and_gone_on(chat)),
    Verb("send to a backend that fails", fresh, lambda store, chat: refused(chat)),
    Verb("send again after a failure", fresh, lambda store, chat: refused_and_asked_again(chat)),
    Verb("run", fresh, lambda store, chat: now(chat.run("add", tools=[add]))),
    Verb("submit", waiting, lambda store, chat: now(chat.submit({call.id: 5 for call in CALLS}))),
    Verb("stream_submit", waiting, lambda store, chat: drained(chat.stream_submit({call.id: 5 for call in CALLS}))),
    Verb("stream_run", fresh, lambda store, chat: drained(chat.stream_run("add", tools=[add]))),
    Verb("submit one", waiting, lambda store, chat: now(chat.submit({CALLS[0].id: 5}))),
    Verb("resume", broken_off, lambda store, chat: now(chat.resume())),
    Verb("resume a failed turn", failed, lambda store, chat: now(chat.resume())),
    Verb("resume for length", cut_short, lambda store, chat: now(chat.resume())),
    Verb("stream_resume", broken_off, lambda store, chat: drained(chat.stream_resume())),
    Verb("cancel", broken_off, lambda store, chat: now(chat.cancel())),
    Verb("fork", fresh, lambda store, chat: now(chat.fork(name="here"))),
    Verb("regenerate", fresh, lambda store, chat: now(chat.regenerate())),
    Verb("regenerate under a key", fresh, lambda store, chat: now(chat.regenerate(idempotency_key="other-1"))),
    Verb("edit", fresh, lambda store, chat: edited(chat, answer=True)),
    Verb("edit without an answer", fresh, lambda store, chat: edited(chat, answer=False)),
    Verb("replay", fresh, lambda store, chat: now(chat.replay(name="again"))),
    Verb("pin", fresh, lambda store, chat: pinned(chat)),
    Verb("unpin", has_pin, lambda store, chat: unpinned(chat)),
    Verb("annotate", fresh, lambda store, chat: annotated(chat)),
    Verb("rename", forked, lambda store, chat: now(chat.rename("other", "side"))),
    Verb("switch", forked, lambda store, chat: now(chat.switch("side"))),
    Verb("delete_branch", forked, lambda store, chat: now(chat.delete_branch("side"))),
    Verb("copy", fresh, lambda store, chat: now(chat.copy("copied"))),
    Verb("configure", fresh, lambda store, chat: now(chat.configure(title="new", system="Be kind."))),
]


class Twice(Model):
    """Gives two choices."""

    def complete(self, request: CompletionRequest) -> Completion:
        return Completion(choices=tuple(Choice(assistant(ANSWER), "stop", index) for index in range(2)))


@dataclass(frozen=True)
class Scene:
    """A conversation of an owner of its own, who has no other; ``keeper`` is a store that nothing happens to."""

    keeper: Store
    owner: str
    id: UUID

    @classmethod
    def made(cls, keeper: Store, verb: Verb) -> Scene:
        """Prepare what ``verb`` acts on."""
        own = keeper.for_owner(f"faults-{uuid4().hex}")
        chat = own.start(backend=Model())
        chat.send("hello")
        verb.before(chat)
        return cls(own, own._owner or "", chat.id)

    def paths(self) -> list[Path]:
        """The texts of every branch of every conversation of the owner, sorted."""
        found = []
        for info in self.keeper.conversations():
            for branch in self.keeper.load(info.id).branches():
                chat = self.keeper.load(info.id, branch=branch.no)
                found.append(tuple(f"{entry.role}: {entry.text}" for entry in chat.history()))
        return sorted(found)

    def check(self, wait: float = 0, thorough: bool = True) -> None:
        """Nothing is damaged, and the conversation goes on: within ``wait`` seconds, where a lease must lapse first.

        To look for damage costs as much as all the rest; what is not ``thorough`` leaves it out.
        """
        assert not thorough or list(self.keeper.verify()) == []
        chat = self.keeper.load(self.id, backend=Model())
        with suppress(NothingToResume, Unsupported):
            chat.resume(wait=wait)
        assert chat.send("and then?", wait=wait).text == ANSWER


SERVERS = [*zip(kinds()[1:], ("async", "sync"), strict=False)]
"""Each server with a face, for what costs much on a server and is the same in both."""


def is_thorough(url: str, at: int) -> bool:
    """Whether damage is looked for after the fault at point ``at``: always on SQLite, every fourth time on a server."""
    return at % 4 == 0 or parse_url(url).drivername == "sqlite"


def is_between(found: list[Path], before: list[Path], after: list[Path]) -> bool:
    """Whether every path is one of before or on the way to one of after, and none of before has been cut."""
    if found == after:
        return True
    begun = all(any(path == whole[: len(path)] for whole in (*before, *after)) for path in found)
    kept = all(any(path == whole[: len(path)] for whole in found) for path in before)
    return begun and kept
