"""Two models side by side: one question, two branches, two answers at once; then go on with the better one.

    python examples/two_models.py                                              # offline: two scripts
    python examples/two_models.py mistral:mistral-small-latest mistral:mistral-large-latest

The longer answer counts as the better one here; your own taste takes its place.
"""

import asyncio
import sys

from convo import AsyncConversation

QUESTION = "Name one French cheese, and why."


async def main(*backends):
    chat = await AsyncConversation.start("sqlite:///models.db", ["Hello!"], title="Side by side")
    sides = [await chat.fork(name=f"{number} {backend}") for number, backend in enumerate(backends, 1)]
    asked = (side.send(QUESTION, backend=backend) for side, backend in zip(sides, backends, strict=True))
    replies = await asyncio.gather(*asked)
    for backend, reply in zip(backends, replies, strict=True):
        print(f"{backend}\n    {reply.text}\n    {reply.usage.total_tokens} tokens")

    longest = max(range(len(replies)), key=lambda number: len(replies[number].text))
    await chat.switch(sides[longest].branch.no)
    print(f"\nThe conversation goes on with branch {chat.branch.name!r}:")
    for entry in await chat.history():
        print(f"    {entry.role}: {entry.text}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:] or ["scripted:Camembert.", "scripted:Roquefort."]))
