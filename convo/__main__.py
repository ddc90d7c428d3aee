"""``python -m convo``: the command line."""

from convo.cli import main

main()
