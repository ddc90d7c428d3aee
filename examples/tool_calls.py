"""Tool calling: the model asks for functions, gets their results, and answers; every step of it is stored.

    python examples/tool_calls.py                                   # offline, with a scripted model
    python examples/tool_calls.py mistral:mistral-medium-latest     # with a real one

Started again after a crash between question and answer, it takes up what still waits.
"""

import sys

from convo import Conversation, assistant, tool_call
from convo.testing import ScriptedBackend

STOCK = {"comté": 12, "brie": 0, "reblochon": 5}

SCRIPT = [
    assistant(tool_calls=[tool_call("stock_of", {"cheese": "Comté"}), tool_call("stock_of", {"cheese": "Brie"})]),
    "There are 12 kilos of Comté, and the Brie is sold out.",
]


def stock_of(cheese: str) -> dict[str, object]:
    """Look up how much of a cheese is in stock.

    Args:
        cheese: its name, in French
    """
    return {"cheese": cheese, "kilos": STOCK.get(cheese.lower(), 0)}


def main(backend):
    chat = Conversation.open("sqlite:///tools.db", "stock-desk", backend=backend)
    question = None if chat.waiting() else "How much Comté and Brie do we have?"
    chat.run(question, tools=[stock_of], max_rounds=5)
    for entry in chat.history():
        calls = ", ".join(f"{call.name}({call.arguments})" for call in getattr(entry.message, "calls", ()))
        print(f"{entry.role}: {entry.text or calls}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else ScriptedBackend(SCRIPT))
