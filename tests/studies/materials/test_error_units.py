"""Errors in the unit that reads best."""

from __future__ import annotations

import numpy as np
import pytest

from bigdata.studies.materials.error_units import error_unit


@pytest.mark.parametrize(
    ("unit", "value", "said"),
    [
        ("eV/atom", 0.00862, "8.62 meV/atom"),
        ("eV", 0.9996, "1,000 meV"),
        ("eV/atom", 1.5, "1.5 eV/atom"),
        ("eV/atom", -0.05, "-50 meV/atom"),
        ("meV/atom", 0.4, "0.4 meV/atom"),
        ("GPa", 0.02, "0.02 GPa"),
        ("1", 1234.5, "1,234"),
        ("", 0.5, "0.5"),
    ],
)
def test_energies_below_one_are_said_in_thousandths(unit: str, value: float, said: str) -> None:
    assert error_unit(unit, value).said(value) == said


def test_several_errors_share_the_unit_of_the_least() -> None:
    unit = error_unit("eV/atom", np.array([np.nan, 1.2]), 0.004)
    assert (unit.factor, unit.label) == (1000.0, "MAE (meV/atom)")
    assert unit.said(1.2) == "1,200 meV/atom"


def test_without_a_finite_error_the_unit_stays() -> None:
    assert error_unit("eV", np.array([np.nan])).name == "eV"
    assert error_unit("1").label == "MAE"
