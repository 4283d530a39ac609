"""A run's folder says what was run: planning it again gives the same tasks, or one sentence says why it can't."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigdata import load_study
from bigdata.errors import SpecError
from bigdata.planning import Plan, plan
from bigdata.run.description import as_understood
from bigdata.spec import Study
from bigdata.store.folder import RunFolder, write_json, write_whole
from tests.bench import Bench

HBN = "study: similarity\nname: h  # mine\ndataset: {name: hbn-dos-gpaw}\n"
SWEEP = "sweep: {grid: {similarity.measure: [dice, tanimoto]}, zip: {spectrum.zero: [none], order_by: [[xc]]}}\n"
GRID = "uniform:0:0.5:0.5:-5:5:16"


def recorded(plan: Plan) -> Path:
    """The folder of a run that has its record and hasn't begun, as one that waits in a queue."""
    write_whole(plan.folder.study, plan.study.text)
    write_json(plan.folder.resolved, as_understood(plan))
    return plan.folder.path


def run_of(spec: Path, *overrides: str) -> Path:
    """A run in `runs` beside the spec."""
    return recorded(plan(load_study(spec, overrides), runs=spec.parent / "runs"))


def keys(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {stage.path: [stage.key(i) for i in range(stage.n_tasks)] for stage in plan.stages}


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(SpecError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def written(folder: Path, text: str, name: str = "study.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def spectra(folder: Path, names: str = "ab") -> Path:
    """A file of spectra and a study of it."""
    folder.mkdir(exist_ok=True)
    entry = {"energies_eV": np.arange(-8, 8.1, 0.25).tolist(), "dos_states_per_eV_cell": [2.0] * 65}
    (folder / "s.jsonl").write_text("".join(json.dumps({"name": n, **entry}) + "\n" for n in names))
    spec = "study: similarity\nname: s\ndataset: {file: s.jsonl}\nspectrum: {zero: none}\n"
    return written(folder, f"{spec}fingerprint: {{grid: {GRID}}}\n", "s.yaml")


@pytest.fixture
def trial(bench: Bench) -> Path:
    """A study of a file of the user's own, in a folder of its own."""
    written(bench.folder / "mine", "one\n", "data.txt")
    return written(bench.folder / "mine", "study: trial\nname: t\nfile: data.txt\n", "trial.yaml")


@pytest.fixture
def moved(trial: Path, bench: Bench) -> Path:
    """The run of that study on another machine: its folder alone, and nothing where the study was."""
    shutil.copytree(run_of(trial), bench.folder / "other/from-a-colleague")
    trial.parent.rename(bench.folder / "gone")
    return bench.folder / "other/from-a-colleague"


@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        pytest.param(HBN, (), id="as it was written"),
        pytest.param(HBN, ("similarity.measure=dice", "dataset.where.xc=[LDA]"), id="with --set"),
        pytest.param("extends: ../parent.yaml\nname: child\n", (), id="with a parent"),
        pytest.param("extends: ../parent.yaml\nname: child\n", ("groups={linkage: single}",), id="with both"),
        pytest.param(HBN + SWEEP, (), id="a sweep"),
        pytest.param(HBN + SWEEP, ("sweep.grid={similarity.measure: [cosine, dice]}",), id="a sweep that was set"),
    ],
)
@pytest.mark.parametrize("way", ["{}", "{}/", "{}/study.yaml"])
def test_a_run_is_planned_again_with_equal_keys(text: str, overrides: tuple[str, ...], way: str, bench: Bench) -> None:
    (bench.folder / "parent.yaml").write_text(HBN + "similarity: {measure: dice}\n")
    spec = written(bench.folder / "specs", text)
    first = plan(load_study(spec, overrides), runs=bench.folder / "elsewhere/runs")
    run = recorded(first)
    shutil.rmtree(spec.parent)
    (bench.folder / "parent.yaml").unlink()
    again = plan(load_study(way.format(run)))
    assert (again.folder.path, keys(again), again.notes) == (run, keys(first), first.notes)
    before = [file.read_bytes() for file in (again.folder.study, again.folder.resolved)]
    recorded(again)
    assert [file.read_bytes() for file in (again.folder.study, again.folder.resolved)] == before


def test_the_text_of_a_run_is_the_users_own(bench: Bench) -> None:
    spec = bench.folder / "s.yaml"
    spec.write_bytes(HBN.replace("\n", "\r\n").encode())
    assert (run_of(spec) / "study.yaml").read_bytes() == spec.read_bytes()


def test_a_run_is_found_from_inside_its_folder(trial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(trial)
    monkeypatch.chdir(run)
    assert plan(load_study(".")).folder.path == plan(load_study("study.yaml")).folder.path == run


def test_a_run_keeps_a_folder_that_was_renamed(trial: Path) -> None:
    run = run_of(trial).rename(trial.parent / "the-good-one")
    assert plan(load_study(run)).folder.path == run
    assert plan(load_study(run), runs=run.parent).folder.path == run
    assert re.fullmatch("t-[0-9a-f]{8}", plan(load_study(run), runs=run.parent / "others").folder.path.name)


def test_what_is_set_on_top_of_a_run_makes_another_beside_it(trial: Path) -> None:
    run = run_of(trial, "tasks=3")
    other = plan(load_study(run, ["rows=5"]))
    assert other.folder.path == plan(load_study(trial, ["tasks=3", "rows=5"]), runs=run.parent).folder.path != run
    assert other.notes == ()
    assert "tasks: 3  # --set tasks=3\nrows: 5  # --set rows=5\n" in other.study.text
    third = recorded(other)
    assert plan(load_study(third)).folder.path == third


def test_an_edited_study_is_said_to_be_another(trial: Path) -> None:
    run = run_of(trial)
    (run / "study.yaml").write_text((run / "study.yaml").read_text() + "tasks: 2\n")
    other = plan(load_study(run))
    assert other.folder.path.parent == run.parent
    assert other.folder.path != run
    assert other.notes == (
        f"{run}/study.yaml was changed since its run, so that this is another study, with a run of its own",
    )


def test_an_edited_comment_makes_no_other_study(trial: Path) -> None:
    run = run_of(trial)
    (run / "study.yaml").write_text("# mine\ndescription: for people\n" + (run / "study.yaml").read_text())
    again = plan(load_study(run))
    assert (again.folder.path, again.notes) == (run, ())


def test_what_is_wrong_with_an_edited_study_has_its_place(trial: Path) -> None:
    run = run_of(trial)
    (run / "study.yaml").write_text("study: trial\nname: t\ntask: 2\n")
    with pytest.raises(SpecError, match=r"t-[0-9a-f]{8}/study.yaml:3:1: task: Unknown key|task: unknown key"):
        load_study(run)


def test_a_folder_without_a_run_is_named(bench: Bench) -> None:
    text = refusal(lambda: load_study(f"{bench.folder}/"))
    assert text == f"{bench.folder}: is a folder, and not that of a run. Name a YAML file in it."


def test_files_are_found_where_the_spec_means_them(trial: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first = plan(load_study(trial), runs=bench.folder / "far/away")
    run = recorded(first)
    monkeypatch.chdir(run)
    assert keys(plan(load_study(run))) == keys(first)
    assert load_study(run).moved == {}


@pytest.mark.parametrize("place", ["data.txt", "renamed", "../data.txt", "../renamed"])
def test_files_are_found_beside_the_run(place: str, moved: Path, bench: Bench) -> None:
    (bench.folder / "gone/data.txt").rename(moved / place)
    assert plan(load_study(moved)).folder.path == moved


def test_files_are_found_where_all_has_moved_together(bench: Bench) -> None:
    written(bench.folder / "project/data", "one\n", "data.txt")
    spec = written(bench.folder / "project/specs", "study: trial\nname: t\nfile: ../data/data.txt\n")
    first = plan(load_study(spec), runs=bench.folder / "project/results/runs")
    run = recorded(first)
    (bench.folder / "project").rename(bench.folder / "elsewhere")
    run = bench.folder / "elsewhere/results/runs" / run.name
    assert keys(plan(load_study(run))) == keys(first)
    (bench.folder / "elsewhere/data/data.txt").write_text("two\n")
    assert "elsewhere/data/data.txt has changed since" in refusal(lambda: load_study(run))


def test_files_are_found_where_the_user_says_and_known_by_their_content(moved: Path, bench: Bench) -> None:
    text = refusal(lambda: load_study(moved))
    digest = "2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806"
    assert text == (
        f"the run in {moved} read {bench.folder}/mine/data.txt (SHA-256 {digest}), which is neither there, nor beside "
        "the run, nor in this machine's cache. Name the file, wherever it is now, with --data FILE."
    )
    renamed = (bench.folder / "gone/data.txt").rename(bench.folder / "gone/renamed")
    for given in (renamed, renamed.parent):
        study = load_study(moved, data=[given])
        again = plan(study)
        assert again.folder.path == moved
        assert Path(study.moved[str(bench.folder / "mine/data.txt")]).name == "data.txt"
    assert as_understood(again)["files"] == RunFolder(moved).read_resolved()["files"]


def test_a_file_that_the_run_did_not_read_is_refused(moved: Path, bench: Bench) -> None:
    other = written(bench.folder, "two\n", "data.txt")
    assert "didn't read this (SHA-256 27dd8ed44a83" in refusal(lambda: load_study(moved, data=[other]))
    assert refusal(lambda: load_study(moved, data=["nowhere"])) == "--data nowhere: there is no such file."
    written(bench.folder / "mine", "one\n", "data.txt")
    assert "didn't read this" in refusal(lambda: load_study(moved, data=[other]))


def test_a_changed_file_makes_another_study_and_that_is_said(trial: Path) -> None:
    run, data = run_of(trial), trial.parent / "data.txt"
    written(trial.parent / "kept", "one\n", "data.txt")
    data.write_text("two\n")
    text = refusal(lambda: load_study(run))
    assert text.startswith(
        f"{data} has changed since the run in {run} read it (SHA-256 2c8b08da5ce6… then, 27dd8ed44a83…"
    )
    assert keys(plan(load_study(run, data=[trial.parent / "kept/data.txt"]))) != keys(plan(load_study(trial)))
    # A study of other data can be asked for, and needs the old ones no more.
    assert load_study(run, ["file=kept/data.txt"]).repeated is not None


def test_an_import_in_the_cache_is_enough(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spectra(bench.folder)
    first = plan(load_study(spec), runs=bench.folder / "runs")
    run = recorded(first)
    content = (bench.folder / "s.jsonl").read_bytes()
    (bench.folder / "s.jsonl").unlink()
    again = plan(load_study(run))
    assert (keys(again), again.folder.path) == (keys(first), run)
    assert as_understood(again) == RunFolder(run).read_resolved()
    monkeypatch.setenv("BIGDATA_CACHE", str(bench.folder / "another"))
    assert "nor in this machine's cache" in refusal(lambda: load_study(run))
    (bench.folder / "back.jsonl").write_bytes(content)
    assert keys(plan(load_study(run, data=[bench.folder / "back.jsonl"]))) == keys(first)


def test_an_import_in_the_cache_is_still_checked_against_what_is_set(bench: Bench) -> None:
    run = run_of(spectra(bench.folder))
    (bench.folder / "s.jsonl").unlink()
    with pytest.raises(SpecError, match="the dataset has no field `nothing`"):
        load_study(run, ["order_by=[nothing]"])


def test_spectra_that_a_table_names_count_as_its_data(bench: Bench) -> None:
    def spectrum(name: str, height: float) -> None:
        rows = "".join(f"{e / 4},{height}\n" for e in range(-32, 33))
        written(bench.folder, f"energy_eV,dos_per_eV\n{rows}", name)

    spectrum("a.csv", 2.0)
    spectrum("b.csv", 2.0)
    written(bench.folder, "name,file\na,a.csv\nb,b.csv\n", "t.csv")
    spec = "study: similarity\nname: s\ndataset: {file: t.csv}\nspectrum: {zero: none}\n"
    run = run_of(written(bench.folder, f"{spec}fingerprint: {{grid: {GRID}}}\n"))
    spectrum("b.csv", 3.0)
    text = refusal(lambda: plan(load_study(run)))
    assert text.startswith(f"the data of {bench.folder}/t.csv aren't those that the run in {run} has read")


def test_a_folder_is_known_by_what_was_read_of_it(bench: Bench) -> None:
    spec = spectra(bench.folder / "mine")
    (bench.folder / "mine/many").mkdir()
    (bench.folder / "mine/s.jsonl").rename(bench.folder / "mine/many/s.jsonl")
    spec.write_text(spec.read_text().replace("s.jsonl", "many"))
    first = plan(load_study(spec), runs=bench.folder / "runs")
    run = recorded(first)
    written(bench.folder / "mine/many", "of no format", "README")
    assert keys(plan(load_study(run))) == keys(first)
    spec.parent.rename(bench.folder / "gone")
    given = [bench.folder / "gone/many"]
    assert keys(plan(load_study(run, data=given))) == keys(plan(load_study(run))) == keys(first)
    entry = (bench.folder / "gone/many/s.jsonl").read_text().splitlines()[0].replace('"a"', '"c"')
    written(bench.folder / "gone/many", f"{entry}\n", "more.jsonl")
    assert "gone/many aren't those that the run in" in refusal(lambda: plan(load_study(run, data=given)))


def test_data_are_given_to_runs_alone(trial: Path) -> None:
    assert "trial.yaml is no run: --data says" in refusal(lambda: load_study(trial, data=[trial]))


def old(run: Path, text: str, *overrides: str) -> Path:
    """The run as it was recorded before its record told where the spec was, and study.yaml all that was run."""
    folder = RunFolder(run)
    record = folder.read_resolved()
    del record["spec"], record["files"]
    for variant in record["variants"]:
        for read in variant["inputs"].values():
            del read["file"], read["content"]
    write_json(folder.resolved, record)
    said = "".join(f"# --set {override}\n" for override in overrides)
    folder.study.write_text(f"{text.rstrip()}\n\n# submitted with\n{said}" if said else text)
    return run


def test_an_old_run_tells_its_overrides_in_comments(trial: Path) -> None:
    first = plan(load_study(trial, ["tasks=3", "seconds=0.5"]), runs=trial.parent / "runs")
    run = old(recorded(first), trial.read_text(), "tasks=3", "seconds=0.5")
    again = plan(load_study(run))
    assert (again.folder.path, keys(again), again.notes) == (run, keys(first), ())
    assert "# submitted with" not in again.study.text
    assert plan(load_study(recorded(again), ["tasks=2"])).study.text.count("tasks") == 2


def test_an_old_run_without_its_parent_is_refused_in_words(bench: Bench) -> None:
    (bench.folder / "parent.yaml").write_text(HBN)
    spec = written(bench.folder, "extends: parent.yaml\nname: child\n")
    run = old(run_of(spec), spec.read_text())
    text = refusal(lambda: load_study(run))
    assert text.startswith(f"{run} was made by an older version of bigdata, and its study.yaml doesn't say by itself")
    (run / "parent.yaml").write_text(HBN + "groups: {linkage: single}\n")
    assert refusal(lambda: load_study(run)) == text


def test_an_old_run_knows_its_data_by_their_import(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spectra(bench.folder)
    first = plan(load_study(spec), runs=bench.folder / "runs")
    run = old(recorded(first), spec.read_text())
    assert keys(plan(load_study(run))) == keys(first)
    (bench.folder / "s.jsonl").rename(bench.folder / "kept")
    assert keys(plan(load_study(run))) == keys(first)
    monkeypatch.setenv("BIGDATA_CACHE", str(bench.folder / "another"))
    assert f"read {bench.folder}/s.jsonl (known by name only), which" in refusal(lambda: load_study(run))
    (bench.folder / "kept").rename(run / "s.jsonl")
    assert keys(plan(load_study(run))) == keys(first)
    spectra(bench.folder, "abc")
    assert "aren't those that the run in" in refusal(lambda: load_study(run))


def test_the_study_of_a_run_is_a_study_as_any(trial: Path) -> None:
    study = load_study(str(run_of(trial)))
    assert isinstance(study, Study)
    assert (study.kind, study.folder) == ("trial", trial.parent)
