"""A bot whose prompt will be changed again and again."""

from convo import Store

SYSTEM = "You are the support desk of Fromagerie Lune. Answer in one sentence. Say HANDOVER where a human is needed."


def reply(store: Store, customer: str, text: str, backend: object) -> str:
    """Return what the bot says to a customer; the talk is kept under the customer's name."""
    chat = store.open(customer, backend=backend, system=SYSTEM, temperature=0.2)
    return chat.send(text).text
