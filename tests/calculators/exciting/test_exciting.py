"""exciting: what it is told, how its outputs are judged and read, and how a calculation by it is driven."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from bigdata.calculators.calculation import Setting, Step
from bigdata.calculators.driving import Limits, calculate
from bigdata.calculators.exciting import Exciting, inputs, outputs
from bigdata.errors import SiteError, SpecError
from tests.calculators.elk.crystals import boron_nitride, silicon
from tests.calculators.machine import LocalMachine

HARTREE, BOHR = 27.211386245988, 0.529177210903
STANDIN = Path(__file__).with_name("standin.py")
GOLDEN = Path(__file__).with_name("golden")
SETTING = Setting("PBE", (4, 4, 2), {"rgkmax": 7.0}, {"nempty": 8}, dos_window=(-10, 10), dos_points=101)
SPECIES = '<spdb><sp chemicalSymbol="{0}"><muffinTin radius="{1}"/></sp></spdb>'
RADII = {"B": 1.4, "N": 1.4, "Si": 2.1}


@pytest.fixture
def species(tmp_path: Path) -> Path:
    folder = tmp_path / "species"
    folder.mkdir()
    for symbol, radius in {"B": 2.0, "N": 2.0, "Si": 2.0}.items():
        (folder / f"{symbol}.xml").write_text(SPECIES.format(symbol, radius))
    return folder


@pytest.fixture
def machine(tmp_path: Path) -> LocalMachine:
    return LocalMachine(tmp_path / "scratch", tmp_path / "kept")


def run(machine: LocalMachine, species: Path, workflow: Sequence[Step], **more: Any) -> Any:
    code = Exciting([sys.executable, str(STANDIN)], species)
    setting = Setting("PBE", (4, 4, 2), {"rgkmax": 7.0}, more, dos_window=(-10, 10), dos_points=101)
    return calculate(code, silicon(), setting, workflow, machine, Limits(restarts=2))


@pytest.mark.parametrize("step", ["relax", "ground-state", "band-structure", "density-of-states"])
def test_inputs_are_the_golden_ones(step: Step) -> None:
    do = {"relax": "fromfile", "ground-state": "fromscratch"}.get(step, "skip")
    found = inputs.text(step, boron_nitride(), SETTING, RADII, do)
    assert told(found) == told((GOLDEN / f"{step}.xml").read_text())


@pytest.mark.parametrize("step", ["relax", "ground-state", "band-structure", "density-of-states"])
def test_inputs_say_what_excitingtools_would_write(step: Step) -> None:
    """Its classes refuse what exciting's own schema doesn't have; it is under the GPL, and no part of this package."""
    tools = pytest.importorskip("excitingtools", reason="excitingtools isn't installed")
    text = inputs.text(step, boron_nitride(), SETTING, RADII)
    assert told(tools.ExcitingInputXML.from_xml(text).to_xml_str()) == told(text)


def told(text: str) -> list[tuple[str, str, dict[str, str]]]:
    """Elements with their texts and attributes, the numbers to ten decimals."""
    found = ElementTree.fromstring(text).iter()
    return [(one.tag, words(one.text or ""), {k: words(v) for k, v in one.attrib.items()}) for one in found]


def words(text: str) -> str:
    return " ".join(f"{round(float(w), 10) + 0.0:.10g}" if w.lstrip("-")[:1].isdigit() else w for w in text.split())


@pytest.mark.parametrize("name", ["do", "ngridk", "a b", 'x"y'])
def test_options_that_would_break_the_input_are_refused(name: str) -> None:
    with pytest.raises(SpecError, match="can't be an option of exciting"):
        inputs.text("relax", silicon(), Setting("LDA", (1, 1, 1), {}, {name: 1}), RADII)


def test_a_functional_that_exciting_is_not_asked_for_is_refused() -> None:
    with pytest.raises(SpecError, match="functional SCAN; it can be LDA, PBE, PBEsol"):
        inputs.text("relax", silicon(), Setting("SCAN", (1, 1, 1), {}), RADII)


def test_without_its_species_files_the_way_to_them_is_named(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="EXCITINGROOT"):
        Exciting(species=tmp_path).prepare("ground-state", silicon(), SETTING, tmp_path)


def test_a_whole_workflow_has_the_numbers_of_its_files(machine: LocalMachine, species: Path) -> None:
    outcome = run(machine, species, ["relax", "band-structure", "density-of-states"])
    assert (outcome.status, outcome.reasons) == ("done", ())
    found = outcome.results
    assert found.total_energy == pytest.approx(-100.7 * HARTREE)
    assert found.relaxed_energy == pytest.approx((-100.7 + 0.00125**2) * HARTREE, rel=1e-9)
    assert (found.fermi_energy, found.band_gap) == pytest.approx((0.25 * HARTREE, 0.15 * HARTREE))
    assert found.valence_maximum == pytest.approx(0.2 * HARTREE)
    assert found.structure.positions[1] == pytest.approx([0.25125, 0.25, 0.25])
    energies = found.spectrum.energies - found.fermi_energy
    np.testing.assert_allclose(energies, np.linspace(-10, 10, 101), atol=1e-8)
    np.testing.assert_allclose(found.spectrum.values[0], (energies / HARTREE) ** 2 / HARTREE, atol=1e-9)
    assert found.bands.energies.shape[0::2] == (1, 2)
    assert found.bands.energies[0, 0] == pytest.approx([(0.25 - 0.1) * HARTREE, (0.25 + 0.1) * HARTREE])
    assert found.bands.distances[-1] == pytest.approx(1 / BOHR)
    # Two of them have room between neighbours, and stay as the species file has them.
    assert found.radii == pytest.approx({"Si": 2.0 * BOHR})
    assert found.code_version == "exciting STANDIN"


def test_killed_in_the_middle_it_goes_on_from_its_density(machine: LocalMachine, species: Path) -> None:
    (machine.folder / "TROUBLE").touch()
    outcome = run(machine, species, ["ground-state"])
    assert (outcome.status, outcome.steps[0].attempts, outcome.steps[0].loops) == ("done", 2, 5 + 3)
    assert inputs.asked(inputs.read(machine.folder / "ground-state"), "groundstate", "do") == "fromfile"
    assert outcome.results.total_energy == pytest.approx(-100.7 * HARTREE)


def test_loops_that_do_not_suffice_are_said(machine: LocalMachine, species: Path) -> None:
    outcome = run(machine, species, ["ground-state"], maxscl=2)
    assert outcome.status == "failed"
    assert outcome.reasons == ("ground-state: Self-consistency wasn't reached in 2 loops.",)


@pytest.mark.parametrize(("step", "name", "said"), [
    ("density-of-states", "dos.xml", "dos.xml is missing, or was cut."),
    ("band-structure", "bandstructure.xml", "bandstructure.xml is missing, or was cut."),
    ("ground-state", "STATE.OUT", "STATE.OUT is missing, or was cut."),
    ("ground-state", "INFO.OUT", "exciting was ended before its end: INFO.OUT doesn't come to it."),
    ("ground-state", "EFERMI.OUT", "EFERMI.OUT is missing, or empty."),
])  # fmt: skip
def test_outputs_that_were_cut_do_not_count(
    machine: LocalMachine, species: Path, step: Step, name: str, said: str
) -> None:
    run(machine, species, ["band-structure", "density-of-states"])
    folder = machine.folder / step
    assert Exciting().judge(step, folder).complete
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(b"" if name == "EFERMI.OUT" else data[: len(data) // 2])
    assert said in Exciting().judge(step, folder).reasons


def test_a_geometry_that_was_being_written_is_none(tmp_path: Path) -> None:
    (tmp_path / "geometry_opt.xml").write_text("<input><structure><crystal><basevect>0.0 5.1")
    assert Exciting().geometry(tmp_path, silicon()) is None


def test_forces_come_back_in_the_order_of_the_structure() -> None:
    """exciting has them by element, boron first; the structure has nitrogen first."""
    rows = "".join(f" atom {i:5d}  {s:<2}  : {i:14.8f}{0:14.8f}{0:14.8f}\n" for i, s in enumerate("BBNN", 1))
    info = outputs.Info("\n Total atomic forces including IBS (cartesian) :\n" + rows)
    forces = info.forces(boron_nitride())
    assert forces is not None
    assert forces[:, 0] * BOHR / HARTREE == pytest.approx([3, 4, 1, 2])
