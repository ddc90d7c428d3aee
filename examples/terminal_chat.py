"""A chat that is still there tomorrow:  python examples/terminal_chat.py mistral:mistral-medium-latest"""

import sys
from contextlib import suppress

from convo import Conversation

chat = Conversation.open("sqlite:///chat.db", "me", backend=sys.argv[1] if sys.argv[1:] else "scripted:")
for entry in chat.history(limit=6):
    print(f"{entry.role}: {entry.text}")
with suppress(EOFError):  # Ctrl-D leaves, as an empty line does
    while question := input("> "):
        for delta in chat.stream(question):
            print(delta.text, end="", flush=True)
        print()
