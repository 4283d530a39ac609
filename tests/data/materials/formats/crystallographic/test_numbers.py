"""Numbers of a CIF that no crystal has: refused in words, with the line, wherever they stand."""

from __future__ import annotations

import pytest

from bigdata.data.materials.formats.crystallographic.reading import structure_of
from bigdata.data.problem import EntryError

CSCL = """data_x
_cell_length_a 4.1
_cell_length_b 4.1
_cell_length_c {c}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_cell_formula_units_Z {z}
_space_group_IT_number {group}
loop_
_atom_site_label
_atom_site_symmetry_multiplicity
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Cs1 {multiplicity} 0 0 0
Cl1 1 0.5 0.5 0.5
"""
SOUND = {"c": "4.1", "z": "1", "group": "221", "multiplicity": "1"}


def test_the_sound_one_is_read() -> None:
    assert structure_of(CSCL.format(**SOUND)).structure.numbers.tolist() == [55, 17]


@pytest.mark.parametrize(
    ("part", "value", "line", "words"),
    [
        ("c", "1e999", 4, "which is no number"),
        ("z", "1e999", 8, "which is no number"),
        ("group", "1e999", 9, "which is no number"),
        ("group", "221.5", 9, "is 221.5, and groups have whole numbers"),
        ("multiplicity", "1e999", 10, "which is no number"),
    ],
)
def test_what_no_crystal_has_is_refused(part: str, value: str, line: int, words: str) -> None:
    with pytest.raises(EntryError, match=words) as raised:
        structure_of(CSCL.format(**SOUND | {part: value}))
    assert raised.value.line == line
