"""A database as the store's functions see it, through the port of either face, and short ways to fill it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.engine import Connection

from convo.context.tokens import estimate
from convo.messages import Message, assistant, user
from convo.ports import AsyncPort, SyncPort, drive
from convo.records import Entry, Turn
from convo.store import branches, conversations, forks, history, ledger
from convo.store.branches import BranchState, NewBranch, Place
from convo.store.clock import new_id, now
from convo.store.conversations import NewConversation
from convo.store.engine import parse_url

T = TypeVar("T")


class Database:
    """One database behind a port; ``close`` it."""

    def __init__(self, url: str, face: str) -> None:
        self.url = url
        self.kind = parse_url(url).drivername
        self._runner = asyncio.Runner() if face == "async" else None
        self.port: Any = AsyncPort(parse_url(url)) if self._runner else SyncPort(parse_url(url))

    def run(self, flow: Coroutine[Any, Any, T]) -> T:
        """Run a flow over this port."""
        return self._runner.run(flow) if self._runner else drive(flow)

    def read(self, work: Callable[[Connection], T]) -> T:
        found: T = self.run(self.port.read(work))
        return found

    def write(self, work: Callable[[Connection], T]) -> T:
        done: T = self.run(self.port.write(work))
        return done

    def close(self) -> None:
        if self._runner is None:
            self.port.close()
        else:
            self._runner.run(self.port.aclose())
            self._runner.close()

    def create(self, **facts: Any) -> Place:
        """Make a conversation and return its empty main branch."""
        new = NewConversation(**{"id": new_id(), "owner": "", **facts})
        self.write(lambda c: conversations.create(c, new))
        return Place(conversation_id=new.id, owner=new.owner, branch_no=conversations.MAIN, revision=0)

    def state(self, place: Place) -> BranchState:
        found = self.read(lambda c: branches.state(c, place.conversation_id, place.branch_no))
        assert found is not None
        return found

    def append(self, place: Place, *messages: str | Message) -> list[Entry]:
        """Write messages at the end of a branch, as the flows do: head first."""

        def work(connection: Connection) -> list[Entry]:
            found = branches.state(connection, place.conversation_id, place.branch_no)
            assert found is not None
            head = found.branch.head_seq
            entries = entries_at(place, head, messages)
            assert branches.move(connection, place, head, len(entries), last_turn=None)
            ledger.add_messages(connection, entries)
            return entries

        return self.write(work)

    def fork(self, place: Place, seq: int, name: str | None = None) -> Place:
        """Fork a branch after message ``seq`` of its path, as the flows do."""

        def work(connection: Connection) -> Place:
            number = forks.next_number(connection, place)
            assert number is not None
            owner = self.owner_of(connection, place, seq)
            new = NewBranch(
                name=name or f"branch-{number}",
                parent_no=owner,
                fork_seq=seq,
                shown_parent_no=place.branch_no,
                compose_state=None,
            )
            forks.fork(connection, place.conversation_id, number, new)
            return beside(place, number)

        return self.write(work)

    @staticmethod
    def owner_of(connection: Connection, place: Place, seq: int) -> int | None:
        """The branch that owns message ``seq`` of the path; None before the first."""
        if seq == 0:
            return None
        path = history.spans(connection, place.conversation_id, place.branch_no, 2**40, seq - 1)
        return history.clip(path, seq - 1, seq)[0].branch_no

    def path(self, place: Place, after: int = 0) -> list[Entry]:
        """The messages of a branch's path, those up to ``after`` left out."""

        def work(connection: Connection) -> list[Entry]:
            found = branches.state(connection, place.conversation_id, place.branch_no)
            assert found is not None
            head = found.branch.head_seq
            spans = history.spans(connection, place.conversation_id, place.branch_no, head, after)
            return history.read(connection, place.conversation_id, history.clip(spans, after, head))

        return self.read(work)

    def texts(self, place: Place, after: int = 0) -> list[str]:
        return [entry.text for entry in self.path(place, after)]


def beside(place: Place, branch_no: int, **changes: Any) -> Place:
    """Another branch of the same conversation, or the same seen otherwise."""
    facts = {"conversation_id": place.conversation_id, "owner": place.owner, "revision": place.revision}
    return Place(branch_no=branch_no, **{**facts, **changes})


def entries_at(place: Place, head: int, messages: Iterable[str | Message], turn_id: UUID | None = None) -> list[Entry]:
    """Messages (texts are the user's and the assistant's in turn) as the entries after ``head``."""
    return [
        Entry(
            id=new_id(),
            conversation_id=place.conversation_id,
            branch_no=place.branch_no,
            seq=head + offset,
            message=(made := _message(message, head + offset)),
            tokens=estimate(made),
            turn_id=turn_id,
            created_at=now(),
        )
        for offset, message in enumerate(messages, 1)
    ]


def _message(given: str | Message, seq: int) -> Message:
    if not isinstance(given, str):
        return given
    return user(given) if seq % 2 else assistant(given)


def running_turn(place: Place, **facts: Any) -> Turn:
    """A turn as it is when it has just begun."""
    return Turn(
        **{
            "id": new_id(),
            "conversation_id": place.conversation_id,
            "branch_no": place.branch_no,
            "status": "running",
            "attempt": 1,
            "input": None,
            "started_at": now(),
            **facts,
        }
    )
