"""Group sizes are whole numbers, each in one bin; values far off are counted, not drawn."""

from __future__ import annotations

import numpy as np
import pytest

from bigdata.studies.overlap import figures


@pytest.mark.parametrize("largest", [1, 2, 40, 41, 1_000, 10**6])
def test_bins_lie_between_whole_numbers_and_hold_all(largest: int) -> None:
    edges = figures.size_edges(largest)
    assert np.all((edges - 0.5) % 1 == 0)
    assert edges[0] == 0.5
    assert edges[-1] == largest + 0.5
    assert np.all(np.diff(edges) >= 1)
    assert len(edges) <= figures.MOST_BINS + 1


def test_outlines_are_the_numbers_of_groups_by_their_entries() -> None:
    sizes = {"a": np.array([1, 1, 3, 0]), "b": np.array([0, 2, 2, 2])}
    first, second = figures.group_sizes(sizes).axes[0].patches
    np.testing.assert_array_equal(first.get_data().values, [2, 0, 1])
    np.testing.assert_array_equal(second.get_data().values, [0, 3, 0])


def test_a_value_that_stands_for_none_is_counted_beside_the_others() -> None:
    x, y = np.linspace(0, 1, 50), np.linspace(0.1, 1.1, 50)
    y[7] = -9999.0
    axes = figures.agreement({("a", "b"): (x, y)}, "gap (eV)").axes[0]
    assert "1 far off, not drawn" in axes.get_title(loc="left")
    assert len(axes.collections[0].get_offsets()) == 49
    assert axes.get_ylim()[0] > -1
