"""Several replays at once, at most so many at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from convo.errors import InvalidOption
from convo.flows.crew import PATIENCE
from convo.flows.handle import Handle
from convo.flows.replay_order import checked
from convo.flows.replay_values import Replay, ReplayKwargs
from convo.flows.replaying import replay
from convo.flows.settings import checked_name

AT_ONCE = 4
"""Replays made at the same time unless told otherwise."""


async def replay_each(
    handle: Handle, ways: Mapping[str, ReplayKwargs], branch: str | int | None, at_once: int
) -> dict[str, Replay]:
    """Replay a branch in several ways, each onto a branch of the name it is given under; return what came of each.

    What cannot be asked for is refused before any begins. Where one fails, the others run to their end before the
    first error is raised; with ``resume=True`` the whole can be run again.
    """
    if not isinstance(at_once, int) or isinstance(at_once, bool) or at_once < 1:
        raise InvalidOption("at_once: must be a whole number, 1 or more", field="at_once")
    if not isinstance(ways, Mapping):
        raise InvalidOption("ways: must be a dict of what replay() takes, by the new branches' names", field="ways")
    waiting = deque((number, _named(given, name)) for number, (name, given) in enumerate(ways.items()))
    names, found, problems = [*ways], dict[str, Replay](), dict[int, BaseException]()
    workers, running = handle.port.workers(), 0
    try:
        while waiting or running:
            while waiting and running < at_once:
                number, given = waiting.popleft()
                workers.launch(number, replay(handle, branch, **given))
                running += 1
            ended = await workers.wait(PATIENCE)
            if ended is None:
                continue
            running -= 1
            if ended.error is None:
                found[names[ended.key]] = ended.value
            else:
                problems[ended.key] = ended.error
    finally:
        await workers.close()
    if problems:
        raise problems[min(problems)]
    return {name: found[name] for name in names}


def _named(given: ReplayKwargs, name: str) -> ReplayKwargs:
    if not isinstance(given, Mapping):
        raise InvalidOption("each way to replay is a dict of what replay() takes", field="ways")
    return checked({**given, "name": checked_name(name, "name")})
