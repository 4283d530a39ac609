"""Two programs' opinions on symmetry, and what hangs on them; mirrored databases against an independent count."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bigdata.data.materials.elements import NUMBERS
from bigdata.data.materials.structures import Structure, Structures
from bigdata.studies.materials.crosscheck import changed, disagreements
from bigdata.studies.materials.identity import Identity, labels
from bigdata.studies.materials.overlap import overlap
from bigdata.studies.materials.symmetry import symmetry


def chain(moved: float) -> Structure:
    """bcc polonium of 4 Å whose middle atom is moved by a length in angstrom."""
    return Structure(4 * np.eye(3), np.array([84, 84], np.uint8), np.array([[0, 0, 0], [0.5, 0.5, 0.5 + moved / 4]]))


def test_entries_that_two_programs_judge_differently_are_named_with_the_tolerance_that_ends_it() -> None:
    structures = Structures.of([chain(0), chain(0.03), chain(0)])
    found, other = symmetry(structures, 0.1), symmetry(structures, 0.1, "spglib")
    assert disagreements(structures, found, other, ["a", "b", "c"]) == []
    other = replace(other, spacegroup=np.array([229, 99, 229], np.int32))
    (row,) = disagreements(structures, found, other, ["a", "b", "c"])
    assert (row.id, row.formula, row.moyopy, row.spglib, row.agreed) == ("b", "Po", 229, 99, 229)
    assert row.used == 0.1
    assert row.agree_at in (0.0794, 0.126)


def test_an_entry_without_atoms_has_no_spacegroup_in_either_program() -> None:
    none = Structures.of([Structure(np.eye(3), np.empty(0, np.uint8), np.empty((0, 3)))])
    assert [symmetry(none, 0.1, program).spacegroup.tolist() for program in ("moyopy", "spglib")] == [[0], [0]]


def test_why_two_overlaps_differ_is_told_by_the_entries() -> None:
    one = overlap({"a": ["TiO2_136", "NaCl_225"], "b": ["NaCl_225", "TiO2_136"]})
    other = overlap({"a": ["TiO2_136", "NaCl_225"], "b": ["NaCl_225", "TiO2_74"]})
    (group,) = changed(one, other, {"a": ["a-0", "a-1"], "b": ["b-0", "b-1"]})
    assert (group.label, group.by_first, group.entries) == ("TiO2_136", True, (("b", "b-1"),))


NAMES = ("aflow_structures_thermal", "mp20_biternary")
COMMON = {0.1: 1602, 0.01: 1588}
"""Common (reduced formula, spacegroup) pairs that an independent count with spglib found, by tolerance in angstrom."""


def mirrored(name: str, folder: Path) -> tuple[Structures, list[str], list[str]]:
    structures, ids, formulas = [], [], []
    with gzip.open(folder / name / "structures.jsonl.gz") as lines:
        for row in map(json.loads, lines):
            numbers = np.array([NUMBERS[symbol] for symbol in row["species"]], np.uint8)
            structures.append(Structure(np.array(row["lattice"]), numbers, np.array(row["frac_coords"])))
            ids.append(row["id"])
            formulas.append(row["formula"])
    return Structures.of(structures), ids, formulas


@pytest.fixture(scope="module")
def databases(mirror: Path) -> dict[str, tuple[Structures, list[str], list[str]]]:
    return {name: mirrored(name, mirror) for name in NAMES}


@pytest.mark.slow
@pytest.mark.parametrize("symprec", COMMON)
def test_aflow_and_materials_project_share_as_many_groups_as_counted_with_spglib(
    databases: dict[str, tuple[Structures, list[str], list[str]]], symprec: float
) -> None:
    """Within 10 of the independent count; and every pair more or less is explained by entries judged differently."""
    identity = Identity(("reduced_formula", "spacegroup"), symprec)
    mine, theirs, rows = {}, {}, []
    for name, (structures, ids, formulas) in databases.items():
        found, other = symmetry(structures, symprec), symmetry(structures, symprec, "spglib")
        assert not found.failed
        mine[name] = labels(identity, structures, formulas, found)
        theirs[name] = labels(identity, structures, formulas, other)
        rows += disagreements(structures, found, other, ids)
    both = overlap(mine), overlap(theirs)
    assert abs(both[0].matrix[0, 1] - COMMON[symprec]) <= 10
    assert both[1].matrix[0, 1] == COMMON[symprec]
    explained = changed(*both, {name: ids for name, (_, ids, _) in databases.items()})
    named = {row.id for row in rows}
    assert all(group.entries and {entry for _, entry in group.entries} <= named for group in explained)
    assert sum(1 if group.by_first else -1 for group in explained) == both[0].matrix[0, 1] - both[1].matrix[0, 1]
    assert max(max(row.agree_at / symprec, symprec / row.agree_at) for row in rows) < 2.1, (
        "all are at the tolerance's edge"
    )
