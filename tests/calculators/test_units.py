"""The atomic units are those of CODATA, as SciPy has them."""

from __future__ import annotations

import pytest
from scipy.constants import physical_constants

from bigdata.calculators.units import BOHR_ANGSTROM, FORCE_EV_PER_ANGSTROM, HARTREE_EV


@pytest.mark.parametrize(
    ("ours", "name", "factor"),
    [
        (HARTREE_EV, "Hartree energy in eV", 1.0),
        (BOHR_ANGSTROM, "Bohr radius", 1e10),
        (FORCE_EV_PER_ANGSTROM, "atomic unit of force", 1e-10 / 1.602176634e-19),
    ],
)
def test_atomic_units_are_those_of_codata(ours: float, name: str, factor: float) -> None:
    # Editions of CODATA differ in the tenth digit.
    assert ours == pytest.approx(physical_constants[name][0] * factor, rel=2e-9)
