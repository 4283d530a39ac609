"""Tables of materials: what is understood of their columns, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigdata.data.materials.dataset import MaterialsDataset

CIF = """# generated
data_CsCl
_cell_length_a   4.1
_cell_length_b   4.1
_cell_length_c   4.1
_cell_angle_alpha   90
_cell_angle_beta   90
_cell_angle_gamma   90
_symmetry_Int_Tables_number   1
loop_
 _atom_site_type_symbol
 _atom_site_label
 _atom_site_fract_x
 _atom_site_fract_y
 _atom_site_fract_z
  Cs  Cs0  0 0 0
  Cl  Cl1  0.5 0.5 0.5
"""

Write = Callable[..., MaterialsDataset]


@pytest.fixture
def write(tmp_path: Path, opened: Write) -> Write:
    """Write a table and open it."""

    def make(text: str | bytes, name: str = "a.csv", **more: Any) -> MaterialsDataset:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return opened(name, **more)

    return make


def said(dataset: MaterialsDataset) -> list[str]:
    return dataset.remarks.said + [text for text, _ in dataset.remarks.notes]


@pytest.mark.parametrize(
    ("text", "columns", "units"),
    [
        ("id, formula, gap_eV, metal\nm1, NaCl, 5.1, True\nm2, MgO, 4.8, False\n",
         {"gap_eV": [5.1, 4.8], "metal": [True, False]}, ["eV", ""]),
        ("id,formula,gap_eV,metal\nm1,NaCl,5.1,FALSE\nm2,MgO,,TRUE\n",
         {"gap_eV": [5.1, None], "metal": [False, True]}, ["eV", ""]),
        ("Material_ID,Formula,Band_Gap_eV\nm1,NaCl,5.1\nm2,MgO,4\n", {"Band_Gap_eV": [5.1, 4.0]}, ["eV"]),
        ("MATERIAL ID;FORMULA;gap (eV, PBE)\nm1;NaCl;5,1\nm2;MgO;4\n", {"gap (eV, PBE)": [5.1, 4.0]}, ["eV"]),
        ("id,formula,gap [eV]\nm1,NaCl,<NA>\nm2,MgO,4.8\n", {"gap [eV]": [None, 4.8]}, ["eV"]),
        ("id,formula,gap_eV\rm1,NaCl,5.1\rm2,MgO,4.8\r", {"gap_eV": [5.1, 4.8]}, ["eV"]),
        ('id,formula,volume_angstrom3\nm1,NaCl,"1,044.8"\nm2,MgO,18\n', {"volume_angstrom3": [1044.8, 18.0]},
         ["angstrom^3"]),
    ],
    ids=["blanks", "spreadsheet truth", "capitals", "semicolons", "pandas NA", "carriage returns", "thousands"],
)  # fmt: skip
def test_a_table_is_read_as_it_was_meant(write: Write, text: str, columns: dict[str, Any], units: list[str]) -> None:
    dataset = write(text)
    assert (dataset.ids, dataset.formulas) == (["m1", "m2"], ["NaCl", "MgO"])
    assert dict(dataset.columns) == columns
    assert list(dataset.units.values()) == units


def test_what_a_column_is_taken_for_is_said(write: Write) -> None:
    dataset = write(";id;formula;gap_eV;note;kpts\n0;m1;NaCl;5,1;NA;4\n1;m2;MgO;n.d.;a;4x4\n")
    assert said(dataset) == [
        "the column `gap_eV` is text, since `n.d.` (line 3) doesn't go with `5,1` (line 2)",
        "the column `note` is text, and `NA` (line 2) in it a word: leave cells without a value empty",
        "the column `kpts` is text, since `4x4` (line 3) doesn't go with `4` (line 2)",
    ]
    assert dataset.ignored == ["(without name)"]


def test_structures_are_found_wherever_the_first_of_them_stands(write: Write) -> None:
    dataset = write(f'id,formula,cif,e_eV\na,CsCl,,-1\nb,CsCl,"{CIF}",-2\nc,CsCl,NA,-3\nd,,"{CIF}",-4\n')
    assert dataset.ids == ["a", "b", "c", "d"]
    assert dataset.structures.n_atoms.tolist() == [0, 2, 0, 2]
    assert dataset.structures.volumes[[1, 3]] == pytest.approx(4.1**3)
    assert dataset.formulas == ["CsCl"] * 4
    assert list(dataset.columns) == ["e_eV"]


def test_a_second_column_of_cif_texts_is_passed_over_and_named(write: Write) -> None:
    other = CIF.replace("4.1", "4.3")
    dataset = write(f'id,cif,cif_relaxed\na,"{CIF}","{other}"\n')
    assert dataset.structures.volumes == pytest.approx(4.1**3)
    assert dataset.ignored == ["cif_relaxed"]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ('b,KCl,"{cif}",-1', "`formula` is KCl, and the structure has CsCl"),
        ('b,CsCl2,"{cif}",-1', "`formula` is CsCl2, and the structure has CsCl"),
        ("b,CsCl", "fewer cells than the header has names: 2, not 4"),
        ("b,CsCl,,-1,5", "more cells than the header has names: 5, not 4"),
        ("<NA>,CsCl,,-1", "`id` is empty"),
        ("b,CsCl,,1e999", "`e_eV`: 1e999 is beyond what a number can hold"),
        ("b,CsCl,,-1\0", "null character"),
    ],
)
def test_a_row_that_can_not_be_right_is_named_and_the_others_are_read(write: Write, row: str, sentence: str) -> None:
    table = f'id,formula,cif,e_eV\na,Cs2Cl2,"{CIF}",-1.0\n{row.format(cif=CIF)}\nc,MgO,,-3\n'
    dataset = write(table, on_bad_entry="skip")
    assert dataset.ids == ["a", "c"]
    (bad,) = dataset.bad
    assert sentence in bad.what
    assert table.splitlines()[bad.line - 1].startswith(row.partition(",")[0])


def test_rows_that_are_cut_otherwise_change_no_column(write: Write) -> None:
    dataset = write("id,formula,gap_eV\na,MgO,5.1\nb,Mg,O,5.2\nc,CaO\nd,SrO,4\n", on_bad_entry="skip")
    assert (dataset.ids, dataset.columns["gap_eV"]) == (["a", "d"], [5.1, 4.0])
    assert said(dataset) == []


def test_two_formulas_of_a_row_have_to_agree(write: Write) -> None:
    dataset = write("id,formula,pretty_formula\na,Mg2O2,MgO\nb,Mg2O2,MgO2\nc,MgO,rock salt\n", on_bad_entry="skip")
    assert dataset.ids == ["a", "c"]
    assert dataset.columns["pretty_formula"] == ["MgO", "rock salt"]
    assert [bad.what for bad in dataset.bad] == ["`pretty_formula` is MgO2, and `formula` is Mg2O2"]


def test_names_of_structures_are_no_formulas(write: Write) -> None:
    dataset = write(f'id,compound,cif\na,caesium chloride,"{CIF}"\nb,B2 type,"{CIF}"\nc,ClCs,"{CIF}"\n')
    assert dataset.formulas == ["CsCl", "CsCl", "ClCs"]
    assert dataset.columns["compound"] == ["caesium chloride", "B2 type", None]
    assert said(dataset) == [
        "not checked against a formula",
        "`compound` is no formula, the structure says the composition: caesium chloride",
        "`compound` is no formula, the structure says the composition: B2 type",
    ]


def test_bytes_that_are_no_text_are_said(write: Write) -> None:
    dataset = write("id,formula,who\na,MgO,M\xfcller\nb,MgO,Curie\n".encode("latin-1"))
    assert dataset.columns["who"] == ["M\ufffdller", "Curie"]
    assert dataset.remarks.notes == [("bytes that aren't UTF-8 are read as `\ufffd`", [0])]


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("id,formula,Formula", "the columns `formula` and `Formula` go by the same name"),
        ("id,formula,gap,gap", "the column `gap` comes twice"),
        ("id,gap", "no column of formulas"),
        ("id;formula,gap", "separated as often by"),
    ],
)
def test_a_header_that_can_be_read_in_two_ways_is_refused(write: Write, header: str, sentence: str) -> None:
    with pytest.raises(Exception, match=sentence):
        write(header + "\na,MgO,1,2\n", format="csv")
