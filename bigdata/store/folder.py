"""The names of everything in a run's folder, and the record of the study as it was understood."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigdata.disks import is_full
from bigdata.errors import SiteError
from bigdata.files import open_plain, parsed, read_json
from bigdata.store.journal import read_history
from bigdata.store.resolved import wrong_in

# The end of a file's name until it is whole; Zarr's own is the same.
PARTIAL = ".partial"
NOT_OURS = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EIO}


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run; every path in it has its name here."""

    path: Path

    @property
    def study(self) -> Path:
        return self.path / "study.yaml"

    @property
    def resolved(self) -> Path:
        return self.path / "resolved.json"

    @property
    def store(self) -> Path:
        return self.path / "store.zarr"

    @property
    def journal(self) -> Path:
        return self.path / "journal.jsonl"

    @property
    def keys(self) -> Path:
        """The table by which other runs find what this one has done (see `bigdata.store.known`)."""
        return self.path / "keys.bin"

    @property
    def records(self) -> Path:
        """Holds the records of tasks that another scheduler ran, one file a process, until they are in the journal."""
        return self.path / "records"

    @property
    def lock(self) -> Path:
        return self.path / "lock.json"

    @property
    def launch(self) -> Path:
        """What a controller without a terminal was told; there from its launch until it ends in good order."""
        return self.path / "launch.json"

    @property
    def waiting(self) -> Path:
        """Why the controller waits for workers, a list of {"reason": …}; there while it does."""
        return self.path / "waiting.json"

    @property
    def cancel(self) -> Path:
        return self.path / "cancel"

    @property
    def reserve(self) -> Path:
        """Room for the journal's last word where the disk is full; like all that is half done, not there in the end."""
        return self.path / f"reserve{PARTIAL}"

    @property
    def damaged(self) -> Path:
        """What readers found damaged, for the next submission; not there where nothing was."""
        return self.path / "damaged.jsonl"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def controller_log(self) -> Path:
        """What a controller without a terminal said."""
        return self.logs / "controller.log"

    @property
    def running(self) -> Path:
        """Holds one small file for each task under way; empty between runs."""
        return self.path / "running"

    def mark(self, path: str, index: int) -> Path:
        """The small file that says that a task is under way; one that stays tells that its worker died."""
        return self.running / f"{path.replace('/', '.')}.{index}"

    def marks(self) -> set[str]:
        """The names of all marks; a listing, since network file systems remember for a while what wasn't there."""
        return {mark.name for mark in self.running.iterdir()}

    def under_way(self) -> list[str]:
        """The tasks that marks name, such as `first/3`; none where nothing ran here yet."""
        if not self.running.is_dir():
            return []
        # No stage's name has a dot.
        return ["/".join(mark.split(".")) for mark in sorted(self.marks())]

    @property
    def checkpoints(self) -> Path:
        """Holds what unfinished tasks have saved of their progress; not there once a run is done."""
        return self.path / "checkpoints"

    def checkpoint(self, path: str, index: int, key: str) -> Path:
        """The checkpoint of the task with this key: what one with other settings saved is none of its business."""
        return self.checkpoints / f"{path.replace('/', '.')}.{index}.{key[:8]}.npz"

    @property
    def uploads(self) -> Path:
        """What was sent to an archive, record by record; not there where nothing was."""
        return self.path / "uploads.jsonl"

    @property
    def packs(self) -> Path:
        """Holds the raw files that tasks left, an archive each; not there where no stage packs any."""
        return self.path / "packs"

    def pack(self, path: str, index: int) -> Path:
        """A task's pack until it is gathered (see `bigdata.store.shards`)."""
        return self.packs / path / f"{index}.zip"

    def pack_shard(self, path: str, number: int) -> Path:
        """Many tasks' packs together."""
        return self.packs / path / f"{number:03}.tar"

    def pack_index(self, path: str) -> Path:
        """Where each pack of a stage is in its shard."""
        return self.packs / path / "index.bin"

    @property
    def figures(self) -> Path:
        return self.path / "figures"

    def figure(self, group: str, name: str) -> Path:
        """A variant's figure, without the ends of its two files; see `figure_files`."""
        return self.figures / (f"{group}-{name}" if group else name)

    @property
    def report_log(self) -> Path:
        """The tracebacks of what couldn't be shown in the report; there while there are any."""
        return self.logs / "report.log"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    def exists(self) -> bool:
        return self.resolved.is_file()

    def read_resolved(self) -> dict[str, Any]:
        """The resolved study, its variants and inputs; SiteError where the folder is no run."""
        try:
            data: dict[str, Any] = read_json(self.resolved)
            wrong = wrong_in(data)
        except (FileNotFoundError, NotADirectoryError):
            raise SiteError(f"there is no run in {self.path}. `bigdata status` lists the runs.") from None
        except (OSError, ValueError) as error:
            wrong = (error.strerror if isinstance(error, OSError) else "") or str(error)
        if wrong:
            raise SiteError(f"the run in {self.path} can't be read: its {self.resolved.name} {wrong}.")
        return data

    def read_damaged(self) -> set[tuple[str, tuple[int, ...]]]:
        """The shards (path of the array in the store, index) that readers found damaged since the last submission."""
        found: set[tuple[str, tuple[int, ...]]] = set()
        with suppress(OSError), open_plain(self.damaged) as notes:
            for line in notes:
                with suppress(ValueError, TypeError):  # a note that a kill tore
                    array, shard = parsed(line)
                    found.add((str(array), tuple(map(int, shard))))
        return found

    def note_damage(self, array: str, shard: tuple[int, ...]) -> None:
        """For the next submission, where the folder can be written; a link may lead to a file of anybody's."""
        with suppress(OSError):
            notes = os.open(self.damaged, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
            with os.fdopen(notes, "a") as file:
                file.write(json.dumps([array, shard]) + "\n")

    def n_files(self) -> int:
        return sum(len(files) for _, _, files in os.walk(self.path))

    def n_bytes(self) -> int:
        return sum(_size(Path(folder) / f) for folder, _, files in os.walk(self.path) for f in files)

    def lasting(self) -> tuple[int, int]:
        """Files and bytes of what stays when the run has ended: a plan tells them before."""
        others = (self.lock, self.launch, self.waiting, self.cancel, self.report_log, self.uploads)
        passing = [p for p in others if p.exists()]
        return self.n_files() - len(passing), self.n_bytes() - sum(map(_size, passing))

    def refuses(self, error: OSError) -> bool:
        """Whether an error is the disk's that the run is on: full, or not to be written there."""
        # A write that finds no room doesn't say of which file.
        here = error.filename is None or self.path.absolute() in Path(str(error.filename)).absolute().parents
        return is_full(error) or (here and error.errno in NOT_OURS)

    def sweep(self) -> None:
        """Remove what a killed controller or worker left half done: between two runs nothing is under way."""
        shutil.rmtree(self.running, ignore_errors=True)
        # Unless all is done, the next submission goes on from the checkpoints.
        if self.checkpoints.exists() and read_history(self.journal).state == "done":
            shutil.rmtree(self.checkpoints)
        for orphan in self.path.rglob(f"*{PARTIAL}"):
            orphan.unlink(missing_ok=True)


def figure_files(stem: Path) -> tuple[Path, Path]:
    """The two files of a figure, PNG and PDF."""
    return stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.pdf")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # a run under way makes and removes files while they are counted
        return 0


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that a reader, or a kill, never meets half of it."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """The same of bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Its process is in its name: two that write one file at a time each move a whole one into place.
    beside = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    beside.write_bytes(data)
    beside.replace(path)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    write_whole(path, json.dumps(data, indent=1, sort_keys=False) + "\n")


def run_in(path: Path) -> RunFolder | None:
    """The run that a path means, by its folder or the study.yaml in it; None where it means none."""
    path = path.parent if path.name == RunFolder(path).study.name else path
    # From inside the folder it is called `.`, which has no name and no parent.
    folder = RunFolder(path if path.name not in ("", "..") else path.resolve())
    return folder if folder.exists() else None
