"""The test entries of a model and a dataset by kind: shared or not, new or known, crystal system, energy above hull."""

from __future__ import annotations

import numpy as np

from bigdata.studies.materials.identity import reduced_formulas
from bigdata.studies.transferability.breakdown import (
    Materials,
    Row,
    by_crystal_system,
    by_distance,
    by_novelty,
    by_sharing,
)
from bigdata.studies.transferability.data import TRAIN
from bigdata.studies.transferability.references import fractions
from bigdata.studies.transferability.results import Cell, Results

# What databases call the energy above the convex hull.
HULL = ("e_above_hull", "energy_above_hull", "e_above_hull_corrected")


def by_kind(results: Results, cell: Cell) -> list[Row]:
    """Mean absolute errors of the test entries, in the target's unit."""
    view, test = results.view, results.test(cell.tested)
    error = (view[f"prediction_{cell.model}_{cell.tested}"][...] - view[f"target_{cell.tested}"][...])[test]
    rows: list[Row] = []
    members = results.model.members[cell.model].of
    if cell.tested not in members:
        known = np.unique(np.concatenate([view[f"group_{name}"][...] for name in members]))
        rows += by_sharing(error, np.isin(view[f"group_{cell.tested}"][...][test], known))
    if results.model.identity.needs_symmetry:
        rows += by_novelty(error, _materials(results, cell.tested, test), _trained(results, members))
        rows += by_crystal_system(error, view[f"spacegroup_{cell.tested}"][...][test])
    return rows + _by_hull(results, cell, test, error)


def _trained(results: Results, members: tuple[str, ...]) -> Materials:
    """The training entries of several datasets."""
    parts = [_materials(results, name, np.flatnonzero(results.view[f"split_{name}"][...] == TRAIN)) for name in members]
    shares, formulas, spacegroup = zip(*parts, strict=True)
    return Materials(np.concatenate(shares), [f for some in formulas for f in some], np.concatenate(spacegroup))


def _materials(results: Results, name: str, rows: np.ndarray) -> Materials:
    entries = results.entries[name]
    structures = entries.dataset.structures.take(entries.rows[rows])
    formulas = reduced_formulas(structures, [entries.formulas[row] for row in rows])
    shares = fractions(structures.numbers, np.ones(len(structures.numbers)), structures.offsets)
    return Materials(shares, formulas, results.view[f"spacegroup_{name}"][...][rows])


def _by_hull(results: Results, cell: Cell, test: np.ndarray, error: np.ndarray) -> list[Row]:
    """Where the dataset says how far its entries are from the hull."""
    dataset = results.entries[cell.tested].dataset
    field = next((name for name in HULL if name in dataset.columns), "")
    unit = dataset.units.get(field, "")
    if not field or not unit.startswith("eV"):
        return []
    distance = dataset.columns.numbers(field)[results.entries[cell.tested].rows[test]]
    return [row._replace(label=f"above the hull: {row.label}") for row in by_distance(error, distance, unit)]
