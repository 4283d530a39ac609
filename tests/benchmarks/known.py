"""What known results save: a sweep of six similarity studies, alone and beside runs that have done it; and looking.

    python -m tests.benchmarks.known

Six variants share one fingerprint stage, which is computed once. Then the same sweep runs under another name beside the
first run, and with `--fresh`. Then a thousand runs of ten thousand tasks each are looked through (bar: 2 s). At last a
study of 270,000 tasks is planned, alone and beside a run of 200 of them (bar: 2 s and 200 MB).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from pathlib import Path

from bigdata.store.folder import RunFolder
from bigdata.store.known import KnownRuns, write_index
from tests.bench import PLUGIN, Bench, events

SWEEP = {
    "study": "similarity",
    "dataset": {"name": "hbn-dos-gpaw"},
    "sweep": {
        "grid": {"similarity.measure": ["tanimoto", "dice", "cosine"], "groups.linkage": ["complete", "average"]}
    },
}
RUNS, TASKS, BAR_SECONDS, BAR_MEGABYTES = 1_000, 10_000, 2.0, 200


def submitted(bench: Bench, name: str, *words: str) -> tuple[float, int]:
    """Seconds of a submit, and how many tasks it ran."""
    spec = bench.write(f"{name}.yaml", {**SWEEP, "name": name})
    began = time.perf_counter()
    done = bench.program("submit", spec, *words, BIGDATA_CACHE=str(bench.folder / "cache"))
    assert done.returncode == 0, done.stderr
    seconds = time.perf_counter() - began
    records = events(bench.folder / done.stdout.strip(), "done")
    return seconds, sum("from" not in record for record in records)


def sweep() -> None:
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        submitted(bench, "warm-up")
        rows = [
            ("six variants, nothing known elsewhere", *submitted(bench, "alone", "--fresh")),
            ("the same under another name, beside it", *submitted(bench, "beside")),
            ("the same under a third name, --fresh", *submitted(bench, "fresh", "--fresh")),
        ]
    print("a sweep of six similarity studies, reports included      seconds   tasks run   of")
    for what, seconds, n_run in rows:
        print(f"  {what:52} {seconds:8.1f} {n_run:11} {6 * 5:4}")
    print(f"  known results take {rows[1][1] / rows[2][1]:.2f} of the time without them\n")


def look() -> None:
    """Through runs whose tables and journals are those of one, by hard links."""
    with tempfile.TemporaryDirectory() as name:
        runs = Path(name)
        first = RunFolder(runs / "r0")
        first.path.mkdir()
        line = '{{"time":1.0,"event":"done","stage":"s","index":{},"key":"{}","seconds":0.01,"memory":1,"bytes":100}}\n'
        first.journal.write_text("".join(line.format(i, _key(i)) for i in range(TASKS)))
        write_index(first)
        for i in range(1, RUNS):
            (runs / f"r{i}").mkdir()
            for file in (first.journal, first.keys):
                os.link(file, runs / f"r{i}" / file.name)
        wanted = [_key(TASKS + i) for i in range(TASKS)]
        began = time.perf_counter()
        assert not KnownRuns(runs).find(wanted)
        seconds = time.perf_counter() - began
    verdict = "reached" if seconds <= BAR_SECONDS else "MISSED"
    what = f"{RUNS:,} runs of {TASKS:,} tasks, looked through for as many keys"
    print(f"{what}: {seconds:.2f} s (bar {BAR_SECONDS:g} s: {verdict})")


def plan() -> None:
    os.environ["PYTHONPATH"] = str(PLUGIN)
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        many = bench.write("many.yaml", {"study": "search", "name": "many", "trials": 270_000, "epochs": 1})
        for where in ("alone", "beside a run of 200 of its tasks"):
            began = time.perf_counter()
            process = bench.start("plan", many)
            _, _, used = os.wait4(process.process.pid, 0)
            seconds, megabytes = time.perf_counter() - began, used.ru_maxrss / 1000
            verdict = "reached" if seconds <= BAR_SECONDS and megabytes <= BAR_MEGABYTES else "MISSED"
            print(f"plan of 270,000 tasks, {where}: {seconds:.2f} s, {megabytes:.0f} MB ({verdict})")
            few = bench.write("few.yaml", {"study": "search", "name": "few", "trials": 200, "epochs": 1})
            done = bench.program("submit", few, "--site", "process", BIGDATA_CACHE=name)
            assert done.returncode == 0, done.stderr


def _key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()[:32]


if __name__ == "__main__":
    sweep()
    look()
    plan()
