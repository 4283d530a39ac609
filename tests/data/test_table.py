"""Tables in CSV: what separates cells, the line at which each row begins, and what is wrong with a table."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.data.problem import EntryError
from bigdata.data.table import Table, columns_in, separator


def table(folder: Path, text: str | bytes) -> Table:
    path = folder / "a.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Table(path)


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n\n3,4\n", 'a;b\n1;"2\n2"\n\n\n3;4\n', "a\tb\r\n1\t2\r\n3\t\r\n", "\n\na,b\n1\n1,2,3\n"]
)
def test_rows_are_those_of_the_standard_library_and_begin_where_their_line_says(tmp_path: Path, text: str) -> None:
    mark = next(mark for mark in ",;\t" if mark in text)
    _, *expected = (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark) if row)
    found = list(table(tmp_path, text).rows())
    assert [row for _, row in found] == expected
    lines = text.splitlines()
    assert all(lines[line - 1].startswith(row[0]) for line, row in found)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_lines_end_as_on_any_machine(tmp_path: Path, end: str, last: bool) -> None:
    text = end.join(["a,b", "1,2", "", '3,"x y"']) + end * last
    assert list(table(tmp_path, text).rows()) == [(2, ["1", "2"]), (4, ["3", "x y"])]


@pytest.mark.parametrize(
    ("header", "mark"),
    [
        ("a,b", ","),
        ("a;b;gap (eV, PBE, scalar, relativistic)", ";"),
        ('a;b;"gap, eV, PBE"', ";"),
        ("a\tb\tgap [eV, PBE; x]", "\t"),
        ("a,b,gap; direct", ","),
        ("formula", ","),
    ],
)
def test_the_separator_is_the_most_frequent_mark_outside_of_quotes_and_brackets(header: str, mark: str) -> None:
    assert separator(header) == mark


def test_a_separator_that_can_not_be_told_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(EntryError, match="separated as often by `,` as by `;`: put quotes around"):
        table(tmp_path, "id;gap, direct\n1;2\n")


def test_blanks_about_cells_are_no_part_of_them(tmp_path: Path) -> None:
    found = table(tmp_path, 'a, b , "c, d"\n 1 , "2, 3" ,\t4 \n'.replace('3" ,', '3",'))
    assert found.columns == ["a", "b", "c, d"]
    assert list(found.rows()) == [(2, ["1", "2, 3", "4"])]


def test_rows_of_empty_cells_are_none(tmp_path: Path) -> None:
    assert list(table(tmp_path, "a,b\n1,2\n,\n , \n3,\n").rows()) == [(2, ["1", "2"]), (5, ["3", ""])]


def test_a_quoted_name_may_go_over_lines(tmp_path: Path) -> None:
    found = table(tmp_path, 'a,"gap\n(eV)"\n1,2\n')
    assert found.columns == ["a", "gap\n(eV)"]
    assert list(found.rows()) == [(3, ["1", "2"])]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (["1"], "this row has fewer cells than the header has names: 1, not 2"),
        (["1", "2", "3"], "this row has more cells than the header has names: 3, not 2"),
        (["1", "2\0"], "null character"),
    ],
)
def test_a_row_that_does_not_fit_the_header_is_refused(row: list[str], sentence: str, tmp_path: Path) -> None:
    found = table(tmp_path, "a,b\n")
    found.check(["1", ""])
    with pytest.raises(EntryError, match=sentence):
        found.check(row)


def test_a_quote_that_is_not_closed_is_named_where_it_opens(tmp_path: Path) -> None:
    rows = table(tmp_path, 'a,b\n1,2\n\n"3,4\n5,6\n').rows()
    assert next(rows) == (2, ["1", "2"])
    with pytest.raises(EntryError, match="this isn't CSV: a quote that opens here isn't closed") as raised:
        next(rows)
    assert raised.value.line == 4


def test_a_table_is_judged_by_its_whole_rows(tmp_path: Path) -> None:
    assert list(table(tmp_path, 'a,b\n1,2\n3\n4,5,6\n7,8\n"9').whole_rows()) == [(2, ["1", "2"]), (5, ["7", "8"])]


def test_names_are_found_whatever_their_capitals(tmp_path: Path) -> None:
    found = table(tmp_path, "Material ID,FORMULA,vbm_eV,x,X\n")
    assert [found.place(key) for key in ("material_id", "formula", "vbm_ev", "gap")] == [0, 1, 2, None]
    with pytest.raises(EntryError, match="the columns `x` and `X` go by the same name"):
        found.place("x")


def test_a_column_that_comes_twice_is_refused_unless_it_has_no_name(tmp_path: Path) -> None:
    with pytest.raises(EntryError, match="the column `b` comes twice"):
        table(tmp_path, "a, b ,b\n1,2,3\n")
    assert table(tmp_path, "a,,\n").columns == ["a", "", ""]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_table_is_read_and_a_cut_off_one_is_refused_wherever_it_ends(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    text = "a,b\n" + "".join(f"{i},{i * i}\n" for i in range(5000))
    packed = pack(text.encode())
    assert len(list(table(tmp_path, packed).rows())) == 5000
    for n in (14, len(packed) // 2):
        with pytest.raises(EntryError, match="damaged or cut off"):
            list(table(tmp_path, packed[:n]).rows())


@given(st.binary(max_size=300))
def test_any_bytes_have_a_header_or_none(head: bytes) -> None:
    assert all(isinstance(name, str) for name in columns_in(head))


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=2, max_size=4)))
def test_what_the_standard_library_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])
    found = table(tmp_path_factory.mktemp("csv"), text.getvalue())
    expected = [stripped for row in rows if any(stripped := [cell.strip() for cell in row])]
    assert [row for _, row in found.rows()] == expected
