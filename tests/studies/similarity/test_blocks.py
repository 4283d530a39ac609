"""Statistics of blocks of settings, against all pairs at once."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bigdata.studies.similarity.blocks import Statistics


@given(block=st.lists(st.integers(0, 3), min_size=1, max_size=12), size=st.integers(1, 5), seed=st.integers(0, 99))
def test_statistics_gathered_in_pieces_are_those_of_all_pairs(block, size, seed):
    block, n = np.array(block), len(block)
    s = np.random.default_rng(seed).random((n, n))
    s = np.triu(s, 1) + np.triu(s, 1).T + np.eye(n)
    spans = [slice(i, min(n, i + size)) for i in range(0, n, size)]
    statistics = Statistics(4)
    for j, columns in enumerate(spans):
        for rows in spans[: j + 1]:
            statistics.add(s[rows, columns], block[rows], block[columns], same=rows == columns)
    found = statistics.result()
    for a in range(4):
        for b in range(4):
            pairs = [s[i, k] for i in range(n) for k in range(n) if i != k and (block[i], block[k]) == (a, b)]
            if not pairs:
                assert all(np.isnan(found[word][a, b]) for word in ("mean", "min", "max"))
                continue
            assert found["min"][a, b] == min(pairs)
            assert found["max"][a, b] == max(pairs)
            assert np.isclose(found["mean"][a, b], np.mean(pairs), rtol=1e-13)
