"""Similarities: equal to the definition and to the reference program, compiled or not, in blocks or whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bigdata.studies.similarity import measures
from bigdata.studies.similarity.fingerprint import heights
from bigdata.studies.similarity.grid import Grid
from bigdata.studies.similarity.measures import BIT_MEASURES, Bits, Integrals, Measure, Nearest, Prepared
from tests.examples import examples
from tests.studies.similarity.definition import (
    FOCUSED_ON_VBM,
    NO_ORACLE,
    hbn_spectra,
    oracle,
    similarity_by_definition,
)

ALL: tuple[Measure, ...] = (*BIT_MEASURES, "integrated-l1")
NO_KERNEL = "the compiled kernel isn't built here, or BIGDATA_NO_KERNEL=1"
PATHS = [
    pytest.param(True, id="compiled", marks=pytest.mark.skipif(measures.path() == "numpy", reason=NO_KERNEL)),
    pytest.param(False, id="numpy"),
]


@contextmanager
def using(compiled: bool) -> Iterator[None]:
    with mock.patch.object(measures, "_compiled", compiled):
        yield


def hbn(measure: Measure) -> Prepared:
    energies, dos = hbn_spectra()
    grid = Grid.from_id(FOCUSED_ON_VBM)
    made = heights(energies, dos, 0.0, grid, keep_states=True)
    if measure != "integrated-l1":
        return measures.prepare(made.height, made.first, made.last)
    assert made.states is not None
    return measures.integrate(made.states, made.first, made.last, np.diff(grid.edges))


def random_rows(seed: int, n: int, n_columns: int, n_pix: int, different_coverage: bool) -> dict[str, Any]:
    """Heights that are often equal to each other, so that ties occur, and the columns that they cover."""
    rng = np.random.default_rng(seed)
    height = rng.integers(0, n_pix + 1, (3, n_columns))[rng.integers(0, 3, n)]
    height = np.clip(height + rng.integers(-1, 2, (n, n_columns)), 0, n_pix).astype(np.uint8)
    first, last = np.zeros(n, int), np.full(n, n_columns)
    if different_coverage:
        first, last = np.sort(rng.integers(0, n_columns + 1, (2, n)), axis=0)
    column = np.arange(n_columns)
    height[(column < first[:, None]) | (column >= last[:, None])] = 0
    return {"height": height, "first": first, "last": last}


def prepared(rows: dict[str, Any], measure: Measure) -> Prepared:
    if measure != "integrated-l1":
        return measures.prepare(**rows)
    width = 0.05 + 0.01 * np.arange(rows["height"].shape[1])
    return measures.integrate(rows["height"] / 7, rows["first"], rows["last"], width)


row_sets = st.builds(
    random_rows,
    seed=st.integers(0, 2**32),
    n=st.integers(1, 12),
    n_columns=st.sampled_from([1, 2, 31, 32, 33, 70]),
    n_pix=st.sampled_from([1, 3, 56, 255]),
    different_coverage=st.booleans(),
)


@pytest.mark.parametrize("compiled", PATHS)
@pytest.mark.parametrize("measure", BIT_MEASURES)
@settings(max_examples=examples(40), deadline=None)
@given(rows=row_sets)
def test_similarities_are_those_of_sets_of_bits(compiled: bool, measure: Measure, rows: dict[str, Any]) -> None:
    bits = prepared(rows, measure)
    with using(compiled):
        made = measures.block(bits, bits, measure)
    cover = list(zip(rows["first"], rows["last"], strict=True))
    for i, a in enumerate(rows["height"]):
        for j, b in enumerate(rows["height"]):
            assert made[i, j] == similarity_by_definition(a, cover[i], b, cover[j], measure)


@pytest.mark.parametrize("measure", ALL)
@settings(max_examples=examples(40), deadline=None)
@given(rows=row_sets)
def test_similarity_is_symmetric_and_one_with_itself(measure: Measure, rows: dict[str, Any]) -> None:
    made = prepared(rows, measure)
    similarity = measures.block(made, made, measure)
    np.testing.assert_array_equal(similarity, similarity.T)
    assert similarity.min() >= 0
    assert similarity.max() <= 1
    np.testing.assert_array_equal(np.diag(similarity), rows["height"].any(axis=1).astype(float))


@pytest.mark.parametrize("compiled", PATHS)
@pytest.mark.parametrize("measure", ALL)
@settings(max_examples=examples(30), deadline=None)
@given(rows=row_sets, cut=st.integers(0, 12))
def test_blocks_are_parts_of_the_whole(compiled: bool, measure: Measure, rows: dict[str, Any], cut: int) -> None:
    made = prepared(rows, measure)
    with using(compiled):
        whole = measures.block(made, made, measure)
        np.testing.assert_array_equal(measures.block(made[:cut], made[cut:], measure), whole[:cut, cut:])
        np.testing.assert_array_equal(measures.block(made[cut:], made, measure), whole[cut:])


def nearest_by_sorting(similarity: NDArray[np.float64], k: int, minimum: float, first_row: int) -> Nearest:
    m, n = similarity.shape
    index, best = np.full((m, k), -1), np.full((m, k), np.nan)
    n_above = np.zeros(m, int)
    for i in range(m):
        others = [j for j in range(n) if j != first_row + i and similarity[i, j] >= minimum]
        others.sort(key=lambda j: (-similarity[i, j], j))
        n_above[i] = len(others)
        kept = others[:k]
        index[i, : len(kept)], best[i, : len(kept)] = kept, similarity[i, kept]
    return Nearest(index, best, n_above)


@pytest.mark.parametrize("compiled", PATHS)
@pytest.mark.parametrize("measure", ALL)
@settings(max_examples=examples(40), deadline=None)
@given(
    rows=row_sets,
    k=st.integers(1, 14),
    minimum=st.sampled_from([0.0, 0.3, 0.9, 1.0]),
    cuts=st.permutations([(0, 4), (4, 5), (5, 12)]),
    first_row=st.integers(0, 11),
)
def test_the_nearest_found_block_by_block_are_those_of_the_sorted_matrix(
    compiled: bool,
    measure: Measure,
    rows: dict[str, Any],
    k: int,
    minimum: float,
    cuts: list[tuple[int, int]],
    first_row: int,
) -> None:
    b = prepared(rows, measure)
    a = b[first_row:]
    found = None
    with using(compiled):
        expected = nearest_by_sorting(measures.block(a, b, measure), k, minimum, first_row)
        for start, stop in cuts:
            found = measures.nearest(a, b[start:stop], k, minimum, measure, first_row, start, found)
    assert found is not None
    np.testing.assert_array_equal(found.index, expected.index)
    np.testing.assert_array_equal(found.similarity, expected.similarity)
    np.testing.assert_array_equal(found.n_above, expected.n_above)


@pytest.mark.parametrize("compiled", PATHS)
def test_more_rows_than_a_tile_are_compared_like_few(compiled: bool) -> None:
    rows = random_rows(3, 1500, 40, 9, different_coverage=False)
    bits = measures.prepare(**rows)
    with using(compiled):
        similarity = measures.block(bits[:7], bits, "tanimoto")
        found = measures.nearest(bits[:7], bits, 30, 0.0, "tanimoto")
    expected = nearest_by_sorting(similarity, 30, 0.0, 0)
    np.testing.assert_array_equal(found.index, expected.index)
    np.testing.assert_array_equal(found.similarity, expected.similarity)


GOLDEN = {
    "tanimoto": "8932796ae43bb41956cb9ced88f7c5ac65e6a3459f67a0717cafa06e18b90ef5",
    "dice": "8dac5ea10848fc08c71def7458e19a015426e69c2d6f3caf601038d023246f81",
    "cosine": "2d711b67d06db28dd8b3ef56c398d5e3a1bd473304a90de339644d44b9745c02",
}


@pytest.mark.parametrize("compiled", PATHS)
@pytest.mark.parametrize("measure", BIT_MEASURES)
def test_the_matrix_of_the_h_bn_spectra_has_not_changed(compiled: bool, measure: Measure) -> None:
    bits = hbn(measure)
    with using(compiled):
        similarity = measures.block(bits, bits, measure)
    assert hashlib.sha256(similarity.astype("<f8").tobytes()).hexdigest() == GOLDEN[measure]


@pytest.mark.skipif(oracle() is None, reason=NO_ORACLE)
@pytest.mark.parametrize("compiled", PATHS)
def test_the_matrix_of_the_h_bn_spectra_equals_the_reference(compiled: bool) -> None:
    energies, dos = hbn_spectra()
    grid = oracle().Grid.create(grid_id=FOCUSED_ON_VBM)
    reference = [oracle().DOSFingerprint().calculate(energies, row, grid=grid) for row in dos]
    bits = hbn("tanimoto")
    with using(compiled):
        similarity = measures.block(bits, bits, "tanimoto")
    assert similarity.tolist() == [a.get_similarities(reference).tolist() for a in reference]


@pytest.mark.skipif(oracle() is None, reason=NO_ORACLE)
@pytest.mark.parametrize("compiled", PATHS)
def test_spectra_that_cover_different_columns_compare_as_in_the_reference(compiled: bool) -> None:
    energies, dos = hbn_spectra()
    shift = np.random.default_rng(5).uniform(-25, 25, 18)
    made = heights(energies, dos[::6], shift, Grid())
    covered = np.flatnonzero(made.first < made.last)
    grid = oracle().Grid.create(grid_id=Grid().id)
    reference = [oracle().DOSFingerprint().calculate(energies - shift[i], dos[6 * i], grid=grid) for i in covered]
    bits = measures.prepare(made.height[covered], made.first[covered], made.last[covered])
    with using(compiled):
        similarity = measures.block(bits, bits, "tanimoto")
    assert len(set(made.first)) > 3
    # Fingerprints without a common column can't be cut to it there; here, their similarity is 0.
    for i, j in np.argwhere(np.maximum.outer(bits.first, bits.first) < np.minimum.outer(bits.last, bits.last)):
        assert similarity[i, j] == reference[i].get_similarity(reference[j])


def test_integrated_l1_is_one_less_the_area_between_the_curves_over_the_area_below_both() -> None:
    width = np.array([1.0, 2.0, 1.0])
    states = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    made = measures.integrate(states, [0, 0], [3, 3], width)
    # N = 1, 1, 1 and 0, 0, 1: 3 eV between the curves, 4 eV below the upper one.
    np.testing.assert_allclose(measures.block(made, made, "integrated-l1"), [[1, 1 / 4], [1 / 4, 1]])


def test_integrated_l1_counts_from_the_first_common_column() -> None:
    states = np.array([[5.0, 1.0, 2.0], [0.0, 1.0, 2.0]])
    made = measures.integrate(states, [0, 1], [3, 3], np.ones(3))
    np.testing.assert_allclose(measures.block(made, made, "integrated-l1"), np.ones((2, 2)))


def test_a_result_is_written_where_asked() -> None:
    bits = hbn("tanimoto")
    out = np.empty((108, 108))
    assert measures.block(bits, bits, "tanimoto", out) is out
    np.testing.assert_array_equal(out, measures.block(bits, bits, "tanimoto"))


def test_bits_and_integrals_do_not_mix() -> None:
    bits, integrals = hbn("tanimoto"), hbn("integrated-l1")
    assert isinstance(bits, Bits)
    assert isinstance(integrals, Integrals)
    with pytest.raises(TypeError, match="tanimoto doesn't compare Integrals with Bits"):
        measures.block(integrals, bits, "tanimoto")
    with pytest.raises(TypeError, match="integrated-l1 doesn't compare Bits with Bits"):
        measures.block(bits, bits, "integrated-l1")


@pytest.mark.skipif(measures.path() == "numpy", reason=NO_KERNEL)
def test_the_kernel_refuses_arrays_that_do_not_fit() -> None:
    from bigdata.studies.similarity import _kernel

    bits = hbn("tanimoto")
    assert isinstance(bits, Bits)
    with pytest.raises(ValueError, match="wrong size"):
        _kernel.block(0, *bits.buffers, *bits.buffers, np.empty((108, 107)))
    with pytest.raises(ValueError, match="wrong size"):
        _kernel.block(0, *bits.buffers, *bits[:5].buffers[:3], bits.last, np.empty((108, 5)))
