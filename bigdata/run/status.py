"""How a run stands, told from its folder alone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigdata.run.lock import holder
from bigdata.store import journal
from bigdata.store.folder import RunFolder


@dataclass(frozen=True)
class Status:
    """A run's state: running, done, failed, cancelled, or interrupted (its controller died); and its tasks by stage."""

    folder: RunFolder
    state: str
    owner: dict[str, Any] | None
    stages: dict[str, dict[str, int]]
    failed: dict[tuple[str, int], journal.Record]
    skipped: int
    seconds: float
    updated: float

    @property
    def n_done(self) -> int:
        return sum(s["done"] for s in self.stages.values())

    @property
    def n_tasks(self) -> int:
        return sum(s["tasks"] for s in self.stages.values())


def status(path: Path) -> Status:
    """Read a run's journal and lock. SiteError where the folder is no run."""
    folder = RunFolder(path)
    folder.read_resolved()
    records = journal.read(folder.journal)
    past = journal.history(records)
    owner = holder(folder.lock)
    totals: dict[str, int] = past.submits[-1]["tasks"] if past.submits else {}
    counts = {name: {"tasks": n, "done": 0, "failed": 0} for name, n in totals.items()}
    for word, tasks in (("done", past.done), ("failed", past.failed)):
        for stage, _ in tasks:
            if stage in counts:
                counts[stage][word] += 1
    ended = past.ends[-1] if past.state != "interrupted" else {}
    return Status(
        folder=folder,
        state="running" if owner else past.state,
        owner=owner,
        stages=counts,
        failed=past.failed,
        skipped=ended.get("n_skipped", 0),
        seconds=sum(t["seconds"] for t in past.done.values()),
        updated=records[-1]["time"] if records else folder.resolved.stat().st_mtime,
    )


def find_runs(runs: Path) -> list[Path]:
    """The runs below a folder, newest first."""
    found = [p.parent for p in runs.glob("*/resolved.json")]
    return sorted(found, key=lambda p: -(p / "resolved.json").stat().st_mtime)


def cancel(path: Path, wait: float = 60.0) -> bool:
    """Ask a run's controller to stop and wait until it has; False where none was running."""
    folder = RunFolder(path)
    folder.read_resolved()
    if holder(folder.lock) is None:
        return False
    folder.cancel.touch()
    end = time.monotonic() + wait
    while holder(folder.lock) is not None and time.monotonic() < end:
        time.sleep(0.1)
    return True
