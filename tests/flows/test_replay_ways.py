"""What a replay may be asked for, and what is refused before anything is made."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from convo import Window, assistant, system
from convo.backends.scripted import ScriptedBackend
from convo.completions import Choice, Completion, CompletionRequest
from convo.errors import (
    BackendFailed,
    InvalidOption,
    InvalidSetting,
    NotFound,
    NothingToAnswer,
    Unsupported,
)
from convo.profiles import MISTRAL
from support.bots import Bot, two_turns
from support.embedded import database_url

__all__ = ["database_url"]


@pytest.fixture
def chat(store: Any, name: str) -> Any:
    return two_turns(store, name)


def test_each_turn_has_the_options_it_was_recorded_with_under_those_given(chat: Any) -> None:
    new = Bot("new")
    chat.replay(backend=new, system="Be kind.", options={"top_p": 0.5})
    sent = [request.options.to_json() for request in new.requests]
    assert sent == [{"temperature": 0.5, "top_p": 0.5, "max_tokens": 20}, {"temperature": 0.9, "top_p": 0.5}]
    assert {request.messages[0].text for request in new.requests} == {"Be kind."}


def test_a_model_named_for_the_recorded_backend_is_not_asked_for_elsewhere(store: Any, name: str) -> None:
    chat = store.open(name, backend=Bot("old"))
    chat.send("one", model="old-large")
    same, other, own = Bot("old"), Bot("other"), Bot("other", model="other-large")
    for backend in (same, other, own):
        chat.replay(backend=backend)
    asked = [backend.requests[0].options.model for backend in (same, other, own)]
    assert asked == ["old-large", None, "other-large"]


def test_it_begins_with_the_turn_it_is_told(chat: Any) -> None:
    last = chat.turns()[-1]
    replay = chat.replay(backend=Bot("new"), from_turn=last)
    assert [turn.reply.text for turn in replay.turns] == ["new on two"]
    assert replay.branch.fork_seq == 5
    assert chat.diff("main", replay.branch.no).shared == 5
    with pytest.raises(NotFound):
        chat.fork(at=chat.history()[0]).replay(from_turn=last)


def test_what_was_brought_along_counts_as_answered_by_a_model_where_no_turn_is_on_record(chat: Any) -> None:
    copied = chat.copy()
    replay = copied.replay(backend=Bot("new"))
    assert [turn.reply.text for turn in replay.turns] == ["new on one", "new on Is a human there?", "new on two"]


def test_a_branch_without_turns_has_nothing_to_replay(store: Any, name: str) -> None:
    chat = store.open(name, backend=Bot("new"))
    chat.append(system("Be kind."), assistant("Hello!"))
    with pytest.raises(NothingToAnswer, match="nothing to replay"):
        chat.replay()
    assert len(chat.branches()) == 1


def test_a_replay_that_is_stopped_before_anything_is_sent_leaves_no_branch(chat: Any) -> None:
    class Stopped(BaseException):
        """As a KeyboardInterrupt, which a test cannot raise in an event loop."""

    def stops(draft: Any) -> None:
        raise Stopped

    before = len(chat.branches())
    with pytest.raises(Stopped):
        chat.replay(backend=Bot("new"), policy=[stops])
    assert len(chat.branches()) == before


def test_progress_is_told_turn_by_turn(chat: Any) -> None:
    begun, *turns, done = chat.stream_replay(backend=Bot("new"), name="newer")
    assert (begun.branch.name, begun.total) == ("newer", 2)
    assert [(turn.number, turn.total) for turn in turns] == [(1, 2), (2, 2)]
    assert done.replay.turns == tuple(turns)


def test_a_dry_run_sends_and_stores_nothing(chat: Any, database_url: str) -> None:
    before = len(chat.branches())
    plan = chat.replay(options={"model": "mistral-small-latest"}, backend=Bot("new"), dry_run=True)
    assert (plan.branch, len(plan.turns), len(chat.branches())) == (None, 2, before)
    assert plan.usage.calls == 2
    real = chat.replay(backend=ScriptedBackend(["old on one", "old on two"]))
    sums = [chat.compose("x").tokens, plan.usage.prompt_tokens]
    assert all(number > 0 for number in sums)
    assert plan.usage.completion_tokens == sum(turn.recorded.tokens for turn in plan.turns)
    assert plan.usage.by_model.keys() == {"mistral-small-latest"}
    assert plan.usage.cost() > Decimal(0)
    assert real.turns[0].reply.text == "old on one"


def test_a_dry_run_composes_what_would_be_sent(store: Any, name: str) -> None:
    chat = store.open(name, backend=Bot("old"), policy=[Window(300, 150)])
    for number in range(30):
        chat.send(f"question {number} " * 5)
    tokens: list[int] = []

    def counted(request: CompletionRequest) -> Completion:
        tokens.append(estimated(request))
        return Completion((Choice(assistant(f"old on {request.messages[-1].text}"), "stop"),))

    chat.replay(backend=counted)
    assert chat.replay(backend=counted, dry_run=True).usage.prompt_tokens == sum(tokens)
    assert max(tokens) <= 300


def estimated(request: CompletionRequest) -> int:
    from convo.context.tokens import estimate

    return sum(map(estimate, request.messages))


def test_a_beginning_given_to_an_answer_is_given_again(store: Any, name: str) -> None:
    chat = store.open(name, backend=ScriptedBackend(["1}"], profile=MISTRAL))
    chat.send("As JSON.", prefix='{"n": ')
    replay = chat.replay(backend=ScriptedBackend(["2}"], profile=MISTRAL))
    assert replay.turns[0].reply.text == '{"n": 2}'


def test_where_one_of_several_fails_the_others_end(chat: Any) -> None:
    ways = {
        "broken": {"backend": ScriptedBackend([ConnectionError("gone")])},
        "whole": {"backend": Bot("new"), "resume": True},
    }
    with pytest.raises(BackendFailed):
        chat.replay_each(ways, at_once=1)
    assert len(chat.replay_each({"whole": ways["whole"]})["whole"].turns) == 2


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"tools": "none"}, "tools"),
        ({"tools": "ask"}, "ask"),
        ({"ask": print}, "ask"),
        ({"functions": [print]}, "functions"),
        ({"resume": True}, "name"),
        ({"wait": "long"}, "wait"),
        ({"temperature": 1}, ""),
        ({"options": {"temperature": 9}}, "temperature"),
        ({"backend": 7}, "backend"),
    ],
)
def test_what_cannot_be_asked_for_is_said_before_anything_is_made(chat: Any, given: Any, field: str) -> None:
    with pytest.raises((InvalidOption, InvalidSetting)) as refused:
        chat.replay(**given)
    assert refused.value.field == field
    assert len(chat.branches()) == 1


def test_several_answers_at_a_time_are_not_replayed(chat: Any) -> None:
    with pytest.raises(Unsupported):
        chat.replay(options={"n": 2})
