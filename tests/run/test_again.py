"""Runs that are done again: a finished one is done, a copied one gives the numbers of the first."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bigdata import load_study, submit
from bigdata.store.reading import Run
from tests.bench import ROOT, Bench, chunks, events
from tests.planning.test_again import old, spectra

DETACHED = ("--controller", "detached", "--site", "process")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of a study with a parent, an override and a file of the user's own."""
    bench = Bench(tmp_path_factory.mktemp("done"))
    (bench.folder / "mine").mkdir()
    (bench.folder / "mine/data.txt").write_text("one\n")
    (bench.folder / "parent.yaml").write_text("study: trial\ntasks: 2\nfile: data.txt\n")
    (bench.folder / "mine/child.yaml").write_text("extends: ../parent.yaml\nname: t\n")
    ended = bench.bigdata("submit", "mine/child.yaml", "--set", "rows=3", "--site", "process")
    assert ended.returncode == 0, ended.stderr
    return Run(bench.folder / ended.stdout.strip())


@pytest.fixture
def copied(done: Run, bench: Bench) -> Path:
    """What a colleague is handed of it: the study and its record, without results, on a machine without the data."""
    for name in ("study.yaml", "resolved.json"):
        (bench.folder / "handed").mkdir(exist_ok=True)
        shutil.copy(done.folder.path / name, bench.folder / "handed" / name)
    record = bench.folder / "handed/resolved.json"
    record.write_text(record.read_text().replace(str(done.folder.path.parents[1]), "/somewhere/else"))
    return bench.folder / "handed"


def test_a_finished_run_says_that_it_is_done(done: Run) -> None:
    bench = Bench(done.folder.path.parents[1])
    before = {p: p.stat().st_mtime_ns for p in done.folder.path.rglob("*") if p.is_file()}
    again = bench.bigdata("submit", done.folder.path.relative_to(bench.folder), "--site", "local")
    assert again.stdout == f"{done.folder.path.relative_to(bench.folder)}\n", again.stderr
    assert "all tasks were done before; report: " in again.stderr
    assert {p: p.stat().st_mtime_ns for p in done.folder.path.rglob("*") if p.is_file()} == before
    assert submit(load_study(done.folder.path)).folder == done.folder
    assert len(events(done.folder.path, "submit")) == 1


def test_the_study_that_a_run_holds_is_valid_by_itself(done: Run, bench: Bench) -> None:
    for spec in (done.folder.path, done.folder.study):
        checked = bench.bigdata("validate", spec)
        assert checked.stdout == f"{spec}: ok (trial, 1 variant)\n", checked.stderr


def test_a_copied_run_gives_the_same_numbers_where_its_data_are_given(done: Run, copied: Path, bench: Bench) -> None:
    refused = bench.bigdata("submit", "handed")
    assert refused.returncode == 2
    assert "read /somewhere/else/mine/data.txt (SHA-256 2c8b08da" in refused.stderr
    assert [path.name for path in sorted(copied.iterdir())] == ["resolved.json", "study.yaml"]
    (bench.folder / "data").write_text("one\n")
    ended = bench.bigdata("submit", "handed", "--data", "data", "--site", "process")
    assert (ended.returncode, ended.stdout) == (0, "handed\n"), ended.stderr
    assert chunks(copied) == chunks(done.folder.path)
    assert (copied / "study.yaml").read_bytes() == done.folder.study.read_bytes()


def test_a_launched_controller_finds_the_data_where_they_were_given(done: Run, copied: Path, bench: Bench) -> None:
    (bench.folder / "data").write_text("one\n")
    ended = bench.bigdata("submit", "handed", "--data", "data", *DETACHED, "--watch")
    assert ended.returncode == 0, ended.stderr
    assert chunks(copied) == chunks(done.folder.path)


def test_a_run_in_a_folder_of_another_name_can_be_launched(bench: Bench) -> None:
    run = bench.submit(bench.trial(tasks=2)).folder.path.rename(bench.folder / "renamed")
    (run / "store.zarr/total/c/0").unlink()
    ended = bench.bigdata("submit", "renamed", *DETACHED, "--watch")
    assert ended.returncode == 0, ended.stderr
    assert len(events(run, "submit")) == 2
    assert [path.name for path in bench.folder.glob("runs/*")] == []


def test_an_old_run_that_is_done_learns_what_its_record_lacked(bench: Bench) -> None:
    spec = bench.trial(tasks=2)
    run = bench.submit(spec).folder
    old(run.path, spec.read_text())
    submit(load_study(run.path), site="process")
    assert {"spec", "files"} <= run.read_resolved().keys()
    assert len(events(run.path, "done")) == 3


def test_spectra_are_compared_again_from_their_import_alone(bench: Bench) -> None:
    run = bench.submit(spectra(bench.folder))
    (bench.folder / "s.jsonl").unlink()
    before = chunks(run.folder.path)
    shutil.rmtree(run.folder.store)
    submit(load_study(run.folder.path), site="process")
    assert chunks(run.folder.path) == before


def test_a_shipped_study_is_repeated_with_what_was_set(bench: Bench) -> None:
    words = (ROOT / "specs/similarity.yaml", "--set", "similarity.measure=dice", "--runs", "runs")
    ended = bench.bigdata("submit", *words, "--site", "process")
    run = bench.run_folder()
    assert ended.returncode == 0, ended.stderr
    assert "similarity: {measure: dice, keep: matrix}  # --set similarity.measure=dice\n" in run.study.read_text()
    shutil.copytree(run.path, bench.folder / "copy", ignore=shutil.ignore_patterns("store.zarr", "journal.jsonl"))
    again = bench.bigdata("submit", "copy", "--site", "process")
    assert (again.returncode, again.stdout) == (0, "copy\n"), again.stderr
    assert chunks(bench.folder / "copy") == chunks(run.path)
