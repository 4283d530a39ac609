"""For verbs that are over at once: looking for garbage would take up to a fifth of their time."""

from __future__ import annotations

import atexit
import gc

MANY_OBJECTS = 1_000_000


def leave_garbage() -> None:
    """Let the process's end remove what is left, unless there is really much of it."""
    gc.set_threshold(MANY_OBJECTS)
    # Else the interpreter looks through everything imported once more before it ends.
    atexit.register(gc.freeze)
