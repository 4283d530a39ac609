"""A run found by what people call it: the study's name, or the name of the run's folder, below the folder of runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

RUNS = Path("runs")
# What stands behind the study's name in that of its run's folder.
_KEY = re.compile(r"-[0-9a-f]{8}")


class NamedRun(NamedTuple):
    """A run's folder, and of how many runs of that name it is the latest; 0 where it was named by its path."""

    path: Path
    n_of_name: int = 0


def named_run(said: str | Path, runs: Path = RUNS) -> NamedRun:
    """The run that is meant: the folder of this path, else of this name below `runs`, else the run of the study of this
    name there that was submitted last.

    What is none of these is returned as it is, for whoever opens it to say so.
    """
    path = Path(said)
    if path.exists() or len(path.parts) != 1 or path.name in ("", ".."):
        return NamedRun(path)
    if (runs / path).is_dir():
        return NamedRun(runs / path, 1)
    found = [run for run in find_runs(runs) if _KEY.fullmatch(run.name.removeprefix(path.name))]
    return NamedRun(found[0], len(found)) if found else NamedRun(path)


def find_runs(runs: Path) -> list[Path]:
    """The runs below a folder, newest first."""
    found = [p.parent for p in runs.glob("*/resolved.json")]
    return sorted(found, key=lambda p: -(p / "resolved.json").stat().st_mtime)
