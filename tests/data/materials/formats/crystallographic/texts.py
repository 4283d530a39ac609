"""Small CIF texts, put together of parts."""

from __future__ import annotations


def cif(sites: str, *header: str, cell: tuple[float, ...] = (5, 5, 5, 90, 90, 90), columns: str = "label") -> str:
    """A data block of `header` lines, a cell and sites, one a line: `columns`, then the three fractions."""
    parts = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lengths = [f"_cell_{part} {value:g}" for part, value in zip(parts, cell, strict=True)]
    tags = [f"_atom_site_{tag}" for tag in (*columns.split(), "fract_x", "fract_y", "fract_z")]
    return "\n".join(["data_a", *header, *lengths, "loop_", *tags, *sites.strip().split("\n"), ""])


def operations(*texts: str) -> str:
    return "\n".join(["loop_", "_symmetry_equiv_pos_as_xyz", *(f"'{text}'" for text in texts)])


P1 = operations("x, y, z")
INVERSION = operations("x, y, z", "-x, -y, -z")
THREEFOLD = operations("x,y,z", "-y,x-y,z", "-x+y,-x,z", "-x,-y,-z", "y,-x+y,-z", "x-y,x,-z")
SALT = "Na1 0 0 0\nCl1 0.5 0.5 0.5"


def stated(formula: str, units: int | None = None) -> str:
    return f"_chemical_formula_sum '{formula}'" + (f"\n_cell_formula_units_Z {units}" if units else "")
