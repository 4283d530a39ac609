"""Values far from all others: told where they are few, and kept out of histograms' edges."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bigdata.errors import SpecError
from bigdata.studies.materials.far_off import far
from tests.bench import Bench

SOUND = np.linspace(-2.0, 0.5, 200)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([*SOUND, -9999.0], [200]),
        ([*SOUND, -9999.0, np.nan, 1e6], [200, 202]),
        ([*SOUND, 9.0, -12.0], []),
        ([*SOUND[:20], *[-9999.0] * 5], []),
        ([0.0] * 99 + [5.0], []),
        ([1.0, 2.0, -9999.0], []),
    ],
    ids=["a word for none", "two, and none", "a long tail", "a part of all", "no spread", "too few to tell"],
)
def test_a_few_values_far_from_all_others_are_told(values, told) -> None:
    assert np.flatnonzero(far(np.array(values))).tolist() == told


def test_the_plan_names_them_and_the_histogram_leaves_them_outside(bench: Bench) -> None:
    rows = [{"id": f"m{i}", "formula": "MgO", "e_eV_per_atom": float(x)} for i, x in enumerate([*SOUND, -9999.0])]
    (bench.folder / "m.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    spec = {
        "study": "overlap",
        "name": "far",
        "datasets": {"a": {"file": "m.jsonl", "target": "e_eV_per_atom"}},
        "identity": {"by": ["reduced_formula"]},
    }
    path = bench.write("far.yaml", spec)
    (note,) = bench.plan(path).notes
    assert note.startswith(
        "a: 1 value lies more than 100 times the spread of the others from their median (m200: -9999;"
    )
    run = bench.submit(path)
    assert run["histogram"][...].sum() == 200
    assert run["bin"][...][0] == pytest.approx(-2.0)


CSCL = {"lattice": [[4.1, 0, 0], [0, 4.1, 0], [0, 0, 4.1]], "species": ["Cs", "Cl"],
        "frac_coords": [[0, 0, 0], [0.5, 0.5, 0.5]]}  # fmt: skip


def test_entries_without_structure_are_shared_with_none(bench: Bench) -> None:
    for name in ("a", "b"):
        rows = [{"id": "whole", **CSCL}, {"id": "x", "formula": "CsCl"}, {"id": "y", "formula": "CsCl"}]
        (bench.folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    spec = {"study": "overlap", "name": "lone", "datasets": {name: {"file": f"{name}.jsonl"} for name in ("a", "b")}}
    path = bench.write("lone.yaml", spec)
    assert bench.plan(path).notes == (
        "a: 2 entries have no structure (x, y): each is a group of its own",
        "b: 2 entries have no structure (x, y): each is a group of its own",
    )
    run = bench.submit(path)
    assert run["overlap"][...].tolist() == [[3, 1], [1, 3]]
    assert set(run["group_a"][...].tolist()) & set(run["group_b"][...].tolist()) == {run["group_a"][...][0]}


@pytest.mark.parametrize(
    ("field", "units", "words"),
    [
        ("gap_eV", "eV/atom", "target.units: `gap_eV` of a.* is in eV, of whole cells, and eV/atom is of an atom"),
        ("gap_eV", "GPa", "target.units: `gap_eV` of a.*: eV can't be turned into GPa"),
    ],
)
def test_units_that_do_not_fit_are_refused_when_the_spec_is_read(bench: Bench, field, units, words) -> None:
    (bench.folder / "a.csv").write_text("formula,gap_eV\nMgO,4\n")
    spec = {
        "study": "overlap",
        "name": "units",
        "datasets": {"a": {"file": "a.csv", "target": field}},
        "identity": {"by": ["reduced_formula"]},
        "target": {"units": units},
    }
    with pytest.raises(SpecError, match=words):
        bench.plan(bench.write("units.yaml", spec))
