"""What isn't known is no value: entries without structure are no shared material, units that don't fit are refused."""

from __future__ import annotations

import json

import pytest

from bigdata.errors import SpecError
from tests.bench import Bench

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
