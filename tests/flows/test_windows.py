"""What leaves as a conversation grows: cut rarely, grown only at its end between cuts, and explained."""

from __future__ import annotations

from statistics import median
from typing import Any

import pytest

from convo import MISTRAL, LastTurns, Window
from convo.completions import Choice, Completion, CompletionRequest, Usage
from convo.errors import ContextOverflow, ContextTooLong, InvalidSetting
from convo.messages import Message, assistant
from support.embedded import database_url
from support.statements import captured

__all__ = ["database_url"]

POLICY = [Window(300, 150)]
TURNS = 60


class Answers:
    """A backend that reports no usage, so that nothing is learnt about how it counts tokens."""

    name, profile = "answers", MISTRAL

    def __init__(self) -> None:
        self.requests: list[CompletionRequest] = []

    def complete(self, request: CompletionRequest) -> Any:
        self.requests.append(request)
        return f"A fairly long answer to {request.messages[-1].text!r}, in several words."


def talk(chat: Any, turns: int = TURNS) -> None:
    for number in range(turns):
        chat.send(f"question number {number}")


@pytest.fixture
def backend() -> Answers:
    return Answers()


def sent(backend: Answers) -> list[list[Message]]:
    return [list(request.messages) for request in backend.requests]


def grown_at_its_end(before: list[Message], after: list[Message]) -> bool:
    return after[: len(before)] == before and len(after) == len(before) + 2


def test_between_cuts_the_list_grows_only_at_its_end_and_cuts_are_rare(store: Any, backend: Answers) -> None:
    talk(store.start(backend=backend, policy=POLICY, system="Be terse."))
    lists = sent(backend)
    cuts = [number for number in range(1, TURNS) if not grown_at_its_end(lists[number - 1], lists[number])]
    assert 3 <= len(cuts) <= TURNS / 6
    assert max(map(len, lists)) < 30
    assert {messages[0].text for messages in lists} == {"Be terse."}
    assert all(messages[1].role == "user" for messages in lists)
    assert [messages[-1].text for messages in lists] == [f"question number {number}" for number in range(TURNS)]


def test_handles_that_take_turns_send_what_one_would(store: Any, backend: Answers) -> None:
    talk(store.start(backend=backend, policy=POLICY))
    alone = sent(backend)
    backend.requests.clear()
    chat = store.start(backend=backend, policy=POLICY)
    for number in range(TURNS):
        handle = chat if number % 3 else store.load(chat.id, backend=backend)
        handle.send(f"question number {number}")
    assert sent(backend) == alone


def test_a_fork_starts_from_its_parents_cut(store: Any, backend: Answers) -> None:
    chat = store.start(backend=backend, policy=POLICY)
    talk(chat)
    side = chat.fork()
    chat.send("on the main branch")
    side.send("on the side")
    main, beside = sent(backend)[-2:]
    assert main[:-1] == beside[:-1]
    assert len(main) < TURNS


def test_a_fork_from_long_ago_has_no_cut_behind_its_end(store: Any, backend: Answers) -> None:
    chat = store.start(backend=backend, policy=POLICY)
    talk(chat)
    side = chat.fork(at=chat.history(limit=2 * TURNS)[3])
    side.send("and then?")
    assert [message.text for message in sent(backend)[-1]] == [entry.text for entry in side.history()][:-1]
    talk(chat, 5)
    assert len(sent(backend)[-1]) < 30


def test_a_policy_given_with_a_call_neither_reads_nor_writes_the_cut(store: Any, backend: Answers) -> None:
    chat = store.start(backend=backend, policy=POLICY)
    talk(chat, 20)
    before = chat._handle.state
    chat.send("all of it?", policy=[Window(100_000, 90_000)])
    assert len(sent(backend)[-1]) == 41
    chat.send("the last two?", policy=[LastTurns(2)])
    assert len(sent(backend)[-1]) == 3
    chat.send("a small one?", policy=[Window(120, 60)])
    assert store.load(chat.id)._handle.state == before
    chat.send("and as usual?")
    usual = sent(backend)[-1]
    assert usual[: len(sent(backend)[19])] == sent(backend)[19] or len(usual) < len(sent(backend)[19])


def test_what_would_be_sent_is_what_is_sent_and_looking_writes_nothing(store: Any, backend: Answers) -> None:
    chat = store.start(backend=backend, policy=POLICY, system="Be terse.")
    for number in range(30):
        with captured() as statements:
            composed = chat.compose(f"question number {number}")
            explained = chat.explain(f"question number {number}")
        assert {statement.split()[0] for statement in statements} <= {"SELECT", "WITH"}
        chat.send(f"question number {number}")
        assert list(composed.messages) == sent(backend)[-1]
        assert explained.decisions[-1].seq == 2 * number + 1
        assert explained.tokens == composed.tokens
    assert [entry.seq for entry in chat.history(limit=100)] == list(range(1, 61))
    assert len(backend.requests) == 30


def test_a_warm_handle_reads_nothing_to_compose_its_next_turn(store: Any, backend: Answers) -> None:
    chat = store.start(backend=backend, policy=POLICY)
    talk(chat, 20)
    with captured() as statements:
        chat.send("one more")
    assert [statement for statement in statements if "FROM convo_messages" in statement] == []


def test_what_cannot_fit_is_refused_with_the_numbers_and_nothing_is_stored(store: Any, backend: Answers) -> None:
    chat = store.start(backend=backend, policy=POLICY)
    chat.send("hello")
    for verb in (lambda text: chat.send(text), lambda text: list(chat.stream(text)), lambda text: chat.compose(text)):
        with pytest.raises(ContextOverflow) as caught:
            verb("word " * 1000)
        assert caught.value.needed > caught.value.budget == 300
    assert [entry.seq for entry in chat.history()] == [1, 2]
    assert chat.send("short").turn.status == "completed"


def test_a_message_too_long_that_was_appended_does_not_brick_the_branch(store: Any, backend: Answers) -> None:
    chat = store.start(["word " * 1000], backend=backend, policy=POLICY)
    with pytest.raises(ContextOverflow):
        chat.complete()
    assert chat.complete(policy=[Window(10_000, 9_000)]).turn.status == "completed"
    assert chat.send("and now?").turn.status == "completed"


class Knows(Answers):
    """A backend that says how long its model's context is."""

    context_length = 400


def test_a_window_is_a_fraction_of_the_models_context_less_what_the_answer_may_take(store: Any) -> None:
    backend = Knows()
    chat = store.start(backend=backend, policy=[Window(1.0, 0.5)], max_tokens=100)
    tokens = []
    for number in range(40):
        account = chat.explain(f"question number {number}")
        assert account.budget == 300
        tokens.append(account.tokens)
        chat.send(f"question number {number}")
    assert 250 < max(tokens) <= 300
    half = store.start(backend=backend, policy=[Window(0.5)])
    assert half.explain("hello").budget == 200
    usual = store.start(backend=backend)
    assert usual.explain("hello").budget == 400


def test_a_fraction_of_a_length_nobody_knows_is_refused(store: Any, backend: Answers) -> None:
    chat = store.start(backend=backend, policy=[Window(0.5)])
    with pytest.raises(InvalidSetting, match="context length, which is not known"):
        chat.send("hello")
    assert chat.history() == []


def test_tokens_are_counted_by_who_is_given_for_it(store: Any, backend: Answers) -> None:
    def words(message: Message) -> int:
        return len(message.text.split())

    chat = store.start(backend=backend, policy=[Window(60, 30)], count_tokens=words)
    talk(chat, 20)
    lists = sent(backend)
    assert all(sum(map(words, messages)) <= 60 for messages in lists)
    assert max(sum(map(words, messages)) for messages in lists) > 45
    assert chat.explain("one two").decisions[-1].tokens == 2
    later = store.load(chat.id, backend=backend, count_tokens=words)
    assert later.compose("one two").messages == chat.compose("one two").messages
    with pytest.raises(InvalidSetting, match="count_tokens"):
        store.start(backend=backend, count_tokens="words")


class TooSmall(Answers):
    """A model that takes less than anybody knew, and says so: ``limit`` words in all, its answer included."""

    limit = 150

    def complete(self, request: CompletionRequest) -> Any:
        asked = sum(len(message.text.split()) for message in request.messages)
        if asked > self.limit:
            self.requests.append(request)
            raise ContextTooLong("too long", status=400, needed=asked, limit=self.limit)
        return super().complete(request)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_request_the_model_finds_too_long_is_made_smaller_once_and_that_is_recorded(
    store: Any, streamed: bool
) -> None:
    backend = TooSmall()
    chat = store.start(backend=backend)
    for number in range(30):
        text = f"question number {number}"
        list(chat.stream(text)) if streamed else chat.send(text)
    turns = chat.turns()
    assert {turn.status for turn in turns} == {"completed"}
    refused = [turn for turn in turns if turn.calls == 2]
    assert 1 <= len(refused) <= 4
    calls = chat.turn(refused[0].id)[1]
    assert [(call.error or {}).get("type") for call in calls] == ["ContextTooLong", None]
    assert len(chat.request(refused[0], calls[1]).messages) < len(chat.request(refused[0], calls[0]).messages)


def test_a_request_that_is_still_too_long_when_made_smaller_is_given_up(store: Any) -> None:
    backend = TooSmall()
    chat = store.start(["a question", assistant("an answer")] * 10, backend=backend)
    backend.limit = -1
    with pytest.raises(ContextOverflow):
        chat.send("hello")
    with pytest.raises(ContextTooLong):
        store.start(["a question", assistant("an answer")] * 10, backend=Refuses()).send("hello")
    assert chat.turns()[-1].status == "failed"
    assert len(backend.requests) == 1


class Refuses(Answers):
    """Finds everything too long, and says no number."""

    name = "refuses"

    def complete(self, request: CompletionRequest) -> Any:
        raise ContextTooLong("too long", status=400)


class Counts(Answers):
    """Reports the usage of a tokenizer of its own: four bytes a token."""

    name, model = "counts", "four-bytes"

    def complete(self, request: CompletionRequest) -> Completion:
        self.requests.append(request)
        used = sum(len(message.text.encode()) // 4 + 6 for message in request.messages)
        usage = Usage(prompt_tokens=used, completion_tokens=8, total_tokens=used + 8)
        return Completion((Choice(assistant("Yes, " + request.messages[-1].text[:40]), "stop"),), usage=usage)


KINDS = {
    "English": "The ship left the harbour at {n} in the morning, and nobody on board knew where it was bound.",
    "code": "def step_{n}(self, value: int) -> int:\n    return self.table[value % {n}] if value > {n} else -1\n",
    "JSON": '{{"id": {n}, "name": "item-{n}", "tags": ["red", "blue"], "price": {{"amount": {n}.5}}}}',
    "CJK": "第{n}回の会議では、来年の予算について話し合いました。他们讨论了第{n}个问题，但是没有得出结论。",
}


@pytest.mark.parametrize("kind", KINDS)
def test_after_twenty_turns_the_estimate_is_near_what_the_model_reports(store: Any, kind: str) -> None:
    chat = store.start(backend=Counts(), policy=[Window(1_500, 900)], system="Be terse.")
    errors = []
    for number in range(32):
        text = KINDS[kind].format(n=number * 37)
        expected = chat.compose(text).tokens
        reply = chat.send(text)
        errors.append(abs(expected - reply.usage.prompt_tokens) / reply.usage.prompt_tokens)
    assert median(errors[20:]) < 0.05


def test_a_new_process_starts_from_what_others_have_learnt(store: Any, face: Any, database_url: str) -> None:
    chat = store.start(backend=Counts())
    talk(chat, 12)
    learnt = chat._handle.port.learned["counts/four-bytes"]
    with face.Store(database_url) as later:
        fresh = later.start(backend=Counts())
        assert fresh.compose("hello").tokens == chat_tokens(chat, "hello")
        known = fresh._handle.port.learned["counts/four-bytes"]
        assert known.factor == pytest.approx(learnt.factor, rel=0.02)
        other = later.start(backend=Counts(), model="another")
        other.compose("hello")
        assert other._handle.port.learned["counts/another"].factor == 1.0


def chat_tokens(chat: Any, text: str) -> int:
    """What ``text`` alone costs in this chat."""
    return int(chat.compose(text, policy=[LastTurns(1)]).tokens)
