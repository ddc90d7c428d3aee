"""What users need to test code that uses convo: a scripted backend, a local chat server, a contract for backends.

``ScriptedBackend`` answers what it is told to. ``ChatServer`` is a real HTTP server on a free local port that speaks
Mistral's or OpenAI's API; ``faults`` are the ways in which it misbehaves on command. ``BackendContract`` is a class of
tests that whoever writes a backend subclasses.
"""

from convo.backends.scripted import ScriptedBackend
from convo.testing import faults
from convo.testing.chat_server import ChatServer, ReceivedRequest
from convo.testing.contract import BackendContract
from convo.testing.replies import ServerReply

__all__ = ["BackendContract", "ChatServer", "ReceivedRequest", "ScriptedBackend", "ServerReply", "faults"]
