"""What makes a finished calculation doubtful."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bigdata.calculators.calculation import Results, Setting, Spectrum
from bigdata.calculators.checks import doubts
from bigdata.data.materials.structures import Structure
from tests.calculators.elk.crystals import silicon

SETTING = Setting("LDA", (2, 2, 2), {})
ENERGIES = np.linspace(-1, 1, 21)
GOOD = Results(
    silicon(),
    total_energy=-100.0,
    band_gap=0.5,
    fermi_energy=0.1,
    n_electrons=28.0,
    lost_charge=0.01,
    forces=np.zeros((2, 3)),
    relaxed_energy=-100.02,
    spectrum=Spectrum(ENERGIES, np.where(np.abs(ENERGIES) < 0.3, 0.0, 1.0)[None]),
)


def moved(by: float) -> Structure:
    """One atom moved along one vector: few symmetries are left."""
    structure = silicon()
    return structure._replace(positions=structure.positions + np.array([[by, 0, 0], [0, 0, 0]]))


def test_nothing_is_doubtful_where_all_is_well() -> None:
    assert doubts(silicon(), GOOD, SETTING, ["relax", "ground-state"]) == ()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"forces": np.array([[0, 0, 0.04], [0.04, 0, 0.04]])}, "A force of 0.057 eV/angstrom is left"),
        ({"structure": moved(0.05)}, r"lost symmetry: the cell had 48 operations, of F d -3 m \(227\), and has"),
        ({"relaxed_energy": -100.11}, "differ by 0.055 eV an atom"),
        ({"lost_charge": 0.03}, "holds 27.9700 electrons where there are 28"),
        ({"lost_charge": -0.03}, "holds 28.0300 electrons where there are 28"),
        ({"fermi_energy": 0.6}, "a gap of 0.500 eV, and the density of states at the Fermi energy is 1 states/eV"),
    ],
)
def test_each_doubt_is_a_sentence(change: dict[str, Any], word: str) -> None:
    (sentence,) = doubts(silicon(), replace(GOOD, **change), SETTING, ["relax", "ground-state"])
    assert re.search(word, sentence)


def test_a_relaxation_may_find_back_to_a_higher_symmetry() -> None:
    assert doubts(moved(0.05), GOOD, SETTING, ["relax", "ground-state"]) == ()


def test_what_a_code_does_not_say_is_not_doubtful() -> None:
    silent = Results(silicon(), total_energy=-100.0)
    assert doubts(silicon(), silent, SETTING, ["relax", "ground-state"]) == ()


def test_forces_of_what_was_not_relaxed_are_not_doubtful() -> None:
    pulled = replace(GOOD, forces=np.ones((2, 3)))
    assert doubts(silicon(), pulled, SETTING, ["ground-state"]) == ()
