"""A regression test for a prompt: real talks, recorded once, replayed offline and exactly.

    pytest examples/prompt_regression

When bot.py changes what is sent, the first test fails and shows the difference. try_prompt.py then asks a real model
anew, and with --accept what it answered is what the tests expect.
"""

import shutil
from pathlib import Path

import bot
import pytest

from convo import Store

RECORDED = Path(__file__).parent / "recorded.db"
CUSTOMERS = ["ann", "bob"]


@pytest.fixture
def recordings(tmp_path):
    with Store(f"sqlite:///{shutil.copy(RECORDED, tmp_path / 'recorded.db')}") as store:
        yield store


@pytest.mark.parametrize("customer", CUSTOMERS)
def test_the_bot_asks_what_it_asked_and_so_gets_the_same_answers(recordings, customer):
    recorded = recordings.open(customer)
    model = recorded.recorded()
    talk = [entry.text for entry in recorded.history()]
    with Store("sqlite://") as store:
        answers = [bot.reply(store, customer, question, model) for question in talk[::2]]
    assert answers == talk[1::2]
    assert model.left == 0


@pytest.mark.parametrize("customer", CUSTOMERS)
def test_what_the_model_answered_is_what_we_promise(recordings, customer):
    for question, answer in zip(*[iter(recordings.open(customer).history())] * 2, strict=True):
        assert len(answer.text) < 300
        assert ("human" in question.text) == ("HANDOVER" in answer.text)
