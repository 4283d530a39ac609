"""What goes wrong with real runs of Elk: killed, stopped, unconverged, damaged, out of time, of memory, of disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bigdata.calculators.calculation import Outcome, Setting, Step
from bigdata.calculators.driving import Limits, calculate
from bigdata.calculators.elk import Elk
from bigdata.calculators.elk.judging import judge
from bigdata.calculators.records import is_whole
from bigdata.data.materials.structures import Structure
from bigdata.errors import Paused, ProgramFailed, SiteError
from tests.calculators.elk.conftest import Calculated
from tests.calculators.elk.crystals import aluminium, boron_nitride, coarse, silicon
from tests.calculators.machine import LocalMachine, kill_program_in, needs
from tests.disk import small_disk

# Elk converges the total energy to 1e-6 hartree, from another beginning to another last digit; 5e-6 hartree here.
SAME_EV = 1.4e-4
LAYERS = coarse(3.0, (2, 2, 1))


@pytest.fixture
def machine(tmp_path: Path) -> LocalMachine:
    needs("elk-lapw")
    return LocalMachine(tmp_path / "scratch", tmp_path / "kept")


def ground_state(
    machine: LocalMachine,
    structure: Structure,
    setting: Setting,
    limits: Limits | None = None,
    code: Elk | None = None,
) -> Outcome:
    return calculate(code or Elk(), structure, setting, ["ground-state"], machine, limits or Limits())


def energy(outcome: Outcome) -> float:
    assert outcome.results, outcome.reasons
    return outcome.results.total_energy


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> float:
    """The energy (eV) of boron nitride by a run that nothing happened to."""
    needs("elk-lapw")
    folder = tmp_path_factory.mktemp("layers")
    return energy(ground_state(LocalMachine(folder / "scratch", folder / "kept"), boron_nitride(), LAYERS))


def after_loop(machine: LocalMachine, number: int, act: Callable[[Path], object], step: Step = "ground-state") -> None:
    """Do something once, when Elk has begun that loop."""
    done = []

    def during() -> None:
        folder = machine.folder / step
        info = folder / "INFO.OUT"
        if not done and info.is_file() and f"Loop number : {number:>4}" in info.read_text():
            done.append(act(folder))

    machine.during = during


def test_killed_in_the_middle_it_continues_to_the_same_energy(machine: LocalMachine, layers: float) -> None:
    after_loop(machine, 5, kill_program_in)
    outcome = ground_state(machine, boron_nitride(), LAYERS)
    assert (outcome.status, outcome.steps[0].attempts) == ("done", 2)
    assert "was killed, most likely for its memory" in " ".join(machine.said)
    assert (machine.folder / "ground-state" / "elk.in").read_text().startswith("tasks\n  1\n")
    assert energy(outcome) == pytest.approx(layers, abs=SAME_EV)


def test_paused_in_the_middle_it_goes_on_in_another_job(machine: LocalMachine, layers: float, tmp_path: Path) -> None:
    after_loop(machine, 6, lambda _: setattr(machine, "stops", True))
    with pytest.raises(Paused):
        ground_state(machine, boron_nitride(), LAYERS)
    shutil.rmtree(machine.folder)
    second = LocalMachine(tmp_path / "second", machine.kept)
    outcome = ground_state(second, boron_nitride(), LAYERS)
    assert energy(outcome) == pytest.approx(layers, abs=SAME_EV)
    assert outcome.steps[0].attempts == 2
    assert outcome.steps[0].loops < 20


@pytest.mark.parametrize("damage", ["truncated", "of other bytes"])
def test_from_a_restart_file_that_is_damaged_it_begins_anew(
    machine: LocalMachine, layers: float, tmp_path: Path, damage: str
) -> None:
    after_loop(machine, 6, lambda _: setattr(machine, "stops", True))
    with pytest.raises(Paused):
        ground_state(machine, boron_nitride(), LAYERS)
    (state,) = machine.kept.rglob("STATE.OUT")
    data = state.read_bytes()
    state.write_bytes(data[: len(data) // 2] if damage == "truncated" else b"\x07" * len(data))
    second = LocalMachine(tmp_path / "second", machine.kept)
    outcome = ground_state(second, boron_nitride(), LAYERS)
    assert outcome.status == "done"
    assert (second.folder / "ground-state" / "elk.in").read_text().startswith("tasks\n  0\n")
    assert energy(outcome) == layers  # from the same beginning, on one thread, to the last bit


def test_a_relaxation_that_is_killed_goes_on_from_its_last_geometry(machine: LocalMachine) -> None:
    """Elk's own restart would begin with the first geometry once more, and write over the history."""
    killed: list[float] = []

    def during() -> None:
        history = machine.folder / "relax" / "GEOMETRY_OPT.OUT"
        steps = history.read_text() if history.is_file() else ""
        if not killed and steps.count("optimisation step") >= 3:
            found = Elk().geometry(history.parent, silicon())
            assert found
            killed.append(float(found.positions[0, 0]))
            kill_program_in(history.parent)

    machine.during = during
    start = silicon(0.003)
    outcome = calculate(Elk(), start, coarse(3.0, (1, 1, 1)), ["relax"], machine, Limits())
    assert (outcome.status, outcome.steps[0].attempts) == ("done", 2)
    text = (machine.folder / "relax" / "elk.in").read_text()
    assert text.startswith("tasks\n  3\n")
    assert killed[0] > 5e-4  # half of the way back that is shared by both atoms is 0.0015
    assert f"1\n  'Si.in'\n  2\n  {killed[0]!r} " in text
    assert outcome.results
    positions = outcome.results.structure.positions
    assert (positions[1] - positions[0]) % 1 == pytest.approx([0.25] * 3, abs=2e-4)


def test_progress_is_saved_while_a_step_runs(machine: LocalMachine) -> None:
    """What is kept at any time can be gone on from; the file of the program may be half written just then."""
    whole: list[bool] = []

    def during() -> None:
        whole.extend(is_whole(file) for file in machine.kept.rglob("ground-state.restart-*/STATE.OUT"))

    machine.during = during
    outcome = ground_state(machine, boron_nitride(), LAYERS, Limits(save_seconds=0))
    assert outcome.status == "done"
    assert whole
    assert all(whole)


def test_where_nothing_more_can_be_tried_a_killed_one_has_failed(machine: LocalMachine) -> None:
    machine.during = lambda: kill_program_in(machine.folder / "ground-state")
    outcome = ground_state(machine, aluminium(), coarse(), Limits(restarts=2))
    assert (outcome.status, outcome.results, outcome.steps[0].attempts) == ("failed", None, 3)
    assert outcome.reasons[0].startswith("ground-state: It was killed, most likely for its memory")


def test_without_memory_for_its_arrays_it_has_failed(machine: LocalMachine) -> None:
    """As where the batch system limits memory by `ulimit -v`: Fortran can't allocate, and ends with its own words."""
    code = Elk([needs("prlimit"), f"--as={120 * 2**20}", needs("elk-lapw")])
    outcome = ground_state(machine, boron_nitride(), coarse(6.0), Limits(restarts=1), code)
    assert (outcome.status, outcome.steps[0].attempts) == ("failed", 2)
    assert "It got no more memory than the" in outcome.reasons[0]
    assert "Elk was ended before its end" in outcome.reasons[1]


@pytest.mark.parametrize("how", ["killed", "limited"])
def test_where_it_may_have_more_memory_it_is_not_tried_with_the_same(
    machine: LocalMachine, layers: float, tmp_path: Path, how: str
) -> None:
    machine.may_have_more_memory = True
    words = [needs("prlimit"), f"--as={115 * 2**20}"] if how == "limited" else []
    if how == "killed":
        after_loop(machine, 5, kill_program_in)
    with pytest.raises(MemoryError, match=r"ground-state: It (was killed|got no more memory).* of which it had|says"):
        ground_state(machine, boron_nitride(), LAYERS, code=Elk([*words, needs("elk-lapw")]))
    assert len(machine.commands) == 1
    outcome = ground_state(LocalMachine(tmp_path / "second", machine.kept), boron_nitride(), LAYERS)
    assert (outcome.status, outcome.steps[0].attempts) == ("done", 2)
    assert energy(outcome) == pytest.approx(layers, abs=SAME_EV)


def test_out_of_time_without_a_restart_file_it_is_not_tried_again(machine: LocalMachine) -> None:
    outcome = ground_state(machine, boron_nitride(), coarse(7.0), Limits(timeout=0.3))
    assert (outcome.status, outcome.steps[0].attempts) == ("failed", 1)
    assert outcome.reasons[0] == "ground-state: It ran longer than its timeout of 0.3 s."


def test_loops_that_do_not_suffice_are_said(machine: LocalMachine) -> None:
    """Elk ends with exit code 0, all its files, and bands and densities of states that mean nothing."""
    outcome = ground_state(machine, aluminium(), coarse(maxscl=3), Limits(restarts=0))
    assert outcome.reasons == ("ground-state: Self-consistency wasn't reached in 3 loops.",)
    assert outcome.steps[0].loops == 3


def test_more_loops_are_added_until_it_converges(machine: LocalMachine, al: Calculated) -> None:
    outcome = ground_state(machine, aluminium(), coarse(maxscl=6), Limits(restarts=5))
    assert outcome.status == "done"
    assert outcome.steps[0].attempts > 1
    assert energy(outcome) == pytest.approx(al.results.total_energy, abs=SAME_EV)


def test_an_error_in_the_input_is_not_tried_again(machine: LocalMachine) -> None:
    outcome = ground_state(machine, aluminium(), coarse(ngridq="none"))
    assert (outcome.status, outcome.steps[0].attempts) == ("failed", 1)
    assert "Elk says: Error(readinput): error reading from elk.in Problem occurred in 'ngridq'" in outcome.reasons[0]


def test_a_full_disk_is_seen_before(machine: LocalMachine, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "8m") as disk:
        machine.folder = disk
        with pytest.raises(SiteError, match=r"has .* free, and calculations begin with"):
            ground_state(machine, aluminium(), coarse())
    assert not machine.commands


@pytest.mark.parametrize("size", ["900k", "1100k", "1200k"])
def test_a_disk_that_fills_up_leaves_nothing_that_counts_as_done(
    machine: LocalMachine, tmp_path: Path, size: str
) -> None:
    with small_disk(tmp_path / "disk", size) as disk:
        machine.folder = disk
        workflow: list[Step] = ["density-of-states"]
        outcome = calculate(Elk(), aluminium(), coarse(), workflow, machine, Limits(restarts=0, free_bytes=0))
    assert outcome.status == "failed"


def test_a_program_that_is_not_there_is_an_error(machine: LocalMachine) -> None:
    with pytest.raises(ProgramFailed, match="elk-that-is-not-there"):
        ground_state(machine, aluminium(), coarse(), code=Elk(["elk-that-is-not-there"]))


def test_species_files_that_are_not_there_are_named(machine: LocalMachine, tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"species file .*Al\.in isn't there"):
        ground_state(machine, aluminium(), coarse(), code=Elk(species=tmp_path))


def test_radii_that_elk_makes_smaller_are_doubtful(machine: LocalMachine) -> None:
    """By options the user can ask for spheres that overlap."""
    outcome = ground_state(machine, boron_nitride(), coarse(3.0, (1, 1, 1), rmtall=2.0))
    assert outcome.status == "doubtful"
    assert "Elk changed the muffin-tin radius of B" in outcome.reasons[0]


FILES = {
    "ground-state": ("STATE.OUT", "EIGVAL.OUT", "TOTENERGY.OUT", "EFERMI.OUT", "KPOINTS.OUT", "INFO.OUT", "said.txt"),
    "band-structure": ("BAND.OUT", "BANDLINES.OUT", "said.txt"),
    "density-of-states": ("TDOS.OUT", "IDOS.OUT", "PDOS_S01_A0001.OUT", "said.txt"),
}


@pytest.mark.parametrize("damage", ["missing", "empty", "cut"])
@pytest.mark.parametrize(("step", "name"), [(step, name) for step, names in FILES.items() for name in names])
def test_a_file_that_is_not_whole_is_seen(al: Calculated, tmp_path: Path, step: Step, name: str, damage: str) -> None:
    folder = shutil.copytree(al.folder / step, tmp_path / step)
    assert judge(step, folder).complete
    file = folder / name
    data = file.read_bytes()
    file.write_bytes(b"" if damage == "empty" else data[: int(len(data) * 0.8) if len(data) > 200 else 0])
    if damage == "missing":
        file.unlink()
    judgement = judge(step, folder)
    assert not judgement.complete
    assert judgement.reasons


def test_a_run_that_left_its_mark_was_killed(al: Calculated, tmp_path: Path) -> None:
    folder = shutil.copytree(al.folder / "ground-state", tmp_path / "ground-state")
    (folder / "RUNNING").touch()
    assert not judge("ground-state", folder).complete


def test_files_worth_keeping_are_readable_ones(al: Calculated) -> None:
    kept = {file.name for file in Elk().keep("density-of-states", al.folder / "density-of-states")}
    assert {"elk.in", "said.txt", "Al.in", "TDOS.OUT", "PDOS_S01_A0001.OUT"} <= kept
    assert not {"STATE.OUT", "EVECFV.OUT", "EVECSV.OUT"} & kept
