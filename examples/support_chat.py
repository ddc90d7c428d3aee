"""A support chat over many days: what leaves the window is told in a summary, once, and forks share it.

    python examples/support_chat.py                                              # offline
    python examples/support_chat.py mistral:mistral-medium-latest mistral:mistral-small-latest

The first backend answers; the second, a smaller one, writes the summaries.
"""

import sys

from convo import Conversation, Insert, Redact, Summarize

ORDERS = ["a wheel of Comté", "two Reblochons", "a box of Brie", "a Beaufort", "some Munster", "a Roquefort"]


def agent(request):
    order = request.messages[-1].text.partition(": ")[2].strip("?") or "it"
    known = "as you told us" if any("[Summary" in message.text for message in request.messages) else "I see"
    return f"Thank you, {known}. I have looked into {order}, and it is on its way to you."


def writer(request):
    """Stands for a model: names the orders that it reads of."""
    text = "\n".join(message.text for message in request.messages[1:-1])
    told = [order for order in ORDERS if order in text.rpartition("[Summary")[2]]
    return f"The customer, Ada in Lyon, asked about {', '.join(told)}; all is on its way."


def main(backend, summaries):
    policy = [
        Insert("The shop is closed on Mondays.", "start"),  # goes out with every request, and is not stored
        Summarize(when=600, keep=300, backend=summaries, max_tokens=150),
        Redact(r"\b(?:\d{4} ?){4}\b", "[card number]"),  # leaves for neither of the two
    ]
    chat = Conversation.start("sqlite:///support.db", system="You are kind.", backend=backend, policy=policy)
    chat.send("Hello, this is Ada in Lyon, my card is 4970 1234 5678 9012.")
    for day in range(24):
        chat.send(f"Day {day + 1}, where is my order: {ORDERS[day % len(ORDERS)]}?")

    written = [call for turn in chat.turns() for call in chat.turn(turn.id)[1] if call.kind == "summary"]
    print(f"25 turns, {len(written)} summaries written")
    side = chat.fork(name="refund")
    side.send("I would rather have my money back.")
    print(f"the fork wrote {sum(call.kind == 'summary' for call in side.turn(side.turns()[-1].id)[1])} of its own\n")
    print(chat.explain("And the bill?"))


if __name__ == "__main__":
    main(*(sys.argv[1:3] if len(sys.argv) > 2 else (agent, writer)))
