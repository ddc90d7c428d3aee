"""Tool calling: the model asks for a function, gets its result, and answers; every step of it is stored.

    python examples/tool_calls.py                                   # offline, with a scripted model
    python examples/tool_calls.py mistral:mistral-medium-latest     # with a real one

Started again after a crash between question and result, it takes up the calls that still wait.
"""

import sys

from convo import Conversation, assistant, tool_call
from convo.testing import ScriptedBackend

STOCK = {"comté": 12, "brie": 0, "reblochon": 5}

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "stock_of",
            "description": "How many kilos of a cheese are in stock",
            "parameters": {
                "type": "object",
                "properties": {"cheese": {"type": "string"}},
                "required": ["cheese"],
            },
        },
    }
]


def stock_of(cheese):
    return {"cheese": cheese, "kilos": STOCK.get(cheese.lower(), 0)}


FUNCTIONS = {"stock_of": stock_of}

SCRIPT = [
    assistant(tool_calls=[tool_call("stock_of", {"cheese": "Comté"}), tool_call("stock_of", {"cheese": "Brie"})]),
    "There are 12 kilos of Comté, and the Brie is sold out.",
]


def result_of(call):
    try:
        return FUNCTIONS[call.name](**call.parsed_arguments())
    except Exception as problem:  # a wrong name or arguments are the model's to mend: tell it
        return {"error": f"{type(problem).__name__}: {problem}"}


def main(backend):
    chat = Conversation.open("sqlite:///tools.db", "stock-desk", backend=backend, tools=TOOLS)
    waiting = chat.waiting()
    if not waiting:
        waiting = chat.send("How much Comté and Brie do we have?").tool_calls
    while waiting:
        waiting = chat.submit({call.id: result_of(call) for call in waiting}).tool_calls
    for entry in chat.history():
        calls = ", ".join(f"{call.name}({call.arguments})" for call in getattr(entry.message, "calls", ()))
        print(f"{entry.role}: {entry.text or calls}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else ScriptedBackend(SCRIPT))
