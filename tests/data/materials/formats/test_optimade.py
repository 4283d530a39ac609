"""OPTIMADE's structures: entries that aren't whole crystals, or contradict themselves, are refused in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigdata.data.materials.dataset import open_materials
from bigdata.data.materials.origin import OptimadeDataset
from bigdata.data.remote.query import OptimadeQuery
from tests.data.materials.formats.reading import Read
from tests.loopback import Loopback, Question, Reply

SPECIES = [{"name": name, "chemical_symbols": [name], "concentration": [1.0]} for name in ("Cs", "Cl")]
HEADER = {"x-optimade": {"meta": {"api_version": "1.1.0"}}}


def resource(name: str = "a", **changes: Any) -> dict[str, Any]:
    attributes = {
        "chemical_formula_reduced": "ClCs",
        "nsites": 2,
        "nelements": 2,
        "elements": ["Cl", "Cs"],
        "lattice_vectors": [[4.1, 0, 0], [0, 4.1, 0], [0, 0, 4.1]],
        "cartesian_site_positions": [[0, 0, 0], [2.05] * 3],
        "species": SPECIES,
        "species_at_sites": ["Cs", "Cl"],
        "dimension_types": [1, 1, 1],
        "nperiodic_dimensions": 3,
        "structure_features": [],
        "_x_gap": 1.5,
    }
    return {"id": name, "type": "structures", "attributes": attributes | changes}


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def species(**changes: Any) -> list[dict[str, Any]]:
    return [{**SPECIES[0], **changes}, SPECIES[1]]


FAULTS = {
    "assemblies": ({"structure_features": ["assemblies"]}, "one or the other group of atoms"),
    "assemblies alone": ({"assemblies": [{"sites_in_groups": [[0], [1]]}]}, "one or the other group of atoms"),
    "disorder": ({"structure_features": ["disorder"]}, "shared by several elements, or partly vacant"),
    "implicit atoms": ({"structure_features": ["implicit_atoms"]}, "atoms are left out of it"),
    "attachments": ({"structure_features": ["site_attachments"]}, "without positions of their own"),
    "unknown positions": ({"structure_features": ["unknown_positions"]}, "the positions of some atoms aren't known"),
    "unknown feature": ({"structure_features": ["x_new"]}, "`structure_features` says `x_new`, which isn't known here"),
    "attached hydrogen": ({"species": species(attached=["H"], nattached=[3])}, "H is attached without a position"),
    "vacancy": ({"species": species(concentration=[0.9])}, "disordered: site 1 holds `Cs`"),
    "defined twice": ({"species": [*SPECIES, {**SPECIES[0], "chemical_symbols": ["K"]}]}, "defines `Cs` twice"),
    "not defined": ({"species": SPECIES[1:]}, "`species` doesn't say what this is: site 1 holds `Cs`"),
    "no element": ({"species": species(chemical_symbols=["X"])}, "atom 1 is `X`, which is no element"),
    "species of text": ({"species": ["Cs", "Cl"]}, "`species` isn't built as OPTIMADE has it"),
    "slab": ({"dimension_types": [1, 1, 0]}, "periodic along a and b only"),
    "wire": ({"dimension_types": [0, 1, 0]}, "periodic along b only"),
    "molecule": ({"dimension_types": [0, 0, 0], "lattice_vectors": None}, "not periodic: a molecule"),
    "two directions": ({"dimension_types": None, "nperiodic_dimensions": 2}, "`nperiodic_dimensions` is 2"),
    "directions differ": ({"nperiodic_dimensions": 2}, "is 2, and `dimension_types` is [1, 1, 1]"),
    "flags": ({"dimension_types": "bulk"}, "isn't said by three flags, but by `bulk`"),
    "sites": ({"nsites": 3}, "`nsites` is 3, and the structure has 2 atoms"),
    "elements": ({"nelements": 3}, "`nelements` is 3, and the structure has 2 elements"),
    "list of elements": ({"elements": ["Cs"]}, "`elements` names 1, and the structure has 2 elements"),
    "formula": (
        {"chemical_formula_reduced": "ClCs2"},
        "`chemical_formula_reduced` is ClCs2, and the structure has CsCl",
    ),
    "other formula": ({"chemical_formula_hill": "Cl2Cs"}, "`chemical_formula_hill` is Cl2Cs"),
    "fewer species": ({"species_at_sites": ["Cs"]}, "there are 1 species"),
    "no positions": ({"cartesian_site_positions": None}, "`cartesian_site_positions` missing"),
    "no lattice": ({"lattice_vectors": None}, "`lattice_vectors` missing"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_entry_that_is_no_whole_crystal_or_contradicts_itself_is_named(
    read: Callable[..., Read], fault: str
) -> None:
    changes, sentence = FAULTS[fault]
    entries, (bad,), remarks = read("a.jsonl", lines(resource("b", **changes), resource()))
    assert ([entry.name for entry in entries], remarks) == (["a"], [])
    assert bad.name == "b"
    assert sentence in bad.what


def test_a_server_s_entries_are_judged_as_those_of_a_file(tmp_path: Path) -> None:
    rows = [resource("ok"), *(resource(name, **changes) for name, (changes, _) in FAULTS.items())]
    body = json.dumps({"data": rows, "meta": {"data_returned": len(rows)}, "links": {"next": None}}).encode()

    def respond(question: Question) -> Reply:
        return Reply(body, 200, {"Content-Type": "application/vnd.api+json"})

    with Loopback(respond) as server:
        query = OptimadeQuery(url=server.url, fields=("_x_gap",))
        dataset = open_materials(OptimadeDataset(optimade=query, on_bad_entry="skip"), tmp_path)
    assert dataset.ids == ["ok"]
    found = {bad.name: bad.what for bad in dataset.bad}
    assert [name for name, (_, sentence) in FAULTS.items() if sentence not in found[name]] == []


def test_a_file_of_optimade_s_own_form_is_read(read: Callable[..., Read]) -> None:
    info = {"type": "info", "id": "structures", "properties": {}}
    reference = {"type": "references", "id": "r", "attributes": {"title": "On structures"}}
    entries, bad, (first, second) = read(
        "a.jsonl", lines(HEADER, info, resource(), reference, resource("b"), reference)
    )
    assert ([entry.name for entry in entries], bad) == (["a", "b"], [])
    assert entries[0].properties["_x_gap"] == 1.5
    assert first.what == "lines of type `info`, which are passed over: 1"
    assert second.what == "lines of type `references`, which are passed over: 2"


def test_names_of_sites_are_symbols_where_nothing_else_is_said(read: Callable[..., Read]) -> None:
    (entry,), _, _ = read("a.jsonl", lines(resource(species=None)))
    assert entry.structure is not None
    assert entry.structure.numbers.tolist() == [55, 17]
    assert entry.notes == ("without `species`, the names of sites are taken for chemical symbols",)


def test_lines_that_are_no_objects_are_named(read: Callable[..., Read]) -> None:
    _, bad, _ = read("a.jsonl", lines(resource(), [1], {"id": "x"}) + "{\n")
    assert [(one.line, one.name) for one in bad] == [(2, ""), (3, "x"), (4, "")]
