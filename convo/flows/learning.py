"""Learning from what models report: the factor of the estimate, and the context length they really take.

Known in the process, by backend and model, and recorded with each call; a new process starts from the record of the
last call of the first conversation it goes on with.
"""

from __future__ import annotations

from convo.completions import Completion
from convo.context.learning import Learned
from convo.errors import ContextTooLong
from convo.flows.call_records import call_record, error_record
from convo.flows.handle import Handle
from convo.flows.outbound import Ask, Outbound, learned_key, prepare
from convo.flows.turn_begin import Opening, next_request


def learn(handle: Handle, ask: Ask, outbound: Outbound, completion: Completion) -> None:
    """Take in what the backend reported for ``outbound``; once asked, a model is known even if it reports nothing."""
    key, usage = learned_key(ask), completion.usage
    known = handle.port.learned.get(key, Learned())
    if usage is not None and usage.prompt_tokens:
        known = known.after(outbound.composition.estimated, usage.prompt_tokens)
    handle.port.learned[key] = known


async def shrink(handle: Handle, opening: Opening, ask: Ask, problem: ContextTooLong) -> Outbound:
    """Compose the open turn's request anew, smaller, after the backend refused it for its length; once for a turn.

    The estimate is corrected by the backend's numbers, the refused call recorded. Raises ``problem`` where a smaller
    request was refused already or cannot be made, ContextOverflow where the newest turn does not fit.
    """
    outbound = opening.sent
    if opening.shrunk:
        raise problem
    opening.shrunk = True
    key = learned_key(ask)
    known = handle.port.learned.get(key, Learned())
    limit = problem.limit or int(outbound.composition.tokens * 3 / 4)
    handle.port.learned[key] = known.after(outbound.composition.estimated, problem.needed or 0).limited_to(limit)
    smaller = await prepare(handle, [], ask)
    if smaller.request.hash == outbound.request.hash:
        raise problem
    call = call_record(opening.turn, outbound.pending, error=error_record(problem))
    await next_request(handle, opening, ask, call, smaller, {})
    return smaller
