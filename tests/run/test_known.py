"""What is known isn't run: results belong to their key, whichever run, variant or name they were made under."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigdata.store.folder import RunFolder
from bigdata.store.known import KnownRuns, write_index
from bigdata.store.reading import Run
from tests.bench import ROOT, Bench, chunks, events


def inside(bench: Bench, spec: Path, **more: Any) -> Run:
    """Run a study in this process."""
    return bench.submit(spec, site="process", **more)


def search(bench: Bench, **fields: Any) -> Path:
    fields = {
        "study": "search",
        "name": "ridge",
        "trials": 12,
        "epochs": 4,
        "trace": str(bench.folder / "trace"),
        **fields,
    }
    return bench.write(f"{fields['name']}.yaml", fields)


def n_run(bench: Bench) -> int:
    """How many trainings were begun since the last call."""
    trace = bench.folder / "trace"
    n = len(trace.read_text().splitlines()) if trace.exists() else 0
    trace.unlink(missing_ok=True)
    return n


def test_more_trials_run_only_the_new_ones(bench: Bench) -> None:
    first = inside(bench, search(bench))
    assert n_run(bench) == 12
    spec = search(bench, trials=18)
    plan = bench.plan(spec)
    assert plan.stages[0].reasons == {"new": 6, f"known from {first.folder.path.name}": 12}
    more = inside(bench, spec)
    assert n_run(bench) == 6
    assert np.array_equal(more["rmse"][:12], first["rmse"][...])
    # The last stage waits for the new ones too.
    alone = inside(bench, search(bench, trials=18, name="alone"), fresh=True)
    assert more["best"][...].tolist() == alone["best"][...].tolist()
    assert alone["best"][0] == np.argmin(alone["rmse"][...])


@pytest.mark.parametrize(
    "change",
    [{"name": "other"}, {"description": "for a friend"}, {"pools": {"trial": "gpu"}}, {"budget": {"core_hours": 5.0}}],
    ids=["another name", "another description", "other pools", "a budget"],
)
def test_what_changes_no_number_runs_nothing(change: dict[str, Any], bench: Bench) -> None:
    first = inside(bench, search(bench))
    n_run(bench)
    again = inside(bench, search(bench, **change))
    assert n_run(bench) == 0
    assert again["best"][...].tolist() == first["best"][...].tolist()


def test_one_more_value_of_a_sweep_runs_one_more_variant(bench: Bench) -> None:
    inside(bench, search(bench, sweep={"grid": {"epochs": [2, 3]}}))
    assert n_run(bench) == 24
    inside(bench, search(bench, sweep={"grid": {"epochs": [3, 2, 4]}}))
    assert n_run(bench) == 12


def test_variants_with_equal_tasks_run_them_once(bench: Bench) -> None:
    sweep = {"grid": {"seconds": [0.0, 0.001, 0.002]}}
    plan = bench.plan(search(bench, sweep=sweep))
    assert [s.reasons for s in plan.stages[2:4]] == [
        {"the same as variant-0/trial": 12},
        {"the same as variant-0/best": 1},
    ]
    run = inside(bench, search(bench, sweep=sweep))
    assert n_run(bench) == 12
    stored = [view["rmse"][...].tolist() for view in run.variants]
    assert stored[0] == stored[1] == stored[2]
    assert run.history.state == "done"
    assert (run.store / "variant-1/best/c/0").stat().st_ino == (run.store / "variant-0/best/c/0").stat().st_ino


TWO = {"sweep": {"grid": {"similarity.measure": ["tanimoto", "dice"], "spectrum.zero": ["none"]}, "exclude": []}}


@pytest.mark.parametrize("change", [TWO, pytest.param({}, marks=pytest.mark.slow)], ids=["two of it", "as shipped"])
def test_each_distinct_task_of_the_shipped_sweep_is_run_once(change: dict[str, Any], bench: Bench) -> None:
    spec = bench.write("s.yaml", {"extends": str(ROOT / "specs/similarity-sweep.yaml"), "name": "s", **change})
    done = inside(bench, spec).history.done.values()
    run = [record["key"] for record in done if "from" not in record]
    assert len(run) == len(set(run)) < len(done)
    assert set(run) == {record["key"] for record in done}


def test_a_failed_task_of_one_variant_is_skipped_in_the_others(bench: Bench) -> None:
    fields = {"fail": [3], "sweep": {"grid": {"seconds": [0.0, 0.001]}}}
    done = bench.bigdata("submit", search(bench, **fields), "--site", "process")
    assert done.returncode == 5
    folder = bench.run_folder()
    (end,) = events(folder.path, "end")
    assert end["skipped"] == [["variant-1/trial", 3, "variant-0/trial", 3]]
    assert n_run(bench) == 12


def test_fresh_takes_nothing_over(bench: Bench) -> None:
    inside(bench, search(bench))
    n_run(bench)
    plan = bench.plan(search(bench, name="other"), fresh=True)
    assert plan.stages[0].reasons == {"new": 12}
    inside(bench, search(bench, name="other"), fresh=True)
    assert n_run(bench) == 12


def test_a_run_stays_whole_when_the_one_that_it_took_from_is_deleted(bench: Bench) -> None:
    first = inside(bench, bench.trial(tasks=5))
    again = inside(bench, bench.trial(tasks=5, name="again"))
    before = chunks(again.folder.path)
    assert before == chunks(first.folder.path)
    assert {record["from"] for record in again.history.done.values()} == {first.folder.path.name}
    name = first.folder.path.name
    assert f"6 results were taken over from {name}" in bench.bigdata("status", again.folder.path).stdout
    assert again.attributes["taken_over"] == {name: 6}
    assert f"6 tasks&#x27; results from {name}" in again.folder.report.read_text().replace("&#39;", "&#x27;")
    shutil.rmtree(first.folder.path)
    assert chunks(again.folder.path) == before
    assert bench.plan(bench.trial(tasks=5, name="again")).n_todo == 0
    assert bench.bigdata("verify", again.folder.path).returncode == 0


def test_where_files_cannot_be_linked_they_are_copied(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first = inside(bench, bench.trial(tasks=2))

    link = os.link

    def no_links(source: Any, target: Any) -> None:
        if "/c/" in str(source):
            raise OSError(18, "Invalid cross-device link")
        link(source, target)

    monkeypatch.setattr(os, "link", no_links)
    again = inside(bench, bench.trial(tasks=2, name="again"))
    assert chunks(again.folder.path) == chunks(first.folder.path)
    assert (again.store / "value/c/0").stat().st_ino != (first.store / "value/c/0").stat().st_ino


def test_damaged_data_are_not_taken_over(bench: Bench) -> None:
    first = inside(bench, bench.trial(tasks=3))
    whole = chunks(first.folder.path)
    damaged = first.store / "value/c/1"
    data = bytearray(damaged.read_bytes())
    data[3] ^= 1
    damaged.write_bytes(data)
    again = inside(bench, bench.trial(tasks=3, name="again"))
    assert chunks(again.folder.path) == whole
    assert ["from" in again.history.done["first", i] for i in range(3)] == [True, False, True]


def test_a_task_that_another_run_is_doing_anew_is_not_taken_over(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between planning and taking over, the other run begins anew with other data under the same addresses."""
    from bigdata.engine import taking

    first = inside(bench, bench.trial(tasks=2))
    linked = taking.link

    def link_late(source: Path, target: Path) -> None:
        with first.folder.journal.open("a") as file:
            file.write(json.dumps({"time": 0, "event": "stale", "stage": "first", "index": 0, "why": "x"}) + "\n")
        linked(source, target)

    monkeypatch.setattr(taking, "link", link_late)
    again = inside(bench, bench.trial(tasks=2, name="again"))
    assert "from" not in again.history.done["first", 0]


def test_what_is_done_anew_is_said_before_anything_is_written_over_it(bench: Bench) -> None:
    """A kill would else leave the record of the old data beside the shard of the new."""
    data = bench.folder / "data.txt"
    data.write_text("one")
    spec = bench.trial(file="data.txt", fail=[1], trouble=str(bench.folder / "trouble"))
    inside(bench, spec)
    (bench.folder / "trouble").write_text("")
    data.write_text("two")
    bench.bigdata("submit", spec, "--site", "process")
    data.write_text("one")
    reasons = bench.plan(spec).stages[0].reasons
    assert reasons["failed before"] == 1
    assert sum(reasons.values()) == 4


def other_run(bench: Bench, name: str, n: int, first: int = 0, *, indexed: bool = True) -> RunFolder:
    """A run's journal as a controller leaves it, of `n` tasks with keys counted from `first`."""
    folder = RunFolder(bench.folder / "runs" / name)
    folder.path.mkdir(parents=True)
    line = '{{"time":1.0,"event":"done","stage":"s","index":{},"key":"{}","seconds":0.01,"memory":1,"bytes":100}}\n'
    folder.journal.write_text("".join(line.format(i, key(first + i)) for i in range(n)))
    if indexed:
        write_index(folder)
    return folder


def key(number: int) -> str:
    import hashlib

    return hashlib.sha256(str(number).encode()).hexdigest()[:32]


@pytest.mark.parametrize("indexed", [True, False], ids=["with its table", "killed before it left one"])
def test_the_keys_of_another_run_are_found(indexed: bool, bench: Bench) -> None:
    folder = other_run(bench, "a", 50, indexed=indexed)
    found = KnownRuns(bench.folder / "runs").find([key(7), key(49), key(50)])
    assert {k: v.record["index"] for k, v in found.items()} == {key(7): 7, key(49): 49}
    assert found[key(7)].run == folder


def test_what_a_journal_has_gained_since_its_table_counts(bench: Bench) -> None:
    folder = other_run(bench, "a", 5)
    with folder.journal.open("a") as file:
        file.write('{"time":2.0,"event":"stale","stage":"s","index":1,"why":"x"}\n')
        file.write(f'{{"time":2.0,"event":"done","stage":"s","index":2,"key":"{key(99)}","seconds":0}}\n')
        file.write('{"time":2.0,"event":"done","stage":"s","in')
    found = KnownRuns(bench.folder / "runs").find([key(i) for i in (0, 1, 2, 99)])
    assert {k: v.record["index"] for k, v in found.items()} == {key(0): 0, key(99): 2}


def test_the_newest_of_two_runs_is_taken(bench: Bench) -> None:
    old, new = other_run(bench, "old", 5), other_run(bench, "new", 5)
    os.utime(old.journal, (1, 1))
    assert KnownRuns(bench.folder / "runs").find([key(3)])[key(3)].run == new


def test_what_is_no_run_is_passed_over(bench: Bench) -> None:
    other_run(bench, "a", 2)
    (bench.folder / "runs/notes.txt").write_text("mine")
    (bench.folder / "runs/folder").mkdir()
    (bench.folder / "runs/a/keys.bin").write_bytes(b"something else")
    assert len(KnownRuns(bench.folder / "runs").find([key(0), key(1)])) == 2
    assert not KnownRuns(bench.folder / "nowhere")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("name", [".", "journal.jsonl"], ids=["its folder", "its journal"])
def test_nothing_is_known_from_another_users_run(name: str, bench: Bench) -> None:
    folder = other_run(bench, "a", 5)
    os.chown(folder.path / name, 54_321, -1)
    runs = KnownRuns(bench.folder / "runs")
    assert (bool(runs), runs.find([key(3)])) == (False, {})


def test_a_fresh_run_of_what_is_finished_is_done_anew(bench: Bench) -> None:
    spec = search(bench)
    first = inside(bench, spec)
    before = chunks(first.folder.path)
    assert n_run(bench) == 12
    assert bench.plan(spec, fresh=True).stages[0].reasons == {"asked for anew": 12}
    again = inside(bench, spec, fresh=True)
    assert n_run(bench) == 12
    assert again.folder.path == first.folder.path
    assert chunks(again.folder.path) == before
    assert len(events(again.folder.path, "done")) == 2 * len(first.history.done)
    inside(bench, spec)
    assert n_run(bench) == 0


def test_a_fresh_run_that_was_broken_off_goes_on(bench: Bench) -> None:
    """As when one controller hands it to the next."""
    spec = search(bench)
    journal = inside(bench, spec).folder.journal
    lines = journal.read_text().splitlines(keepends=True)
    n_done = next(n for n, line in enumerate(lines) if '"end"' in line)
    journal.write_text("".join(lines[:n_done]))
    assert bench.plan(spec, fresh=True).n_todo == 0
