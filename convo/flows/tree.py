"""The tree: messages edited, answers made again, branches named, deleted, copied. Nothing that stands is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

from sqlalchemy.engine import Connection

from convo.errors import (
    AlreadyExists,
    CallerError,
    InvalidMessage,
    InvalidOption,
    InvalidSetting,
    NotFound,
    NothingToAnswer,
    StoreError,
    TurnInProgress,
)
from convo.flows.appending import append
from convo.flows.branching import become, entry_before, set_out, settle
from convo.flows.exchanges import INPUTS
from convo.flows.handle import Handle, handle_from, refresh
from convo.flows.heads import TAIL, judged
from convo.flows.idempotency import Key, key_for
from convo.flows.opening import Making, new_conversation
from convo.flows.outbound import Ask
from convo.flows.reply import Reply, waiting_calls
from convo.flows.settings import Settings, checked_branch, checked_name
from convo.flows.turn import answer
from convo.flows.turn_begin import new_turn
from convo.flows.verbs import messages_from
from convo.flows.windows import load_window
from convo.harmless import brief
from convo.messages import AssistantMessage, Message, MessageLike, ToolMessage
from convo.records import Entry
from convo.store import branches, conversations, forks, history, trees
from convo.store.branches import BranchState, Place

Start = Literal["input", "answer"]


def edit_key(given: Any, entry: Any, new: MessageLike) -> Key | None:
    """Return the key a user gave for putting ``new`` in the place of ``entry``, None for none."""
    where = entry.id.hex if isinstance(entry, Entry) else None
    return key_for(given, "edit", where, new if isinstance(new, str) else messages_from(new))


async def edit(handle: Handle, entry: Entry, new: MessageLike, ask: Ask | None, key: Key | None) -> Reply | None:
    """Put ``new`` in the place of ``entry`` on a new branch, to which handle and active branch move; have it answered.

    A text keeps the role of what it replaces. Returns the reply; None where nobody is asked: without ``ask``, for an
    assistant message, and while tool calls still wait. What stood there stays, on its own branch.
    """
    message = _in_place_of(entry, new)
    ask = None if ask is None else await judged(handle, ask)
    await set_out(handle, entry)
    try:
        return await _put(handle, message, ask, key)
    except BaseException:
        await handle.port.shielded(settle(handle))
        raise


async def _put(handle: Handle, message: Message, ask: Ask | None, key: Key | None) -> Reply | None:
    if ask is not None and await _is_answerable(handle, message):
        return await _answer(handle, [message], ask, key)
    plain = Ask(settings=handle.settings, backend=handle.backend)
    await append(handle, [message], ask or plain, key=key)
    return None


async def _is_answerable(handle: Handle, message: Message) -> bool:
    """Whether a model can be asked once ``message`` stands there: it is no answer, and no tool call waits then."""
    if message.role in ("user", "assistant"):
        return message.role == "user"
    waiting = waiting_calls(await load_window(handle, TAIL))
    return all(call == _answered_call(message) for call in waiting)


def _answered_call(message: Message) -> str | None:
    return message.tool_call_id if isinstance(message, ToolMessage) else None


async def _answer(
    handle: Handle,
    messages: list[Message],
    ask: Ask,
    key: Key | None,
    check: Callable[[Handle], None] | None = None,
) -> Reply:
    opening = new_turn(handle, messages, ask)
    opening.key, opening.check = key, check
    return await answer(handle, opening, ask)


def _in_place_of(entry: Any, new: MessageLike) -> Message:
    if not isinstance(entry, Entry):
        raise InvalidSetting(
            "edit takes an entry, from history() or a reply, and what shall stand there", field="entry"
        )
    if isinstance(new, str):
        kept = {"tool_call_id", "name"} if isinstance(entry.message, ToolMessage) else set()
        data = {name: value for name, value in entry.message.to_json().items() if name in kept}
        new = {"role": entry.role, "content": new, **data}
    given = messages_from(new)
    if len(given) != 1:
        raise InvalidMessage(f"one message takes the place of one, not {len(given)}", field="")
    message = given[0]
    if message.role != entry.role:
        raise InvalidMessage(
            f"role: a message of role {entry.role} can't be replaced by one of role {message.role}", field="role"
        )
    return message


async def regenerate(handle: Handle, ask: Ask, from_: Start, key: Key | None) -> Reply:
    """Answer anew, on a new branch to which handle and active branch move; the old answer is among the siblings.

    ``from_="answer"``: only the last answer is made again, after the tool results it stood on; ``"input"``: all that
    followed the input, tool rounds too. With ``n`` greater than 1 there are as many answers, as with that option.
    Raises NothingToAnswer where the branch ends with no answer, or with one that answers nothing.
    """
    if from_ not in ("input", "answer"):
        raise InvalidOption('from_: must be "input" or "answer"', field="from_")
    await refresh(handle)
    entries = await load_window(handle, replace(TAIL, turns=2, messages=None))
    ask = await judged(handle, ask)
    await set_out(handle, _first_to_go(entries, from_))
    return await _answer(handle, [], ask, key, check=lambda now: _check_answers(now, ask))


def _check_answers(handle: Handle, ask: Ask) -> None:
    """Raise NothingToAnswer where what is made again stood behind nothing, or behind another answer."""
    last = handle.entries[-1].message if handle.entries else None
    if last is None:
        raise NothingToAnswer(
            "the conversation begins with what would be made again, and there is nothing before it to answer: edit() "
            "it, or send a message"
        )
    if isinstance(last, AssistantMessage) and not (last.calls or ask.prefix):
        raise NothingToAnswer(
            'another answer stands before the last one: edit() the last, or regenerate(from_="input"), which makes '
            "all again that followed the input"
        )


def _is_bare(found: BranchState) -> bool:
    return found.last is None and found.branch.head_seq == found.branch.fork_seq


async def remove_bare(handle: Handle) -> None:
    """Remove the handle's branch where neither message nor turn has come to stand on it, and it is not active."""
    place = handle.place

    def work(connection: Connection) -> None:
        found = branches.state(connection, place.conversation_id, place.branch_no)
        if found is not None and _is_bare(found):
            _remove(connection, place, place.branch_no, ())

    with suppress(StoreError, CallerError):  # what went wrong is told; a branch that stays behind is empty
        await handle.port.write(work)


def _first_to_go(entries: list[Entry], from_: Start) -> Entry:
    last = entries[-1] if entries else None
    if last is None or not isinstance(last.message, AssistantMessage):
        raise NothingToAnswer("the branch does not end with an answer: there is nothing to make again")
    if from_ == "answer":
        return last
    first = last
    for entry in reversed(entries):
        if entry.role in INPUTS:
            break
        first = entry
    return first


async def siblings(handle: Handle, entry: Entry) -> list[Entry]:
    """Return what stands in the place of ``entry`` on this and other branches, itself included, oldest first."""
    parent = await entry_before(handle, entry)
    owner = None if parent is None else parent.branch_no
    return await handle.port.read(lambda c: trees.siblings(c, handle.conversation_id, owner, entry.seq))


async def rename(handle: Handle, name: str, branch: str | int | None) -> None:
    """Give a branch (None: this one) another name; raises AlreadyExists, NotFound."""
    wanted = checked_name(name, "name")
    found = await branch_state(handle, branch)

    def work(connection: Connection) -> bool:
        if forks.named(connection, handle.conversation_id, wanted) not in (None, found.branch.no):
            raise AlreadyExists(f"there is a branch {wanted!r:.80} already: choose another name")
        return trees.rename(connection, handle.conversation_id, found.branch.no, wanted)

    if not await handle.port.write(work):
        raise NotFound("this branch is no longer there")
    if found.branch.no == handle.place.branch_no:
        handle.branch = replace(handle.branch, name=wanted)


async def branch_state(handle: Handle, branch: str | int | None) -> BranchState:
    """Return how a branch of the handle's conversation stands (None: its own); raises NotFound."""
    wanted = handle.place.branch_no if branch is None else checked_branch(branch)
    found = await handle.port.read(lambda c: branches.state(c, handle.conversation_id, wanted))
    if found is None or found.owner != handle.place.owner:
        gone = (
            "this branch is no longer there"
            if branch is None
            else f"there is no branch {brief(branch)} in this conversation"
        )
        raise NotFound(gone)
    return found


async def delete_branch(handle: Handle, branch: str | int, switch_to: str | int | None) -> None:
    """Hide a branch and free what no other branch stands on.

    The active branch, or the one this handle is on, can be deleted only with ``switch_to``, where both then move.
    Raises TurnInProgress while a turn is running on it.
    """
    found = await branch_state(handle, branch)
    number = found.branch.no
    if switch_to is None and number in (found.active_branch, handle.place.branch_no):
        raise _is_active()
    other = await branch_state(handle, switch_to) if switch_to is not None else None
    if other is not None and other.branch.no == number:
        raise InvalidOption("switch_to: must name another branch than the one deleted", field="switch_to")
    place = handle.place

    def work(connection: Connection) -> bool:
        is_gone = _remove(connection, place, number, () if other is None else (other.branch.no,))
        return is_gone or branches.state(connection, place.conversation_id, number) is None  # hidden already

    if not await handle.port.write(work):
        raise TurnInProgress(f"a turn is open on branch {found.branch.name!r}: cancel it, or wait, and delete it then")
    if other is not None:
        become(handle, other)


def _is_active() -> InvalidOption:
    return InvalidOption(
        "this is the active branch, or the one this handle is on: say switch_to=...", field="switch_to"
    )


def _remove(connection: Connection, place: Place, number: int, others: Sequence[int]) -> bool:
    """Hide a branch, let the first of ``others`` that is there be the active one, free what none stands on.

    Returns False where a turn is open on it. Raises InvalidOption where there are no others, and it is the active one;
    NotFound where none of them is there.
    """
    if not trees.hide(connection, place.conversation_id, number):
        return False
    forks.claim_number(connection, place.conversation_id)  # forks, switches and other deletions wait from here on
    _let_one_be_active(connection, place, others)
    trees.free(connection, place.conversation_id, number)
    return True


def _let_one_be_active(connection: Connection, place: Place, others: Sequence[int]) -> None:
    if not others and branches.state(connection, place.conversation_id, None) is None:
        raise _is_active()
    for other in others:
        if branches.state(connection, place.conversation_id, other) is not None:
            conversations.change(connection, place.owner, place.conversation_id, active_branch=other)
            return
    if others:
        raise NotFound("the branch to switch to is no longer there")


async def copy(
    handle: Handle, external_id: str | None, title: str | None, metadata: Mapping[str, Any] | None
) -> Handle:
    """Return a handle on a new conversation that holds this branch's path as its main branch, with its settings.

    The database copies; nothing travels. Turns and calls stay with the original. One statement for each range.
    """
    found = await refresh(handle)
    making = Making(title=title, metadata=metadata)
    stored = Settings.from_json(found.settings)
    name = None if external_id is None else checked_name(external_id, "external_id")
    new = new_conversation(handle.place.owner, name, stored, making)
    place, head = handle.place, found.branch.head_seq

    def work(connection: Connection) -> BranchState:
        made = branches.state(connection, new.id, None)
        if made is not None:
            return made
        if name is not None and conversations.find(connection, place.owner, name) is not None:
            raise AlreadyExists(f"there is a conversation {name!r:.80} already: choose another name")
        conversations.create(connection, new)
        path = history.spans(connection, place.conversation_id, place.branch_no, head)
        spans = history.clip(path, 0, head)
        copied = sum(trees.copy_span(connection, place.conversation_id, new.id, span) for span in spans)
        if copied != head:
            raise NotFound("this branch is no longer there, or not all of its messages are")
        trees.set_head(connection, new.id, head)
        made = branches.state(connection, new.id, None)
        assert made is not None  # noqa: S101 - written in this transaction
        return made

    return handle_from(handle.port, await handle.port.write(work), new.id, handle.given, handle.backend)
