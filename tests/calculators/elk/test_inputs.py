"""What Elk is told, and what is known of it without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigdata.calculators.calculation import Setting
from bigdata.calculators.elk import Elk, inputs
from bigdata.calculators.elk.outputs import geometry
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
