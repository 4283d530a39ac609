"""One JSON object as a material: whatever form its structure has, what it says twice is compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.data.materials.formats.reading import Read, sorted_out

CUBE = [[4.1, 0.0, 0.0], [0.0, 4.1, 0.0], [0.0, 0.0, 4.1]]
PLACES = [[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]
CIF = (
    "data_a\n_cell_length_a 4.1\n_cell_length_b 4.1\n_cell_length_c 4.1\n_cell_angle_alpha 90\n_cell_angle_beta 90\n"
    "_cell_angle_gamma 90\n_space_group_IT_number 1\nloop_\n_atom_site_type_symbol\n_atom_site_fract_x\n"
    "_atom_site_fract_y\n_atom_site_fract_z\nCs 0 0 0\nCl 0.5 0.5 0.5\n"
)
OWN = {"lattice": CUBE, "species": ["Cs", "Cl"], "frac_coords": PLACES}
JARVIS = {"lattice_mat": CUBE, "coords": PLACES, "elements": ["Cs", "Cl"], "cartesian": False, "abc": [4.1, 4.1, 4.1]}


def pymatgen(**more: Any) -> dict[str, Any]:
    """Caesium chloride as pymatgen writes it, changed as told."""
    sites = [
        {"species": [{"element": one, "occu": 1}], "abc": place, "xyz": [4.1 * x for x in place], "label": one}
        for one, place in zip(["Cs", "Cl"], PLACES, strict=True)
    ]
    lattice = {"matrix": CUBE, "a": 4.1, "b": 4.1, "c": 4.1, "alpha": 90, "beta": 90, "gamma": 90}
    data: dict[str, Any] = {"@class": "Structure", "charge": 0, "lattice": lattice, "sites": sites}
    return data | more


def computed(data: dict[str, Any], **more: Any) -> dict[str, Any]:
    entry = {"@class": "ComputedStructureEntry", "entry_id": "e-1", "energy": -6.0, "correction": -0.5, "data": data,
             "composition": {"Cs": 1.0, "Cl": 1.0}, "parameters": {"run_type": "GGA"}}  # fmt: skip
    return entry | more


@pytest.mark.parametrize(
    "item",
    [
        OWN,
        {"structure": pymatgen()},
        {"structure": pymatgen(lattice={"a": 4.1, "b": 4.1, "c": 4.1, "alpha": 90, "beta": 90, "gamma": 90})},
        {"structure": json.dumps(pymatgen())},
        {"structure": CIF},
        {"text": CIF},
        {"structure": JARVIS},
        {"atoms": JARVIS},
        JARVIS,
        {"relaxed": pymatgen()},
    ],
    ids=["our own", "pymatgen", "pymatgen by lengths and angles", "pymatgen as text", "a CIF text",
         "a CIF text by another name", "JARVIS", "JARVIS by its name", "JARVIS bare", "by another name"],
)  # fmt: skip
def test_a_structure_is_found_in_any_form(read: Callable[..., Read], item: dict[str, Any]) -> None:
    (entry,), bad, _ = read("a.json", json.dumps([{"id": "a", "formula": "CsCl", **item, "gap": 8}]))
    assert not bad
    assert entry.structure is not None
    assert (entry.name, entry.formula, entry.properties) == ("a", "CsCl", {"gap": 8})
    assert entry.structure.numbers.tolist() == [55, 17]
    assert entry.structure.volume == pytest.approx(4.1**3)
    assert entry.notes == ()


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ({**OWN, "pretty_formula": "NaCl"}, "`pretty_formula` is NaCl, and the structure has CsCl"),
        ({**OWN, "composition": {"Na+": 1, "Cl-": 1}}, "`composition` is Na1Cl1, and the structure has CsCl"),
        ({**OWN, "composition": {"Cs": 1, "Cl": "2"}}, "`composition` isn't text"),
        ({**OWN, "nsites": 5}, "`nsites` is 5, and the structure has 2 atoms"),
        ({**OWN, "nelements": 3}, "`nelements` is 3, and the structure has 2 elements"),
        ({**OWN, "elements": ["Na", "Cl"]}, "`elements` names Na, Cl, and the structure has Cs, Cl"),
        ({"atoms": {**JARVIS, "abc": [5, 4.1, 4.1]}},
         "`a` of the lattice is 5, and its vector is 4.1 angstrom long"),
        ({"structure": pymatgen(lattice={"matrix": CUBE, "c": 8})},
         "`c` of the lattice is 8, and its vector is 4.1 angstrom long"),
        ({"before": pymatgen(), "after": pymatgen()},
         "which of the structures is the material's isn't said: those under before, after. Call it `structure`"),
        ({"numbers": [55, 17], "positions": PLACES},
         "the structure is not periodic: a molecule or cluster; a crystal is periodic in three directions"),
        (computed({"energy_per_atom": -1.0}),
         "`energy_per_atom` is -1 eV, and `energy` gives -3 eV for each of the 2 atoms of `composition`"),
        (computed({"energy": -7.0}), "`energy` is -6.0, and -7.0 in `data`"),
        (computed({}, structure=pymatgen(), composition={"Cs": 1.0, "Br": 1.0}),
         "`composition` is Cs1Br1, and the structure has CsCl"),
    ],
    ids=["a formula", "amounts", "no amounts", "atoms", "a number of elements", "elements", "JARVIS's lengths",
         "pymatgen's lengths", "two structures", "a molecule of ASE's", "energies",
         "an energy in data", "an entry's composition"],
)  # fmt: skip
def test_an_object_that_contradicts_itself_is_refused_with_both(
    read: Callable[..., Read], item: dict[str, Any], why: str
) -> None:
    entries, (bad,), _ = read("a.json", json.dumps([{"id": "a", **item}]))
    assert (entries, bad.what) == ([], why)


def test_an_entry_of_pymatgen_needs_no_structure(read: Callable[..., Read]) -> None:
    (entry,), _, _ = read("a.json", json.dumps(computed({"energy_per_atom": -3.25, "gap": 1})))
    assert (entry.name, entry.formula, entry.structure) == ("e-1", "Cs1Cl1", None)
    assert entry.properties == {
        "energy": -6.0, "correction": -0.5, "energy_per_atom": -3.25, "gap": 1, "parameters": {"run_type": "GGA"},
    }  # fmt: skip


def test_what_of_a_structure_is_not_kept_is_said(read: Callable[..., Read]) -> None:
    data = pymatgen(charge=1, properties={"source": "mine"})
    data["sites"][0] |= {"properties": {"magmom": 5.0}, "species": [{"element": "Cs", "occu": 1, "oxidation_state": 1}]}
    (entry,), _, (remark,) = read("a.json", json.dumps(data))
    assert entry.notes == ("oxidation states are left out: Cs1+", "the charge of the cell is left out: +1")
    assert (entry.properties, remark.columns) == ({"source": "mine"}, ("sites.magmom",))


def test_further_structures_and_values_of_atoms_are_left_out_and_named(tmp_path: Path) -> None:
    more = {"id": "a", "structure": pymatgen(), "cif": CIF, "initial": pymatgen()}
    ase = {"cell": CUBE, "numbers": [55, 17], "positions": [[0, 0, 0], [2, 2, 2]], "pbc": [1, 1, 1], "forces": PLACES,
           "energy": -3, "key_value_pairs": {"gap": 8}, "data": {"k": 1, "dos": {"__ndarray__": [[1], "float64", [1]]}},
           "unique_id": "x"}  # fmt: skip
    for name, item, properties, columns in (
        ("more.json", more, {}, ("cif", "initial")),
        ("ase.json", {"1": ase, "ids": [1], "nextid": 2}, {"energy": -3, "gap": 8, "data": {"k": 1}},
         ("forces", "data.dos")),
    ):  # fmt: skip
        (tmp_path / name).write_text(json.dumps(item))
        (entry,), bad, (remark,) = sorted_out(tmp_path / name)
        assert (bad, entry.properties, remark.columns) == ([], properties, columns)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (json.dumps({"data": [{"id": "a", **OWN}, {"id": "b", **OWN}], "meta": {"n": 2}}), ["a", "b"]),
        (json.dumps({"structure": [pymatgen(), pymatgen()], "id": ["a", "b"]}), ["a", "b"]),
        (json.dumps({"a": {"cif": CIF}, "b": {"cif": CIF}}), ["a", "b"]),
        ("\ufeff" + json.dumps({"a": pymatgen(), "b": pymatgen()}), ["a", "b"]),
        (f"{json.dumps({'id': 'a', **OWN})}\n{json.dumps({'id': 'b', **OWN})}\n", ["a", "b"]),
        (json.dumps({"jid": "a", "atoms": JARVIS}), ["a"]),
    ],
    ids=["a server's answer", "equally long lists", "CIF texts by identifiers", "a mark of encoding", "lines",
         "one of JARVIS"],
)  # fmt: skip
def test_materials_are_found_in_any_document(read: Callable[..., Read], text: str, names: list[str]) -> None:
    entries, bad, _ = read("a.json", text)
    assert (bad, [entry.name for entry in entries]) == ([], names)
    assert all(entry.structure is not None for entry in entries)


def test_what_stands_beside_a_server_s_array_is_named(read: Callable[..., Read]) -> None:
    _, _, (remark,) = read("a.json", json.dumps({"data": [{"id": "a", **OWN}], "meta": {"n": 1}}))
    assert remark.columns == ("meta",)


def test_what_is_no_material_among_named_ones_is_told(read: Callable[..., Read]) -> None:
    (entry,), (bad,), _ = read("a.json", json.dumps({"a": pymatgen(), "n": 5}))
    assert (entry.name, bad.name, bad.what) == ("a", "n", "this isn't a JSON object")
