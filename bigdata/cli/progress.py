"""Progress on stderr: one bar a stage on a terminal, a line a stage elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from bigdata.cli.harmless import drawn_on, harmless


class Bars:
    """An observer of a run, as a context manager."""

    def __init__(self) -> None:
        self._console = Console(file=drawn_on(sys.stderr), highlight=False)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._bars: dict[str, TaskID] = {}
        self._counts: dict[str, list[int]] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def stage(self, path: str, done: int, total: int) -> None:
        self._bars[path] = self._progress.add_task(path, total=total, completed=done)
        self._counts[path] = [done, total]

    def token(self, token: dict[str, Any]) -> None:
        path = token["stage"]
        if token["event"] == "failed":
            self.message(f"{path}/{token['index']} failed: {token['error']}")
        self._progress.advance(self._bars[path])
        count = self._counts[path]
        count[0] += 1
        if count[0] == count[1] and not self._console.is_terminal:
            self._console.print(f"{path}: {count[1]} of {count[1]} tasks ended", markup=False)

    def message(self, text: str) -> None:
        # Rich takes `[…]` for its own markup, and breaks lines after 80 characters where it sees no terminal.
        self._console.print(harmless(text), markup=False, soft_wrap=True)
