"""The page of the FastAPI example ("fastapi_chat/page.html") in a real browser: type, stream, reload, go on."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from convo.testing import ChatServer
from support.databases import sqlite_url
from support.gates import Gate
from support.nasty import MARKUP
from support.programs import BROWSERS, found
from support.web_app import WebApp

QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync", "--disable-component-update"]
PATIENCE = 30_000
WORDS = "word " * 600


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found(*BROWSERS), args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def model() -> Iterator[ChatServer]:
    with ChatServer("Bonjour!", style="openai") as server:
        yield server


@pytest.fixture(scope="module")
def app(model: ChatServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebApp]:
    folder: Path = tmp_path_factory.mktemp("app")
    with WebApp(sqlite_url(folder / "chat.db"), f"llamacpp:local@{model.base_url}") as running:
        yield running


@pytest.fixture
def page(browser: Browser, app: WebApp) -> Iterator[Page]:
    """A new user's page; it must end without an error of its script."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda problem: problems.append(str(problem)))
    opened.goto(app.url)
    yield opened
    context.close()
    assert problems == []


def ask(page: Page, text: str) -> None:
    expect(page.locator("#send")).to_be_enabled()
    page.fill("#text", text)
    page.press("#text", "Enter")


def log(page: Page, *texts: str) -> None:
    """Wait until the page shows exactly these messages."""
    expect(page.locator("#log p")).to_have_text(list(texts), timeout=PATIENCE)


def test_one_types_sees_the_answer_come_reloads_and_goes_on(page: Page, model: ChatServer) -> None:
    gate = Gate(after=3)
    model.reply("One two three four.", "Five.")
    model.misbehave(gate)
    ask(page, "Count, please.")
    log(page, "Count, please.", "One two")
    expect(page.locator("#stop")).to_be_visible()
    gate.open()
    log(page, "Count, please.", "One two three four.")
    page.reload()
    log(page, "Count, please.", "One two three four.")
    ask(page, "Go on.")
    log(page, "Count, please.", "One two three four.", "Go on.", "Five.")
    roles = [message["role"] for message in model.bodies[-1]["messages"]]
    assert roles == ["system", "user", "assistant", "user"]


def test_a_reload_in_the_midst_attaches_to_the_answer_that_is_running(page: Page, model: ChatServer) -> None:
    gate = Gate(after=600)
    model.reply(WORDS)
    model.misbehave(gate)
    ask(page, "Tell me all.")
    expect(page.locator("#log p.assistant")).to_contain_text("word word")
    page.reload()
    expect(page.locator("#log p.assistant")).to_contain_text("word word")
    gate.open()
    log(page, "Tell me all.", WORDS.strip())


def test_a_server_that_is_killed_in_the_midst_loses_nothing(page: Page, app: WebApp, model: ChatServer) -> None:
    gate = Gate(after=600)
    model.reply(WORDS)
    model.misbehave(gate)
    ask(page, "Tell me all.")
    expect(page.locator("#log p.assistant")).to_contain_text("word word")
    page.reload()
    expect(page.locator("#log p.assistant")).to_contain_text("word word")  # now from the database
    app.stop(signal.SIGKILL)
    expect(page.locator("#note")).to_contain_text("connection broke")
    gate.open()
    model.reply("and the end.")
    app.start()
    expect(page.locator("#log p.assistant")).to_contain_text("word word")
    page.click("#go-on")
    expect(page.locator("#log p.assistant")).to_contain_text("and the end.")
    page.reload()
    expect(page.locator("#log p.assistant")).to_contain_text("and the end.")
    assert model.bodies[-1]["messages"][-1]["content"].startswith("word word"), "the answer was continued"


def test_stop_ends_the_answer_and_keeps_what_came(page: Page, model: ChatServer) -> None:
    gate = Gate(after=600)
    model.reply(WORDS)
    model.misbehave(gate)
    ask(page, "Tell me all.")
    expect(page.locator("#log p.assistant")).to_contain_text("word word")
    with page.expect_response("**/cancel"):
        page.click("#stop")
        gate.open()
    expect(page.locator("#stop")).to_be_hidden()
    page.reload()
    expect(page.locator("#log p.assistant")).to_contain_text("word word")
    expect(page.locator("#go-on")).to_be_hidden()


def test_a_message_that_is_markup_is_shown_as_text(page: Page, model: ChatServer) -> None:
    attack = "<img src=x onerror=alert(1)> " + " ".join(MARKUP)
    model.reply(attack)
    ask(page, attack)
    expect(page.locator("#log p.assistant")).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("#log img").count() == 0


def answered_502(body: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=502, body=body)


def test_what_is_refused_is_told_and_the_page_goes_on(page: Page, model: ChatServer) -> None:
    model.reply("Bonjour!")
    page.context.clear_cookies()
    ask(page, "Who am I?")
    expect(page.locator("#note")).to_have_text("load the page first")
    page.reload()
    ask(page, "And now?")
    log(page, "And now?", "Bonjour!")
    for body in ("<html>Bad gateway", '{"detail": [{"type": "missing"}]}'):
        page.route("**/messages", answered_502(body))
        ask(page, "Still there?")
        expect(page.locator("#note")).to_have_text("the server answered 502")
        page.unroute("**/messages")
