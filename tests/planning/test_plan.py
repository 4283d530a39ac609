"""What a plan says is what a run leaves: files and bytes to the last one, what is done, and why the rest runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import bigdata
from bigdata import load_study
from bigdata.errors import SpecError
from bigdata.spec.site import load_site
from bigdata.store.folder import RunFolder
from tests.bench import PROGRAM, ROOT, Bench, chunks

HBN = {"study": "similarity", "name": "h", "dataset": {"name": "hbn-dos-gpaw"}}
KEEP = "sweep", {"grid": {"similarity.keep": [{"nearest": 5}, {"above": 0.9}]}}
STUDIES: dict[str, dict[str, Any]] = {
    "the shipped study": {"extends": str(ROOT / "specs/similarity.yaml"), "name": "h"},
    "two measures": {**HBN, "sweep": {"grid": {"similarity.measure": ["dice", "integrated-l1"]}}},
    "the nearest, and all above": dict([*HBN.items(), KEEP]),
    "a trial": {"study": "trial", "name": "t", "tasks": 3},
}


@pytest.mark.parametrize("which", STUDIES)
def test_files_and_bytes_are_exact(which: str, bench: Bench) -> None:
    spec = bench.write("s.yaml", STUDIES[which])
    plan = bench.plan(spec)
    run = bench.submit(spec)
    assert run.folder.n_files() == plan.n_files
    assert sum(map(len, chunks(run.folder.path).values())) == plan.array_bytes
    others = run.folder.n_bytes() - plan.array_bytes
    assert others < 2 * plan.other_bytes
    assert bench.plan(spec).n_todo == 0


def test_reasons(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """One run, and one thing after the other that makes its tasks run again."""
    (bench.folder / "data.txt").write_text("one")
    spec = bench.trial(file="data.txt")

    def reasons() -> list[dict[str, int]]:
        return [s.reasons for s in bench.plan(spec).stages]

    assert reasons() == [{"new": 4}, {"new": 1}]
    run = bench.submit(spec)
    assert reasons() == [{}, {}]
    (run.store / "value/c/2").unlink()
    assert reasons() == [{"its data are missing": 1}, {}]
    (run.store / "value/c/2").write_bytes(b"cut short")
    assert reasons() == [{"its data are missing": 1}, {}]
    bench.submit(spec)
    assert reasons() == [{}, {}]
    (bench.folder / "data.txt").write_text("two")
    assert reasons() == [{"the dataset changed": 4}, {"the dataset changed": 1}]
    bench.submit(spec)
    monkeypatch.setenv("TRIAL_VERSION", "2")
    assert reasons() == [{"the stage's version changed": 4}, {"the stage's version changed": 1}]
    monkeypatch.setenv("TRIAL_VERSION", "1")
    assert reasons() == [{}, {}]
    # The digest counts, not the name or the place of the file.
    (bench.folder / "data.txt").write_text("two")
    assert reasons() == [{}, {}]


def test_the_description_changes_nothing(bench: Bench) -> None:
    first = bench.plan(bench.trial()).folder
    assert bench.plan(bench.trial(description="something else")).folder == first
    assert bench.plan(bench.trial(rows=3)).folder != first


def test_the_study_key_knows_no_path(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = Bench(tmp_path_factory.mktemp("elsewhere"))
    assert bench.plan(bench.trial()).folder.path.name == other.plan(other.trial()).folder.path.name


def refusal(bench: Bench, site: dict[str, Any], **fields: Any) -> tuple[int, str]:
    bench.write("site.yaml", {"site": "small", "scheduler": "local", **site})
    bench.trial(**fields)
    done = bench.bigdata("submit", "trial.yaml", "--site", "site.yaml")
    assert not (bench.folder / "runs").exists()
    return done.returncode, done.stderr


TOO_MANY_FILES = (
    "22 files would be written, and the site `small` allows 10; 17 of them are there whatever is computed, so that no "
    "number of waves would fit"
)
POOL = {"cpu": {"cores": 2, "memory": "2 GiB"}}


def test_too_many_files_are_refused(bench: Bench) -> None:
    code, said = refusal(bench, {"pools": POOL, "limits": {"files": 10}})
    assert (code, said.splitlines()[-1]) == (3, f"  {TOO_MANY_FILES}")


def test_too_many_bytes_are_refused(bench: Bench) -> None:
    code, said = refusal(bench, {"pools": POOL, "limits": {"bytes": "1 kB"}})
    assert code == 3
    assert "bytes would be written, and the site `small` allows 1,000" in said.splitlines()[-1]


def test_a_task_larger_than_a_worker_is_refused(bench: Bench) -> None:
    code, said = refusal(bench, {"pools": POOL}, memory=3 * 2**30)
    assert code == 3
    assert (
        "a task of stage `first` needs about 3,221,225,472 bytes of memory, "
        "and a worker of pool `cpu` has 1,073,741,824" in said
    )


def test_more_than_the_disk_holds_is_refused(bench: Bench) -> None:
    code, said = refusal(bench, {"pools": POOL}, rows=10**14)
    assert code == 3
    last = said.splitlines()[-1].replace("/private", "")
    assert f"bytes more would be written, and the file system of {bench.folder}, mounted at /" in last


def test_a_plan_that_is_refused_is_still_shown(bench: Bench) -> None:
    bench.write("site.yaml", {"site": "small", "scheduler": "local", "pools": POOL, "limits": {"files": 10}})
    done = bench.bigdata("plan", bench.trial(), "--site", "site.yaml", "--json")
    assert done.returncode == 3
    data = json.loads(done.stdout)
    assert data["refusals"] == [TOO_MANY_FILES]
    assert data["files"] == {"exact": 22}
    assert data["stages"][0]["reasons"] == {"new": 4}


def test_a_pool_that_the_site_lacks_falls_back_and_says_so(bench: Bench) -> None:
    plan = bench.plan(bench.trial(pools={"last": "gpu"}))
    assert [s.pool for s in plan.stages] == ["cpu", "cpu"]
    assert plan.notes == ("stage `last` asks for pool `gpu`; site `local` has none, so it runs on `cpu`",)
    only_gpu = load_site(bench.site(gpu={"cores": 1, "memory": "1 GiB"}))
    assert [s.pool for s in bench.plan(bench.trial(), site=only_gpu).stages] == ["gpu", "gpu"]


def test_data_that_cannot_be_used_are_located(bench: Bench) -> None:
    spec = bench.write("s.yaml", {**HBN, "dataset": {"file": "s.jsonl"}})
    (bench.folder / "s.jsonl").write_text("not JSON\n")
    with pytest.raises(SpecError, match=r"s\.jsonl:1: this isn't JSON"):
        bench.plan(spec)


def test_a_plan_loads_nothing_heavy(bench: Bench) -> None:
    code = f"""
import sys, atexit
atexit.register(lambda: print(*sys.modules))
sys.argv[1:] = ["plan", "{ROOT}/specs/similarity.yaml"]
{PROGRAM[-1]}
"""
    command = [sys.executable, "-c", code]
    environment = bench.environment()
    done = subprocess.run(command, cwd=bench.folder, env=environment, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "bigdata.planning.plan" in loaded
    assert not loaded & {"dask", "distributed", "zarr", "scipy", "matplotlib"}


def test_a_plan_can_be_made_while_files_come_and_go(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run under way makes and removes files while `plan` counts them."""
    folder = RunFolder(bench.folder)
    (bench.folder / "gone").symlink_to("nowhere")  # found in the folder, and not there when it is looked at
    assert folder.n_bytes() == 0


@pytest.mark.parametrize("path", ["../s", "runs"])
def test_relative_paths_of_runs_are_taken_as_given(path: str, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from bigdata.planning import plan

    monkeypatch.chdir(bench.folder)
    assert plan(load_study(bench.trial()), runs=path).folder.path.parent == Path(path)


def test_a_plan_at_a_prompt_is_a_page_at_most(bench: Bench) -> None:
    few = bench.plan(bench.trial(tasks=3), site="process")
    assert "  first: 3 of 3 tasks to do\n" in repr(few)
    assert f"{few.n_files:,} files" in repr(few)
    many = bench.plan(bench.trial(sweep={"grid": {"rows": [*range(1, 60)]}}))
    assert len(repr(many).splitlines()) < 30
    n_stages = len(many.stages)
    assert f"and {n_stages - 20} more stages" in repr(many)


def test_all_that_the_package_offers_is_listed() -> None:
    assert set(bigdata.__all__) <= set(dir(bigdata))
    assert all(callable(getattr(bigdata, name)) for name in bigdata.__all__)
    assert "predict" in bigdata.__all__
