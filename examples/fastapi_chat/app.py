"""A chat backend: FastAPI, a conversation for each user, answers streamed to a page, nothing lost on the way.

    pip install fastapi uvicorn
    CHAT_BACKEND=mistral:mistral-medium-latest uvicorn app:app --app-dir examples/fastapi_chat

What it shows:
- An answer is read to its end whether or not its reader stays: a closed tab stops nothing, and a page that is loaded
  again follows the turn that is still running.
- When this process dies in the midst, what had streamed is in the database; the page offers to go on from there.
- A user sees their own conversation only: every read and write goes through a store that has an owner.
"""

import json
import os
import secrets
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Cookie, Depends, FastAPI, HTTPException
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from pydantic import BaseModel

from convo import AsyncConversation, AsyncStore
from convo.errors import BackendError, CallerError, ConvoError

BACKEND = os.environ.get("CHAT_BACKEND", "scripted:")
SYSTEM = "You are the support desk of Fromagerie Lune. Be brief and kind."
LEASE = 5  # seconds until a turn whose process died can be taken up; a live one renews it
PAGE = Path(__file__).with_name("page.html").read_text(encoding="utf-8")

store = AsyncStore(os.environ.get("CHAT_DATABASE", "sqlite:///chat.db"), owner=None)


@asynccontextmanager
async def lifespan(_):
    yield
    await store.aclose(grace=1)  # an answer that is not ready by then is left `interrupted`, with all that came


app = FastAPI(lifespan=lifespan)


@app.exception_handler(ConvoError)
async def refused(_, problem: ConvoError):
    status = 409 if isinstance(problem, CallerError) else 502 if isinstance(problem, BackendError) else 503
    return JSONResponse({"error": str(problem)}, status)


async def own_chat(user: Annotated[str | None, Cookie()] = None) -> AsyncConversation:
    """The asking user's conversation. A random cookie stands for a user here: put your own login in its place."""
    if not user:
        raise HTTPException(401, "load the page first")
    return await store.for_owner(user).open("support", backend=BACKEND, system=SYSTEM, lease=LEASE)


Chat = Annotated[AsyncConversation, Depends(own_chat)]


class Question(BaseModel):
    text: str


@app.get("/")
async def page(user: Annotated[str | None, Cookie()] = None):
    response = HTMLResponse(PAGE)
    if not user:
        response.set_cookie("user", secrets.token_urlsafe(), httponly=True, samesite="strict", max_age=365 * 86400)
    return response


@app.get("/chat")
async def state(chat: Chat):
    """What a page shows when it is loaded: the messages, and the turn that has no answer yet, if any."""
    turns = await chat.turns(limit=1)
    unfinished = bool(turns) and turns[-1].status in ("running", "interrupted", "failed")
    shown = {
        "messages": [{"role": entry.role, "text": entry.text} for entry in await chat.history(limit=50)],
        "turn": str(turns[-1].id) if unfinished else None,
    }
    return Response(json.dumps(shown), media_type="application/json")  # ASCII: a text may hold half a surrogate pair


@app.post("/messages")
async def send(question: Question, chat: Chat):
    return events(chat.stream(question.text, detached=True))


@app.get("/turns/{turn_id}")
async def follow(turn_id: UUID, chat: Chat, after: int = 0):
    return events(chat.follow(turn_id, after=after))


@app.post("/resume")
async def resume(chat: Chat):
    """Take up the unfinished turn; when this returns it is running, and can be followed."""
    await anext(chat.stream_resume(detached=True), None)
    return Response(status_code=204)


@app.post("/cancel")
async def cancel(chat: Chat):
    await chat.cancel()
    return Response(status_code=204)


def events(deltas) -> StreamingResponse:
    """Send deltas as server-sent events: ``{"text": …}`` for each, then ``{"end": true}`` or ``{"error": …}``."""

    async def body():
        try:
            async for delta in deltas:
                if delta.text:
                    yield event({"text": delta.text})
            yield event({"end": True})
        except ConvoError as problem:
            yield event({"error": str(problem)})

    return StreamingResponse(body(), media_type="text/event-stream", headers={"cache-control": "no-store"})


def event(data) -> str:
    return f"data: {json.dumps(data)}\n\n"
