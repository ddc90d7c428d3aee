"""Ten turns with a real model: streamed and whole, sync and async, a prefix, a stop sequence, a fork, a kill -9.

    python examples/ten_turns.py http://127.0.0.1:8101/v1 [DATABASE_URL]

The server is any OpenAI-compatible one that continues a last assistant message (llama.cpp's does). In the midst the
client process is killed while the answer streams; what it had begun is taken up by another process.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile

from convo import AsyncConversation, Conversation
from convo.backends.openai import openai

NAME = "ten-turns"
MODEL = "smollm2-135m"
OPTIONS = {"max_tokens": 40, "temperature": 0.0}


def backend(base_url):
    return openai(MODEL, base_url=base_url, dialect="llamacpp")


def say(turn, how, reply):
    print(f"{turn:>2}  {how:<34} {reply.finish_reason:<7} {reply.text!r:.70}")


def streamed(chat, question, **options):
    with chat.stream(question, **OPTIONS, **options) as stream:
        text = "".join(delta.text for delta in stream)
    assert text == stream.reply.text
    return stream.reply


def three_in_sync(url, base_url):
    chat = Conversation.open(url, NAME, backend=backend(base_url), system="You are a helpful assistant.", lease=2)
    first = chat.send("What is the capital of France?", **OPTIONS)
    say(1, "sync, whole", first)
    say(2, "sync, streamed", streamed(chat, "Name one thing to see there."))
    say(3, "sync, whole, stop='.'", chat.send("Tell me about it.", stop=["."], **OPTIONS))
    return first.entry


async def three_in_async(url, base_url):
    chat = await AsyncConversation.open(url, NAME, backend=backend(base_url), lease=2)
    say(4, "async, whole", await chat.send("And of Italy?", **OPTIONS))
    stream = chat.stream("Name a dish from there.", **OPTIONS)
    text = "".join([delta.text async for delta in stream])
    assert text == stream.reply.text
    say(5, "async, streamed", stream.reply)
    begun = await chat.send("Give it as JSON.", prefix='{"dish": "', stop=["}"], **OPTIONS)
    assert begun.text.startswith('{"dish": "')
    say(6, "async, prefix, stop='}'", begun)


def die_in_the_midst(url, base_url):
    """The killed client: reads three pieces of a long answer, says so, and waits for the end it will not see."""
    chat = Conversation.open(url, NAME, backend=backend(base_url), lease=2)
    for number, _ in enumerate(chat.stream("Count from one to fifty.", max_tokens=200, temperature=0.0)):
        if number == 3:
            print("reading", flush=True)
            signal.pause()


def kill_and_go_on(url, base_url):
    child = subprocess.Popen([sys.executable, __file__, base_url, url, "die"], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "reading\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    chat = Conversation.open(url, NAME, backend=backend(base_url), lease=2)
    last = chat.history(limit=1)[0]
    assert last.text == "Count from one to fifty.", "the question was stored before the model was asked"
    say(7, "killed -9, then resumed", chat.resume(wait=30, max_tokens=40))


def on_two_branches(url, base_url, fork_at):
    chat = Conversation.open(url, NAME, backend=backend(base_url), lease=2)
    side = chat.fork(at=fork_at, name="side")
    say(8, "on a fork after turn 1", side.send("Is it large?", **OPTIONS))
    say(9, "on the fork, streamed", streamed(side, "Larger than Rome?"))
    say(10, "on main again", chat.send("Thank you.", **OPTIONS))
    return chat, side


def show(chat, side):
    for handle in (chat, side):
        path = handle.history()
        print(f"\nbranch {handle.branch.name}: {len(path)} messages, {len(handle.turns())} turns of it")
        for entry in path:
            print(f"  {entry.seq:>2} {entry.role:<9} {entry.text!r:.80}")
    turns = {turn.id: turn for handle in (chat, side) for turn in handle.turns()}
    calls = [call for turn in turns.values() for call in chat.turn(turn.id)[1]]
    proven = sum(chat.request(turns[call.turn_id], call).hash == call.request_hash for call in calls)
    print(f"\n{len(turns)} turns, {len(calls)} calls, {proven} rebuilt to the hash of what was sent")
    assert [turn.status for turn in turns.values()] == ["completed"] * 10
    assert (len(calls), proven) == (11, 11), "ten answers and the call that was killed"


def main(base_url, url):
    fork_at = three_in_sync(url, base_url)
    asyncio.run(three_in_async(url, base_url))
    kill_and_go_on(url, base_url)
    show(*on_two_branches(url, base_url, fork_at))


if __name__ == "__main__":
    if len(sys.argv) == 4:
        die_in_the_midst(sys.argv[2], sys.argv[1])
    elif len(sys.argv) == 3:
        main(*sys.argv[1:])
    elif len(sys.argv) == 2:
        with tempfile.TemporaryDirectory() as folder:
            main(sys.argv[1], f"sqlite:///{folder}/ten-turns.db")
    else:
        sys.exit(__doc__)
