"""The draft that rules work on: the messages on their way out, each with where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from convo.context.calls import rounds_of
from convo.context.summary import Summary
from convo.context.tokens import estimate
from convo.errors import InvalidSetting
from convo.frozen import dataclass
from convo.messages import AssistantMessage, Message
from convo.profiles import Profile
from convo.records import Entry


@dataclass(frozen=True)  # no slots: stored_item leaves what is not given to the class's defaults
class Item:
    """A message on its way out.

    ``seq`` is the place of the entry it comes from, None for a message that is not stored (the system prompt of the
    settings, inserted context). ``kept`` names the promise that keeps it in every window (``Pinned``, ``KeepFirst``
    …), ``""`` for none. ``rule`` names the rule that changed or inserted it; ``notes`` are for ``explain()``.
    ``joins_next``: it becomes one message with a neighbour of its role that follows.
    """

    message: Message
    seq: int | None = None
    tokens: int = 0
    entry: Entry | None = None
    kept: str = ""
    rule: str = ""
    notes: tuple[str, ...] = ()
    joins_next: bool = False

    @property
    def items(self) -> tuple[Item]:
        """The item itself: one that leaves as it stands is a message of its own."""
        return (self,)

    @property
    def role(self) -> str:
        """The role in which the message leaves, as far as is known."""
        return self.message.role

    def changed(self, message: Message, note: str = "") -> Item:
        """Return the item with another message, its tokens estimated anew."""
        if message is self.message:
            return self
        if not isinstance(message, Message):
            raise InvalidSetting(f"policy: a rule must give a message, not a {type(message).__name__}", field="policy")
        notes = (*self.notes, note) if note else self.notes
        return replace(self, message=message, tokens=estimate(message), notes=notes)

    def relabelled(self, message: Message, note: str) -> Item:
        """Return the item with a message that differs in ids and names alone, which leaves its tokens as they are."""
        return self if message is self.message else replace(self, message=message, notes=(*self.notes, note))

    def noted(self, note: str) -> Item:
        """Return the item with one more note."""
        return replace(self, notes=(*self.notes, note))


def stored_item(entry: Entry, kept: str = "") -> Item:
    """Return ``Item(entry.message, entry.seq, entry.tokens, entry, kept)``, made in a third of the time."""
    item = object.__new__(Item)
    held = item.__dict__
    held["message"], held["seq"], held["tokens"] = entry.message, entry.seq, entry.tokens
    held["entry"], held["kept"] = entry, kept
    return item


def inserted(message: Message, note: str, rule: str = "") -> Item:
    """Return an item for a message that is not stored."""
    return Item(message=message, tokens=estimate(message), rule=rule, notes=(note,))


@dataclass(frozen=True, slots=True)
class Draft:
    """What will leave, as far as the rules have shaped it: ``items`` in path order.

    ``profile`` is what the layout will fit them to. Rewriting rules change messages up to the seq ``mark`` only, or
    all where it is None. ``window_cut`` is the last seq that the window has cut away, 0 for none; ``told`` is what a
    summary tells of that. ``tail`` is the first seq from which on the path is there without a hole.
    """

    items: tuple[Item, ...]
    profile: Profile
    window_cut: int = 0
    mark: int | None = None
    told: tuple[Summary, ...] = ()
    tail: int = 1

    def behind_the_cut(self) -> Draft:
        """Return the draft without what the window has cut away."""
        cut = self.window_cut
        return self.only(lambda item: item.seq is None or item.seq > cut) if cut else self

    def only(self, wanted: Callable[[Item], bool]) -> Draft:
        """Return the draft without the items that are not ``wanted``.

        The newest user turn stays whatever is wanted, and so do items with a promise (``kept``).
        """
        newest = self.newest_turn
        older = [item for item in self.items[:newest] if item.kept or wanted(item)]
        return replace(self, items=(*older, *self.items[newest:])) if len(older) < newest else self

    def each(self, change: Callable[[Item], Message]) -> Draft:
        """Return the draft with each message as ``change`` gives it (the same object: unchanged)."""
        return replace(self, items=tuple(item.changed(change(item)) for item in self.items))

    def insert(self, index: int, *messages: Message) -> Draft:
        """Return the draft with ``messages``, which are not stored, put before ``items[index]``."""
        new = tuple(inserted(message, "inserted") for message in messages)
        return replace(self, items=(*self.items[:index], *new, *self.items[index:]))

    def keeping(self, promise: str, seqs: Collection[int], *, whole_rounds_only: bool = False) -> Draft:
        """Return the draft with the messages at ``seqs`` kept in every window, each with the rest of its tool round.

        ``whole_rounds_only``: a round that is only partly among ``seqs`` is not kept instead.
        """
        wanted = {item.seq for item in self.items if item.seq in seqs}
        for members in rounds_of([item.message for item in self.items]):
            round_seqs = {self.items[index].seq for index in members}
            if wanted & round_seqs and not round_seqs <= wanted:
                wanted = wanted - round_seqs if whole_rounds_only else wanted | round_seqs
        return replace(
            self,
            items=tuple(
                replace(item, kept=promise) if item.seq in wanted and not item.kept else item for item in self.items
            ),
        )

    def may_rewrite(self, item: Item) -> bool:
        """Return whether a rule that changes old messages may change this one now."""
        return item.kept != "Pinned" and (self.mark is None or (item.seq is not None and item.seq <= self.mark))

    @property
    def newest_turn(self) -> int:
        """The index at which the newest user turn begins; 0 when no user spoke. O(that turn)."""
        items = self.items
        start = next((index for index in reversed(range(len(items))) if items[index].role == "user"), 0)
        while start > 0 and items[start - 1].role in ("user", "system") and not self._hole_before(start):
            start -= 1
        return start

    @property
    def turn_starts(self) -> list[int]:
        """The indexes at which a user turn begins, ascending; what is there behind a hole begins one. O(n)."""
        hole = next((index for index in range(1, len(self.items)) if self._hole_before(index)), 0)
        messages = [item.message for item in self.items]
        later = turn_starts(messages[hole:], from_start=True)
        return [*turn_starts(messages[:hole], from_start=True), *(hole + start for start in later)]

    def _hole_before(self, index: int) -> bool:
        before, seq = self.items[index - 1].seq, self.items[index].seq
        return before is not None and seq is not None and before < self.tail <= seq


def turn_starts(messages: Iterable[Message], *, from_start: bool) -> list[int]:
    """Return the indexes at which a user turn begins, as ``each_turn_start`` gives them. O(n)."""
    return [*each_turn_start(messages, from_start=from_start)]


def each_turn_start(messages: Iterable[Message], *, from_start: bool) -> Iterator[int]:
    """Yield the indexes at which a user turn begins, ascending.

    A turn begins with a run of user and system messages that holds a user message, after an assistant or tool
    message, or at the start where ``from_start`` says that nothing comes before the first message.
    """
    run = 0 if from_start else None
    for index, message in enumerate(messages):
        role = message.role
        if role == "user":
            if run is not None:
                yield run
                run = None
        elif role != "system":
            run = index + 1


def is_prefix(message: Message) -> bool:
    """Return whether ``message`` is an assistant message to be continued; one with calls cannot be."""
    return isinstance(message, AssistantMessage) and message.prefix and not message.calls
