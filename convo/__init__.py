"""convo keeps the state of conversations with chat models, in your own SQL database.

>>> from convo import Conversation
>>> chat = Conversation.open("sqlite:///chat.db", "customer-42", backend="mistral:mistral-medium-latest")
>>> print(chat.send("What is the best French cheese?").text)  # doctest: +SKIP
"""

from __future__ import annotations

import gc
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from convo.public import *  # noqa: F403 - the same names as below, for type checkers and editors
else:

    def __getattr__(name: str) -> Any:
        """Load the public names when the first of them is asked for: to import one module alone stays quick."""
        public = _loaded()
        globals().update({each: getattr(public, each) for each in public.__all__}, __all__=public.__all__)
        if name not in globals():
            raise AttributeError(f"module 'convo' has no attribute {name!r}")
        return globals()[name]


def _loaded() -> Any:
    """Return ``convo.public``, loaded without the collector: it would look for garbage where all of it is to stay."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return import_module("convo.public")
    finally:
        if not gc.get_freeze_count():  # else thawing would undo what somebody froze
            gc.freeze()
            gc.unfreeze()  # which puts all that was loaded among the oldest, where the collector seldom looks
        if collects:
            gc.enable()


def __dir__() -> list[str]:
    return ["__all__", "__doc__", "__version__", *_loaded().__all__]
