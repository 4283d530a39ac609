"""Scripts that start workers: each worker runs the script's top level again, as `multiprocessing` begins processes."""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path

from bigdata.errors import SiteError

GUARD = 'if __name__ == "__main__":'


def require_guard() -> None:
    """SiteError where a script has called us at its top level, outside of `if __name__ == "__main__":`.

    Notebooks, `python -c` and modules that are run by name have no script that workers would run.
    """
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None)
    if file is None or getattr(main, "__spec__", None) is not None:
        return
    line = _line_of(vars(main))
    if line and not _is_guarded(Path(file), line):
        raise SiteError(
            f"{file}:{line}: this line starts workers, and each of them would run the script from its first line. Put "
            f'it below a line `{GUARD}`, indented; or submit to `site="process"`, which has no workers.'
        )


def _line_of(names: dict[str, object]) -> int:
    """The line of the script's top level that we were called from; 0 where that isn't on the way to us."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_globals is names and frame.f_code.co_name == "<module>":
            return frame.f_lineno
        frame = frame.f_back
    return 0


def _is_guarded(script: Path, line: int) -> bool:
    """Whether the line is in the body of an `if` that asks for `__name__`; so is what can't be read as Python."""
    try:
        tree = ast.parse(script.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return True
    return any(
        node.lineno <= line <= (node.end_lineno or node.lineno)
        for node in tree.body
        if isinstance(node, ast.If) and any(getattr(n, "id", "") == "__name__" for n in ast.walk(node.test))
    )
