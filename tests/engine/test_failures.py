"""A failed task is data: its traceback is kept, what needs it is skipped, all else finishes; it can be run alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bigdata.errors import TasksFailed
from bigdata.spec.site import load_site
from bigdata.store import open_run
from tests.bench import Bench, chunks, events

SMALL = {"cpu": {"cores": 2, "memory": "1400 MiB"}}


def failed(bench: Bench, **fields: Any) -> str:
    """Run a study some of whose tasks fail; returns what is said."""
    with pytest.raises(TasksFailed) as caught:
        bench.submit(bench.trial(**fields), site=load_site(bench.site(**SMALL)))
    return str(caught.value)


def token(bench: Bench, index: int = 1) -> dict[str, Any]:
    records = events(bench.run_folder().path, "failed")
    return next(r for r in records if (r["stage"], r["index"]) == ("first", index))


def test_a_failed_task_from_end_to_end(bench: Bench) -> None:
    (bench.folder / "trouble").touch()
    spec = bench.trial(tasks=6, fail=[1, 4], trouble=str(bench.folder / "trouble"))
    done = bench.bigdata("submit", spec)
    assert done.returncode == 5
    folder = bench.folder / done.stdout.splitlines()[-1]
    assert folder == bench.run_folder().path
    assert "2 of 7 tasks failed; 1 more were skipped because they need them" in done.stderr
    assert "first/1: ZeroDivisionError: task 1 was told to fail" in done.stderr
    assert "Traceback" not in done.stderr

    # The others are done, and what failed is in the store.
    run = open_run(folder)
    assert set(run.history.done) == {("first", i) for i in (0, 2, 3, 5)}
    order = run["failed_task"][...].tolist()
    assert sorted(order) == ["first/1", "first/4"]
    assert run["failed_error"][...].tolist() == [f"ZeroDivisionError: task {t[-1]} was told to fail" for t in order]
    assert all("misbehave" in text for text in run["failed_traceback"][...])
    (end,) = events(folder, "end")
    assert end["state"] == "failed"
    assert end["skipped"][0][:3] == ["last", 0, "first"]
    assert "ZeroDivisionError" in (folder / "report.html").read_text()

    # status, logs and debug tell of it.
    status = bench.bigdata("status", folder)
    assert status.returncode == 0
    for line in ("first/4: ZeroDivisionError: task 4 was told to fail", f"    bigdata debug {folder} first/4"):
        assert line in status.stdout.splitlines()
    assert "1 tasks skipped because tasks that they need failed" in status.stdout
    data = json.loads(bench.bigdata("status", folder, "--json").stdout)
    assert (data["state"], data["skipped"], len(data["failed"])) == ("failed", 1, 2)
    assert "in misbehave" in bench.bigdata("logs", folder, "first/1").stdout
    debug = bench.bigdata("debug", folder, "first/4")
    assert debug.returncode == 5
    assert 'raise ZeroDivisionError(f"task {i} was told to fail")' in debug.stderr

    # With the cause away, only what is missing runs.
    (bench.folder / "trouble").unlink()
    assert [s.reasons for s in bench.plan(spec).stages] == [{"failed before": 2}, {"new": 1}]
    assert bench.bigdata("debug", folder, "first/4").returncode == 0
    again = bench.submit(spec)
    assert len(events(folder, "done")) == 7
    assert "failed_task" not in again
    assert again.folder.n_files() == bench.plan(spec).n_files
    assert again["total"][0] == pytest.approx(again["value"][...].sum())


def test_a_task_that_eats_memory(bench: Bench) -> None:
    """The worker is stopped before the machine suffers; after three, the task is given up and the others finish."""
    trace = bench.folder / "trace"
    said = failed(bench, tasks=5, eat=[1], trace=str(trace))
    assert (
        "first/1: the worker died 3 times while running this task, most likely because it ran out of memory, " in said
    )
    assert "Give the pool more memory per worker" in said
    assert token(bench)["class"] == "worker-died"
    assert [line.split()[0] for line in trace.read_text().splitlines()].count("1") == 3
    assert {i for _, i in open_run(bench.run_folder().path).history.done} == {0, 2, 3, 4}


@pytest.mark.parametrize("time", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 9))])
def test_a_task_that_kills_its_worker(time: int, bench: Bench) -> None:
    """And with it, every now and then, the tokens of a batch that ended but weren't fetched yet."""
    trace = bench.folder / "trace"
    said = failed(bench, tasks=30, die=[1], trace=str(trace))
    assert "first/1: the worker died 3 times" in said
    runs = [line.split()[0] for line in trace.read_text().splitlines()]
    assert runs.count("1") == 3
    assert len(open_run(bench.run_folder().path).history.done) == 29


def test_each_kind_of_failure_has_its_class_and_a_small_record(bench: Bench) -> None:
    said = failed(bench, tasks=8, ask=[1], stray=[2], lament=[3], boast=[4], idle=[5])
    records = {i: token(bench, i) for i in (1, 2, 3, 4, 5)}
    assert {i: r["class"] for i, r in records.items()} == {1: "memory", 2: "error", 3: "error", 4: "error", 5: "error"}
    assert "Unable to allocate" in records[1]["error"]
    assert "may write [(2,)] of `value`, not (3,)" in records[2]["error"]
    assert "the task returned 10,0" in records[4]["error"]
    assert "ended without writing [('value', (5,))]" in records[5]["error"]
    assert "5 of 9 tasks failed" in said
    lines = bench.run_folder().journal.read_bytes().splitlines()
    assert max(len(line) for line in lines if b'"failed"' in line) < 2000
    assert set(chunks(bench.run_folder().path)) >= {f"value/c/{i}" for i in (0, 6, 7)}
    assert "value/c/5" not in chunks(bench.run_folder().path)
