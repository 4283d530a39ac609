"""Tables in CSV: the line at which each row begins, and what is wrong with a table."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest

from bigdata.data.problem import EntryError
from bigdata.data.table import header, rows_of


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n\n3,4\n", 'a;b\n1;"2\n2"\n\n\n3;4\n', "a\tb\r\n1\t2\r\n3\t\r\n", "a,b\n1\n1,2,3\n"]
)
def test_rows_are_those_of_the_standard_library_and_begin_where_their_line_says(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    mark = next(mark for mark in ",;\t" if mark in text)
    expected = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=mark))
    found = list(rows_of(path))
    assert [row for _, row in found] == [{key: cell or "" for key, cell in row.items()} for row in expected]
    lines = text.splitlines()
    assert all(lines[line - 1].startswith(row["a"]) for line, row in found)


def test_a_column_that_comes_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a, b ,b\n1,2,3\n")
    with pytest.raises(EntryError, match="the column `b` comes twice"):
        header(tmp_path / "a.csv")


def test_a_cut_off_file_is_refused_wherever_it_ends(tmp_path: Path) -> None:
    packed = gzip.compress(("a,b\n" + "".join(f"{i},{i * i}\n" for i in range(5000))).encode())
    for n in (12, len(packed) // 2):
        (tmp_path / "a.csv").write_bytes(packed[:n])
        with pytest.raises(EntryError, match="damaged or cut off"):
            list(rows_of(tmp_path / "a.csv"))
