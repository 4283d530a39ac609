"""Sums of products are what a loop gives, in the narrow types that they are formed in."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bigdata.lattices.products import ProductSums


@given(seed=st.integers(0, 2**32 - 1), n_sums=st.integers(1, 9), largest=st.sampled_from([1, 2, 3]))
def test_they_are_those_of_a_loop(seed: int, n_sums: int, largest: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.integers(-largest, largest + 1, (7, 11)).astype(np.int8)
    length = rng.integers(1, 5, n_sums)
    counts = rng.integers(1, 200, n_sums)
    which = np.repeat(np.arange(n_sums), counts)
    factors = rng.integers(0, 7, (len(which), 4))
    factors[np.arange(4) >= length[which][:, None]] = -1
    expected = np.zeros((n_sums, 11), dtype=np.int64)
    for one, product in zip(which, factors, strict=True):
        expected[one] += rows[product[product >= 0]].astype(np.int64).prod(axis=0)
    sums = ProductSums.of(factors, which, 127 // largest**length, np.int32)
    np.testing.assert_array_equal(sums(rows), expected)
