"""An agent that reads far more than its window holds: old tool results give way to markers, the task stays.

python examples/research_agent.py                                   # offline, with a scripted model
python examples/research_agent.py mistral:mistral-medium-latest     # with a real one
"""

import sys

from convo import ClearToolResults, Conversation, KeepFirst, TruncateToolResults, Window, assistant, tool_call

PAGES = 30
"""Pages of the archive; each is longer than a tenth of the window."""


def read_page(number: int) -> str:
    """Read a page of the archive.

    Args:
        number: from 1 on
    """
    return f"Page {number}. " + f"In the year {1500 + number * 7} the guild of Salers sold {number * 40} cheeses. " * 12


def librarian(request):
    """Stands for a model: reads page after page, and answers when it has read them all."""
    read = [call for message in request.messages for call in getattr(message, "calls", ())]
    page = int(read[-1].arguments.strip("{}").partition(":")[2]) + 1 if read else 1
    if page > PAGES:
        return "I have read the archive: they sold more cheese every year."
    return assistant(tool_calls=[tool_call("read_page", {"number": page}, id=f"page{page:05}")])


def main(backend):
    policy = [
        KeepFirst(1),  # the task
        ClearToolResults(keep=3),  # what was read long ago has done its work
        TruncateToolResults(max_tokens=120),  # beginning and end of a page will do
        Window(max_tokens=2_400, refill_to=1_400),
    ]
    chat = Conversation.start("sqlite:///archive.db", backend=backend, policy=policy)
    reply = chat.run("Read the archive to its end. What did the guild sell?", tools=[read_page], max_rounds=PAGES + 1)
    account = chat.explain(turn=reply.turn)  # what the model saw in the last request
    cleared = sum(line.rule == "ClearToolResults" for line in account.decisions)
    print(reply.text)
    print(f"{reply.turn.calls} requests; in the last one {cleared} of {PAGES} results were markers\n")
    print(account)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else librarian)
