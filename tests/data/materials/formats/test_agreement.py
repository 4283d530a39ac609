"""What a file says beside a structure is compared with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.formats.agreement import agreed_formula, refuse_other_counts
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import EntryError
from tests.data.materials.formats.reading import Read

LATTICE = [[4.1, 0, 0], [0, 4.1, 0], [0, 0, 4.1]]
PLACES = [[0, 0, 0], [0.5, 0.5, 0.5]]
PYMATGEN: dict[str, Any] = {
    "@class": "Structure",
    "lattice": {"matrix": LATTICE, "pbc": [True, True, True]},
    "sites": [{"species": [{"element": e, "occu": 1}], "abc": p} for e, p in zip(("Cs", "Cl"), PLACES, strict=True)],
}
SUMMARY = {"material_id": "mp-1", "formula_pretty": "CsCl", "nsites": 2, "nelements": 2, "elements": ["Cl", "Cs"],
           "structure": PYMATGEN}  # fmt: skip
AFLUX = {"auid": "aflow:1", "aurl": "x", "compound": "Cl1Cs1", "natoms": 2, "nspecies": 2, "species": ["Cl", "Cs"],
         "composition": [1, 1], "geometry": [4.1, 4.1, 4.1, 90, 90, 90], "positions_fractional": PLACES}  # fmt: skip
JARVIS = {
    "jid": "J-1",
    "formula": "CsCl",
    "nat": 2,
    "atoms": {"lattice_mat": LATTICE, "coords": PLACES, "elements": ["Cs", "Cl"], "cartesian": False},
}
LINE = {"id": "a", "formula": "CsCl", "lattice": LATTICE, "species": ["Cs", "Cl"], "frac_coords": PLACES}


def crystal(*numbers: int) -> Structure:
    return Structure(np.eye(3) * 9, np.array(numbers, np.uint8), np.zeros((len(numbers), 3)))


@pytest.mark.parametrize("formula", ["Fe2O3", "Fe4O6", "O3Fe2", "Fe0.67O", "(FeO1.5)2", "Fe2 O3"])
def test_a_formula_of_the_same_composition_stays_as_it_is_written(formula: str) -> None:
    assert agreed_formula({"formula": formula}, crystal(26, 26, 8, 8, 8)) == (formula, ())


@pytest.mark.parametrize("formula", ["Fe3O4", "FeO", "Fe2O3F", "Fe", "Fe0.6O"])
def test_a_formula_of_another_composition_is_refused_with_both(formula: str) -> None:
    with pytest.raises(EntryError, match=f"`formula` is {formula}, and the structure has Fe2O3"):
        agreed_formula({"formula": formula}, crystal(26, 26, 8, 8, 8))


def test_whole_numbers_are_compared_exactly() -> None:
    with pytest.raises(EntryError):
        agreed_formula({"formula": "Fe101O"}, crystal(*[26] * 100, 8))


def test_a_text_that_is_no_formula_leaves_it_to_the_structure() -> None:
    formula, (note,) = agreed_formula({"formula": "rock salt"}, crystal(11, 17))
    assert (formula, note.partition(": ")[2]) == ("", "rock salt")
    assert agreed_formula({"formula": "rock salt"}, None) == ("rock salt", ())
    assert agreed_formula({"formula": ""}, crystal(11, 17)) == ("", ())


@given(st.lists(st.integers(1, 94), min_size=1, max_size=12), st.integers(1, 5))
def test_a_formula_of_a_multiple_of_the_cell_agrees_and_one_atom_more_does_not(numbers: list[int], n: int) -> None:
    formula = "".join(SYMBOLS[z] for z in numbers * n)
    assert agreed_formula({"f": formula}, crystal(*numbers)) == (formula, ())
    if len(set(numbers)) > 1:
        with pytest.raises(EntryError):
            agreed_formula({"f": formula + SYMBOLS[numbers[0]]}, crystal(*numbers))


def test_counts_are_compared_where_they_are_numbers_or_lists() -> None:
    found = crystal(11, 17, 17)
    refuse_other_counts(found, n_atoms=("nsites", 3), n_elements=("elements", ["Na", "Cl"]))
    refuse_other_counts(found, n_atoms=("nsites", None), n_elements=("nelements", "many"))
    with pytest.raises(EntryError, match="`nsites` is 4, and the structure has 3 atoms"):
        refuse_other_counts(found, n_atoms=("nsites", 4))


@pytest.mark.parametrize(
    ("name", "row", "key", "wrong"),
    [
        ("a.jsonl", SUMMARY, "formula_pretty", "CsCl2"),
        ("a.jsonl", SUMMARY, "nsites", 3),
        ("a.jsonl", SUMMARY, "nelements", 3),
        ("a.jsonl", SUMMARY, "elements", ["Cs"]),
        ("a.jsonl", AFLUX, "compound", "Cl2Cs1"),
        ("a.jsonl", AFLUX, "natoms", 4),
        ("a.jsonl", AFLUX, "nspecies", 1),
        ("a.json", JARVIS, "formula", "CsCl3"),
        ("a.json", JARVIS, "nat", 1),
        ("b.jsonl", LINE, "formula", "KCl"),
    ],
)
def test_each_database_s_own_counts_and_formulas_are_compared(
    read: Callable[..., Read], name: str, row: dict[str, Any], key: str, wrong: Any
) -> None:
    rows = [row, {**row, key: wrong}]
    content = json.dumps(rows) if name.endswith(".json") else "".join(json.dumps(one) + "\n" for one in rows)
    (entry,), (bad,), _ = read(name, content)
    assert entry.structure is not None
    assert entry.structure.numbers.tolist() in ([55, 17], [17, 55])
    assert bad.what.startswith(f"`{key}` ")
    assert ", and the structure has " in bad.what


@pytest.mark.parametrize(
    ("pbc", "sentence"),
    [
        ([True, True, False], "periodic along a and b only"),
        ([False, False, False], "not periodic: a molecule"),
        ([True], "three flags"),
        (None, "three flags"),
    ],
)
def test_a_slab_of_pymatgen_s_is_no_crystal(read: Callable[..., Read], pbc: Any, sentence: str) -> None:
    slab = {**PYMATGEN, "lattice": {"matrix": LATTICE, "pbc": pbc}}
    (entry,), (bad,), _ = read("a.json", json.dumps([PYMATGEN, slab]))
    assert entry.structure is not None
    assert sentence in bad.what
