"""Terminal sessions are tried in tmux, where it is."""

from __future__ import annotations

from support.programs import left_out
from support.proofs import proven

collect_ignore = ["test_chat_terminal.py"] if left_out("tmux") else []

__all__ = ["proven"]
