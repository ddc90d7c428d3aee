"""From a handle and its new input to the request that leaves, with the recipe it can be rebuilt from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from convo.completions import CompletionRequest
from convo.context.account import Composition
from convo.context.compose import compose
from convo.context.learning import Learned
from convo.context.reach import Reach, reach
from convo.context.rules import policy_key
from convo.context.state import ComposeState
from convo.context.summary import Summary
from convo.context.tokens import Count, estimate
from convo.errors import Unsupported
from convo.flows.call_ids import told_apart
from convo.flows.circumstances import circumstances
from convo.flows.handle import Handle
from convo.flows.remembering import keep, see_anew
from convo.flows.settings import Settings, no_options
from convo.flows.windows import load_window
from convo.frozen import dataclass
from convo.messages import AssistantMessage, Message, assistant
from convo.options import CompletionOptions
from convo.profiles import Profile
from convo.records import Entry
from convo.store import ledger
from convo.store.clock import new_id, now
from convo.values import canonical_json

RECIPE_VERSION = 1
INLINE_BYTES = 256
"""JSON larger than this is stored once per conversation, under its hash, instead of in each recipe."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """How one call is to be made: what the user gave with the verb, over the handle's settings.

    ``wait`` is in seconds; ``expect_head`` is the entry that must be the last one; ``own_policy``: the policy was
    given for this call alone, so its cuts are neither read nor written. ``prefix`` is what the answer begins with:
    what the user gave (``given_prefix``), or (``continued``) all that had come of an answer that broke off.
    """

    settings: Settings
    backend: Any
    prefix: str = ""
    continued: bool = False
    given_prefix: str = ""
    first_max_tokens: int | None = None
    wait: float = 0.0
    expect_head: Entry | None = None
    own_policy: bool = False
    metadata: Mapping[str, Any] | None = None
    streamed: bool = False
    response_model: type[BaseModel] | None = None

    @property
    def profile(self) -> Profile:
        """The profile in force."""
        return self.settings.profile_for(self.backend)

    @property
    def options(self) -> CompletionOptions:
        """The options in force."""
        return self.settings.options or no_options()

    @property
    def count(self) -> Count | None:
        """Who counts tokens, None for the estimate."""
        return self.settings.count_tokens

    @property
    def backend_name(self) -> str:
        """What the record calls the backend."""
        return backend_name(self.backend)


def backend_name(backend: Any) -> str:
    """Return what the record calls ``backend``."""
    name = getattr(backend, "name", None) or getattr(backend, "__name__", None)
    return str(name or type(backend).__name__)[:255]


@dataclass(frozen=True, kw_only=True)
class Outbound:
    """A request ready to leave, and what is recorded of it.

    ``moved`` is the compose state after it, ``state`` the same where the branch is to remember it, else None.
    """

    request: CompletionRequest
    composition: Composition
    moved: ComposeState
    state: ComposeState | None
    pending: Mapping[str, Any]
    blobs: Mapping[str, Any]
    reach: Reach


def entries_for(
    handle: Handle, messages: Sequence[Message], turn_id: UUID | None, start: int | None = None
) -> list[Entry]:
    """Return ``messages`` as the entries that follow the handle's head (or ``start``)."""
    after = handle.head if start is None else start
    return make_entries(handle.conversation_id, handle.place.branch_no, messages, turn_id, after)


def make_entries(
    conversation_id: UUID, branch_no: int, messages: Sequence[Message], turn_id: UUID | None, after: int
) -> list[Entry]:
    """Return ``messages`` as the entries that follow seq ``after`` on a branch; their ids are made here."""
    moment = now()
    return [
        Entry(
            id=new_id(),
            conversation_id=conversation_id,
            branch_no=branch_no,
            seq=after + 1 + offset,
            message=message,
            tokens=estimate(message),
            turn_id=turn_id,
            created_at=moment,
        )
        for offset, message in enumerate(told_apart(messages, after))
    ]


def moved_to(entries: Sequence[Entry], head: int) -> list[Entry]:
    """Return the same entries in their places after ``head``; ids and times stay."""
    return [replace(entry, seq=head + 1 + offset) for offset, entry in enumerate(entries)]


def moved_onto(entries: Sequence[Entry], branch_no: int) -> list[Entry]:
    """Return the same entries on the branch of that number, where it was not known before."""
    return [entry if entry.branch_no == branch_no else replace(entry, branch_no=branch_no) for entry in entries]


async def prepare(
    handle: Handle,
    inputs: Sequence[Entry],
    ask: Ask,
    check: Callable[[Handle], None] | None = None,
    state: ComposeState | None = None,
) -> Outbound:
    """Compose the request for ``inputs`` after the handle's head. Reads only what is not remembered.

    ``check`` looks at the handle once its window is there, and raises where the verb makes no sense on it. ``state`` is
    the compose state to start from, the branch's where not given. Raises ContextOverflow, OrderViolation, CallerError;
    nothing has been written then.
    """
    start = state or start_of(handle, ask)
    learned = await learned_of(handle, ask)
    wanted = reach_of(ask, start, learned)
    see_anew(handle, ask.settings.rules)
    known = await load_window(handle, wanted)
    await load_summaries(handle, ask, start)
    if check is not None:
        check(handle)
    composition, moved = compose_for(handle, [*known, *inputs], ask, start, learned)
    request = CompletionRequest(composition.messages, ask.options, str(handle.conversation_id))
    handle.port.check(ask.backend, request, new=min(len(inputs) + bool(ask.prefix), len(request.messages)))
    newest = [*known[-1:], *inputs[-1:]]
    pending, blobs = _pending(ask, request, composition, moved, newest[-1].seq if newest else handle.head, learned)
    changed = None if ask.own_policy or moved == handle.state else moved
    return Outbound(
        request=request,
        composition=composition,
        moved=moved,
        state=changed,
        pending=pending,
        blobs=blobs,
        reach=wanted,
    )


def _pending(
    ask: Ask, request: CompletionRequest, composition: Composition, moved: ComposeState, head: int, learned: Learned
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is recorded of a call in flight, and the blobs that its recipe names."""
    recipe, blobs = recipe_of(composition, ask.options)
    recipe["c"] = circumstances(ask.settings.rules, ask.profile, moved, head, context_length(ask, Learned()))
    if learned != Learned():
        recipe["learned"] = {**learned.to_json(), "of": learned_key(ask)}
    if ask.continued:
        recipe["continues"] = {"prefix": ask.given_prefix, "max_tokens": ask.first_max_tokens}
    pending = {
        "kind": "stream" if ask.streamed else "complete",
        "backend": ask.backend_name,
        "model": _short(ask.options.model or getattr(ask.backend, "model", None)),
        "recipe": recipe,
        "hash": request.hash,
        "at": now().isoformat(),
    }
    return pending, blobs


def start_of(handle: Handle, ask: Ask) -> ComposeState:
    """Return the compose state that a request starts from; a policy of its own starts from none."""
    return handle.state.without_cuts() if ask.own_policy else handle.state


def reach_of(ask: Ask, state: ComposeState, learned: Learned) -> Reach:
    """Return how much of the path the request looks at."""
    length = context_length(ask, learned)
    return reach(ask.settings.rules, state, factor=learned.factor, context_length=length, count=ask.count)


async def load_summaries(handle: Handle, ask: Ask, state: ComposeState) -> None:
    """Have the handle know the summaries that ``state`` names for the policy in force; one statement at most."""
    told = state.told.get(policy_key(ask.settings.rules)) if state.told else None
    missing = {part.digest for part in told.parts if part.digest not in handle.summaries} if told else set()
    if missing:
        found = await handle.port.read(lambda c: ledger.blobs(c, handle.conversation_id, missing))
        handle.summaries |= {digest: Summary.from_json(body) for digest, body in found.items()}


def learned_key(ask: Ask) -> str:
    """Return under which name a model's reports are remembered: what counts otherwise has another factor."""
    model = ask.options.model or getattr(ask.backend, "model", None) or ""
    counted = "" if ask.count is None else f"#{getattr(ask.count, 'name', None) or backend_name(ask.count)}"
    return f"{ask.backend_name}/{model}{counted}"


def context_length(ask: Ask, learned: Learned) -> int | None:
    """Return the model's context length in tokens: what it really took, else what the backend says, else None."""
    said = getattr(ask.backend, "context_length", None)
    return learned.limit or (said if isinstance(said, int) else None)


async def learned_of(handle: Handle, ask: Ask) -> Learned:
    """Return what is known of the model; in a new process, what was recorded last (one statement, once a model).

    Recorded with the branch's last turn, or else with the last turns of the owner's most recent conversations.
    """
    known, key, last = handle.port.learned, learned_key(ask), handle.last
    if key not in known:
        place, turn = handle.place, last.id if last is not None and last.calls else None
        recipes = await handle.port.read(lambda c: ledger.recent_recipes(c, place.conversation_id, place.owner, turn))
        found = (recipe["learned"] for recipe in recipes if recipe.get("learned", {}).get("of") == key)
        known[key] = Learned.from_json(next(found, None))
    return known[key]


def _short(name: Any) -> str | None:
    return name[:255] if isinstance(name, str) else None


def compose_for(
    handle: Handle, entries: Sequence[Entry], ask: Ask, state: ComposeState, learned: Learned
) -> tuple[Composition, ComposeState]:
    """Compose ``entries`` and the prefix under the settings of ``ask``; the handle remembers what came of it."""
    profile, length = ask.profile, context_length(ask, learned)
    head = entries[-1].seq if entries else handle.head
    if ask.prefix:
        if not profile.prefix.supported:
            raise Unsupported(
                f"the backend {ask.backend_name} cannot be given the beginning of its answer: leave prefix out, or "
                "use a backend whose profile supports it"
            )
        entries = [*entries, *entries_for(handle, [assistant(ask.prefix, prefix=True)], None, start=head)]
    composition, moved = compose(
        entries,
        ask.settings.rules,
        profile,
        state,
        system=ask.settings.system,
        tools=ask.options.tools or (),
        factor=learned.factor,
        head=head,
        context_length=length,
        most=length and max(length - (ask.options.max_tokens or 0), 1),
        count=ask.count,
        summaries=handle.summaries,
        earlier=handle.composed,
    )
    handle.composed = composition
    keep(handle)
    return composition, moved


def recipe_of(composition: Composition, options: CompletionOptions) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the recipe of a composed request and the blobs it names, by hash.

    ``m`` lists the messages: ``[first seq, last seq]`` for stored ones sent as they are, a dict for one inserted or
    changed, a hash for such a one kept as a blob. ``o`` are the options, large ones as ``{"blob": hash}``.
    """
    blobs: dict[str, Any] = {}
    parts: list[Any] = []
    sources = [*composition.sources]
    if composition.messages and _is_prefix(composition.messages[-1]):
        sources[-1] = None
    index = 0
    while index < len(sources):
        first = sources[index]
        if first is None:
            parts.append(_inline(composition.messages[index].to_json(), blobs))
            index += 1
        else:
            count = _run_length(first, sources[index:])
            parts.append([first, first + count - 1])
            index += count
    sent = {name: _inline(value, blobs, wrap=True) for name, value in options.to_json().items()}
    recipe: dict[str, Any] = {"v": RECIPE_VERSION, "m": parts}
    return ({**recipe, "o": sent} if sent else recipe), blobs


def _run_length(first: int, rest: Sequence[int | None]) -> int:
    """Return how many seqs that follow each other ``rest`` begins with, the first of them ``first``."""
    count = len(rest)
    if rest[-1] == first + count - 1 and rest == [*range(first, first + count)]:  # all of them, as between two cuts
        return count
    return next((place for place, seq in enumerate(rest) if seq != first + place), count)


def _is_prefix(message: Message) -> bool:
    return isinstance(message, AssistantMessage) and message.prefix


def _inline(value: Any, blobs: dict[str, Any], wrap: bool = False) -> Any:
    if not isinstance(value, dict | list):
        return value
    text = canonical_json(value)
    if len(text) <= INLINE_BYTES:
        return value
    digest = hashlib.sha256(text).hexdigest()
    blobs[digest] = value
    return {"blob": digest} if wrap else digest
