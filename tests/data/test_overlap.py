"""What datasets share, counted by hand on small ones, and on the mirrored databases against an independent count."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.data.identity import Identity, labels
from bigdata.data.materials.elements import NUMBERS
from bigdata.data.materials.structures import Structure, Structures
from bigdata.data.overlap import changed, compared, disagreements, histograms, overlap, spglib_spacegroups
from bigdata.data.symmetry import symmetry

AFLOW = ["Ti2O4_136", "Ti2O4_136", "Ti2O4_136", "Mg2F4_136", "Na_229"]
MP = ["Mg2F4_136", "Ti2O4_136", "Si2_227"]
WBM = ["Si2_227", "Mg2F4_136", "Mg2F4_136"]


def test_groups_and_entries_are_counted_pair_by_pair() -> None:
    found = overlap({"aflow": AFLOW, "mp": MP, "wbm": WBM})
    assert found.groups == ("Mg2F4_136", "Na_229", "Si2_227", "Ti2O4_136")
    assert found.counts.tolist() == [[1, 1, 2], [1, 0, 0], [0, 1, 1], [3, 1, 0]]
    assert found.matrix.tolist() == [[3, 2, 1], [2, 3, 2], [1, 2, 2]]
    assert found.entries.tolist() == [[5, 4, 1], [2, 3, 2], [2, 3, 3]]
    assert found.fractions[0, 1] == pytest.approx(2 / 3)
    assert found.codes["aflow"].tolist() == [3, 3, 3, 0, 1]
    assert found.weights == {"Mg2F4_136": 4, "Na_229": 1, "Si2_227": 2, "Ti2O4_136": 4}


def test_groups_shared_by_all_or_by_some() -> None:
    found = overlap({"aflow": AFLOW, "mp": MP, "wbm": WBM})
    assert found.shared().tolist() == [True, False, False, False]
    assert found.shared(["mp", "aflow"]).tolist() == [True, False, False, True]


def test_the_most_lopsided_group_comes_first() -> None:
    found = overlap({"aflow": AFLOW, "mp": MP})
    assert [tuple(row) for row in found.table()] == [("Ti2O4_136", (3, 1)), ("Mg2F4_136", (1, 1))]


def test_datasets_with_nothing_in_common() -> None:
    found = overlap({"a": ["x"], "b": ["y"], "empty": []})
    assert found.table() == []
    assert found.fractions[2].tolist() == [0, 0, 0]


@given(st.dictionaries(st.sampled_from("abcd"), st.lists(st.sampled_from("xyzuvw"), max_size=20), min_size=1))
def test_tables_are_those_of_plain_counting(datasets: dict[str, list[str]]) -> None:
    found = overlap(datasets)
    for i, one in enumerate(datasets):
        counts = Counter(datasets[one])
        assert [found.groups[code] for code in found.codes[one]] == datasets[one]
        for j, other in enumerate(datasets):
            common = set(datasets[one]) & set(datasets[other])
            assert found.matrix[i, j] == len(common)
            assert found.entries[i, j] == sum(counts[group] for group in common)


def test_histograms_of_all_and_of_shared_groups_have_common_edges() -> None:
    found = overlap({"aflow": AFLOW, "mp": MP})
    values = {"aflow": np.array([-3.0, -3.1, np.nan, -2.0, 0.0]), "mp": np.array([-2.1, -3.0, 0.4])}
    drawn = histograms(found, values, bins=[-4.0, -2.5, -1.0, 0.2])
    assert drawn.all.tolist() == [[2, 1, 1], [1, 1, 0]]
    assert drawn.shared.tolist() == [[2, 1, 0], [1, 1, 0]]
    assert drawn.outside.tolist() == [0, 1]
    assert drawn.without.tolist() == [1, 0]
    equal = histograms(found, values, bins=7)
    assert (equal.edges[0], equal.edges[-1], len(equal.edges)) == (-3.1, 0.4, 8)
    assert equal.outside.tolist() == [0, 0]


def test_histograms_without_any_value_are_empty() -> None:
    drawn = histograms(overlap({"a": ["x"], "b": ["x"]}), {"a": np.array([np.nan]), "b": np.array([np.nan])})
    assert drawn.all.sum() == 0
    assert drawn.without.tolist() == [1, 1]


def test_values_of_other_entries_are_refused() -> None:
    with pytest.raises(ValueError, match="a: 2 values for 1 entries"):
        histograms(overlap({"a": ["x"]}), {"a": np.zeros(2)})


def chain(moved: float) -> Structure:
    """bcc polonium of 4 Å whose middle atom is moved by a length in angstrom."""
    return Structure(4 * np.eye(3), np.array([84, 84], np.uint8), np.array([[0, 0, 0], [0.5, 0.5, 0.5 + moved / 4]]))


def test_entries_that_two_programs_judge_differently_are_named_with_the_tolerance_that_ends_it() -> None:
    pytest.importorskip("spglib", reason="spglib isn't installed: it is the cross-check")
    structures = Structures.of([chain(0), chain(0.03), chain(0)])
    found = symmetry(structures, 0.1)
    assert disagreements(structures, found, ["a", "b", "c"]) == []
    (row,) = compared(structures, found, np.array([229, 99, 229]), ["a", "b", "c"])
    assert (row.id, row.formula, row.moyopy, row.spglib, row.agreed) == ("b", "Po", 229, 99, 229)
    assert row.used == 0.1
    assert row.agree_at in (0.0794, 0.126)


def test_an_entry_without_atoms_has_no_spacegroup_in_either_program() -> None:
    pytest.importorskip("spglib", reason="spglib isn't installed: it is the cross-check")
    none = Structures.of([Structure(np.eye(3), np.empty(0, np.uint8), np.empty((0, 3)))])
    assert spglib_spacegroups(none, 0.1).tolist() == symmetry(none, 0.1).spacegroup.tolist() == [0]


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
def databases() -> dict[str, tuple[Structures, list[str], list[str]]]:
    folder = os.environ.get("BIGDATA_MIRROR")
    if not folder:
        pytest.skip("BIGDATA_MIRROR isn't set: the mirrored datasets aren't on this machine")
    return {name: mirrored(name, Path(folder)) for name in NAMES}


@pytest.mark.slow
@pytest.mark.parametrize("symprec", COMMON)
def test_aflow_and_materials_project_share_as_many_groups_as_counted_with_spglib(
    databases: dict[str, tuple[Structures, list[str], list[str]]], symprec: float
) -> None:
    """Within 10 of the independent count; and every pair more or less is explained by entries judged differently."""
    pytest.importorskip("spglib", reason="spglib isn't installed: it is the cross-check")
    identity = Identity(("reduced_formula", "spacegroup"), symprec)
    mine, theirs, rows = {}, {}, []
    for name, (structures, ids, formulas) in databases.items():
        found = symmetry(structures, symprec)
        other = spglib_spacegroups(structures, symprec)
        assert not found.failed
        mine[name] = labels(identity, structures, formulas, found)
        theirs[name] = labels(identity, structures, formulas, replace(found, spacegroup=other.astype(np.int32)))
        rows += compared(structures, found, other, ids)
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
