"""What is to be replayed, and how: read off the record and what the user gave, checked, the new branch made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.backends.call import name_of
from convo.backends.registry import resolve
from convo.errors import AlreadyExists, InvalidOption, NotFound, Unsupported
from convo.flows.asking import CallKwargs, no_backend, seconds_from
from convo.flows.branching import Fork, Spot
from convo.flows.exchanges import Exchange, exchanges
from convo.flows.handle import Handle, handle_from, refresh
from convo.flows.reading import path_of
from convo.flows.record import options_in, turn_id_from
from convo.flows.replay_values import ReplayKwargs, Tools
from convo.flows.settings import Settings, checked_name, checked_settings
from convo.flows.toolbox import toolbox
from convo.flows.tree import branch_state
from convo.frozen import dataclass
from convo.harmless import brief
from convo.messages import ToolCall
from convo.options import CompletionOptions
from convo.records import Call, Entry
from convo.store import branches, ledger
from convo.store.branches import BranchState

TOOLS: tuple[Tools, ...] = ("recorded", "live", "ask")


@dataclass(frozen=True, kw_only=True)
class Order:
    """A replay as it is to be made. ``before`` are the messages that stay, ``target`` is None in a dry run.

    ``made``: whether the new branch was made for it, and not found.
    """

    source: Handle
    before: Sequence[Entry]
    steps: Sequence[Exchange]
    recorded: Mapping[UUID, tuple[CompletionOptions, str]]
    calls: Mapping[UUID, Sequence[Call]]
    given: Settings
    backend: Any
    model: str | None
    tools: Tools
    ask: Callable[[ToolCall], Any] | None
    functions: Sequence[Any]
    wait: float
    dry_run: bool
    target: Handle | None = None
    made: bool = False

    @property
    def total(self) -> int:
        """How many turns are replayed."""
        return sum(step.asked for step in self.steps)

    def options_for(self, step: Exchange) -> dict[str, Any]:
        """Return the options of one turn: those it was recorded with, those given with the replay laid over them.

        One answer is asked for. A model that was named for another backend is not asked for: the replay's own takes
        its place.
        """
        nothing = CompletionOptions(), ""
        recorded, backend = self.recorded.get(step.turn_id, nothing) if step.turn_id else nothing
        over = {} if self.given.options is None else self.given.options.to_json()
        known = {name: value for name, value in recorded.to_json().items() if name != "n"}
        stored = self.source.settings.options
        is_named = "model" in known or bool(stored and stored.model)
        if backend != name_of(self.backend):
            known.pop("model", None)
        if self.tools == "live":
            known.pop("tools", None)
        return known | ({"model": self.model} if is_named and self.model else {}) | over

    def kwargs_for(self, step: Exchange) -> CallKwargs:
        """Return what one turn is sent with."""
        turn = None if step.turn_id is None else str(step.turn_id)
        metadata = {"replay": {"branch": self.source.place.branch_no, "turn": turn}}
        given: dict[str, Any] = {**self.options_for(step), "metadata": metadata, "wait": self.wait}
        return given | ({"prefix": step.prefix} if step.prefix else {})  # type: ignore[return-value]


async def order_from(handle: Handle, branch: str | int | None, given: ReplayKwargs) -> Order:
    """Return the replay of ``branch`` that ``given`` asks for; its new branch is made, or found again.

    Raises InvalidOption for what cannot be asked for, NotFound, AlreadyExists.
    """
    given = checked(given)
    settings = _settings(given)
    found = await branch_state(handle, branch)
    source = handle_from(handle.port, found, handle.conversation_id, handle.given, handle.backend)
    entries = await path_of(source, 0, source.head)
    steps = _from(exchanges(entries), given.get("from_turn"))
    calls, recorded = await source.port.read(lambda c: _recorded(c, source.conversation_id, steps))
    named, backend = given.get("backend"), handle.backend if given.get("backend") is None else given["backend"]
    if backend is None and not given.get("dry_run"):
        raise no_backend()
    backend = None if backend is None else resolve(backend)
    order = Order(
        source=source,
        before=entries[: steps[0].entries[0].seq - 1] if steps else entries,
        steps=steps,
        recorded=recorded,
        calls=calls,
        given=settings.over(handle.given),
        backend=backend,
        model=_own_model(backend) if named is not None else None,
        tools=given.get("tools", "recorded"),
        ask=given.get("ask"),
        functions=[*(given.get("functions") or ())],
        wait=seconds_from(given),
        dry_run=bool(given.get("dry_run")),
    )
    if order.dry_run or not steps:
        return order
    target, made = await _target(order, given.get("name"), bool(given.get("resume")))
    return replace(order, target=target, made=made)


def checked(given: ReplayKwargs) -> ReplayKwargs:
    """Return what ``replay`` was given, as far as it can be told without reading; raises CallerError."""
    _check(given)
    _settings(given)
    seconds_from(given)
    if given.get("name") is not None:
        checked_name(given["name"], "name")
    if given.get("from_turn") is not None:
        turn_id_from(given["from_turn"])
    backend, functions = given.get("backend"), given.get("functions")
    if functions is not None:
        if isinstance(functions, str | Mapping) or not isinstance(functions, Iterable):
            raise InvalidOption("functions: must be a list of functions", field="functions")
        given = {**given, "functions": [*functions]}
        toolbox(given["functions"])
    return given if backend is None else {**given, "backend": resolve(backend)}


def _check(given: ReplayKwargs) -> None:
    unknown = set(given) - ReplayKwargs.__annotations__.keys()
    if unknown:
        raise InvalidOption(f"replay takes no {min(map(brief, unknown))}; options of the model go into options={{...}}")
    tools, ask, functions = given.get("tools", "recorded"), given.get("ask"), given.get("functions")
    if tools not in TOOLS:
        raise InvalidOption('tools: must be "recorded", "live" or "ask"', field="tools")
    if (tools == "ask") != callable(ask):
        raise InvalidOption('ask: give a function of the call together with tools="ask", and only then', field="ask")
    if functions is not None and tools != "live":
        raise InvalidOption('functions: are called with tools="live" only', field="functions")
    if given.get("resume") and given.get("name") is None:
        raise InvalidOption("name: say which branch holds the replay that is to be gone on with", field="name")


def _settings(given: ReplayKwargs) -> Settings:
    options = {} if given.get("options") is None else given["options"]
    if isinstance(options, CompletionOptions):
        options = options.to_json()
    if not isinstance(options, Mapping) or not all(isinstance(name, str) for name in options):
        raise InvalidOption("options: must be a dict of options, by their names, or CompletionOptions", field="options")
    settings = checked_settings(
        system=given.get("system"),
        policy=given.get("policy"),
        profile=given.get("profile"),
        lease=given.get("lease"),
        options=options,
    )
    if settings.options is not None and (settings.options.n or 1) > 1:
        raise Unsupported("a replay takes one answer at a time: leave n out, and replay several times")
    return settings


def _own_model(backend: Any) -> str | None:
    model = getattr(backend, "model", None)
    return model if isinstance(model, str) else None


def _from(steps: list[Exchange], first: Any) -> list[Exchange]:
    """Return the exchanges from the first that a model was asked in, or the one that holds the turn ``first``."""
    wanted = None if first is None else turn_id_from(first)
    for number, step in enumerate(steps):
        if step.asked and (wanted is None or any(entry.turn_id == wanted for entry in step.entries)):
            return steps[number:]
    if wanted is not None:
        raise NotFound("the turn given as from_turn is not on this branch")
    return []


def _recorded(
    connection: Connection, conversation_id: UUID, steps: Sequence[Exchange]
) -> tuple[dict[UUID, list[Call]], dict[UUID, tuple[CompletionOptions, str]]]:
    """Return the calls on record, and of each turn the options of its first one with the name of who was asked."""
    wanted = {entry.turn_id for step in steps for entry in step.entries if entry.turn_id is not None}
    turns = ledger.turns(connection, conversation_id, wanted) if wanted else []
    beside = {turn.id: turn.choice_of for turn in turns if turn.choice_of is not None}
    calls: dict[UUID, list[Call]] = {}
    for call in ledger.calls(connection, conversation_id, wanted | {*beside.values()}) if wanted else []:
        if call.answers:
            calls.setdefault(call.turn_id, []).append(call)
    firsts = {turn.id: calls.get(beside.get(turn.id, turn.id), [])[:1] for turn in turns}
    blobs: dict[str, Any] = {}

    def blob(digest: str) -> Any:
        if digest not in blobs:
            blobs[digest] = ledger.blob(connection, conversation_id, digest)
        return blobs[digest]

    found = {turn_id: (_options(call, blob), call.backend) for turn_id, made in firsts.items() for call in made}
    return calls, found


def _options(call: Call, blob: Callable[[str], Any]) -> CompletionOptions:
    options, first = options_in(call.recipe, blob), call.recipe.get("continues")
    return options if first is None else options.replace(max_tokens=first["max_tokens"])


async def _target(order: Order, wanted: str | None, resume: bool) -> tuple[Handle, bool]:
    """Return a handle on the new branch, and whether it was made; with ``resume`` the one of that name, if any."""
    source, spot = order.source, _spot(order)
    fork = Fork(source, lambda _: spot, wanted)

    def work(connection: Connection) -> BranchState:
        known = branches.state(connection, source.conversation_id, wanted) if wanted is not None else None
        if known is None or fork.has_made(known.branch):
            return fork.write(connection)
        if not resume:
            raise AlreadyExists(f"there is a branch {wanted!r:.80} already: choose another name, or say resume=True")
        if (known.branch.shown_parent_no, known.branch.fork_seq) != (source.place.branch_no, spot[1] if spot else 0):
            raise InvalidOption(f"name: branch {wanted!r:.80} is no replay of this one from there on", field="name")
        return known

    found = await source.port.write(work)
    target = handle_from(source.port, found, source.conversation_id, order.given, order.backend)
    await refresh(target)
    return target, fork.has_made(found.branch)


def _spot(order: Order) -> Spot | None:
    last = order.before[-1] if order.before else None
    return None if last is None else (last.branch_no, last.seq)
