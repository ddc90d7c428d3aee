"""What the command line shows: conversations, branches as a tree, messages as a transcript.

Each function takes records and returns something that rich can print; none reads a database. All stored text goes
through ``harmless`` and into ``Text``, so that no picture can carry a command or markup.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text
from rich.tree import Tree

from convo.completions import Usage
from convo.context.account import Decision
from convo.context.explain import Explanation
from convo.harmless import beginning, one_line
from convo.messages import AssistantMessage, ToolCall, ToolMessage
from convo.records import Branch, Call, ConversationInfo, Entry, Hit, Turn

SHOWN = 2_000
"""Characters of one message that a transcript shows unless asked for all."""

FOLDED = 100
"""Characters of a tool call's arguments and of a tool's result on their folded line."""

STRETCH = 4
"""Messages in a row that one rule leaves out, from which on they are told in one line."""

AROUND = 40
"""Characters shown before and after a text that was searched for."""

INDENT = "   "
GAP = Text("  ")

DEEPEST = 8
"""Levels of nested forks that a tree indents."""

ROLE_STYLES = {"system": "magenta", "user": "bold cyan", "assistant": "bold green", "tool": "yellow"}


class Indented:
    """A text whose every line is indented; unlike rich's own padding it fills no line up with spaces."""

    def __init__(self, text: Text) -> None:
        self.text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        narrower = options.update(width=max(options.max_width - len(INDENT), 1))
        for line in console.render_lines(self.text, narrower, pad=False):
            yield Segment(INDENT)
            yield from line
            yield Segment.line()


def moment(time: datetime) -> str:
    """Return ``time`` as the reader's own clock shows it, to the minute."""
    return time.astimezone().strftime("%Y-%m-%d %H:%M")


def title(info: ConversationInfo) -> Text:
    """One line: id, what the application calls the conversation, its title and its owner."""
    parts = [Text(str(info.id), "cyan")]
    if info.external_id:
        parts.append(Text(one_line(info.external_id, 60), "bold"))
    if info.title:
        parts.append(Text(one_line(info.title, 60)))
    if info.owner:
        parts.append(Text(f"of {one_line(info.owner, 40)}", "dim"))
    return GAP.join(parts)


def listing(infos: Iterable[ConversationInfo]) -> Iterator[Text]:
    """One line a conversation: when it was last active, its id and names."""
    for info in infos:
        yield Text.assemble((moment(info.active_at), "dim"), GAP, title(info))


def hits(found: Iterable[Hit], sought: str) -> Iterator[Text]:
    """One line a message: when it was stored, its conversation, its role, and what stands around ``sought``."""
    for hit in found:
        entry = hit.entry
        at = max(entry.text.lower().find(sought.lower()), 0)
        start = max(at - AROUND, 0)
        around = one_line(entry.text[start : at + len(sought) + AROUND], len(sought) + 2 * AROUND)
        line = Text.assemble((moment(entry.created_at), "dim"), GAP, (str(hit.conversation.id), "cyan"), GAP)
        yield line.append(entry.role, ROLE_STYLES[entry.role]).append(f"  {'…' if start else ''}{around}")


def tree(
    info: ConversationInfo, branches: Sequence[Branch], turns: Mapping[int, int], limit: int | None = None
) -> Tree:
    """The branches under the ones they were forked from, the active one marked. ``turns``: how many on each branch.

    Forks nested more than ``DEEPEST`` levels stand below each other, so that every one keeps its room. Past ``limit``
    branches it is said how many more there are, and where; the active one and what it stands on are always shown.
    """
    names = {branch.no: branch.name for branch in branches}
    children: dict[int | None, list[Branch]] = defaultdict(list)
    for branch in sorted(branches, key=lambda branch: (branch.fork_seq, branch.no), reverse=True):
        parent = branch.shown_parent_no
        children[parent if parent in names else None].append(branch)
    always = _standing_on(branches, info.active_branch_no)
    root = Tree(title(info), guide_style="dim")
    waiting = [(branch, root, 0) for branch in children[None]]
    shown, left = 0, defaultdict[int, list[Tree]](list)
    while waiting:
        branch, above, depth = waiting.pop()
        if limit is not None and shown >= limit and branch.no not in always:
            left[id(above)].append(above)
            below = (above, depth)
        else:
            line = _branch_line(branch, names, turns.get(branch.no, 0), branch.no == info.active_branch_no)
            node = above.add(line)
            shown += 1
            below = (node, depth + 1) if depth < DEEPEST else (above, depth)
        waiting += [(child, *below) for child in children[branch.no]]
    for above, *more in left.values():
        above.add(Text(f"… {_count(1 + len(more), 'more branch', 'more branches')}", "dim"))
    return root


def _standing_on(branches: Sequence[Branch], number: int | None) -> set[int]:
    """Return the branch and all it was forked from."""
    parents = {branch.no: branch.shown_parent_no for branch in branches}
    found: set[int] = set()
    while number in parents and number not in found:
        found.add(number)
        number = parents[number]
    return found


def _branch_line(branch: Branch, names: Mapping[int, str], turns: int, active: bool) -> Text:
    parts = [Text(one_line(branch.name, 60), "bold")]
    if branch.shown_parent_no is not None:
        parent = one_line(names.get(branch.shown_parent_no, "a branch that is gone"), 60)
        parts.append(Text(f"from {parent} after #{branch.fork_seq}", "dim"))
    parts += [Text(_count(turns, "turn")), Text(_messages(branch), "dim")]
    if active:
        parts.append(Text("active", "green"))
    return Text.assemble(("● ", "green") if active else ("○ ", "dim"), GAP.join(parts))


def _messages(branch: Branch) -> str:
    first, last = branch.fork_seq + 1, branch.head_seq
    if last < first:
        return "no message yet"
    return f"#{first}" if first == last else f"#{first} to #{last}"


def _count(number: int, thing: str, things: str = "") -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {things or thing + 's'}"


def transcript(entries: Iterable[Entry], *, full: bool = False) -> Group:
    """The messages in order; tool calls and their results folded to a line, long texts cut, unless ``full``."""
    return Group(*(part for entry in entries for part in _entry(entry, full)))


def _entry(entry: Entry, full: bool) -> Iterator[RenderableType]:
    yield _heading(entry)
    if isinstance(entry.message, ToolMessage) and not full:
        yield Indented(Text(f"← {one_line(entry.text, FOLDED)}", "yellow"))
    else:
        yield from _content(entry, full)
    if isinstance(entry.message, AssistantMessage):
        yield from (Indented(_call(call, full)) for call in entry.message.calls)


def _heading(entry: Entry) -> Text:
    line = Text(f"#{entry.seq} ", "dim")
    line.append(entry.role, ROLE_STYLES[entry.role])
    if isinstance(entry.message, ToolMessage) and entry.message.name:
        line.append(f" {one_line(entry.message.name, 64)}", "yellow")
    line.append(f"  {_count(entry.tokens, 'token')}", "dim")
    for mark in _marks(entry):
        line.append(f"  {mark}", "red")
    return line


def _marks(entry: Entry) -> Iterator[str]:
    if entry.incomplete:
        yield "incomplete"
    if entry.erased:
        yield "erased"
    if entry.finish_reason not in (None, "stop", "tool_calls"):
        yield one_line(entry.finish_reason, 20)


def _content(entry: Entry, full: bool) -> Iterator[RenderableType]:
    if entry.text:
        shown = Text(beginning(entry.text, len(entry.text) if full else SHOWN))
        given = len(beginning(entry.prefix, SHOWN)) if entry.text.startswith(entry.prefix) else 0
        shown.stylize("underline", 0, given)
        yield Indented(shown)
    others = [chunk.type for chunk in entry.message.chunks if chunk.type != "text"]
    if others:
        yield Indented(Text(f"[{', '.join(one_line(kind, 30) for kind in others)}]", "dim"))


def _call(call: ToolCall, full: bool) -> Text:
    arguments = call.arguments
    shown = beginning(arguments, len(arguments)) if full else one_line(arguments, FOLDED)
    return Text(f"→ {one_line(call.name, 64)}({shown})", "yellow")


def explanation(account: Explanation, *, full: bool = False, coming: bool = False) -> Text:
    """The account of what would be sent, what is left out dimmed, and long stretches of it folded unless ``full``.

    With ``coming`` the last message only stands for what the user would say next, and that is said.
    """
    shown = Text(str(account if full else replace(account, decisions=tuple(_folded(account.decisions)))))
    shown.highlight_regex(r"(?m)^.*  out  .*$", "dim")
    shown.highlight_regex("█+", "green")
    return shown.append("\nThe last message stands for what the user would say next.", "dim") if coming else shown


def _folded(decisions: Iterable[Decision]) -> Iterator[Decision]:
    """Neighbours that one rule left out as one line, where they are many."""
    for rule, group in groupby(decisions, lambda line: None if line.included or line.seq is None else line.rule):
        lines = list(group)
        if rule is None or len(lines) < STRETCH:
            yield from lines
        else:
            yield Decision(
                seq=None,
                role=f"{len(lines):,} messages",
                included=False,
                rule=rule,
                tokens=sum(line.tokens for line in lines),
                note=f"#{lines[0].seq} to #{lines[-1].seq}",
            )


def usage(records: Sequence[tuple[Turn, Sequence[Call]]], price: Decimal | None = None) -> Group:
    """The tokens of turns, as backends reported them (– where one did not): a line a turn, their sum, the price."""
    sums = [sum((call.usage for call in calls if call.usage), Usage()) for _, calls in records]
    total = sum(sums, Usage())
    rows = [
        (moment(turn.started_at), turn.status, *(_counts(used) if used != Usage() else "––––"), _models(calls))
        for (turn, calls), used in zip(records, sums, strict=True)
    ]
    table = [("turn", "status", "prompt", "cached", "answer", "total", "model"), *rows, ("", "", *_counts(total), "")]
    priced = [] if price is None else [Text(f"costs ${price:,.6f} by the public price list", "bold")]
    return Group(*_aligned(table), *priced)


def _counts(used: Usage) -> tuple[str, str, str, str]:
    whole = used.total_tokens or used.prompt_tokens + used.completion_tokens
    numbers = (used.prompt_tokens, used.cached_tokens, used.completion_tokens, whole)
    prompt, cached, answer, total = (f"{number:,}" for number in numbers)
    return prompt, cached, answer, total


def _models(calls: Sequence[Call]) -> str:
    return one_line(", ".join(sorted({call.model or call.backend for call in calls})), 80)


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[Text]:
    """Rows as lines: the numbers to the right, the first line dimmed and the last one bold."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [
            cell.rjust(width) if 2 <= column <= 5 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        style = "dim" if number == 0 else "bold" if number == len(rows) - 1 else ""
        yield Text("  ".join(cells).rstrip(), style)


def heading(words: str) -> Text:
    """A heading with an empty line before it."""
    return Text(f"\n{words}\n", "bold underline")
