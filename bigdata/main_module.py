"""Whether a script may start processes: each reads the script first, and without a guard would do all of it again."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from bigdata.errors import SiteError


def require_guard() -> None:
    """SiteError where a script's own lines, outside `if __name__ == "__main__":`, are what wants processes.

    Nothing is asked of a notebook or a prompt: they have no file that processes could read.
    """
    if (frame := _script()) is None:
        return
    path, line = Path(frame.f_code.co_filename), frame.f_lineno
    if _is_unguarded(path, line):
        raise SiteError(
            f"{path.name}:{line} starts processes, and each reads {path.name} first and would start them again. "
            'Put what the script does below `if __name__ == "__main__":`.'
        )


def _script() -> FrameType | None:
    """The frame that runs the lines of the program's main module, where processes will read its file."""
    main = sys.modules.get("__main__")
    if main is None or getattr(main, "__file__", None) is None:
        return None
    own = (f for f in _stack() if f.f_globals is vars(main) and f.f_code.co_name == "<module>")
    return next(own, None)


def _stack() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_unguarded(path: Path, line: int) -> bool:
    """Whether the statement at a line asks nothing of `__name__`; what can't be read is left to Python."""
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return False
    here = [s for s in body if s.lineno <= line <= (s.end_lineno or s.lineno)]
    return bool(here) and not any(isinstance(s, ast.If) and _asks_name(s.test) for s in here)


def _asks_name(test: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(test))
