"""What the reader of materials understood of a file, as plain data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bigdata.data.materials.dataset import MaterialsDataset
from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.formula import amounts, parse
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import EntryError


def shown(dataset: MaterialsDataset, row: int, spacegroup: Callable[[Structure], int | None]) -> dict[str, Any]:
    """One entry; its number in the International Tables is what `spacegroup` finds for its structure."""
    structure = dataset.structures[row]
    has_atoms = len(structure.numbers) > 0
    return {
        "id": dataset.ids[row],
        "formula": _formula(dataset, row, structure),
        "n_atoms": len(structure.numbers) if has_atoms else None,
        # Whatever isn't periodic in three directions is a bad entry.
        "periodic": [True, True, True] if has_atoms else None,
        "spacegroup": spacegroup(structure) if has_atoms else None,
        "properties": _properties(dataset, row),
        "line": dataset.line(row),
        "notes": dataset.remarks.of_row(row),
    }


def _formula(dataset: MaterialsDataset, row: int, structure: Structure) -> str:
    """The elements by their symbols, with the counts of the cell; of the formula where there is no structure."""
    if len(structure.numbers):
        return by_symbol(amounts(structure.numbers))
    try:
        return by_symbol(parse(dataset.formulas[row]))
    except EntryError:
        return dataset.formulas[row]


def by_symbol(counts: dict[int, int] | dict[int, float]) -> str:
    """`Cl1 Cs1`: amounts by atomic number, in the order of the symbols."""
    return " ".join(f"{symbol}{n:g}" for symbol, n in sorted((SYMBOLS[z], n) for z, n in counts.items()))


def _properties(dataset: MaterialsDataset, row: int) -> dict[str, Any]:
    columns = dataset.columns
    found = {name: columns[name][row] for name in columns}
    return {
        name: {"value": value, "units": dataset.units[name], "units_from": columns.unit_from(name)}
        for name, value in found.items()
        if value is not None
    }
