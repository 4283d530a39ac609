from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bigdata.data.materials.checks import MIN_DISTANCE, check, faults
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import EntryError
from tests.examples import examples


def crystal(lattice, numbers, positions) -> Structure:
    return Structure(np.array(lattice, float), np.array(numbers, np.uint8), np.array(positions, float).reshape(-1, 3))


CUBE = np.eye(3) * 4.0


@pytest.mark.parametrize(
    ("structure", "sentence"),
    [
        (crystal(CUBE, [], []), "no atoms"),
        (crystal(CUBE * np.nan, [1], [[0, 0, 0]]), "lattice holds numbers that aren't finite"),
        (crystal(CUBE, [1, 8], [[0, 0, 0], [0, np.inf, 0]]), r"position of atom 2 \(O\) isn't finite"),
        (crystal([[1, 0, 0], [2, 0, 0], [0, 0, 5]], [1], [[0, 0, 0]]), "volume of 0 angstrom"),
        (crystal(np.zeros((3, 3)), [1], [[0, 0, 0]]), "is it periodic"),
        (crystal(CUBE * 1e6, [1], [[0, 0, 0]]), "longer than"),
        (crystal(CUBE, [1, 8], [[0, 0, 0], [0.1, 0, 0]]), r"atoms 1 \(H\) and 2 \(O\) are 0.4 angstrom apart"),
        (crystal(CUBE, [1, 8], [[0.01, 0, 0], [0.95, 0, 3]]), "are 0.24 angstrom apart"),
        (
            crystal(np.diag([0.3, 5, 5]), [26], [[0, 0, 0]]),
            r"atom 1 \(Fe\) is 0.3 angstrom from its own periodic image",
        ),
        (crystal(CUBE, [1, 8], [[0, 0, 0], [0, 0, 0]]), "are 0 angstrom apart"),
    ],
)
def test_a_structure_that_can_not_be_used_is_refused_with_the_reason(structure, sentence):
    with pytest.raises(EntryError, match=sentence):
        check(structure)


def test_the_reasons_of_many_stand_at_their_places():
    good = crystal(CUBE, [1, 8], [[0, 0, 0], [0.5, 0.5, 0.5]])
    left_handed = crystal(CUBE[[1, 0, 2]], [1], [[0.2, 7.3, -4]])
    close = crystal(CUBE, [1, 8, 1], [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0.4]])
    reasons = faults([good, close, left_handed, crystal(CUBE, [], []), good])
    assert [bool(reason) for reason in reasons] == [False, True, False, True, False]
    assert reasons[1] == "atoms 2 (O) and 3 (H) are 0.4 angstrom apart, less than 0.5 angstrom"


def closest(structure: Structure) -> float:
    """The shortest distance, over more images than any cell here needs."""
    images = np.array(list(product(range(-6, 7), repeat=3)), float)
    difference = structure.positions[:, None] - structure.positions[None]
    difference -= np.round(difference)
    apart = np.linalg.norm((difference[:, :, None] + images) @ structure.lattice, axis=-1)
    return float(np.where(apart < 1e-12, np.inf, apart).min())


@settings(max_examples=examples(150), deadline=None)
@given(
    st.integers(0, 2**32), st.integers(1, 9), st.sampled_from([0.6, 1.1, 2.5, 6.0]), st.sampled_from([0.0, 0.8, 2.0])
)
def test_close_atoms_are_found_in_cells_of_any_shape(seed, n, size, skew):
    rng = np.random.default_rng(seed)
    lattice = np.diag(rng.uniform(0.8, 1.6, 3)) * size
    lattice[1, 0], lattice[2, :2] = rng.uniform(-skew, skew) * size, rng.uniform(-skew, skew, 2) * size
    structure = Structure(lattice, rng.integers(1, 90, n).astype(np.uint8), rng.uniform(-2, 2, (n, 3)))
    shortest = closest(structure)
    if abs(shortest - MIN_DISTANCE) > 1e-9:
        assert bool(faults([structure])[0]) == (shortest < MIN_DISTANCE)


def test_a_layer_of_many_atoms_is_searched_too():
    x, y = np.meshgrid(np.arange(20) / 20, np.arange(20) / 20)
    positions = np.stack([x.ravel(), y.ravel(), np.zeros(400)], axis=1)
    layer = crystal(np.diag([20.0, 20.0, 60.0]), np.full(400, 6), positions)
    assert faults([layer]) == [""]
    positions[399] = positions[0] + [0.01, 0, 0.001]
    assert "atoms 1 (C) and 400 (C)" in faults([layer._replace(positions=positions)])[0]
