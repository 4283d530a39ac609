"""Properties of the elements from which features of compositions are made; see data/shipped/magpie_elements.

Magpie's tables end with element 112. A value that they don't have is the mean over all elements that have one, as in
matminer.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

UNITS: Mapping[str, str] = {
    "Number": "1",
    "MendeleevNumber": "1",
    "AtomicWeight": "amu",
    "MeltingT": "K",
    "Column": "1",
    "Row": "1",
    "CovalentRadius": "pm",
    "Electronegativity": "1",
    "NsValence": "1",
    "NpValence": "1",
    "NdValence": "1",
    "NfValence": "1",
    "NValence": "1",
    "NsUnfilled": "1",
    "NpUnfilled": "1",
    "NdUnfilled": "1",
    "NfUnfilled": "1",
    "NUnfilled": "1",
    "GSvolume_pa": "angstrom^3/atom",
    "GSbandgap": "eV",
    "GSmagmom": "mu_B",
    "SpaceGroupNumber": "1",
}
"""The 22 properties of Ward et al. 2016, in their order, each with its unit, "1" for pure numbers.

Column, Row and MendeleevNumber are places in the periodic table, N… valence electrons and unfilled places among them by
shell, GS… the volume, band gap and magnetic moment of the element's ground state in density-functional theory.
"""
N_ELEMENTS = 112


@cache
def _rows() -> tuple[dict[str, str], ...]:
    table = files("bigdata.data") / "shipped" / "magpie_elements" / "elements.csv"
    return tuple(csv.DictReader(table.read_text().splitlines()))


def _column(name: str) -> Floats:
    """(113,) by atomic number, NaN where the table has no value, and for number 0."""
    return np.array([np.nan, *(float(row[name] or np.nan) for row in _rows())])


def _filled(column: Floats) -> Floats:
    return np.where(np.isnan(column), np.nanmean(column), column)


@cache
def known() -> NDArray[np.bool_]:
    """(113, 22) whether the table has the value, by atomic number and property."""
    return ~np.isnan(np.stack([_column(name) for name in UNITS], axis=1))


@cache
def properties() -> Floats:
    """(113, 22) by atomic number and property."""
    return np.stack([_filled(_column(name)) for name in UNITS], axis=1)


@cache
def ionic_character() -> Floats:
    """(113, 113) of a bond between two elements, 1 − exp(−(χ_i − χ_j)²/4) with Pauling's electronegativities χ
    (L. Pauling, The Nature of the Chemical Bond, 1960)."""
    electronegativity = _filled(_column("electronegativity"))
    difference = electronegativity[:, None] - electronegativity
    character: Floats = 1.0 - np.exp(-0.25 * difference**2)
    return character


@cache
def oxidation_states() -> tuple[NDArray[np.int64], Floats]:
    """How many common oxidation states an element has (113,), none for the noble gases and where none is known, and
    they themselves (113, most), 0 behind the last."""
    states = [[], *([float(state) for state in row["oxidation_states"].split()] for row in _rows())]
    counts = np.array([len(own) for own in states])
    return counts, np.array([own + [0.0] * (max(counts) - len(own)) for own in states])
