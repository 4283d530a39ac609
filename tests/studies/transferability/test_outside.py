"""Predictions of other programs: units by name and by spec, what is refused, and what is counted."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from bigdata.kind import SpecError
from bigdata.studies.transferability.outside import Outside, read_outside

IDS = {"aflow": ["a-1", "a-2", "both"], "mp": ["mp-1", "mp-2", "mp-3", "both"]}


def read(folder: Path, text: str, unit: str = "eV/atom", own: str = "") -> Outside:
    path = folder / "p.csv"
    path.write_text(text)
    return read_outside(path, unit, own, "p.csv")


@pytest.mark.parametrize(
    ("column", "unit", "factor"),
    [
        ("prediction_eV_per_atom", "eV/atom", 1.0),
        ("prediction_meV/atom", "eV/atom", 1e-3),
        ("prediction (meV/atom)", "eV/atom", 1e-3),
        ("predictions_meV_per_atom", "eV/atom", 1e-3),
        ("prediction_megnet_eV_per_atom", "meV/atom", 1e3),
        # A mole of electronvolts is 96.485 kJ: Faraday's constant.
        ("prediction_kJ_per_mol_atoms", "eV/atom", 1 / 96.48533212),
        ("prediction_GPa", "kbar", 10.0),
        ("predictions [s]", "s", 1.0),
    ],
)
def test_the_unit_is_that_which_the_name_ends_with(tmp_path: Path, column: str, unit: str, factor: float) -> None:
    found = read(tmp_path, f"id,{column}\nmp-1,-2.5\n", unit)
    assert found.for_dataset("mp", ["mp-1"])[0] == pytest.approx(-2.5 * factor, rel=1e-8)


def test_the_spec_may_say_the_unit(tmp_path: Path) -> None:
    for column in ("prediction", "predictions", "prediction_megnet"):
        assert read(tmp_path, f"id,{column}\nmp-1,500\n", own="meV/atom").for_dataset("mp", ["mp-1"]).tolist() == [0.5]


def test_a_target_without_unit_takes_predictions_without(tmp_path: Path) -> None:
    assert read(tmp_path, "id,prediction\nmp-1,0.5\n", unit="").for_dataset("mp", ["mp-1"]).tolist() == [0.5]


@pytest.mark.parametrize(
    ("column", "unit", "own", "message"),
    [
        ("prediction", "eV/atom", "", "the unit of `prediction` isn't known, so it can't be turned into eV/atom"),
        ("predictions", "s", "", "the unit of `predictions` isn't known"),
        ("prediction_meV_per_atom", "eV/atom", "eV/atom", "in meV/atom by its name, and in eV/atom by the spec"),
        ("prediction_eV", "eV/atom", "", "is in eV, which can't be turned into eV/atom here"),
        ("prediction_GPa", "eV/atom", "", "is in GPa, which can't be turned into eV/atom here"),
        ("prediction", "eV/atom", "furlong", "is in furlong, which can't be turned into eV/atom here"),
        ("prediction_eV", "", "", "the study's target has no unit"),
    ],
)
def test_a_unit_that_is_not_known_or_does_not_fit_is_refused(
    tmp_path: Path, column: str, unit: str, own: str, message: str
) -> None:
    with pytest.raises(SpecError) as raised:
        read(tmp_path, f"id,{column}\nmp-1,0.5\n", unit, own)
    assert str(raised.value).startswith("p.csv:1:1: ")
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,prediction_eV\na,1\n", "p.csv:1:1: the table has no column `id`; its columns are name, prediction_eV"),
        ("id,energy\na,1\n", "p.csv:1:1: the table has no column whose name begins with `prediction`"),
        ("id,prediction_a,prediction_b\na,1,2\n", "several columns of predictions (prediction_a, prediction_b)"),
        ("id,id,prediction\na,1,2\n", "p.csv:1:1: the column `id` comes twice"),
        ("id,prediction\na,1\n\nb,x\n", "p.csv:4:1: entry `b`: `x` isn't a finite number"),
        ("id,prediction\na,1_0\n", "p.csv:2:1: entry `a`: `1_0` isn't a finite number"),
        ("id,prediction\na,inf\n", "p.csv:2:1: entry `a`: `inf` isn't a finite number"),
        ("id,prediction\n,1\n", "p.csv:2:1: `id` is empty"),
        ("id,dataset,prediction\na,,1\n", "p.csv:2:1: entry `a`: `dataset` is empty"),
        ("id,prediction\na,1\nb,2\na,1\n", "p.csv:4:1: entry `a`: the identifier comes twice: line 2 has it already"),
        ("id,prediction\na,1,2\n", "p.csv:2:1: entry `a`: this row has more cells than the header has names"),
        ('id,prediction\na,"1\n', "p.csv:2:1: this isn't CSV"),
    ],
)
def test_a_table_that_can_not_be_right_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SpecError) as raised:
        read(tmp_path, text, own="eV/atom")
    assert message in str(raised.value)


def test_all_faults_are_said_at_once_up_to_a_page(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as raised:
        read(tmp_path, "id,prediction\n" + "".join(f"{i},x\n" for i in range(30)), own="eV/atom")
    lines = str(raised.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "p.csv: 30 rows can't be used, the first 20 of them above."


def test_entries_without_prediction_are_nan_and_everything_is_counted(tmp_path: Path) -> None:
    text = "comment,id,prediction\nx,mp-2,1.5\n,a-1,-1\n,mp-1,\n,mp-3,NA\n,zz,7\n"
    found = read(tmp_path, text, own="eV/atom")
    np.testing.assert_array_equal(found.for_dataset("mp", IDS["mp"]), [np.nan, 1.5, np.nan, np.nan])
    np.testing.assert_array_equal(found.for_dataset("aflow", IDS["aflow"]), [-1, np.nan, np.nan])
    assert found.notes(IDS) == [
        "p.csv has predictions for 1 of the 3 entries of aflow",
        "p.csv has predictions for 1 of the 4 entries of mp",
        "p.csv has no value for mp-1, mp-3",
        "predictions of p.csv for no entry of the study: zz",
        "columns of p.csv that aren't used: comment",
    ]


def test_an_identifier_of_two_datasets_needs_the_column_that_says_which(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as raised:
        read(tmp_path, "id,prediction\nmp-1,1\nboth,2\n", own="eV/atom").notes(IDS)
    message = str(raised.value)
    assert message.startswith("p.csv:3:1: entry `both`: it is in aflow and in mp. Add a column `dataset`")
    assert len(message.splitlines()) == 1
    text = "id,dataset,prediction\nboth,mp,1\nboth,aflow,2\na-1,wbm,3\na-1,mp,4\n"
    found = read(tmp_path, text, own="eV/atom")
    assert found.for_dataset("mp", ["both"]).tolist() == [1]
    assert found.for_dataset("aflow", ["both"]).tolist() == [2]
    assert np.isnan(found.for_dataset("aflow", ["a-1"])).all()
    assert found.notes(IDS)[2:] == [
        "predictions of p.csv for wbm, which is no dataset of the study: 1",
        "predictions of p.csv for no entry of the study: a-1",
    ]


@pytest.mark.parametrize("rows", ["x-1,1\nx-2,2\n", "mp-1,\n", ""])
def test_a_table_of_no_use_is_refused(tmp_path: Path, rows: str) -> None:
    with pytest.raises(
        SpecError, match=r"p\.csv: it has no prediction for any entry of the study.* mp has `mp-1`, `mp-2`"
    ):
        read(tmp_path, "id,prediction\n" + rows, own="eV/atom").notes(IDS)


def test_packed_and_semicolons_and_a_mark_of_spreadsheets_make_no_difference(tmp_path: Path) -> None:
    path = tmp_path / "p.csv.gz"
    path.write_bytes(gzip.compress("\ufeffid;prediction_eV_per_atom\r\nmp-1;0.25\r\n".encode()))
    assert read_outside(path, "eV/atom").for_dataset("mp", ["mp-1"]).tolist() == [0.25]


def test_predictions_of_a_published_model_are_read_as_they_stand(mirror: Path) -> None:
    path = mirror / "outside_megnet_mp2018" / "mp20_biternary.csv.gz"
    with gzip.open(path, "rt") as file:
        expected = {row["id"]: float(row["prediction_eV_per_atom"]) for row in csv.DictReader(file)}
    found = read_outside(path, "meV/atom").for_dataset("mp", list(expected))
    np.testing.assert_allclose(found, 1000 * np.array(list(expected.values())))
