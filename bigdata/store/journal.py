"""The run's journal: what was done, appended line by line by the controller alone; it tells how a run stands."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from bigdata.errors import SiteError
from bigdata.store.done import DoneTasks, heads
from bigdata.store.record import Record


class Journal:
    """Appends records; open for as long as the controller holds the run's lock."""

    def __init__(self, path: Path) -> None:
        cut_torn_line(path)
        # Unbuffered: what was appended is the operating system's, and outlives a controller that is killed.
        self._file = path.open("ab", buffering=0)

    def append(self, records: Iterable[Mapping[str, Any]]) -> list[int]:
        """Add records in one write, so that a kill can tear the last line only; a full disk (OSError) adds nothing.

        Returns the bytes at which they begin.
        """
        now = round(time.time(), 3)
        lines = [json.dumps({"time": now, **r}, separators=(",", ":"), ensure_ascii=False) + "\n" for r in records]
        # Errors may name files whose names aren't UTF-8: what Python reads of them can't be encoded again.
        encoded = [line.encode(errors="replace") for line in lines]
        rest = memoryview(b"".join(encoded))
        end = self._file.seek(0, os.SEEK_END)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._file.truncate(end)
            raise
        return list(accumulate(map(len, encoded[:-1]), initial=end)) if encoded else []

    def close(self) -> None:
        self._file.close()


def cut_torn_line(path: Path) -> None:
    """Drop what follows the last newline: a record that a kill or a full disk left half written."""
    if path.is_file():
        with path.open("r+b") as file:
            file.truncate(file.read().rfind(b"\n") + 1)


def read_history(path: Path) -> History:
    """How every task stands, from the journal's file; nobody changes what is returned, since others have it, too."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return History(done=DoneTasks(path))
    return _read_history(path, found.st_ino, found.st_size, found.st_mtime_ns)


# A submission asks again and again, mostly without that anything was added.
@lru_cache(maxsize=1)
def _read_history(path: Path, _inode: int, _size: int, _written: int) -> History:
    return _history(path)


@dataclass
class History:
    """What the journal says of each task: the last word counts.

    `state` is how the last submission ended: done, failed, cancelled, relieved (its controller's time was over), or
    refused: the machine or the batch system said no, in the end's `error`; so does disk-full, for want of room. It is
    interrupted where it didn't say.

    `tasks` are how many each stage has; of one that grows, how many it may have until it has ended.
    `wall_seconds` is the time of all submissions, as far as the journal goes.
    `report` tells what was drawn since, and what couldn't be; None where nothing was.

    `asked` are the tasks that a proposer asked for. `again` counts how often tasks were tried again, by why. `updated`
    is the time of the last record, 0 where there is none.
    """

    done: DoneTasks
    failed: dict[tuple[str, int], Record] = field(default_factory=dict)
    stale: dict[tuple[str, int], str] = field(default_factory=dict)
    asked: dict[tuple[str, int], Record] = field(default_factory=dict)
    tasks: dict[str, int] = field(default_factory=dict)
    submits: list[Record] = field(default_factory=list)
    ends: list[Record] = field(default_factory=list)
    wall_seconds: float = 0.0
    report: Record | None = None
    state: str = "interrupted"
    again: Counter[str] = field(default_factory=Counter)
    updated: float = 0.0


def _told(path: Path) -> Iterator[tuple[int, Record]]:
    """The journal's records, each with the byte where it begins. SiteError where a line is no record."""
    number = 1
    try:
        for at, _, record in heads(path):
            number += 1
            yield at, record
    except OSError as error:
        raise SiteError(f"the journal {path} can't be read: {error.strerror}.") from None
    except ValueError as error:
        raise SiteError(
            f"{path}:{number}: this is no record of bigdata's ({error}). The journal is damaged: put a whole copy in "
            "its place, or remove the run's folder and submit again."
        ) from None


def _history(path: Path) -> History:
    """Fold the records into the present state of every task."""
    h = History(done=DoneTasks(path))
    last = 0.0
    for at, record in _told(path):
        event = record["event"]
        h.updated = record["time"]
        # Between the end of one submission and the beginning of the next, nobody works.
        if event != "submit" and last:
            h.wall_seconds += record["time"] - last
        last = 0.0 if event == "end" else record["time"]
        if event in ("submit", "end"):
            (h.submits if event == "submit" else h.ends).append(record)
            h.state = record.get("state", "interrupted")
            h.tasks = ({} if event == "submit" else h.tasks) | record.get("tasks", {})
            h.report = None
            continue
        if event == "report":
            h.report = record
            continue
        if event == "asked":
            h.asked[record["stage"], record["index"]] = record
        if event == "again":
            h.again[record.get("why", "")] += 1
        if event not in ("done", "failed", "stale"):
            continue
        task = (record["stage"], record["index"])
        h.done.forget(task)
        h.failed.pop(task, None), h.stale.pop(task, None)
        if event == "done":
            h.done.add(task, record["key"], at)
        elif event == "failed":
            h.failed[task] = record
        else:
            h.stale[task] = record["why"]
    return h
