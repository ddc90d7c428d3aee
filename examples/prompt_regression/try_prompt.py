"""Try the prompt of bot.py on the recorded talks, with a real model; look at what changes; accept it or not.

python try_prompt.py mistral:mistral-small-latest              replays each talk, prints the difference
python try_prompt.py mistral:mistral-small-latest --accept     and from now on the tests expect the new answers
"""

import sys
from pathlib import Path

from bot import SYSTEM

from convo import Store

RECORDED = Path(__file__).parent / "recorded.db"


def try_prompt(backend, accept=False, file=RECORDED):
    with Store(f"sqlite:///{file}") as store:
        for info in store.conversations():
            chat = store.load(info.id)
            chat.configure(system=SYSTEM)
            replay = chat.replay(backend=backend)
            print(chat.diff(replay.source, replay.branch.no).markdown())
            if accept:
                chat.switch(replay.branch.no)
            else:
                chat.delete_branch(replay.branch.no)


if __name__ == "__main__":
    try_prompt(sys.argv[1], accept="--accept" in sys.argv)
