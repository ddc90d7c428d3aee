"""Settings: stored with a conversation, given to a handle, given with a call; the nearest one counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from convo import MISTRAL, PERMISSIVE, KeepFirst, LastTurns, Window, assistant, system, user
from convo.errors import InvalidMessage, InvalidOption, InvalidSetting, NotFound
from convo.options import CompletionOptions
from convo.testing import ScriptedBackend
from support.embedded import database_url

__all__ = ["database_url"]


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend("yes", forever=True)


def asked(backend: ScriptedBackend) -> tuple[str, dict[str, Any]]:
    """The system prompt and the options of the last request."""
    request = backend.requests[-1]
    first = request.messages[0]
    return first.text if first.role == "system" else "", request.options.to_json()


def test_what_a_conversation_is_made_with_serves_whoever_opens_it_later(
    store: Any, name: str, backend: ScriptedBackend
) -> None:
    made = {"system": "Be terse.", "policy": [Window(8000, 6000), KeepFirst(2)], "temperature": 0.2, "stop": ["END"]}
    store.open(name, **made, title="Cheese", metadata={"shop": 7})
    later = store.open(name, backend=backend)
    later.send("hello")
    assert asked(backend) == ("Be terse.", {"temperature": 0.2, "stop": ["END"]})
    assert [type(rule) for rule in later._handle.settings.policy] == [Window, KeepFirst]
    assert (later.info().title, later.info().metadata) == ("Cheese", {"shop": 7})


def test_what_a_later_handle_is_given_holds_for_that_handle_alone(
    store: Any, name: str, backend: ScriptedBackend
) -> None:
    store.open(name, system="Be terse.", temperature=0.2, title="Cheese")
    own = store.open(name, backend=backend, system="Be chatty.", max_tokens=5, title="Bread")
    own.send("hello")
    assert asked(backend) == ("Be chatty.", {"temperature": 0.2, "max_tokens": 5})
    store.load(own.id, backend=backend).send("hello")
    assert asked(backend) == ("Be terse.", {"temperature": 0.2})
    assert own.info().title == "Cheese"


def test_a_fork_goes_by_the_settings_as_they_are_now(store: Any, name: str, backend: ScriptedBackend) -> None:
    chat = store.open(name, backend=backend, system="Be terse.")
    chat.send("hello")
    store.open(name).configure(system="Be chatty.")
    chat.fork().send("hello again")
    assert asked(backend)[0] == "Be chatty."


@pytest.mark.parametrize("has_backend", [True, False])
@pytest.mark.parametrize("verb", ["compose", "explain"])
def test_what_would_be_sent_is_shown_by_the_settings_as_they_are_now(
    store: Any, name: str, backend: ScriptedBackend, verb: str, has_backend: bool
) -> None:
    chat = store.open(name, backend=backend if has_backend else None, system="Be terse.")
    chat.compose("hello")
    store.open(name).configure(system="Be chatty, and let nothing go by that could be said as well.")
    shown, again = (getattr(chat, verb)("hello") for _ in range(2))
    assert shown.tokens == again.tokens
    assert chat.compose("hello").messages[0].text.startswith("Be chatty")


def test_what_is_given_with_a_call_holds_for_that_call_alone(store: Any, backend: ScriptedBackend) -> None:
    chat = store.start(backend=backend, system="Be terse.", temperature=0.2)
    chat.send("one", system="Be chatty.", temperature=0.9, random_seed=7)
    assert asked(backend) == ("Be chatty.", {"temperature": 0.9, "random_seed": 7})
    chat.send("two")
    assert asked(backend) == ("Be terse.", {"temperature": 0.2})


def test_an_empty_system_prompt_takes_the_stored_one_away(store: Any, backend: ScriptedBackend) -> None:
    chat = store.start(backend=backend, system="Be terse.")
    chat.send("one", system="")
    assert asked(backend)[0] == ""


def test_configure_changes_what_is_stored_and_leaves_the_rest(store: Any, backend: ScriptedBackend) -> None:
    chat = store.start(backend=backend, system="Be terse.", temperature=0.2, title="Cheese", metadata={"shop": 7})
    other = store.load(chat.id, backend=backend)
    chat.configure(system="Be chatty.", max_tokens=5, title="Bread")
    for handle in (chat, store.load(chat.id, backend=backend), other):
        if handle is other:
            handle.history()
        handle.send("hello")
        assert asked(backend) == ("Be chatty.", {"temperature": 0.2, "max_tokens": 5})
    assert (chat.info().title, chat.info().metadata) == ("Bread", {"shop": 7})
    chat.configure(metadata={})
    assert (chat.info().title, chat.info().metadata) == ("Bread", {})


def test_who_changes_what_is_stored_wants_it_himself(store: Any, backend: ScriptedBackend) -> None:
    chat = store.load(store.start(system="Be terse.").id, backend=backend, system="Be loud.", temperature=0.2, stop="x")
    chat.configure(system="Be chatty.", stop="y", profile=MISTRAL)
    chat.append("one", "two")
    chat.send("three")
    assert asked(backend) == ("Be chatty.", {"temperature": 0.2, "stop": "y"})
    assert [message.role for message in backend.requests[-1].messages] == ["system", "user"]


def test_the_system_prompt_of_the_settings_is_no_message(store: Any, backend: ScriptedBackend) -> None:
    chat = store.start(backend=backend, system="Be terse.")
    chat.send("one")
    assert [entry.role for entry in chat.history()] == ["user", "assistant"]
    chat.configure(system="Be chatty.")
    chat.send("two")
    assert [message.text for message in backend.requests[-1].messages] == ["Be chatty.", "one", "yes", "two"]
    first, second = chat.turns()
    recorded = [chat.request(turn, chat.turn(turn.id)[1][0]).messages[0].text for turn in (first, second)]
    assert recorded == ["Be terse.", "Be chatty."]


def test_a_system_message_that_was_appended_is_one(store: Any, backend: ScriptedBackend) -> None:
    chat = store.start([system("You are Ann."), "one", assistant("two")], backend=backend)
    chat.send("three")
    assert [message.text for message in backend.requests[-1].messages] == ["You are Ann.", "one", "two", "three"]


def test_a_profile_may_be_given_to_a_handle_or_a_call(store: Any) -> None:
    def backend(request: Any) -> str:
        seen.append([message.role for message in request.messages])
        return "yes"

    seen: list[list[str]] = []
    brought = [user("one"), user("two")]
    store.start(brought, backend=backend, profile=MISTRAL).send("three")
    store.start(brought, backend=backend).send("three", profile=MISTRAL)
    store.start(brought, backend=backend).send("three")
    store.start(brought, backend=backend, profile=MISTRAL).send("three", profile=PERMISSIVE)
    assert seen == [["user"], ["user"], ["user"] * 3, ["user"] * 3]


def test_options_that_do_not_go_together_are_refused_when_they_meet(store: Any, backend: ScriptedBackend) -> None:
    chat = store.start(backend=backend, temperature=0)
    with pytest.raises(InvalidOption, match="n greater than 1"):
        chat.send("hello", n=2)
    assert (chat.history(), backend.requests) == ([], [])


def shouting(draft: Any) -> Any:
    """A rule of the user's own, which changes nothing."""


def test_a_rule_of_ones_own_serves_a_handle_but_is_not_stored(store: Any, name: str, backend: ScriptedBackend) -> None:
    policy = [LastTurns(1), shouting]
    chat = store.start(["hm", assistant("yes")], backend=backend, policy=policy)
    named = store.open(name, policy=policy, system="Be terse.")
    for made in (chat, named):
        assert made._handle.settings.policy == policy
        assert store.load(made.id)._handle.settings.policy is None
    assert store.open(name)._handle.settings.system == "Be terse."
    assert store.open(name, policy=policy)._handle.settings.policy == policy
    with pytest.raises(InvalidSetting, match="shouting is a function, which cannot be stored with a conversation"):
        chat.configure(policy=[shouting])
    assert store.load(chat.id, backend=backend, policy=[shouting]).send("hello").text == "yes"
    assert chat.send("again", policy=[LastTurns(1), shouting]).text == "yes"
    assert [message.text for message in backend.requests[-1].messages] == ["again"]


WRONG: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "system": ({"system": 3}, InvalidSetting, "system: must be a text, not int"),
    "policy": ({"policy": Window(8000)}, InvalidSetting, "policy: must be a list of rules"),
    "policy of texts": ({"policy": ["Window"]}, InvalidSetting, "policy: 'Window' is neither a rule nor a function"),
    "two windows": ({"policy": [Window(8000), Window(9000)]}, InvalidSetting, "more than one Window"),
    "profile": ({"profile": "mistral"}, InvalidSetting, "profile: must be a Profile"),
    "lease of none": ({"lease": 0}, InvalidSetting, "lease: must be a number of seconds"),
    "lease without end": ({"lease": float("inf")}, InvalidSetting, "lease: must be a number of seconds"),
    "lease of yes": ({"lease": True}, InvalidSetting, "lease: must be a number of seconds"),
    "a checkpoint of one number": ({"checkpoint": 1.0}, InvalidSetting, "checkpoint: must be two numbers"),
    "a checkpoint of nothing": ({"checkpoint": (1.0, 0)}, InvalidSetting, "checkpoint: must be two numbers"),
    "a checkpoint of words": ({"checkpoint": ("1", "2")}, InvalidSetting, "checkpoint: must be two numbers"),
    "lease of a year": ({"lease": 3e7}, InvalidSetting, "lease: must be a number of seconds"),
    "option": ({"temperature": 9}, InvalidOption, "temperature: "),
    "unknown option": ({"temprature": 1}, InvalidOption, "there is no option 'temprature'"),
}


@pytest.mark.parametrize(("given", "error", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_refused_wherever_it_is_given(
    store: Any, name: str, backend: ScriptedBackend, given: Any, error: type[Exception], said: str
) -> None:
    chat = store.start(["hm"], backend=backend, system="Be terse.")
    places: list[Callable[[], Any]] = [
        lambda: store.open(name, **given),
        lambda: store.start(**given),
        lambda: store.load(chat.id, **given),
        lambda: chat.configure(**given),
        lambda: chat.send("hello", **given),
        lambda: chat.compose("hello", **given),
    ]
    for place in places:
        with pytest.raises(error, match=said) as caught:
            place()
        assert "\n" not in str(caught.value)
    assert (len(chat.history()), backend.requests) == (1, [])
    assert [info.id for info in store.conversations()] == [chat.id]
    assert chat._handle.settings.system == "Be terse."


@pytest.mark.parametrize("wrong", [{"key": {1}}, {"key": float("nan")}, {3: 4}, 3, {"key": "x" * 70_000}], ids=type)
def test_metadata_is_json_of_a_bounded_size(store: Any, name: str, backend: ScriptedBackend, wrong: Any) -> None:
    chat = store.start(["hm"], backend=backend)
    places: list[Callable[[], Any]] = [
        lambda: store.open(name, metadata=wrong),
        lambda: chat.configure(metadata=wrong),
        lambda: chat.send("hello", metadata=wrong),
        lambda: chat.annotate(chat.history()[0], wrong),
    ]
    for place in places:
        with pytest.raises(InvalidSetting, match="metadata: must be a dict of JSON data"):
            place()
    assert [entry.metadata for entry in chat.history()] == [{}]


@pytest.mark.parametrize("wrong", [3, "", "x" * 256, "a\0b", "a\nb", "\ud83d", None, b"x"], ids=repr)
def test_a_name_of_a_conversation_is_a_text_every_database_can_keep(store: Any, wrong: Any) -> None:
    with pytest.raises(InvalidSetting, match="external_id: must"):
        store.open(wrong)
    assert store.conversations() == []


@pytest.mark.parametrize("wrong", ["", "no-uuid", "7", None, 7, "../etc", "' OR 1=1 --"], ids=repr)
def test_what_is_no_conversation_is_not_found(store: Any, wrong: Any) -> None:
    with pytest.raises(NotFound, match="is no conversation id"):
        store.load(wrong)


def test_options_given_as_none_are_not_given(store: Any, backend: ScriptedBackend) -> None:
    chat = store.start(backend=backend, temperature=0.5)
    chat.send("hello", temperature=None, max_tokens=None)
    assert backend.requests[-1].options == CompletionOptions(temperature=0.5)


@pytest.mark.parametrize("brought", ["hello", user("hello"), {"role": "user", "content": "hello"}], ids=type)
def test_one_message_may_be_brought_as_well_as_several(store: Any, brought: Any) -> None:
    for messages in (brought, [brought], (brought for _ in range(1))):
        assert [entry.message for entry in store.start(messages).history()] == [user("hello")]


def test_a_message_brought_along_may_be_empty_but_not_one_that_is_sent(store: Any, backend: ScriptedBackend) -> None:
    chat = store.start([user(""), assistant("hm")], backend=backend)
    with pytest.raises(InvalidMessage, match="the message is empty"):
        chat.send("")
    assert chat.send("hello").text == "yes"
