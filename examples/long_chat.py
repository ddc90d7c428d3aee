"""A long chat in a small window: what is sent stays within it, and a provider's prompt cache stays warm.

    python examples/long_chat.py                                 # offline
    python examples/long_chat.py mistral:mistral-medium-latest

The first two messages and one pinned by hand stay in every window. The others leave at a cut, many at once, and until
the next cut every request begins with exactly what was sent before.
"""

import sys

from convo import Conversation, KeepFirst, Pinned, Window

TURNS = 60


def backend(request):
    known = [message.text for message in request.messages]
    return f"Noted. I see {len(known)} messages" + (
        ", and your number." if any("4711" in text for text in known) else "."
    )


def main(backend):
    policy = [KeepFirst(2), Window(max_tokens=600, refill_to=400)]
    chat = Conversation.start("sqlite:///long.db", system="You take notes.", policy=policy, backend=backend)
    before, cuts, largest = (), 0, 0  # what the last request held, how often its beginning changed, tokens
    for number in range(TURNS):
        text = "My customer number is 4711." if number == 0 else f"Note {number}: {'cheese ' * (number % 7 + 3)}"
        composed = chat.compose(text)
        cuts += composed.messages[: len(before)] != before
        before, largest = composed.messages, max(largest, composed.tokens)
        chat.send(text)
    print(
        f"{TURNS} turns, {cuts} cuts, at most {largest} tokens sent; the last answer: {chat.history(limit=1)[0].text}"
    )

    pinned = [KeepFirst(2), Pinned(9), Window(max_tokens=600, refill_to=400)]
    print(chat.explain("What is my number?", policy=pinned))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else backend)
