"""What a complexity study takes in of a table: which rows, which columns, which groups, and what it says of them."""

from __future__ import annotations

import numpy as np
import pytest

from bigdata.kind import Findings, SpecError
from bigdata.studies.complexity.model import Complexity
from bigdata.studies.complexity.notes import notes_of
from bigdata.studies.complexity.parts import parts_of
from bigdata.studies.complexity.table import open_table

TABLE = """id,formula,energy_eV,a_angstrom,b,word,kind
m1,NaCl,-1.0,1.0,5,x,1
m2,KCl,0.0,2.0,5,y,1
m3,NaBr,-0.1,3.0,5,x,2
m4,Na2Cl2,-10.0,4.0,5,y,2
m5,MgO,-0.01,5.5,5,x,3
m6,CaO,-3.0,7.0,5,y,3
"""


@pytest.fixture
def opened(tmp_path):
    def made(text=TABLE, **changes):
        (tmp_path / "t.csv").write_text(text)
        spec = {
            "name": "x", "dataset": {"file": "t.csv"}, "target": {"field": "energy_eV"},
            "features": {"columns": ["a_angstrom"]}, "models": [{"kind": "ridge"}], **changes,
        }  # fmt: skip
        model = Complexity.model_validate(spec)
        return open_table(model, model.inputs(tmp_path))

    return made


def finding(error):
    ((one,),) = [error.value.findings]
    return one


def test_the_target_its_logarithm_and_the_unit(opened):
    table = opened(target={"field": "energy_eV", "transform": "log10-absolute", "drop": "zero"})
    np.testing.assert_allclose(table.target, [1, 0.1, 10, 0.01, 3])
    np.testing.assert_allclose(table.learned, np.log10([1, 0.1, 10, 0.01, 3]))
    np.testing.assert_allclose(table.scale.values(table.learned), table.target)
    assert (table.unit, table.scale.unit(table.unit)) == ("eV", "log10(eV)")
    assert "1 entries have the energy_eV 0 and are left out (`drop: zero`)" in table.notes


def test_another_unit_is_converted(opened):
    assert opened(target={"field": "energy_eV", "units": "meV"}).target[2] == pytest.approx(-100)


@pytest.mark.parametrize(("transform", "what", "right"), [
    ("log10-absolute", "1 of 6 values have no logarithm (m2: 0)", "Write `drop: zero` to leave them out"),
    ("log10", "6 of 6 values have no logarithm (m1: -1, m2: 0, m3: -0.1, … (6 in all))",
     "Write `log10-absolute`, or give a `range:` above 0"),
])  # fmt: skip
def test_values_without_a_logarithm_are_refused(opened, transform, what, right):
    with pytest.raises(Findings) as error:
        opened(target={"field": "energy_eV", "transform": transform})
    one = finding(error)
    assert (one.path, one.what, one.right) == (("target", "transform"), what, right)


def test_there_is_no_logarithmic_error_of_negative_values(opened):
    with pytest.raises(Findings) as error:
        opened(metrics=["mae", "rmsle"])
    assert finding(error).path == ("metrics", 1)
    assert finding(error).what == "of 5 values below 0 there is no logarithmic error"


def test_rows_without_a_value_are_refused_or_left_out_and_counted(opened):
    text = TABLE.replace("m3,NaBr,-0.1,3.0", "m3,NaBr,-0.1,")
    with pytest.raises(SpecError, match=r"t.csv:4:1: entry `m3`: `a_angstrom` has no value"):
        opened(text)
    table = opened(text, dataset={"file": "t.csv", "on_bad_entry": "skip"})
    assert table.columns[:, 0].tolist() == [1, 2, 4, 5.5, 7]
    assert "1 entries have no value in some column and are left out (m3)" in table.notes


def test_a_formula_without_features_is_named(opened):
    text = TABLE.replace("m3,NaBr", "m3,Fl2O3")
    with pytest.raises(SpecError, match="Fl has no Magpie features"):
        opened(text, features={"composition": "magpie"})
    skipped = opened(text, features={"composition": "magpie"}, dataset={"file": "t.csv", "on_bad_entry": "skip"})
    assert skipped.features().shape == (5, 132)


def test_columns_come_before_features_of_the_composition(opened):
    table = opened(features={"columns": ["b", "a_angstrom"], "composition": "ward-2016"})
    assert table.features().shape == (6, 147)
    assert (table.names[:3], table.units[:2]) == (("b", "a_angstrom", "0-norm"), ("", "angstrom"))
    np.testing.assert_array_equal(table.features()[:, 1], [1, 2, 3, 4, 5.5, 7])
    assert opened(dataset={"file": "t.csv", "units": {"a_angstrom": "nm"}}).units == ("nm",)


@pytest.mark.parametrize(("by", "groups"), [
    ([], [0, 1, 2, 3, 4, 5]),
    (["word"], [0, 1, 0, 1, 0, 1]),
    (["kind"], [0, 0, 1, 1, 2, 2]),
    (["word", "kind"], [0, 3, 1, 4, 2, 5]),
    (["formula"], [5, 1, 4, 3, 2, 0]),
])  # fmt: skip
def test_groups(opened, by, groups):
    assert opened(split={"group_by": by}).group.tolist() == groups


@pytest.mark.parametrize("by", ["reduced_formula", "chemical_system"])
def test_groups_that_follow_from_formulas(opened, by):
    group = opened(split={"group_by": [by]}).group
    assert [(i, j) for i in range(6) for j in range(i) if group[i] == group[j]] == [(3, 0)]


def test_a_group_by_that_is_no_field_is_refused(opened):
    with pytest.raises(Findings) as error:
        opened(split={"group_by": ["prototype"]})
    assert finding(error).path == ("split", "group_by", 0)


@pytest.mark.parametrize(("column", "what"), [
    ("word", "the field `word` doesn't hold numbers: t.csv:2 has `x`"),
    ("volume", "the dataset has no field `volume`"),
])  # fmt: skip
def test_columns_must_hold_numbers(opened, column, what):
    with pytest.raises(Findings) as error:
        opened(features={"columns": ["b", column]})
    assert (finding(error).path, finding(error).what) == (("features", "columns", 1), what)


def test_what_a_plan_says_of_columns(opened):
    text = "id,formula,y,a,b,c,d\n" + "".join(f"m{i},NaCl,{i},{2 * i + 1},7,{i * i},{i * i}\n" for i in range(1, 9))
    table = opened(text, target={"field": "y"}, features={"columns": ["a", "b", "c", "d"]})
    said = list(notes_of(table, parts_of(table.model, table.group)))
    assert "b is the same in all samples: models learn nothing of it" in said
    assert "a is the target in other words (correlation 1): models only copy it" in said
    assert "d and c are equal in all samples" in said
    assert "2 samples tested have a formula that models are trained on too (no `group_by:` at `split:`)" in said


def test_two_columns_of_one_name_are_refused(opened):
    with pytest.raises(SpecError, match="the column `a` comes twice"):
        opened(TABLE.replace("a_angstrom,b", "a,a"), features={"columns": ["a"]})


def test_a_table_without_formulas_is_taken_where_it_is_said(opened):
    text = "\n".join(line.split(",", 2)[2] for line in TABLE.splitlines())
    table = opened(text, dataset={"file": "t.csv", "format": "table"})
    assert table.target.tolist() == [-1, 0, -0.1, -10, -0.01, -3]
    assert table.entries.ids == ["1", "2", "3", "4", "5", "6"]
    for changes in ({"features": {"composition": "magpie"}}, {"split": {"group_by": ["chemical_system"]}}):
        with pytest.raises(Findings, match=r"needs formulas, and .* has rows without"):
            opened(text, dataset={"file": "t.csv", "format": "table"}, **changes)


@pytest.mark.parametrize(("old", "new", "what"), [
    ("m3,NaBr,-0.1,3.0", "m3,NaBr,-0.1,1e300", "`a_angstrom` is 1e+300, and squares of numbers above 1e+100"),
    ("m3,NaBr,-0.1", "m3,NaBr,-1e200", "energy_eV of m3 is -1e+200, whose square isn't finite"),
])  # fmt: skip
def test_numbers_too_large_to_square_are_refused(opened, old, new, what):
    with pytest.raises((SpecError, Findings)) as error:
        opened(TABLE.replace(old, new))
    assert what in str(error.value)


def test_there_is_nothing_to_learn_of_one_value(opened):
    text = "id,formula,y,a\n" + "".join(f"m{i},NaCl,2.5,{i}\n" for i in range(5))
    with pytest.raises(Findings, match=r"all values of y are 2\.5: there is nothing to learn"):
        opened(text, target={"field": "y"}, features={"columns": ["a"]})


def test_units_said_twice_and_few_groups_are_noted(opened):
    table = opened(dataset={"file": "t.csv", "units": {"a_angstrom": "nm"}}, split={"group_by": ["kind"]})
    said = list(notes_of(table, parts_of(table.model, table.group)))
    assert "a_angstrom is in nm by the spec's `units:`, and in angstrom by the data" in said
    assert any(note.startswith("1 groups are tested: intervals over so few say little") for note in said)


def test_tasks_are_the_values_of_a_field(opened):
    table = opened(models=[{"kind": "sisso", "tasks": "kind"}])
    assert (table.task.tolist(), table.task_labels) == ([0, 0, 1, 1, 2, 2], ("1", "2", "3"))
