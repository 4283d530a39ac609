"""Scripts without a `__main__` guard: workers import them anew, and must neither submit nor make their user read why.

Workers are processes that begin by importing the program's main module (`multiprocessing`'s way "spawn"), with all that
isn't behind `if __name__ == "__main__":`.
"""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

# By which a process that imported an unguarded main module ends.
UNGUARDED = 113


def leave_imported_main() -> None:
    """End this process where it is a worker that is only just importing the main module, which called `submit`."""
    # What multiprocessing itself asks before it starts a process.
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        sys.exit(UNGUARDED)


def unguarded() -> str:
    """What workers can't start for in this program: a sentence; "" where its main module can be imported."""
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    if file is None or getattr(main, "__spec__", None) is not None:
        return ""  # a notebook, a prompt, `python -m`
    path = Path(file)
    if not path.is_file():
        return f"workers import the program, and {path.name} is no file. Write it into one, or use `site=\"process\"`."
    if "__name__" in path.read_text(errors="replace"):
        return ""
    return (
        f"workers import {path}, and that would submit again in each of them. "
        "Put its last steps behind `if __name__ == \"__main__\":`, or use `site=\"process\"`, which has no workers."
    )
