"""A study run to its end: the same numbers however many workers, seeds from keys, few files, and nothing run twice."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigdata.spec.site import load_site
from bigdata.store import open_run
from bigdata.store.reading import Run
from tests.bench import ROOT, Bench, chunks, events, told


def cpus(n: int) -> dict[str, dict[str, Any]]:
    return {"cpu": {"cores": n, "memory": f"{n} GiB"}}


@pytest.fixture(scope="module")
def talked(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of eight tasks that say where they are; the last runs on another pool."""
    bench = Bench(tmp_path_factory.mktemp("talked"))
    site = bench.site(cpu={"cores": 2, "memory": "2 GiB"}, gpu={"cores": 1, "memory": "1 GiB", "gpus": 1})
    return bench.submit(bench.trial(tasks=8, talk=True, pools={"last": "gpu"}), site=load_site(site))


def results(run: Run) -> dict[str, dict[str, Any]]:
    return {f"{stage}/{i}": told(record) for (stage, i), record in run.history.done.items()}


def test_every_task_runs_on_a_worker_of_its_pool(talked: Run) -> None:
    pools = {task: result["pools"] for task, result in results(talked).items()}
    assert pools == {f"first/{i}": ["cpu"] for i in range(8)} | {"last/0": ["gpu"]}


def test_a_worker_has_one_blas_thread(talked: Run) -> None:
    assert all(result["threads"] == ["1", "1", "1"] for result in results(talked).values())


def test_what_a_task_says_is_in_the_log(talked: Run) -> None:
    log = (talked.folder.logs / "tasks.log").read_text()
    assert log.count("printed by a task") == 8
    assert all(f" first/{i} hello" in log for i in range(8))
    assert [p.name for p in talked.folder.logs.iterdir()] == ["tasks.log"]


def test_the_folder_holds_what_it_should(talked: Run) -> None:
    names = {p.name for p in talked.folder.path.iterdir()}
    assert names == {"study.yaml", "resolved.json", "journal.jsonl", "report.html", "keys.bin", "logs", "store.zarr"}


def test_the_study_is_kept_as_given_and_as_understood(talked: Run) -> None:
    given = json.loads(talked.folder.study.read_text())
    assert given["tasks"] == 8
    assert "rows" not in given
    study = talked.folder.read_resolved()["study"]["variants"][0]["study"]
    assert (study["tasks"], study["rows"]) == (8, 2)


def test_the_journal_records_every_task_once(talked: Run) -> None:
    done = events(talked.folder.path, "done")
    assert sorted((r["stage"], r["index"]) for r in done) == [*[("first", i) for i in range(8)], ("last", 0)]
    for record in done:
        assert {"time", "key", "seconds", "cpu", "memory", "bytes", "worker", "rows"} <= record.keys()
        assert record["memory"] > 10_000_000
    (start,), (end,) = (events(talked.folder.path, word) for word in ("submit", "end"))
    assert (start["todo"], start["tasks"], end["state"]) == (9, {"first": 8, "last": 1}, "done")


def test_provenance(talked: Run) -> None:
    found = talked.attributes
    assert found["study"] == talked.folder.read_resolved()["study"]
    assert {"bigdata", "dask", "distributed", "numpy", "zarr", "python"} <= found["versions"].keys()
    assert {"host", "user", "system"} == found["platform"].keys()
    assert found["seconds"] > 0
    assert found["peak_memory_bytes"] > 10_000_000


def test_one_worker_and_two_and_another_time_give_the_same_bits(
    talked: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Seeds come from the tasks' keys: not from the worker, the order, the folder or the time."""
    found = []
    for n in (1, 2):
        bench = Bench(tmp_path_factory.mktemp(f"{n}"))
        run = bench.submit(bench.trial(tasks=8), site=load_site(bench.site(**cpus(n))))
        assert len(np.unique(run["value"][...])) == 16
        found.append(chunks(run.folder.path))
    assert found[0] == found[1] == chunks(talked.folder.path)


def test_a_finished_study_is_left_alone(talked: Run, bench: Bench) -> None:
    before = {p: p.stat().st_mtime_ns for p in talked.folder.path.rglob("*") if p.is_file()}
    site = talked.folder.path.parents[1] / "site.yaml"
    done = bench.bigdata("submit", site.parent / "trial.yaml", "--site", site, "--runs", talked.folder.path.parent)
    assert (done.returncode, done.stdout) == (0, f"{talked.folder.path}\n")
    assert {p: p.stat().st_mtime_ns for p in talked.folder.path.rglob("*") if p.is_file()} == before


def test_a_finished_study_is_finished_again_where_something_is_missing(bench: Bench) -> None:
    spec = bench.trial()
    run = bench.submit(spec)
    for path in (run.folder.report, run.store / "row/c/0"):
        path.unlink()
        bench.submit(spec)
        assert path.exists()
    bench.submit(bench.trial(description="now with words"))
    assert open_run(run.folder.path).model.description == "now with words"
    assert len(events(run.folder.path, "done")) == 5


def test_short_tasks_travel_together_and_long_ones_alone(bench: Bench) -> None:
    """2,000 tasks without arrays: few files, little time for each."""
    started = time.perf_counter()
    run = bench.submit(bench.trial(tasks=2000, write=False), site="local")
    assert time.perf_counter() - started < 60
    assert len(run.history.done) == 2001
    assert run.folder.n_files() < 20


def test_the_api_gives_the_same_as_the_program(bench: Bench) -> None:
    """The shipped study, as a user would run it."""
    spec = bench.write("s.yaml", {"extends": str(ROOT / "specs/similarity.yaml"), "name": "h", "study": "similarity"})
    done = bench.program("submit", spec, "--site", "process")
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.splitlines()[-1])
    run = open_run(bench.folder / folder)
    assert run["similarity"].shape == (len(run["entry"]),) * 2
    assert np.array_equal(run["similarity"][...], run["similarity"][...].T)
    assert "report: " in done.stderr
    assert "\x1b" not in done.stderr + done.stdout
