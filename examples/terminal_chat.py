"""A chat that is still there tomorrow:  python examples/terminal_chat.py mistral:mistral-medium-latest"""

import sys

from convo import Conversation

chat = Conversation.open("sqlite:///chat.db", "me", backend=sys.argv[1])
for entry in chat.history(limit=6):
    print(f"{entry.role}: {entry.text}")

while question := input("> "):
    for delta in chat.stream(question):
        print(delta.text, end="", flush=True)
    print()
