"""What a study of very many small calculations costs besides them: its plan, its run, its files, and going on.

    python -m tests.benchmarks.throughput [N_CALCULATIONS] [N_RUN]

N_CALCULATIONS (270,000: 30,000 structures in nine settings) are planned, alone and beside a run that has done a few of
them; N_RUN (3,000) are run, killed once in the middle and submitted again; and a run of N_CALCULATIONS that was killed
half way, made here without running it, is gone on with until its first new calculation is done. Each calculation
returns fifteen numbers and packs five files, 12 kB together. Bars: 2 s and 200 MB for a plan, 10,000 files, 200
calculations a second, and 10 s to go on.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import psutil

from bigdata.planning.plan import Plan
from bigdata.run.preparation import prepare
from bigdata.store.folder import RunFolder
from bigdata.store.journal import read_history
from bigdata.store.packs import PackWriter
from bigdata.store.shards import TASKS_PER_SHARD, StageShards
from tests.bench import PLUGIN, Bench, Running, events, until

PLAN_SECONDS, PLAN_MEGABYTES, FILES, RATE, RESUME_SECONDS = 2.0, 200, 10_000, 200, 10.0
PATIENCE_SECONDS = 3_600
STAGE = "calculate"


def verdict(*, is_reached: bool) -> str:
    return "reached" if is_reached else "MISSED"


def spec(bench: Bench, name: str, n: int) -> Path:
    return bench.write(f"{name}.yaml", {"study": "bulk", "name": name, "calculations": n})


def n_done(folder: RunFolder) -> int:
    """How many calculations are done, as far as a reader of the journal's bytes can tell."""
    return folder.journal.read_bytes().count(b'"event":"done"') if folder.journal.exists() else 0


def planned(bench: Bench, n: int) -> None:
    for where in ("alone", "beside a run of 200 of them"):
        began = time.perf_counter()
        process = bench.start("plan", spec(bench, "planned", n))
        _, _, used = os.wait4(process.process.pid, 0)
        seconds, cpu, megabytes = time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000
        said = verdict(is_reached=seconds <= PLAN_SECONDS and megabytes <= PLAN_MEGABYTES)
        print(f"plan of {n:,}, {where}: {seconds:.2f} s ({cpu:.2f} CPU s), {megabytes:.0f} MB ({said})", flush=True)
        done = bench.program("submit", spec(bench, "few", 200), "--site", "process")
        assert done.returncode == 0, done.stderr


def run(bench: Bench, n: int) -> None:
    """Until half is done, killed, and then to the end."""
    folder = bench.plan(spec(bench, "run", n), site="local").folder
    began = time.perf_counter()
    running = bench.start("submit", bench.folder / "run.yaml", "--site", "local", "--fresh")
    peak = watched(running, folder, n // 2)
    first = n_done(folder) / (time.perf_counter() - began)
    for process in reversed(running.family()):
        process.send_signal(signal.SIGKILL)
    before, began = n_done(folder), time.perf_counter()
    running = bench.start("submit", bench.folder / "run.yaml", "--site", "local", "--fresh")
    until(lambda: n_done(folder) > before, PATIENCE_SECONDS)
    resumed = time.perf_counter() - began
    peak = max(peak, watched(running, folder, n + 1))
    assert running.process.wait(PATIENCE_SECONDS) == 0, running.err.read_text()
    size, times = folder.journal.stat().st_size, [r["time"] for r in events(folder.path, "done") if r["stage"] == STAGE]
    rate = (n - before - 1) / (times[-1] - times[before])
    print(f"run of {n:,}: {first:.0f} a second with its start, then {rate:.0f} ({verdict(is_reached=rate >= RATE)})")
    print(
        f"  gone on after {resumed:.1f} s; controller at most {peak:.0f} MB; journal {size / n:.0f} bytes a calculation"
    )
    n_files, whole = folder.n_files(), bench.plan(bench.folder / "planned.yaml", site="local").n_files
    print(f"  {n_files:,} files; of all calculations {whole:,} ({verdict(is_reached=whole < FILES)})", flush=True)


def watched(running: Running, folder: RunFolder, n: int) -> float:
    """Waits until so many tasks are done or the program has ended; the peak of the controller's memory, MB."""
    peak, controller = 0.0, psutil.Process(running.process.pid)
    while running.process.poll() is None and n_done(folder) < n:
        peak = max(peak, controller.memory_info().rss / 1e6)
        time.sleep(0.5)
    return peak


def going_on(bench: Bench, n: int) -> None:
    plan = bench.plan(spec(bench, "half", n), site="local", fresh=True)
    make_half(plan, n // 2)
    before, began = n_done(plan.folder), time.perf_counter()
    running = bench.start("submit", bench.folder / "half.yaml", "--site", "local", "--fresh")
    controller = psutil.Process(running.process.pid)
    until(lambda: any(plan.folder.running.glob("*")), PATIENCE_SECONDS)
    seconds, cpu = time.perf_counter() - began, controller.cpu_times()
    until(lambda: n_done(plan.folder) > before, PATIENCE_SECONDS)
    megabytes = controller.memory_info().rss / 1e6
    for process in reversed(running.family()):
        process.send_signal(signal.SIGKILL)
    said = verdict(is_reached=seconds <= RESUME_SECONDS)
    used = cpu.user + cpu.system
    print(
        f"half of {n:,} done: gone on after {seconds:.1f} s ({used:.1f} CPU s), {megabytes:.0f} MB ({said})", flush=True
    )


def make_half(plan: Plan, n: int) -> None:
    """What a controller that was killed leaves, but that all packs are alike."""
    plan.folder.path.mkdir(parents=True)
    journal, _ = prepare(plan, read_history(plan.folder.journal))
    stage, shards = plan.stages[0], StageShards(plan.folder, STAGE)
    writer = PackWriter(plan.folder.pack(STAGE, 0), print)
    writer.add(Path(__file__))
    writer.finish()
    data = plan.folder.pack(STAGE, 0).read_bytes()
    for some in batches(range(n), TASKS_PER_SHARD):
        for index in some:
            plan.folder.pack(STAGE, index).write_bytes(data)
        shards.gather(some)
        rows = {f"energy_{row}": -1234.5678901234 + row for row in range(15)}
        times = {"bytes": len(data), "seconds": 0.01, "rows": rows, "cpu": 0.01, "memory": 10**8, "worker": "here:1"}
        journal.append({"event": "done", "stage": STAGE, "index": i, "key": stage.key(i), **times} for i in some)
    journal.close()


def batches(items: Iterable[int], n: int) -> Iterator[list[int]]:
    left = iter(items)
    while some := list(islice(left, n)):
        yield some


def main() -> None:
    os.environ["PYTHONPATH"] = f"{PLUGIN}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    sys.path.insert(0, str(PLUGIN))
    n, n_run = (int(word) for word in (*sys.argv[1:], *("270000", "3000")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as name:
        os.environ["BIGDATA_CACHE"] = name
        # Runs in one folder take results over from each other, and those of a run that is made up have no files.
        bench, made_up = (Bench(Path(name) / word) for word in ("bench", "made-up"))
        for each in (bench, made_up):
            each.folder.mkdir()
        going_on(made_up, n)
        planned(bench, n)
        run(bench, n_run)


if __name__ == "__main__":
    main()
