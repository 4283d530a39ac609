"""JSON in other forms: objects by identifiers, ASE's database, tables of pandas; each read as what wrote it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.materials.formats.reading import N_RANDOM, Read, sorted_out

CSCL = {"lattice": [[4.1, 0, 0], [0, 4.1, 0], [0, 0, 4.1]], "frac_coords": [[0, 0, 0], [0.5, 0.5, 0.5]],
        "species": ["Cs", "Cl"]}  # fmt: skip


def as_dict(scale: float = 4.1, **lattice: Any) -> dict[str, Any]:
    from pymatgen.core import Structure

    data: dict[str, Any] = Structure(np.eye(3) * scale, ["Cs+", "Cl-"], CSCL["frac_coords"]).as_dict()
    data["lattice"] |= lattice
    return data


@pytest.mark.parametrize("seeds", N_RANDOM)
def test_what_pymatgen_and_ase_write_is_the_same_again(
    tmp_path: Path, random_atoms: Callable[[int], Any], seeds: range
) -> None:
    ase_io = pytest.importorskip("ase.io", reason="ase isn't installed")
    from pymatgen.io.ase import AseAtomsAdaptor

    written = [random_atoms(seed) for seed in seeds]
    structures = {
        f"mp-{seed}": AseAtomsAdaptor.get_structure(a).as_dict() for seed, a in zip(seeds, written, strict=True)
    }
    (tmp_path / "by_id.json").write_text(json.dumps(structures))
    (tmp_path / "list.json").write_text(json.dumps([*structures.values()]))
    ase_io.write(tmp_path / "ase.json", written)
    for name in ("by_id.json", "list.json", "ase.json"):
        entries, bad, _ = sorted_out(tmp_path / name)
        whole = [atoms for atoms in written if all(atoms.pbc)]
        assert len(entries) == len(whole)
        assert all("periodic" in one.what for one in bad)
        for entry, atoms in zip(entries, whole, strict=True):
            found: Any = entry.structure
            assert found.numbers.tolist() == atoms.numbers.tolist()
            np.testing.assert_allclose(found.lattice, atoms.cell.array, atol=1e-12)
            np.testing.assert_allclose(found.positions @ found.lattice, atoms.positions, atol=1e-9)
    assert [entry.name for entry in sorted_out(tmp_path / "by_id.json")[0]] == [
        name for name, atoms in zip(structures, written, strict=True) if all(atoms.pbc)
    ]


@pytest.mark.parametrize("orient", ["columns", "index", "records", "split", "table"])
def test_a_table_of_pandas_is_read_in_any_orientation(read: Callable[..., Read], orient: str) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas isn't installed")
    rows = {"material_id": ["a", "b"], "formula": ["CsCl", "NaCl"], "gap": [8.25, 8.5]}
    entries, bad, _ = read("t.json", pandas.DataFrame(rows).to_json(orient=orient))
    assert not bad
    found = [(e.properties.get("material_id", e.name), e.formula, e.properties["gap"]) for e in entries]
    assert [row[1:] for row in found] == [("CsCl", 8.25), ("NaCl", 8.5)]
    assert [row[0] for row in found] == ["a", "b"]


@pytest.mark.parametrize("orient", ["columns", "index"])
def test_a_table_of_structures_is_named_by_its_index(read: Callable[..., Read], orient: str) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas isn't installed")
    table = pandas.DataFrame({"structure": [as_dict(), as_dict(4.2)], "e": [-1, -2]}, index=["mb-1", "mb-2"])
    entries, _, _ = read("t.json", table.to_json(orient=orient))
    assert [(e.name, e.properties["e"]) for e in entries] == [("mb-1", -1), ("mb-2", -2)]
    assert all(e.structure is not None for e in entries)
    assert entries[0].notes == ("oxidation states are left out: Cl1-, Cs1+",)


def test_objects_of_our_own_form_are_read_from_an_array(read: Callable[..., Read]) -> None:
    entries, _, _ = read(
        "a.json", json.dumps([{"id": "a", **CSCL, "e_eV": -1}, {"id": "b", **CSCL, "e_eV": -2}], indent=1)
    )
    assert [(e.name, e.properties, e.line) for e in entries] == [("a", {"e_eV": -1}, 2), ("b", {"e_eV": -2}, 39)]


def test_an_object_of_our_own_form_may_stand_alone(read: Callable[..., Read]) -> None:
    (entry,), _, _ = read("a.json", json.dumps({"id": "a", **CSCL, "e_eV": -1}, indent=1))
    assert (entry.name, entry.properties) == ("a", {"e_eV": -1})


def test_a_list_of_the_materials_project_is_named_by_task_ids(read: Callable[..., Read]) -> None:
    item = {"task_id": "mp-1", "pretty_formula": "CsCl", "structure": as_dict(), "formation_energy_per_atom": -2.0}
    (entry,), _, _ = read("mp.json", json.dumps([item]))
    assert (entry.name, entry.formula, entry.properties) == ("mp-1", "CsCl", {"formation_energy_per_atom": -2.0})


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"a": as_dict(pbc=[True, True, False])}, "the structure is periodic along a and b only"),
        ([{"task_id": "a", "pretty_formula": "NaCl", "structure": as_dict()}],
         "`pretty_formula` is NaCl, and the structure has CsCl"),
        ({"a": {"material_id": "b", "structure": as_dict()}}, "it stands under `a`, and its `material_id` is `b`"),
        ([{"structure": {**as_dict(), "sites": [{**site, "xyz": [9, 9, 9]} for site in as_dict()["sites"]]}}],
         "`xyz` of site 1 is 9 angstrom from where its `abc` puts it"),
        ([{"structure": {**as_dict(), "sites": [{**site, "xyz": [0, 0]} for site in as_dict()["sites"]]}}],
         "this isn't a pymatgen `Structure`"),
        ([{"@class": "Molecule", "sites": [], "lattice": None, "matrix": 0}], "this is a molecule"),
        ({"a": {**CSCL, "cell": 1, "lattice": None}}, "`lattice` should be a list"),
    ],
    ids=["a slab", "a formula", "two names", "two places", "half a place", "a molecule", "a lattice"],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(read: Callable[..., Read], document: Any, why: str) -> None:
    entries, bad, _ = read("a.json", json.dumps(document))
    assert not entries
    assert bad[0].what.startswith(why)


def test_arrays_of_monty_are_read(read: Callable[..., Read]) -> None:
    data = as_dict()
    data["lattice"]["matrix"] = {
        "@module": "numpy", "@class": "array", "dtype": "float64", "data": data["lattice"]["matrix"],
    }  # fmt: skip
    (entry,), bad, _ = read("a.json", json.dumps([data]))
    assert not bad
    assert entry.structure is not None
    assert entry.structure.lattice[0, 0] == 4.1
