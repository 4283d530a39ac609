"""Stored data that aren't what was written are never read as numbers; submitting again writes them anew."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bigdata.errors import DamagedData, TasksFailed
from bigdata.store import open_run
from bigdata.store.reading import Run
from tests.bench import Bench, chunks, events

xarray = pytest.importorskip("xarray")
TASKS = 6


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("made"))
    bench.submit(bench.trial(tasks=TASKS))
    return bench


@pytest.fixture
def ran(made: Bench, tmp_path: Path) -> Bench:
    """A folder with a finished run, to be damaged."""
    shutil.copytree(made.folder, tmp_path, dirs_exist_ok=True)
    return Bench(tmp_path)


def flip(at: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[at] ^= 1
        path.write_bytes(data)

    return damage


def cut(to: int) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(path.read_bytes()[:to])


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a flipped bit in the values": (flip(3), "are damaged (their checksum disagrees)"),
    "a flipped bit in the checksum": (flip(17), "are damaged (their checksum disagrees)"),
    "a flipped bit in the index": (flip(21), "are damaged (their checksum disagrees)"),
    "a flipped bit in the index's checksum": (flip(-1), "are damaged (their checksum disagrees)"),
    "nothing but zeros": (lambda p: p.write_bytes(bytes(40)), "are damaged (their checksum disagrees)"),
    "one byte less": (cut(39), "have 39 bytes instead of 40"),
    "half of it": (cut(20), "have 20 bytes instead of 40"),
    "an empty file": (cut(0), "have 0 bytes instead of 40"),
    "no file": (lambda p: p.unlink(), "are not there"),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_damage_is_named_and_never_read(what: str, ran: Bench) -> None:
    damage, said = DAMAGES[what]
    run = open_run(ran.run_folder().path)
    damage(run.store / "value/c/3")
    assert run["value"][:6].shape == (6,)  # the other shards are fine
    for read in (
        lambda: run["value"][...],
        lambda: run["value"][7],
        lambda: np.asarray(run["value"]),
        run["value"].verify,
    ):
        with pytest.raises(DamagedData, match="the stored data of `value`, shard 3, ") as caught:
            read()
        assert said in str(caught.value)
        assert (caught.value.array, caught.value.shard) == ("value", (3,))


@pytest.mark.parametrize("what", DAMAGES)
def test_after_damage_only_the_task_that_wrote_it_runs_again(what: str, ran: Bench) -> None:
    folder = ran.run_folder().path
    before, done = chunks(folder), len(events(folder, "done"))
    DAMAGES[what][0](folder / "store.zarr/value/c/3")
    with pytest.raises(DamagedData):
        open_run(folder)["value"].verify()
    spec = ran.folder / "trial.yaml"
    plan = ran.plan(spec)
    assert [dict(s.todo).keys() for s in plan.stages] == [{3}, set()]
    assert set(plan.stages[0].reasons) <= {"its data were found damaged", "its data are missing"}
    ran.submit(spec)
    assert chunks(folder) == before
    assert [(r["stage"], r["index"]) for r in events(folder, "done")[done:]] == [("first", 3)]
    assert ran.plan(spec).n_todo == 0
    assert ran.run_folder().n_files() == plan.n_files


def test_the_program_says_so_with_exit_code_7(ran: Bench) -> None:
    folder = ran.run_folder().path
    assert ran.bigdata("verify", folder).returncode == 0
    flip(3)(folder / "store.zarr/value/c/3")
    for words in (("results", folder, "value"), ("verify", folder)):
        done = ran.bigdata(*words)
        assert done.returncode == 7
        assert "`value`, shard 3, are damaged (their checksum disagrees). Submit the study again" in done.stderr
        assert "Traceback" not in done.stderr
    assert ran.bigdata("results", folder, "total").returncode == 0


def test_the_program_lists_every_shard_that_is_damaged(ran: Bench) -> None:
    folder = ran.run_folder().path
    for shard in (1, 3):
        flip(3)(folder / f"store.zarr/value/c/{shard}")
    (folder / "store.zarr/value/c/2").unlink()
    said = ran.bigdata("verify", folder)
    assert said.returncode == 7
    assert [f"`value`, shard {n}, are" in line for n, line in enumerate(said.stderr.splitlines(), 1)] == [True] * 3


def test_damage_in_a_coordinate_is_mended_too(ran: Bench) -> None:
    folder = ran.run_folder().path
    before = chunks(folder)
    flip(3)(folder / "store.zarr/row/c/0")
    with pytest.raises(DamagedData, match="`row`, shard 0"):
        open_run(folder).coordinates["row"].verify()
    ran.submit(ran.folder / "trial.yaml")
    assert chunks(folder) == before


def test_a_task_that_reads_damaged_data_fails_and_the_next_submission_mends_it(ran: Bench) -> None:
    folder, spec = ran.run_folder().path, ran.folder / "trial.yaml"
    before = chunks(folder)
    flip(3)(folder / "store.zarr/value/c/3")
    (folder / "store.zarr/total/c/0").unlink()
    with pytest.raises(TasksFailed, match="last/0: the stored data of `value`, shard 3, are damaged"):
        ran.submit(spec)
    assert [s.reasons for s in ran.plan(spec).stages] == [{"its data were found damaged": 1}, {"failed before": 1}]
    ran.submit(spec)
    assert chunks(folder) == before


def test_damage_stays_known_when_the_mending_is_killed(ran: Bench) -> None:
    """The readers' notes are taken into the journal before they are removed."""
    folder, spec = ran.run_folder(), ran.folder / "trial.yaml"
    flip(3)(folder.store / "value/c/3")
    with pytest.raises(DamagedData):
        open_run(folder.path)["value"].verify()
    running = ran.start("submit", spec)
    while running.process.poll() is None and folder.damaged.exists():
        pass
    running.process.kill()
    running.wait()
    if len(events(folder.path, "done")) == TASKS + 1:
        assert ran.plan(spec).stages[0].reasons == {"its data were found damaged": 1}


def test_a_swept_study_names_the_variant_of_the_damage(bench: Bench) -> None:
    spec = bench.trial(sweep={"grid": {"rows": [2, 3]}})
    run = bench.submit(spec)
    flip(3)(run.store / "variant-1/value/c/2")
    with pytest.raises(DamagedData, match="`variant-1/value`, shard 2"):
        run.variants[1]["value"].verify()
    assert [(s.path, dict(s.todo).keys()) for s in bench.plan(spec).stages if s.todo] == [("variant-1/first", {2})]


def opened(run: Run, consolidated: bool | None) -> xarray.Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return xarray.open_zarr(run.store, consolidated=consolidated).load()


@pytest.mark.parametrize("consolidated", [True, False, None])
def test_xarray_opens_a_run_without_a_warning(consolidated: bool | None, made: Bench) -> None:
    run = open_run(made.run_folder().path)
    data = opened(run, consolidated)
    assert set(data.data_vars) == {"value", "total", "mean", "told", "surroundings"}
    assert set(data.coords) == {"row"}
    assert data["value"].dims == ("row",)
    assert data["value"].attrs["units"] == "eV"
    np.testing.assert_array_equal(data["value"], run["value"][...])


def test_xarray_opens_a_run_of_the_shipped_kind_without_a_warning(bench: Bench) -> None:
    """Text coordinates among them."""
    spec = bench.write("s.yaml", {"study": "similarity", "name": "h", "dataset": {"name": "hbn-dos-gpaw"}})
    run = bench.submit(spec)
    for consolidated in (True, False):
        data = opened(run, consolidated)
        assert data["similarity"].dims == ("entry", "entry_2")
        assert data["entry"].values.tolist() == run["entry"][...].tolist()


def test_consolidated_metadata_are_never_stale(bench: Bench) -> None:
    """Arrays of failures come, and go, after a store was consolidated first."""
    (bench.folder / "trouble").touch()
    spec = bench.trial(fail=[1], trouble=str(bench.folder / "trouble"))
    with pytest.raises(TasksFailed):
        bench.submit(spec)
    run = open_run(bench.run_folder().path)
    data = opened(run, None)
    assert data["failed_task"].values.tolist() == ["first/1"]
    (bench.folder / "trouble").unlink()
    assert set(opened(bench.submit(spec), True).data_vars) == {"value", "total", "mean", "told", "surroundings"}
