from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.lattices.supercell import Supercell, hermite, supercell

from .decorations import unimodular

ENTRIES = st.lists(st.integers(-6, 6), min_size=9, max_size=9).map(lambda values: np.array(values).reshape(3, 3))
MATRICES = ENTRIES.filter(lambda matrix: round(np.linalg.det(matrix)) != 0)
SMALL = MATRICES.filter(lambda matrix: abs(np.linalg.det(matrix)) < 40)
STEPS = st.tuples(*[st.integers(-20, 20)] * 3)


@given(MATRICES)
def test_the_hermite_form_spans_the_same_lattice(matrix: np.ndarray) -> None:
    form = np.array(hermite(matrix.tolist()))
    change = matrix @ np.linalg.inv(form)
    assert change == pytest.approx(np.rint(change), abs=1e-6)
    assert abs(np.linalg.det(change)) == pytest.approx(1)


@given(MATRICES)
def test_the_hermite_form_is_lower_triangular_with_small_entries(matrix: np.ndarray) -> None:
    form = np.array(hermite(matrix.tolist()))
    assert not np.triu(form, 1).any()
    assert (np.diag(form) > 0).all()
    assert (form >= 0).all()
    assert all(form[i, j] < form[j, j] for i in range(3) for j in range(i))


@given(MATRICES, st.integers(0, 2**32 - 1))
def test_the_hermite_form_is_one_whatever_the_vectors(matrix: np.ndarray, seed: int) -> None:
    other = unimodular(np.random.default_rng(seed)) @ matrix
    assert hermite(other.tolist()) == hermite(matrix.tolist())


@given(ENTRIES)
def test_vectors_that_span_no_lattice_are_refused(matrix: np.ndarray) -> None:
    flat = matrix.copy()
    flat[2] = flat[0] - 2 * flat[1]
    with pytest.raises(ValueError, match="doesn't span a lattice"):
        hermite(flat.tolist())


@given(SMALL)
def test_cells_are_numbered_in_their_order(matrix: np.ndarray) -> None:
    cell = supercell(hermite(matrix.tolist()))
    assert cell.n_cells == abs(round(np.linalg.det(matrix)))
    assert len(cell.cells) == cell.n_cells
    assert cell.index(cell.cells).tolist() == list(range(cell.n_cells))


@given(SMALL, STEPS, STEPS)
def test_cells_a_vector_of_the_supercell_apart_are_one(matrix: np.ndarray, place: tuple, times: tuple) -> None:
    cell = supercell(hermite(matrix.tolist()))
    moved = np.array(place) + np.array(times) @ matrix
    assert cell.index(moved) == cell.index(np.array(place))


@given(SMALL, STEPS, STEPS)
def test_cells_that_are_one_are_a_vector_of_the_supercell_apart(matrix: np.ndarray, one: tuple, other: tuple) -> None:
    cell = supercell(hermite(matrix.tolist()))
    apart = (np.array(one) - np.array(other)) @ np.linalg.inv(matrix)
    is_one = bool(np.abs(apart - np.rint(apart)).max() < 1e-9)
    assert bool(cell.index(np.array(one)) == cell.index(np.array(other))) == is_one


@given(SMALL, st.lists(STEPS, min_size=1, max_size=5))
def test_every_translation_permutes_the_cells(matrix: np.ndarray, steps: list[tuple]) -> None:
    cell = supercell(hermite(matrix.tolist()))
    moved = cell.neighbors(np.array(steps))
    assert moved.shape == (len(steps), cell.n_cells)
    assert (np.sort(moved, axis=1) == np.arange(cell.n_cells)).all()
    assert moved[0].tolist() == cell.index(cell.cells + np.array(steps[0])).tolist()


def test_a_supercell_is_made_once() -> None:
    form = hermite(np.diag([2, 1, 3]).tolist())
    assert supercell(form) is supercell(form)
    assert supercell(form) == Supercell(form)
    assert supercell(form).matrix.tolist() == [[2, 0, 0], [0, 1, 0], [0, 0, 3]]
