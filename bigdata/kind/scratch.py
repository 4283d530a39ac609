"""A task's folder on its own node: for the many files that programs write, read again, and leave."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


class Scratch:
    """Made when first asked for, below `parent`, the worker's own folder; in TMPDIR where a task has no worker."""

    def __init__(self, task: str, log: Callable[[str], None], parent: Path | None) -> None:
        self._name, self._log, self._parent = task.replace("/", "."), log, parent
        self._made: Path | None = None

    @property
    def path(self) -> Path:
        if self._made is None:
            self._made = Path(tempfile.mkdtemp(prefix=f"bigdata-{self._name}.", dir=self._parent))
        return self._made

    def remove(self) -> None:
        """Remove it with all that is in it; says so in the log where that can't be done."""
        made, self._made = self._made, None
        if made is None:
            return
        try:
            _remove(made)
        except OSError as error:
            self._log(f"its scratch folder {made} is left: {error}")


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except PermissionError:  # some programs leave folders that their owner may not write in
        for place, _, _ in os.walk(folder):
            Path(place).chmod(0o700)
        shutil.rmtree(folder)
