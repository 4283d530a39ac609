"""Where elements stand in the periodic table."""

from __future__ import annotations

import pytest
from pymatgen.core.periodic_table import Element

from bigdata.studies.transferability.periodic_table import N_COLUMNS, N_ROWS, place


@pytest.mark.parametrize("number", [z for z in range(1, 119) if not (57 <= z <= 70 or 89 <= z <= 102)])
def test_elements_outside_the_f_block_stand_in_their_period_and_group(number: int) -> None:
    element = Element.from_Z(number)
    # Pymatgen counts Lu and Lr to rows of their own, with the f-block.
    row = {71: 6, 103: 7}.get(number, element.row)
    assert place(number) == (row, element.group)


def test_the_f_block_stands_below_in_the_order_of_numbers() -> None:
    assert [place(z) for z in range(57, 71)] == [(8.5, column) for column in range(3, 17)]
    assert [place(z) for z in range(89, 103)] == [(9.5, column) for column in range(3, 17)]


def test_no_two_elements_share_a_place_and_all_are_inside() -> None:
    places = [place(z) for z in range(1, 119)]
    assert len(set(places)) == 118
    assert max(row for row, _ in places) <= N_ROWS
    assert max(column for _, column in places) == N_COLUMNS
