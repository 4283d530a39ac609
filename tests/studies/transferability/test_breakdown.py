"""Errors by kind of material, against loops over entries and pymatgen."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from pymatgen.core import Composition
from pymatgen.symmetry.groups import SpaceGroup

from bigdata.data.materials.formula import parse
from bigdata.studies.transferability.breakdown import (
    Materials,
    Row,
    anonymous,
    by_crystal_system,
    by_distance,
    by_element,
    by_novelty,
    by_sharing,
)

FORMULAS = ["MgF2", "CaCl2", "NaCl", "MgO", "CaTiO3", "TiO2", "Mg", "Ti3O5"]
ERROR = np.array([0.1, -0.2, 0.4, np.nan, 0.3, -0.5, 0.6, 0.7])
SPACEGROUP = np.array([136, 58, 225, 225, 221, 136, 194, 0], np.int32)


def materials(formulas: list[str], spacegroup: list[int] | np.ndarray) -> Materials:
    fractions = np.zeros((len(formulas), 118))
    for row, formula in zip(fractions, formulas, strict=True):
        for z, amount in parse(formula).items():
            row[z - 1] = amount
    return Materials(fractions / fractions.sum(axis=1, keepdims=True), formulas, np.array(spacegroup, np.int32))


ALL = materials(FORMULAS, SPACEGROUP)


def told(rows: list[Row]) -> dict[str, tuple[int, float]]:
    return {label: (n, round(mae, 9) if n else math.nan) for label, n, mae in rows}


def test_errors_by_element_are_those_of_the_entries_that_contain_it() -> None:
    found = by_element(ERROR, ALL.fractions)
    for z in range(1, 119):
        named = [z in {element.Z for element in Composition(formula)} for formula in FORMULAS]
        mine = [abs(e) for e, has in zip(ERROR, named, strict=True) if has and e == e]
        assert found.n[z - 1] == len(mine)
        np.testing.assert_allclose(found.mae[z - 1], np.mean(mine) if mine else np.nan)


def test_crystal_systems_are_those_of_pymatgen() -> None:
    numbers = np.arange(1, 231, dtype=np.int32)
    found = {row.label: row for row in by_crystal_system(numbers.astype(float), numbers)}
    systems: dict[str, list[int]] = {}
    for number in numbers.tolist():
        systems.setdefault(SpaceGroup.from_int_number(number).crystal_system, []).append(number)
    assert {name: row.n for name, row in found.items()} == {name: len(of) for name, of in systems.items()}
    assert {name: row.mae for name, row in found.items()} == {name: np.mean(of) for name, of in systems.items()}


def test_entries_whose_spacegroup_was_not_found_come_last() -> None:
    rows = by_crystal_system(ERROR, SPACEGROUP)
    assert rows[-1] == ("spacegroup not found", 1, 0.7)
    assert told(rows)["cubic"] == (2, 0.35)
    assert sum(row.n for row in rows) == np.isfinite(ERROR).sum()


def test_shared_groups_and_the_others() -> None:
    shared = np.array([True, True, False, True, False, False, False, False])
    assert told(by_sharing(ERROR, shared)) == {
        "groups of both databases": (2, 0.15),
        "groups of the tested one alone": (5, 0.5),
    }


def test_every_entry_is_at_one_distance_from_the_hull() -> None:
    distance = np.array([0.0, 0.05, 0.0500001, 0.2, 0.2000001, -0.01, np.nan, 0.1])
    assert told(by_distance(ERROR, distance, "eV/atom")) == {
        "to 0 eV/atom": (2, 0.3),
        "0 to 0.05 eV/atom": (1, 0.2),
        "0.05 to 0.1 eV/atom": (2, 0.55),
        "0.1 to 0.2 eV/atom": (0, pytest.approx(math.nan, nan_ok=True)),
        "above 0.2 eV/atom": (1, 0.3),
        "distance not known": (1, 0.6),
    }


def test_novelty_is_by_element_formula_and_prototype() -> None:
    """Trained on fluorides and oxides without sodium, chlorine and hexagonal crystals."""
    training = materials(["MgF2", "CaO", "TiO2", "SrTiO3"], [136, 225, 141, 221])
    found = told(by_novelty(ERROR, ALL, training))
    assert found == {
        "an element unseen in training": (2, 0.3),
        "all elements seen": (5, 0.44),
        "reduced formula unseen in training": (5, 0.44),
        "reduced formula seen": (2, 0.3),
        # CaCl2 (AB2 in 58) and Mg (A in 194) have one of their own; TiO2 in 136 is like MgF2, CaTiO3 like SrTiO3.
        "prototype unseen in training": (2, 0.4),
        "prototype seen": (4, 0.325),
        "prototype not known": (1, 0.7),
    }


@pytest.mark.parametrize("formula", ["MgF2", "CaTiO3", "Ti3O5", "Mg", "CaMgO2", "Li10Ge(PS6)2"])
def test_proportions_are_those_of_pymatgen(formula: str) -> None:
    expected = Composition(formula).anonymized_formula
    assert anonymous(formula) == re.sub(r"(?<=[A-Z])1(?!\d)", "", expected)
