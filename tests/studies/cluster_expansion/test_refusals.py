"""What a plan of a cluster expansion refuses: on binary fcc chains of copper and gold, written here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigdata.errors import PlanRefused, SpecError, TasksFailed
from bigdata.studies.cluster_expansion.oxidation import several_states
from tests.bench import Bench

A = 3.85
FCC = A / 2 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
CIF = (
    "data_fcc\n_cell_length_a 3.85\n_cell_length_b 3.85\n_cell_length_c 3.85\n_cell_angle_alpha 90\n"
    "_cell_angle_beta 90\n_cell_angle_gamma 90\n_symmetry_space_group_name_H-M 'F m -3 m'\nloop_\n_atom_site_label\n"
    "_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n_atom_site_occupancy\n"
)


def chains(n: int = 12) -> list[dict[str, Any]]:
    """Cells of one to six atoms in a row, and an energy an atom that is the square of the gold content."""
    lines = []
    for i in range(n):
        length = 1 + i % 6
        species = ["Au" if (i * 7 + k * k) % 3 == 0 else "Cu" for k in range(length)]
        lattice = FCC * np.array([[length], [1], [1]])
        positions = [[k / length, 0, 0] for k in range(length)]
        energy = -3.5 + 0.1 * (species.count("Au") / length) ** 2
        lines.append({"id": f"c{i}", "lattice": lattice.tolist(), "species": species, "frac_coords": positions,
                      "e": energy, "total": energy * length})  # fmt: skip
    return lines


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def study(bench: Bench, lines: list[dict[str, Any]], **change: Any) -> Path:
    (bench.folder / "s.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    spec = {
        "study": "cluster-expansion",
        "name": "s",
        "dataset": {"file": "s.jsonl"},
        "target": {"field": "e"},
        "parent": {"lattice": {"prototype": "fcc", "a": "3.85 angstrom"}, "sublattices": [["Cu", "Au"]]},
        "clusters": {"cutoffs": {"2": "5 angstrom"}},
        "features": [1],
        "selection": {"max_features": 2},
        "validation": {"folds": 3},
    }
    return bench.write("s.yaml", spec | change)


def refused(bench: Bench, spec: Path) -> str:
    """What both a plan and `validate` say against a study."""
    with pytest.raises((SpecError, PlanRefused)) as error:
        bench.plan(spec)
    checked = bench.bigdata("validate", spec)
    assert checked.returncode == 2
    assert checked.stderr.splitlines()[0] in str(error.value)
    return str(error.value)


def test_these_structures_are_planned_without_complaint(bench: Bench) -> None:
    assert bench.plan(study(bench, chains())).n_todo > 0


def test_a_constant_property_is_refused(bench: Bench) -> None:
    said = refused(bench, study(bench, [{**line, "e": 0.1} for line in chains()]))
    assert "all 12 values of e are 0.1: there is nothing to learn" in said


def test_a_property_that_is_constant_once_divided_is_refused(bench: Bench) -> None:
    lines = [{**line, "total": -3.5 * len(line["species"])} for line in chains()]
    target = {"field": "total", "per": "primitive-cell"}
    assert "all 12 values of total are -3.5 for each atom" in refused(bench, study(bench, lines, target=target))
    empty = {"lattice": {"prototype": "fcc", "a": "3.85 angstrom"}, "sublattices": [["Cu", "Au", "vacancy"]]}
    with pytest.raises(
        TasksFailed, match=r"all values of total are -3\.5 per primitive cell: there is nothing to learn"
    ):
        bench.submit(study(bench, lines, target=target, parent=empty))


def test_too_few_mapped_structures_are_counted(bench: Bench) -> None:
    lines = chains(2) + [{**line, "lattice": (3 * np.eye(3) * len(line["species"])).tolist()} for line in chains()[2:5]]
    parent = {"lattice": {"prototype": "fcc", "a": "3.85 angstrom"}, "sublattices": [["Cu", "Au"]]}
    spec = study(bench, lines, parent=parent | {"on_unmapped": "skip"})
    with pytest.raises(TasksFailed, match="2 of 5 structures are decorations of the parent lattice, and 3 are needed"):
        bench.submit(spec)


def test_folds_that_leave_one_structure_to_learn_from_are_refused(bench: Bench) -> None:
    said = refused(bench, study(bench, chains(3), validation={"folds": 2}))
    assert "the largest of 2 folds has 2 of 3 structures, and leaves 1 structure to learn from" in said


def test_two_structures_are_refused_whatever_the_folds(bench: Bench) -> None:
    said = refused(bench, study(bench, chains(2), validation={"folds": 2}))
    assert "2 structures are too few" in said


def test_more_folds_than_structures_are_refused_with_the_number_that_can_be(bench: Bench) -> None:
    said = refused(bench, study(bench, chains(), validation={"folds": 100}))
    assert "100 folds of 12 structures can't be made. Ask for 12 folds at most" in said


def test_one_composition_is_not_told_to_ask_for_fewer_folds(bench: Bench) -> None:
    lines = [{**line, "species": ["Cu"] * len(line["species"])} for line in chains()]
    parent = {"lattice": {"prototype": "fcc", "a": "3.85 angstrom"}, "sublattices": [["Cu", "vacancy"]]}
    said = refused(bench, study(bench, lines, parent=parent, validation={"folds": 3, "by": "composition"}))
    assert "3 folds of 1 compositions can't be made. Say `by: structure`" in said


def test_species_that_are_missing_on_either_side_are_named_all_at_once(bench: Bench) -> None:
    parent = {"lattice": {"prototype": "fcc", "a": "3.85 angstrom"}, "sublattices": [["No", "Au"]]}
    said = refused(bench, study(bench, chains(), parent=parent))
    assert "hold Cu, which is on no sublattice" in said
    assert "parent.sublattices[0][0]: no structure holds No" in said


def test_energies_of_whole_cells_are_refused_with_the_evidence(bench: Bench) -> None:
    lines = chains()
    atoms, totals = (np.array([f(line) for line in lines]) for f in (lambda x: len(x["species"]), lambda x: x["total"]))
    said = refused(bench, study(bench, lines, target={"field": "total"}))
    assert f"its correlation with the number of atoms is {np.corrcoef(atoms, totals)[0, 1]:.3f}" in said
    spreads = [v.std() / abs(v.mean()) for v in (totals, totals / atoms)]
    assert f"its spread is {spreads[0]:.2g} of its mean, {spreads[1]:.2g} where it is divided by the atoms" in said
    assert "`target: {per: atom}`" in said


@pytest.mark.parametrize(
    "change",
    [
        {"target": {"field": "total", "per": "primitive-cell"}},
        {"target": {"field": "total"}, "dataset": {"file": "s.jsonl", "units": {"total": "eV/atom"}}},
        {"target": {"field": "e"}, "dataset": {"file": "s.jsonl", "units": {"e": "eV"}}},
    ],
    ids=["divided by the study", "an atom's by its unit", "not growing with the cell"],
)
def test_what_is_said_or_seen_to_be_intensive_is_not_refused(bench: Bench, change: dict[str, Any]) -> None:
    assert bench.plan(study(bench, chains(), **change)).n_todo > 0


def test_a_disordered_parent_is_told_what_a_parent_is(bench: Bench) -> None:
    (bench.folder / "partial.cif").write_text(CIF + "Cu1 Cu 0 0 0 0.5\nAu1 Au 0 0 0 0.5\n")
    said = refused(bench, study(bench, chains(), parent={"lattice": {"file": "partial.cif"}, "sublattices": [["Cu"]]}))
    assert "parent.lattice.file: the parent can't be read, " in said
    assert "disorder" in said
    assert "`sublattices:` says what else may stand there" in said


def test_ions_are_no_species_of_a_sublattice(bench: Bench) -> None:
    parent = {"lattice": {"prototype": "fcc", "a": "3.85 angstrom"}, "sublattices": [["Cu2+", "Cu+"]]}
    said = refused(bench, study(bench, chains(), parent=parent))
    assert "Cu2+ is an ion. Oxidation states aren't told apart: write Cu" in said
    assert "Cu+ is an ion" in said


def test_states_of_one_element_are_read_from_what_a_reader_says() -> None:
    notes = ["oxidation states are left out: Mn3+, Mn4+, O2-", "oxidation states are left out: Fe+2, Fe+3", "Cu+ Cu2+"]
    assert several_states(notes) == {"Mn": ["Mn3+", "Mn4+"], "Fe": ["Fe+2", "Fe+3"]}
