"""Numbers as tables show them."""

from __future__ import annotations

import pytest

from bigdata.display import cell, decimals, span


@pytest.mark.parametrize(
    ("column", "n"),
    [
        ([0.98, 0.5], 4),
        ([0.0, 12.5], 4),
        ([0.0123, None, float("nan")], 5),
        ([-0.002465, 0.001], 6),
        ([1e-12], 8),
        (["a", 3], 4),
        ([], 4),
    ],
)
def test_small_numbers_of_a_column_get_more_decimals(column: list[object], n: int) -> None:
    assert decimals(column) == n


def test_a_cell_has_no_idle_zeros_and_a_dash_for_nothing() -> None:
    assert [cell(v, 6) for v in (0.00246, 0.0, None, float("nan"), 3, "x")] == ["0.00246", "0", "-", "-", "3", "x"]
    assert cell(1e-7) == "1.00e-07"


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((5000, 7560, 11500), "2.1 h (1.4–3.2 h)"),
        ((1.6e-4, 4.8e-4, 1.02), "480 µs (160 µs – 1.0 s)"),
        ((2.0, 2.0, 2.0), "2.0 s"),
    ],
)
def test_an_interval_is_in_one_unit_unless_an_end_would_be_a_large_number(ends, said):
    assert span(*ends) == said
