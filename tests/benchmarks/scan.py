"""What counting a tree costs: 300,000 files in memory (tmpfs), beside `find | wc` and `du` in the same run.

    python -m tests.benchmarks.scan [N_FILES]

Each program goes over the tree once before, so that all find the names in the system's memory. Times are the
processor's, whatever else the machine does. Bars: no more than three times as long as `du`, which asks for the size of
each file as well; all counts equal; and the memory that counting takes grows by no more than 32 bytes a run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bigdata.data.storage.census import Census, census

N_FILES, N_EACH, N_TIMES = 300_000, 50, 3
TIME_BAR, MEMORY_BAR = 3.0, 32
MEMORY = Path("/dev/shm")


def make(root: Path, n_files: int) -> None:
    """Runs of 50 files, without content of their own: their lengths are holes."""
    for number in range(n_files // N_EACH):
        run = root / f"{number // 1000}/{number}"
        run.mkdir(parents=True)
        for k in range(N_EACH):
            name = ("INFO.OUT", "input.xml", "STATE.OUT")[k] if k < 3 else f"EVECFV_{k:04}.OUT"
            with (run / name).open("wb") as file:
                file.truncate(k * 100)


def seconds(call: Callable[[], object]) -> float:
    """The processor's, here and in processes started: the median of some calls, after one that doesn't count."""
    times = []
    for _ in range(N_TIMES + 1):
        began = sum(os.times()[:4])
        call()
        times.append(sum(os.times()[:4]) - began)
    return median(times[1:])


def said(command: str, root: Path) -> str:
    done = subprocess.run(["sh", "-c", command, "sh", str(root)], capture_output=True, text=True, check=True)
    return done.stdout.split()[0]


def peak(root: Path) -> tuple[Census, int]:
    """Bytes of Python's memory at most."""
    tracemalloc.start()
    found = census(root)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found, taken


def main() -> None:
    n_files = int(sys.argv[1]) if len(sys.argv) > 1 else N_FILES
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        small, root = Path(name) / "small", Path(name) / "all"
        make(small, n_files // 10)
        make(root, n_files)
        own = seconds(lambda: census(root))
        find = seconds(lambda: said('find "$1" ! -type d | wc -l', root))
        du = seconds(lambda: said('du -s --apparent-size "$1"', root))
        few, at_few = peak(small)
        found, at_all = peak(root)
        n_found = int(said('find "$1" ! -type d | wc -l', root))
    growth = (at_all - at_few) / (len(found.runs) - len(few.runs))
    n_bytes = n_files // N_EACH * sum(k * 100 for k in range(N_EACH))
    print(f"{found.all.n_files:,} files in {found.n_folders:,} folders")
    print(f"census {own:.2f} s, find | wc {find:.2f} s, du {du:.2f} s; to find: {own / find:.1f}")
    print(f"memory {at_few / 1024:,.0f} KiB for a tenth, {at_all / 1024:,.0f} KiB for all\n")
    right = found.all.n_files == n_found == n_files and found.all.n_bytes == n_bytes
    print(f"counts equal: {'reached' if right else 'MISSED'}")
    for what, ratio, bar in (("time, to du", own / du, TIME_BAR), ("bytes for each run", growth, MEMORY_BAR)):
        print(f"{what}: {ratio:.2f} (bar {bar:g}): {'reached' if ratio <= bar else 'MISSED'}")


if __name__ == "__main__":
    main()
