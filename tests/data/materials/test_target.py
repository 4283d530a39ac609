from __future__ import annotations

import pytest

from bigdata.data.materials.extent import Per
from bigdata.data.materials.target import target, within
from bigdata.data.problem import DataProblem
from bigdata.errors import SpecError


@pytest.fixture
def dataset(lines, salt):
    energies = [-8.0, None, -6.0, -4.0]
    rows = [salt(f"m{i}") | {"e_eV": e, "ef_eV_per_atom": e, "xc": "PBE", "gap": i} for i, e in enumerate(energies)]
    return lines(*rows)


def test_values_come_in_the_unit_asked_for(dataset):
    found = target(dataset, None, "ef_eV_per_atom", "meV/atom", "skip")
    assert (found.unit, found.rows.tolist(), found.ids) == ("meV/atom", [0, 2, 3], ["m0", "m2", "m3"])
    assert found.values == pytest.approx([-8000, -6000, -4000])
    assert target(dataset, [3, 0], "e_eV").values.tolist() == [-4.0, -8.0]


def test_energies_of_the_cell_become_those_of_an_atom(dataset):
    assert target(dataset, [0, 2], "e_eV", "eV/atom", per=Per("atom")).values.tolist() == [-4.0, -3.0]


@pytest.mark.parametrize(("field", "unit", "per"), [("e_eV", "eV/atom", "atom"), ("ef_eV_per_atom", "meV", "cell")])
def test_another_extent_is_refused_unless_it_is_asked_for(dataset, field, unit, per):
    with pytest.raises(DataProblem, match=f"write `per: {per}` beside `units:`"):
        target(dataset, [0, 2], field, unit)
    assert target(dataset, [0, 2], field, unit, per=Per(per)).unit == unit


def test_a_unit_of_another_extent_than_per_is_refused(dataset):
    with pytest.raises(
        DataProblem, match=r"meV is a unit of values of whole cells.*[Aa]sk for a unit of values of an atom"
    ):
        target(dataset, [0, 2], "e_eV", "meV", per=Per("atom"))


def test_entries_without_a_value_are_named_and_refused_or_left_out(dataset):
    with pytest.raises(SpecError, match=r"m.jsonl:2.*entry `m1`: `e_eV` has no value(.|\n)*1 of 4 entries"):
        target(dataset, None, "e_eV")
    found = target(dataset, None, "e_eV", on_bad_entry="skip")
    assert [(bad.name, bad.line, bad.what) for bad in found.bad] == [("m1", 2, "`e_eV` has no value")]


@pytest.mark.parametrize(
    ("field", "unit", "sentence"),
    [
        ("ef", "", "has no field `ef`. Its properties that are numbers are .*ef_eV_per_atom"),
        ("xc", "", "`xc` of .* doesn't hold numbers"),
        ("gap", "eV", "the unit of `gap` .* isn't known.*`units: {gap: eV}`"),
        ("e_eV", "GPa", "eV can't be turned into GPa. Ask for eV"),
        ("e_eV", "ev", "unknown unit `ev`"),
    ],
)
def test_a_field_or_unit_that_does_not_fit_is_a_finding(dataset, field, unit, sentence):
    with pytest.raises(DataProblem, match=f"(?i){sentence}"):
        target(dataset, [0], field, unit)


def test_a_target_without_values_is_a_finding(dataset):
    with pytest.raises(DataProblem, match=r"no entry of .* that is left has a value"):
        target(dataset, [1], "e_eV", on_bad_entry="skip")


def test_a_table_of_formulas_has_no_cells_to_divide_by(tmp_path, opened):
    (tmp_path / "a.csv").write_text("formula,e_eV\nMgO,1\n")
    with pytest.raises(DataProblem, match=r"without the atoms of each cell. Use a dataset with structures"):
        target(opened("a.csv"), None, "e_eV", "eV/atom", per=Per("atom"))


def test_outliers_are_dropped_counted_and_named(dataset):
    found = target(dataset, [0, 2, 3], "ef_eV_per_atom", "meV/atom")
    kept, dropped = within(found, low=-7000, high=-4000)
    assert (kept.ids, kept.rows.tolist(), kept.values.tolist()) == (["m2", "m3"], [2, 3], [-6000, -4000])
    assert (dropped.field, dropped.condition, dropped.n, dropped.names) == (
        "ef_eV_per_atom", ">= -7000 and <= -4000", 1, ["m0"],
    )  # fmt: skip
    assert within(found)[1].n == 0
