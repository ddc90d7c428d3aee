"""How to test a bot: no network, no key, no mocks; the database is real.  pytest examples/tested_bot"""

import pytest
from bot import SORRY, SYSTEM, Bot

from convo import Store
from convo.errors import RateLimited
from convo.testing import ChatServer, ScriptedBackend, faults


@pytest.fixture
def store(tmp_path):
    with Store(f"sqlite:///{tmp_path}/bot.db") as store:
        yield store


@pytest.fixture
def handed_over():
    return []


def bot(store, handed_over, *replies):
    return Bot(store, ScriptedBackend(replies), handed_over.append)


def test_it_answers_and_sends_the_system_prompt_and_the_talk_so_far(store, handed_over):
    backend = ScriptedBackend(["Hello!", "Until ten."])
    shop = Bot(store, backend, handed_over.append)
    shop.reply("ann", "Hi.")
    assert shop.reply("ann", "How long are you open?") == "Until ten."
    sent = [(message.role, message.text) for message in backend.requests[-1].messages]
    assert sent == [
        ("system", SYSTEM),
        ("user", "Hi."),
        ("assistant", "Hello!"),
        ("user", "How long are you open?"),
    ]


def test_customers_do_not_see_each_others_talk(store, handed_over):
    shop = bot(store, handed_over, "Hello Ann.", "Hello Bob.")
    shop.reply("ann", "I am Ann.")
    shop.reply("bob", "I am Bob.")
    assert [entry.text for entry in store.open("bob").history()] == ["I am Bob.", "Hello Bob."]


def test_it_hands_over_when_the_model_says_so(store, handed_over):
    assert "colleague" in bot(store, handed_over, "HANDOVER").reply("ann", "I want my money back!")
    assert handed_over == ["ann"]


def test_a_model_that_fails_loses_no_question(store, handed_over):
    shop = bot(store, handed_over, RateLimited("too many requests"), "It is on its way.")
    assert shop.reply("ann", "Where is my parcel?") == SORRY
    assert handed_over == ["ann"]
    chat = store.open("ann", backend=shop.backend)
    assert chat.resume().text == "It is on its way."
    assert [entry.role for entry in chat.history()] == ["user", "assistant"]


def test_it_lives_with_a_server_that_answers_nonsense(store, handed_over):
    with ChatServer("Hello!", style="openai") as server:
        server.misbehave(faults.html())
        shop = Bot(store, f"openai:local@{server.base_url}", handed_over.append)
        assert shop.reply("ann", "Hi.") == SORRY
