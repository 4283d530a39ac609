"""What packs cost and buy: 2,000 tasks of 41 small text files each, as a DFT code leaves them.

    python -m tests.benchmarks.packs [N_TASKS]

Beside a pack for each task stand the files themselves, and what users make of them at the end of a run: one zip, one
tar and one tar.gz of all. Bars: a file for each task; no more than 1.5 times the bytes and the time of the one zip; and
one file of one task read, from a pack opened anew, in 1 % of the time that the one zip takes.
"""

from __future__ import annotations

import os
import random
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bigdata.store.folder import RunFolder
from bigdata.store.packs import PackWriter, TaskPack

N_TASKS, N_FILES, N_READS, N_SLOW_READS = 2_000, 41, 200, 3
BYTES_BAR, TIME_BAR, READ_BAR = 1.5, 1.5, 0.01
WANTED = "INFO.OUT"


@dataclass(frozen=True)
class Made:
    """What a way of keeping the files has left, and how long that took; `read` reads one file of a task, anew."""

    name: str
    n_files: int
    n_bytes: int
    seconds: float
    read: float


def write_raw(folder: Path, task: int) -> None:
    """41 files of some hundred bytes to some ten thousand: numbers, most of them different in each task."""
    chance = random.Random(task)
    folder.mkdir(parents=True)
    for number in range(N_FILES):
        name = WANTED if number == 0 else f"{('EIGVAL', 'EVALFV', 'TDOS', 'FORCES')[number % 4]}_{number:02}.OUT"
        rows = (
            f"{row:6} {chance.gauss(0, 10):18.10f} {chance.random():12.8f}" for row in range(8 * (1 + number * 5 % 32))
        )
        (folder / name).write_text(f"{name}: eigenvalues and occupancies\n" + "\n".join(rows) + "\n")


def _forget(path: Path) -> None:
    """Let the system forget what it holds of a file in memory."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _reading(path: Callable[[int], Path], read: Callable[[int], bytes], raw: Path, tasks: list[int]) -> float:
    """The median time of a cold read; what it gives is right."""
    times = []
    for task in tasks:
        _forget(path(task))
        began = time.perf_counter()
        data = read(task)
        times.append(time.perf_counter() - began)
        assert data == (raw / f"{task}" / WANTED).read_bytes()
    return median(times)


def as_files(raw: Path, tasks: list[int], seconds: float) -> Made:
    files = [path for path in raw.rglob("*") if path.is_file()]
    path = lambda task: raw / f"{task}" / WANTED  # noqa: E731
    read = _reading(path, lambda task: path(task).read_bytes(), raw, tasks)
    return Made("files", len(files), sum(f.stat().st_size for f in files), seconds, read)


def as_packs(raw: Path, run: RunFolder, n_tasks: int, tasks: list[int]) -> Made:
    def write() -> None:
        for task in range(n_tasks):
            writer = PackWriter(run.pack("dft", task), print)
            writer.add(raw / f"{task}")
            writer.finish()

    seconds = _timed(write)
    read = _reading(lambda t: run.pack("dft", t), lambda t: TaskPack(run, "dft", t).read(WANTED), raw, tasks)
    return Made("packs", run.n_files(), run.n_bytes(), seconds, read)


def as_zip(raw: Path, path: Path, n_tasks: int, tasks: list[int]) -> Made:
    def write() -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for task in range(n_tasks):
                for file in sorted((raw / f"{task}").iterdir()):
                    archive.write(file, f"{task}/{file.name}")

    def read(task: int) -> bytes:
        with zipfile.ZipFile(path) as archive:
            return archive.read(f"{task}/{WANTED}")

    seconds = _timed(write)
    return Made("one zip", 1, path.stat().st_size, seconds, _reading(lambda _: path, read, raw, tasks[:N_SLOW_READS]))


def as_tar(raw: Path, path: Path, mode: str, n_tasks: int, tasks: list[int]) -> Made:
    def write() -> None:
        with tarfile.open(path, f"w:{mode}", **({"compresslevel": 6} if mode else {})) as archive:  # type: ignore[call-overload]
            for task in range(n_tasks):
                archive.add(raw / f"{task}", f"{task}")

    def read(task: int) -> bytes:
        with tarfile.open(path, f"r:{mode}") as archive:  # type: ignore[call-overload]
            for member in archive:
                if member.name == f"{task}/{WANTED}":
                    return bytes(archive.extractfile(member).read())
        raise KeyError(task)

    seconds = _timed(write)
    name = f"one tar{'.' * bool(mode)}{mode}"
    return Made(name, 1, path.stat().st_size, seconds, _reading(lambda _: path, read, raw, tasks[:N_SLOW_READS]))


def main() -> None:
    n_tasks = int(sys.argv[1]) if len(sys.argv) > 1 else N_TASKS
    tasks = random.Random(0).sample(range(n_tasks), min(n_tasks, N_READS))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw = folder / "raw"
        seconds = _timed(lambda: [write_raw(raw / f"{task}", task) for task in range(n_tasks)])
        made = [as_files(raw, tasks, seconds)]
        print(f"{n_tasks:,} tasks of {N_FILES} files, {made[0].n_bytes / made[0].n_files:,.0f} bytes each\n")
        print("              files         bytes   written   one file read")
        run = RunFolder(folder / "run")
        run.path.mkdir()
        made.append(as_packs(raw, run, n_tasks, tasks))
        made.append(as_zip(raw, folder / "all.zip", n_tasks, tasks))
        made.append(as_tar(raw, folder / "all.tar", "", n_tasks, tasks))
        made.append(as_tar(raw, folder / "all.tar.gz", "gz", n_tasks, tasks))
    for m in made:
        print(f"{m.name:10} {m.n_files:8,} {m.n_bytes:13,} {m.seconds:7.1f} s {m.read * 1000:12.2f} ms")
    files, packs, one = made[:3]
    print(f"\nfiles for each pack: {files.n_files / packs.n_files:.0f}")
    for what, ratio, bar in (
        ("bytes", packs.n_bytes / one.n_bytes, BYTES_BAR),
        ("time to write", packs.seconds / one.seconds, TIME_BAR),
        ("time to read one file", packs.read / one.read, READ_BAR),
    ):
        print(f"{what}, packs to one zip: {ratio:.4f} (bar {bar:g}): {'reached' if ratio <= bar else 'MISSED'}")


if __name__ == "__main__":
    main()
