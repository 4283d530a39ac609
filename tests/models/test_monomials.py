"""Monomials: how many, in which order, their columns, and sums over all of them without holding them."""

from __future__ import annotations

import tracemalloc
from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.models.monomials import CACHED_BYTES, Monomials, n_monomials

SIZES = {"n": st.integers(1, 40), "p": st.integers(1, 9), "degree": st.integers(1, 4), "seed": st.integers(0, 2**32)}
# So little that rows come in blocks, and lower degrees are made anew for each.
TIGHT = 4000


def made(n: int, p: int, degree: int, seed: int = 0, budget_bytes: int = 2**28) -> Monomials:
    return Monomials(np.random.default_rng(seed).normal(size=(n, p)), degree, budget_bytes)


def ordered(p: int, degree: int) -> list[tuple[int, ...]]:
    """All features in order, from the definition."""
    return [
        factors
        for j in range(1, degree + 1)
        for factors in sorted(combinations_with_replacement(range(p), j), key=lambda f: f[::-1])
    ]


def explicit(features: Monomials) -> np.ndarray:
    rows = ordered(features.n_columns, features.degree)
    return np.column_stack([features.x[:, list(f)].prod(axis=1) for f in rows])


@pytest.mark.parametrize(
    ("p", "degree", "count"), [(27, 1, 27), (27, 2, 405), (27, 3, 4059), (176, 2, 15752), (176, 3, 939928)]
)
def test_there_are_as_many_monomials_as_the_paper_counts(p: int, degree: int, count: int) -> None:
    assert n_monomials(p, degree) == count
    assert len(made(2, p, degree)) == count


@given(p=SIZES["p"], degree=SIZES["degree"])
def test_features_are_ordered_by_degree_then_by_their_last_factors(p: int, degree: int) -> None:
    features = made(2, p, degree)
    rows = features.factors(np.arange(len(features)))
    assert rows.dtype == np.int32
    assert [tuple(f for f in row if f >= 0) for row in rows.tolist()] == ordered(p, degree)


def test_features_with_one_greatest_factor_are_contiguous() -> None:
    features = made(2, 6, 3)
    rows = features.factors(np.arange(len(features)))
    greatest = rows[(rows >= 0).sum(axis=1) == 3].max(axis=1)
    assert (np.diff(greatest) >= 0).all()


@given(p=st.integers(1, 200), degree=SIZES["degree"], data=st.data())
def test_a_feature_is_found_again_by_its_factors(p: int, degree: int, data: st.DataObject) -> None:
    features = made(1, p, degree)
    indices = data.draw(st.lists(st.integers(0, len(features) - 1), max_size=5))
    factors = features.factors(indices)
    assert features.index_of(factors).tolist() == indices
    assert features.index_of(factors[:, ::-1]).tolist() == indices


@pytest.mark.parametrize("indices", [[-1], [19], [3, 999]])
def test_a_feature_that_is_none_is_refused(indices: list[int]) -> None:
    with pytest.raises(IndexError, match="counted from 0 to 18"):
        made(2, 3, 3).factors(indices)


@pytest.mark.parametrize("factors", [(), (-1, -1), (3,), (0, 0, 0, 0), (-2, 1)])
def test_factors_that_make_no_feature_are_refused(factors: tuple[int, ...]) -> None:
    with pytest.raises(IndexError, match="columns out of 3"):
        made(2, 3, 3).index_of([factors])


def test_names_show_powers_and_count_from_one() -> None:
    features = made(2, 7, 3)
    indices = features.index_of([(0,), (2, 2, 6), (1, 3), (4, 4, 4)])
    assert features.names(indices) == ["X_1", "X_3^2 X_7", "X_2 X_4", "X_5^3"]
    assert features.names(indices, "abcdefg") == ["a", "c^2 g", "b d", "e^3"]


@given(**SIZES)
def test_columns_are_the_products_of_their_factors(n: int, p: int, degree: int, seed: int) -> None:
    features = made(n, p, degree, seed)
    expected = explicit(features)
    np.testing.assert_allclose(features.columns(np.arange(len(features))), expected, rtol=1e-13)
    last = len(features) - 1
    np.testing.assert_array_equal(features.column(last), features.columns([last])[:, 0])


@given(**SIZES, budget=st.sampled_from([1, TIGHT, 2**28]))
def test_scores_are_the_inner_products_with_all_columns(n: int, p: int, degree: int, seed: int, budget: int) -> None:
    features = made(n, p, degree, seed, budget)
    r = np.random.default_rng(seed + 1).normal(size=n)
    expected = explicit(features)
    np.testing.assert_allclose(features.scores(r), r @ expected, rtol=0, atol=1e-12 * np.abs(expected).max() * n)


@given(**SIZES, budget=st.sampled_from([1, TIGHT, 2**28]))
def test_means_and_norms_are_those_of_all_columns(n: int, p: int, degree: int, seed: int, budget: int) -> None:
    features = made(n, p, degree, seed, budget)
    expected = explicit(features)
    scale = np.abs(expected).max(axis=0)
    np.testing.assert_allclose(features.means / scale, expected.mean(axis=0) / scale, rtol=0, atol=1e-13)
    norms = np.linalg.norm(expected - expected.mean(axis=0), axis=0)
    np.testing.assert_allclose(features.norms / scale, norms / scale, rtol=0, atol=1e-12)


def test_norms_of_columns_far_from_zero_keep_their_digits() -> None:
    x = 1e6 + np.random.default_rng(0).normal(size=(50, 3))
    expected = np.linalg.norm(x - x.mean(axis=0), axis=0)
    np.testing.assert_allclose(Monomials(x, 1).norms, expected, rtol=1e-9)


def test_columns_that_do_not_vary_are_told() -> None:
    x = np.random.default_rng(0).choice([-1.0, 1.0], (30, 2))
    features = Monomials(np.column_stack([x, np.full(30, 0.1), np.zeros(30)]), 2)
    constant = features.names(np.flatnonzero(~features.varies))
    assert constant == ["X_3", "X_4", "X_1^2", "X_2^2", "X_3^2", "X_1 X_4", "X_2 X_4", "X_3 X_4", "X_4^2"]


@pytest.mark.parametrize(
    ("n", "p", "degree", "budget"), [(300, 40, 3, 2**28), (300, 40, 3, 2**20), (20_000, 20, 2, 2**20), (500, 12, 4, 1)]
)
def test_no_more_is_held_than_said(n: int, p: int, degree: int, budget: int) -> None:
    features = made(n, p, degree, budget_bytes=budget)
    r = np.ones(n)
    tracemalloc.start()
    try:
        for held in (features.norms, features.varies, features.scores(r)):
            assert len(held) == len(features)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= features.held_bytes


@pytest.mark.parametrize(("n", "p", "degree"), [(20_000, 20, 2), (300, 40, 3), (3000, 10, 4)])
def test_beyond_what_belongs_to_columns_and_features_the_budget_is_kept(n: int, p: int, degree: int) -> None:
    features = made(n, p, degree, budget_bytes=2**20)
    own = 8 * n * (p + 2) + 6 * 8 * len(features) + 4 * CACHED_BYTES
    assert features.held_bytes - own <= 1.5 * 2**20


def test_a_small_budget_holds_less_than_the_lower_degrees_take() -> None:
    assert made(2000, 40, 3, budget_bytes=2**20).held_bytes < 8 * 2000 * 820


@pytest.mark.parametrize("x", [np.empty((0, 2)), np.empty((2, 0)), np.ones(3), np.array([[1.0, np.nan]])])
def test_what_is_no_finite_matrix_is_refused(x: np.ndarray) -> None:
    with pytest.raises(ValueError, match="finite matrix"):
        Monomials(x, 2)


def test_a_degree_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        made(2, 2, 0)
