"""A small support bot, to be tested: it greets, answers, and hands over to a human who is asked for or needed."""

from convo import Store
from convo.errors import BackendError

SYSTEM = "You are the support desk of Fromagerie Lune. Answer HANDOVER where a human is needed."
SORRY = "I cannot answer at the moment. Your question is kept: a colleague will write to you."


class Bot:
    """The bot of one shop. ``hand_over`` is called with the customer's id when a human shall take over."""

    def __init__(self, store: Store, backend: object, hand_over: object) -> None:
        self.store = store
        self.backend = backend
        self.hand_over = hand_over

    def reply(self, customer: str, text: str) -> str:
        """Return what the bot says to ``text``; the conversation is kept under the customer's id."""
        chat = self.store.open(customer, backend=self.backend, system=SYSTEM)
        try:
            answer = chat.send(text, temperature=0.2).text
        except BackendError:
            self.hand_over(customer)
            return SORRY
        if "HANDOVER" in answer:
            self.hand_over(customer)
            return "A colleague will be with you in a moment."
        return answer
