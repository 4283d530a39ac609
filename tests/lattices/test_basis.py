"""Point functions are those of the literature."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest

from bigdata.lattices.basis import Basis, point_functions


def test_two_species_are_minus_one_and_one() -> None:
    np.testing.assert_array_equal(point_functions("trigonometric", 2), [[-1.0], [1.0]])


@pytest.mark.parametrize("m", range(2, 12))
def test_trigonometric_functions_are_waves_over_the_species(m: int) -> None:
    values = point_functions("trigonometric", m)
    assert values.shape == (m, m - 1)
    for species in range(m):
        for function in range(1, m):
            angle = 2 * math.pi * math.ceil(function / 2) * species / m
            wave = math.cos(angle) if function % 2 else math.sin(angle)
            assert values[species, function - 1] == pytest.approx(-wave, abs=1e-14)


@pytest.mark.parametrize("m", range(2, 12))
def test_trigonometric_functions_are_orthogonal_to_each_other_and_the_constant(m: int) -> None:
    values = np.column_stack([np.ones(m), point_functions("trigonometric", m)])
    products = values.T @ values
    np.testing.assert_allclose(products, np.diag(np.diag(products)), atol=1e-12)


@pytest.mark.parametrize("m", range(2, 6))
def test_indicators_count_all_species_but_the_first(m: int) -> None:
    np.testing.assert_array_equal(point_functions("indicator", m), np.vstack([np.zeros(m - 1), np.eye(m - 1)]))


@pytest.mark.parametrize("basis", get_args(Basis))
def test_one_species_has_no_function(basis: Basis) -> None:
    assert point_functions(basis, 1).shape == (1, 0)


def test_another_basis_is_refused() -> None:
    with pytest.raises(ValueError, match="the bases are trigonometric, indicator"):
        point_functions("polynomial", 2)  # type: ignore[arg-type]
