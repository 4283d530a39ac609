"""What Elk is told, and what is known of it without running it."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from bigdata.calculators.calculation import Setting
from bigdata.calculators.elk import Elk, inputs
from bigdata.calculators.elk.outputs import geometry, is_whole
from bigdata.calculators.elk.species import FILLED_SHARE, fitted
from bigdata.calculators.kpath import kpath
from bigdata.data.materials.structures import Structure
from bigdata.errors import SpecError
from tests.calculators.elk.crystals import aluminium, boron_nitride, coarse, silicon

BOHR = 0.529177210903


@pytest.mark.parametrize(("xc", "number"), [("LDA", "3"), ("PBE", "20"), ("PBEsol", "22")])
def test_functionals_have_the_numbers_of_elks_manual(xc: str, number: str) -> None:
    assert inputs.common(aluminium(), Setting(xc, (2, 2, 2), {"rgkmax": 4.0}))["xctype"] == (number,)


def test_a_functional_that_elk_is_not_taught_is_refused() -> None:
    with pytest.raises(SpecError, match="functional SCAN; it can be LDA, PBE, PBEsol"):
        inputs.common(aluminium(), Setting("SCAN", (2, 2, 2), {}))


@pytest.mark.parametrize("name", ["rgkmax\n\ntasks", "Rgkmax", "", "../x"])
def test_names_that_would_break_the_input_are_refused(name: str) -> None:
    with pytest.raises(SpecError, match="no input block"):
        inputs.common(aluminium(), coarse(**{name: 1}))


def test_options_are_written_as_fortran_reads_them() -> None:
    blocks = inputs.common(aluminium(), coarse(spinpol=True, bfieldc=(0.0, 0.0, 0.01), maxscl=7))
    assert (blocks["spinpol"], blocks["bfieldc"], blocks["maxscl"]) == ((".true.",), ("0.0 0.0 0.01",), ("7",))


def test_an_input_that_was_written_is_read_again(tmp_path: Path) -> None:
    blocks = inputs.common(boron_nitride(), coarse())
    (tmp_path / "elk.in").write_text(inputs.text(blocks))
    assert inputs.read(tmp_path / "elk.in") == blocks


def test_lengths_are_in_bohr_and_atoms_by_element() -> None:
    blocks = inputs.common(boron_nitride(), coarse())
    assert float(blocks["avec"][0].split()[0]) * BOHR == pytest.approx(2.49)
    assert blocks["atoms"][:3] == ("2", "'B.in'", "2")
    assert [float(word) for word in blocks["atoms"][3].split()] == pytest.approx([1 / 3, 2 / 3, 0.25])


def test_spheres_of_the_nearest_atoms_fill_their_share_of_the_distance() -> None:
    radii = fitted({"B": 1.8, "N": 1.6}, boron_nitride())
    assert radii["B"] + radii["N"] == pytest.approx(FILLED_SHARE * 2.49 / 3**0.5 / BOHR)
    assert radii["B"] / radii["N"] == pytest.approx(1.8 / 1.6)


def test_spheres_that_have_room_stay_as_they_are() -> None:
    assert fitted({"Al": 2.2}, aluminium()) == {"Al": 2.2}


def test_one_atom_in_a_flat_cell_has_its_own_image_as_nearest() -> None:
    """Its shortest distance isn't one of the lattice vectors, but their difference."""
    lattice = np.array([[10.0, 0, 0], [9.5, 2.0, 0], [0, 0, 20]])
    one = Structure(lattice, np.array([13], np.uint8), np.zeros((1, 3)))
    distance = np.hypot(0.5, 2.0) / BOHR
    assert fitted({"Al": 2.2}, one)["Al"] == pytest.approx(FILLED_SHARE * distance / 2)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(np.eye(3, dtype=int), id="as it is"),
        pytest.param(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]]), id="other vectors of the same lattice"),
        pytest.param(np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]), id="its cubic cell"),
    ],
)
def test_points_of_the_path_lie_where_they_are_whatever_cell_is_used(change: np.ndarray) -> None:
    """From the centre, X is 2 pi/a, L sqrt(3) pi/a and W sqrt(5) pi/a away; the crystal is turned by 40 degrees."""
    turn = np.array([[np.cos(0.7), -np.sin(0.7), 0], [np.sin(0.7), np.cos(0.7), 0], [0, 0, 1]])
    own = silicon()
    lattice = change @ own.lattice @ turn
    n = round(abs(np.linalg.det(change)))
    shifts = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]][:n] if n > 1 else [[0, 0, 0]]
    cartesian = np.concatenate([(own.positions + shift) @ own.lattice @ turn for shift in shifts])
    structure = Structure(lattice, np.full(len(cartesian), 14, np.uint8), cartesian @ np.linalg.inv(lattice) % 1)
    path = kpath(structure)
    lengths = np.linalg.norm(2 * np.pi * path.vertices @ np.linalg.inv(lattice).T, axis=1) * 5.43 / np.pi
    found = dict(zip(path.labels, lengths, strict=True))
    assert [found[name] for name in "ΓXLW"] == pytest.approx([0, 2, 3**0.5, 5**0.5], abs=1e-6)


def records(*lengths: int) -> bytes:
    return b"".join(struct.pack("<i", n) + bytes(n) + struct.pack("<i", n) for n in lengths)


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        pytest.param(records(8, 0, 1000), True, id="whole"),
        pytest.param(b"", False, id="empty"),
        pytest.param(records(8, 1000)[:-1], False, id="cut in its last mark"),
        pytest.param(records(8, 1000)[:-400], False, id="cut in a record"),
        pytest.param(records(8)[:-4] + records(8), False, id="marks that differ"),
        pytest.param(b"\x07" * 800, False, id="of other bytes"),
    ],
)
def test_fortran_files_are_whole_where_their_records_are(tmp_path: Path, data: bytes, whole: bool) -> None:
    (tmp_path / "STATE.OUT").write_bytes(data)
    assert is_whole(tmp_path / "STATE.OUT") == whole


STEP = """
! Atomic position optimisation step :      {0}

avec
   0.000000000       5.130400000       5.130400000    
   5.130400000       0.000000000       5.130400000    
   5.130400000       5.130400000       0.000000000    

atoms
   1                                    : nspecies
'Si.in'                                 : spfname
   2                                    : natoms; atpos, bfcmt below
    0.00{0}00000    0.00000000    0.00000000    0.00000000  0.00000000  0.00000000
    0.25000000    0.25000000    0.25000000    0.00000000  0.00000000  0.00000000

"""  # noqa: W291 - as Elk writes them


@pytest.mark.parametrize(("cut", "first"), [(0, 0.002), (70, 0.001), (500, 0.001)])
def test_the_last_whole_geometry_counts(cut: int, first: float) -> None:
    text = STEP.format(1) + STEP.format(2)
    found = geometry(text[: len(text) - cut], silicon())
    assert found
    assert found.positions[0, 0] == first
    assert found.lattice[0, 1] == pytest.approx(5.1304 * BOHR)


def test_no_geometry_is_none() -> None:
    assert geometry("", silicon()) is None


def test_all_but_the_ground_state_is_done_when_it_is_asked_for() -> None:
    assert Elk().steps(["density-of-states", "relax"]) == ("relax", "ground-state", "density-of-states")
    assert Elk().steps([]) == ("ground-state",)
