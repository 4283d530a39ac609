"""What other runs have done: every task of theirs, found by its key.

A run that ends leaves `keys.bin`, a sorted table of its tasks' keys and where their records stand in its journal: a
thousand runs of ten thousand tasks are looked through in a second, where reading their journals would take minutes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigdata.store.folder import RunFolder, write_bytes
from bigdata.store.journal import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAGIC = b"bigdata1"
# The magic word, and how many bytes of the journal the table covers: what was appended after it is read on its own.
HEADER_BYTES = 16
# The beginning of a key, and the place of its record in the journal. A record is compared with the whole key.
ROW = [("key", "<u8"), ("at", "<u8")]


@dataclass(frozen=True)
class Known:
    """A task that a run has done, with its record in the journal there, which had `n_bytes` when it was read."""

    run: RunFolder
    record: Record
    n_bytes: int

    @property
    def group(self) -> str:
        return str(self.record["stage"]).rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.run.path.name

    def is_current(self) -> bool:
        """Whether the run's journal says nothing else of the task since then.

        A run says that a task is to be done anew before anything writes over its data: what was linked before that is
        what the record says, what was linked after it may be another study's.
        """
        task = self.record["stage"], self.record["index"]
        late = (r for _, _, r in _records(self.run.journal, self.n_bytes))
        return not any(r["event"] in ("done", "failed", "stale") and (r["stage"], r["index"]) == task for r in late)


def write_index(folder: RunFolder) -> None:
    """Leave the table of what the journal says is done."""
    import numpy as np

    n_bytes, places = 0, dict[tuple[str, int], tuple[str, int]]()
    for at, end, record in _records(folder.journal, 0):
        n_bytes = end
        _fold(places, at, record)
    rows = np.array(sorted((int(key[:16], 16), at) for key, at in places.values()), dtype=ROW)
    write_bytes(folder.keys, MAGIC + n_bytes.to_bytes(HEADER_BYTES - len(MAGIC), "little") + rows.tobytes())


class KnownRuns:
    """This user's runs below a folder, the newest first, without those named; none where there is no folder.

    Another user's say what they like: their arrays aren't known by anything that this user has computed.
    """

    def __init__(self, runs: Path | None, without: Iterable[str] = ()) -> None:
        self._runs, self._without = runs, frozenset(without)

    @cached_property
    def _indexed(self) -> list[_Indexed]:
        """The runs that have done anything."""
        found: list[tuple[float, str, int]] = []
        if self._runs is None:
            return []
        with suppress(OSError), os.scandir(self._runs) as entries:
            for entry in entries:
                if entry.name not in self._without:
                    with suppress(OSError):  # no run, or one that is being removed just now
                        journal = Path(entry.path, "journal.jsonl").stat()
                        if journal.st_uid == entry.stat().st_uid == os.geteuid():
                            found.append((journal.st_mtime, entry.path, journal.st_size))
        return [_Indexed(RunFolder(Path(path)), size) for _, path, size in sorted(found, reverse=True)]

    def __bool__(self) -> bool:
        return bool(self._indexed)

    def find(self, keys: Sequence[str]) -> dict[str, Known]:
        """Those of the keys that a run has done, the newest run's record of each."""
        if not keys or not self._indexed:
            return {}
        import numpy as np

        found: dict[str, Known] = {}
        wanted = {int(key[:16], 16): key for key in keys}
        heads = np.array(sorted(wanted), dtype=np.uint64)
        for run in self._indexed:
            new = {known.record["key"]: known for known in run.find(heads, wanted)}
            found = {**new, **found}
            if len(found) == len(wanted):
                break
            if new:
                heads = heads[~np.isin(heads, np.array([int(key[:16], 16) for key in new], dtype=np.uint64))]
        return found


class _Indexed:
    """One run's table, and what its journal has gained since the table was written."""

    def __init__(self, folder: RunFolder, journal_bytes: int) -> None:
        self._folder, self._journal_bytes = folder, journal_bytes
        self._late: Mapping[tuple[str, int], tuple[str, int]] = {}
        self._touched: frozenset[tuple[str, int]] = frozenset()

    @cached_property
    def _rows(self) -> NDArray[np.void]:
        import numpy as np

        covered, rows = 0, np.empty(0, dtype=ROW)
        with suppress(OSError, ValueError):
            with self._folder.keys.open("rb") as file:
                head = file.read(HEADER_BYTES)
            if head[: len(MAGIC)] == MAGIC:
                covered = int.from_bytes(head[len(MAGIC) :], "little")
                rows = np.memmap(self._folder.keys, dtype=ROW, mode="r", offset=HEADER_BYTES)
        if covered > self._journal_bytes:  # another journal's table
            covered, rows = 0, np.empty(0, dtype=ROW)
        if covered < self._journal_bytes:
            self._read_late(covered)
        return rows

    def _read_late(self, covered: int) -> None:
        late: dict[tuple[str, int], tuple[str, int]] = {}
        touched = set()
        for at, end, record in _records(self._folder.journal, covered):
            if end > self._journal_bytes:  # later than what is looked at
                break
            _fold(late, at, record)
            if "index" in record and record["event"] in ("done", "failed", "stale"):
                touched.add((record["stage"], record["index"]))
        self._late, self._touched = late, frozenset(touched)

    def find(self, heads: NDArray[np.uint64], wanted: Mapping[int, str]) -> Iterator[Known]:
        """Records of the keys that begin with `heads` (n,), sorted; `wanted` has the whole keys."""
        import numpy as np

        rows = self._rows
        if len(rows):
            column = rows["key"]
            places = np.minimum(np.searchsorted(column, heads), len(rows) - 1)
            hits = np.flatnonzero(column[places] == heads)
            for hit in hits.tolist():
                record = self._record(int(rows["at"][places[hit]]))
                task = (record.get("stage"), record.get("index"))
                if record.get("key") == wanted[int(heads[hit])] and task not in self._touched:
                    yield Known(self._folder, record, self._journal_bytes)
        if self._late:
            keys = {wanted[h] for h in heads.tolist()}
            for key, at in self._late.values():
                if key in keys:
                    yield Known(self._folder, self._record(at), self._journal_bytes)

    @cached_property
    def _journal(self) -> bytes:
        return self._folder.journal.read_bytes()

    def _record(self, at: int) -> dict[str, Any]:
        """The record that stands there in the journal; empty where there is none."""
        with suppress(OSError, ValueError):
            end = self._journal.find(b"\n", at)
            record = json.loads(self._journal[at:end])
            return record if isinstance(record, dict) and record.get("event") == "done" else {}
        return {}


def _records(path: Path, begin: int) -> Iterator[tuple[int, int, Record]]:
    """Whole records from a place of the journal on, with where each begins and ends."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        at = file.seek(begin)
        for line in file:
            if not line.endswith(b"\n"):
                return
            yield at, at + len(line), json.loads(line)
            at += len(line)


def _fold(places: dict[tuple[str, int], tuple[str, int]], at: int, record: Record) -> None:
    """The last word on each task counts."""
    if record["event"] in ("done", "failed", "stale"):
        task = (record["stage"], record["index"])
        places.pop(task, None)
        if record["event"] == "done":
            places[task] = (record["key"], at)
