"""Ports: the only package that knows sync from async.

Flows are coroutines (streams: async generators) that await nothing but the methods of a port.

- ``SyncPort`` never suspends, so ``drive`` runs a flow to its end with one ``send(None)``: no event loop, no thread
  (but for tools, see ``workers``).
- ``AsyncPort`` suspends for real. On a server a transaction runs over the async driver; on SQLite it runs as a whole
  in one worker thread, so that an fsync never blocks the event loop and statements do not hop threads one by one.

Laws of this package:
- A transaction is never cut. In the async face it runs in a task of its own; a cancellation waits until the
  transaction has ended and is raised then.
- A transaction that failed for a passing reason is run again as a whole, COMMIT included, within a bound.
- The driver of a stream keeps the running event loop's hands off its generator: a loop that adopted it would end
  the stream early, without an error. The async face keeps its streams from the loop too, and closes them itself.
"""

from __future__ import annotations

from convo.ports.blocking import SyncPort, drive, drive_stream
from convo.ports.looping import AsyncPort
from convo.ports.memory import MEMORY
from convo.ports.port import Beating, Pending, Port
from convo.ports.readers import Readers
from convo.ports.workers import Ended, Workers

__all__ = [
    "MEMORY",
    "AsyncPort",
    "Beating",
    "Ended",
    "Pending",
    "Port",
    "Readers",
    "SyncPort",
    "Workers",
    "drive",
    "drive_stream",
]
