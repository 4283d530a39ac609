"""What other runs have done: every task of theirs, found by its key.

A run that ends leaves `keys.bin`, a sorted table of its tasks' keys and where their records stand in its journal: a
thousand runs of ten thousand tasks are looked through in a second, where reading their journals would take minutes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bigdata.files import open_plain
from bigdata.store.done import head_at, heads, record_at
from bigdata.store.folder import RunFolder, write_bytes
from bigdata.store.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAGIC = b"bigdata1"
# The magic word, and how many bytes of the journal the table covers: what was appended after it is read on its own.
HEADER_BYTES = 16
# The beginning of a key, and the place of its record in the journal. A record is compared with the whole key.
ROW = [("key", "<u8"), ("at", "<u8")]
FIRST_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Known:
    """A task that a run has done: its record begins at a byte of the journal there, which had `n_bytes` then."""

    run: RunFolder
    at: int
    n_bytes: int

    @property
    def record(self) -> Record:
        """What the journal says of it; read anew each time, since all of those of a run would fill the memory."""
        return record_at(self.run.journal, self.at)

    @property
    def name(self) -> str:
        return self.run.path.name

    def is_current(self) -> bool:
        """Whether the run's journal says nothing else of the task since then.

        A run says that a task is to be done anew before anything writes over its data: what was linked before that is
        what the record says, what was linked after it may be another study's.
        """
        record = self.record
        task = record["stage"], record["index"]
        late = (r for _, _, r in heads(self.run.journal, self.n_bytes))
        return not any(r["event"] in ("done", "failed", "stale") and (r["stage"], r["index"]) == task for r in late)


def write_index(folder: RunFolder) -> None:
    """Leave the table of what the journal says is done."""
    import numpy as np

    n_bytes, places = 0, dict[tuple[str, int], tuple[str, int]]()
    for at, end, record in heads(folder.journal):
        n_bytes = end
        _fold(places, at, record)
    rows = np.array(sorted((int(key[:FIRST_DIGITS], 16), at) for key, at in places.values()), dtype=ROW)
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
                        own = journal.st_uid == entry.stat().st_uid == os.geteuid()
                        if own and stat.S_ISREG(journal.st_mode):
                            found.append((journal.st_mtime, entry.path, journal.st_size))
        return [_Indexed(RunFolder(Path(path)), size) for _, path, size in sorted(found, reverse=True)]

    def __bool__(self) -> bool:
        return bool(self._indexed)

    def find(self, keys: Sequence[str]) -> dict[str, Known]:
        """Those of the keys that a run has done, the newest run's record of each."""
        if not keys or not self._indexed:
            return {}
        found: dict[str, Known] = {}
        wanted = Wanted(list(dict.fromkeys(keys)))
        for run in self._indexed:
            if new := dict(run.find(wanted)):
                found |= new
                wanted = Wanted([key for key in wanted.keys if key not in new])
            if not wanted.keys:
                break
        return found


class Wanted:
    """Different keys that are looked for in sorted tables; `firsts` (n,) are their beginnings, sorted."""

    def __init__(self, keys: Sequence[str]) -> None:
        import numpy as np

        self.keys = keys
        # Of all at once: hundreds of thousands as Python's numbers take as long as making the keys.
        data = bytes.fromhex("".join(key[:FIRST_DIGITS] for key in keys))
        firsts = np.frombuffer(data, dtype=">u8").astype("<u8")
        self._order = np.argsort(firsts)
        self.firsts = firsts[self._order]

    def at(self, places: NDArray[np.intp]) -> list[str]:
        """The keys whose beginnings are at these places."""
        return [self.keys[i] for i in self._order[places].tolist()]

    @cached_property
    def all(self) -> frozenset[str]:
        return frozenset(self.keys)


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
            with open_plain(self._folder.keys) as file:
                head = file.read(HEADER_BYTES)
            if head[: len(MAGIC)] == MAGIC:
                covered = int.from_bytes(head[len(MAGIC) :], "little")
                rows = np.memmap(self._folder.keys, dtype=ROW, mode="r", offset=HEADER_BYTES)
        if covered > self._journal_bytes:  # another journal's table
            covered, rows = 0, np.empty(0, dtype=ROW)
        try:
            if covered < self._journal_bytes:
                self._read_late(covered)
        except (OSError, ValueError):  # whoever wrote that, it is no journal, and nothing is known by it
            return np.empty(0, dtype=ROW)
        return rows

    def _read_late(self, covered: int) -> None:
        late: dict[tuple[str, int], tuple[str, int]] = {}
        touched = set()
        for at, end, record in heads(self._folder.journal, covered):
            if end > self._journal_bytes:  # later than what is looked at
                break
            _fold(late, at, record)
            if "index" in record and record["event"] in ("done", "failed", "stale"):
                touched.add((record["stage"], record["index"]))
        self._late, self._touched = late, frozenset(touched)

    def find(self, wanted: Wanted) -> Iterator[tuple[str, Known]]:
        """Those of the keys that the run has done."""
        import numpy as np

        rows = self._rows
        if len(rows):
            column = rows["key"]
            places = np.minimum(np.searchsorted(column, wanted.firsts), len(rows) - 1)
            hits = np.flatnonzero(column[places] == wanted.firsts)
            yield from self._confirmed(wanted.at(hits), rows["at"][places[hits]].tolist())
        for key, at in self._late.values():
            if key in wanted.all:
                yield key, Known(self._folder, at, self._journal_bytes)

    def _confirmed(self, keys: Sequence[str], places: Sequence[int]) -> Iterator[tuple[str, Known]]:
        """Those keys whose records stand at these places of the journal, and that it says nothing later of."""
        if not keys:
            return
        with suppress(OSError), open_plain(self._folder.journal) as file:
            for key, at in zip(keys, places, strict=True):
                record = head_at(file, at)
                task = (record.get("stage"), record.get("index"))
                if record.get("event") == "done" and record.get("key") == key and task not in self._touched:
                    yield key, Known(self._folder, at, self._journal_bytes)


def _fold(places: dict[tuple[str, int], tuple[str, int]], at: int, record: Record) -> None:
    """The last word on each task counts."""
    if record["event"] in ("done", "failed", "stale"):
        task = (record["stage"], record["index"])
        places.pop(task, None)
        if record["event"] == "done":
            places[task] = (record["key"], at)
