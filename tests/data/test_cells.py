"""What the texts of a table's column stand for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.data.cells import Column
from bigdata.data.problem import EntryError


def read(*texts: str, separator: str = ",") -> tuple[list[Any], list[str]]:
    """The values of a column `x`, whose first cell stands in line 2, and what is said of it."""
    column = Column("x", separator)
    for line, text in enumerate(texts, 2):
        if text:
            column.see(text, line)
    return [column.convert(text) if text else None for text in texts], [r.what for r in column.remarks()]


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1", "-2", "+3", ""], [1, -2, 3, None]),
        (["1", "2.5", ".5", "5.", "1e5", "-1E-3"], [1.0, 2.5, 0.5, 5.0, 1e5, -1e-3]),
        (["True", "false", "TRUE", ""], [True, False, True, None]),
        (["007", "012"], ["007", "012"]),
        (["1_1", "1_2"], ["1_1", "1_2"]),
        (["", ""], [None, None]),
    ],
)
def test_a_column_holds_what_fits_all_its_cells(texts: list[str], values: list[Any]) -> None:
    found, said = read(*texts)
    assert (found, [type(value) for value in found]) == (values, [type(value) for value in values])
    assert said == []


@pytest.mark.parametrize(
    "word",
    [
        "nan",
        "NaN",
        "NAN",
        "NA",
        "na",
        "N/A",
        "n/a",
        "#N/A",
        "<NA>",
        "NULL",
        "null",
        "None",
        "none",
        "-",
        "--",
        "–",
        "#NA",
    ],
)
def test_a_word_for_no_value_is_none_among_numbers_and_truth_values(word: str) -> None:
    assert read("5.1", word) == ([5.1, None], [])
    assert read(word, "3") == ([None, 3], [])
    assert read("True", word) == ([True, None], [])


@pytest.mark.parametrize("word", ["N/A", "n/a", "#N/A", "<NA>", "NULL", "null", "nan"])
def test_a_word_that_can_be_nothing_else_is_no_text(word: str) -> None:
    assert read("PBE", word, "LDA") == (["PBE", None, "LDA"], [])


@pytest.mark.parametrize("word", ["NaN", "NA", "None", "none"])
def test_a_word_that_may_be_a_text_stays_among_texts_and_is_named(word: str) -> None:
    values, said = read("MgO", word, "BN", word)
    assert values == ["MgO", word, "BN", word]
    assert said == [f"the column `x` is text, and `{word}` (line 3) in it a word: leave cells without a value empty"]


def test_a_column_of_such_words_alone_holds_no_value_and_says_so() -> None:
    assert read("NaN", "") == ([None, None], ["the column `x` holds no value: `NaN` (line 2) is read as none"])


@pytest.mark.parametrize(
    "odd", ["n.d.", "5.2 eV", "#DIV/0!", "inf", "5.1(2)", "1.0D-3", "\N{MINUS SIGN}1", "5 %", "True"]
)
def test_a_column_that_one_odd_cell_makes_text_names_it(odd: str) -> None:
    values, said = read("5.1", "", "4.2", odd, "7")
    assert values == ["5.1", None, "4.2", odd, "7"]
    assert said == [f"the column `x` is text, since `{odd}` (line 5) doesn't go with `5.1` (line 2)"]
    assert read(odd, "5.1")[1]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas_are_read_and_said(separator: str) -> None:
    values, said = read("5,1", "12", "-0,25", "1,234", "NA", "1.234.567,5", "2,5e3", separator=separator)
    assert values == [5.1, 12.0, -0.25, 1.234, None, 1234567.5, 2500.0]
    assert said == ["the column `x` is read as numbers with a decimal comma, such as `5,1` (line 2)"]


@pytest.mark.parametrize("separator", [",", ";"])
def test_commas_between_thousands_are_read_and_said(separator: str) -> None:
    values, said = read("1,234", "5.1", "1,234,567", "-12,345.5", separator=separator)
    assert values == [1234.0, 5.1, 1234567.0, -12345.5]
    assert said == ["the column `x` is read as numbers with commas between thousands, such as `1,234` (line 2)"]


@pytest.mark.parametrize(
    ("texts", "separator", "marked"),
    [
        (["1,234", "5,678"], ";", "`1,234` (line 2)"),
        (["7", "1,234"], ";", "`1,234` (line 3)"),
        (["4,4", "8,8"], ",", "`4,4` (line 2)"),
    ],
)
def test_a_comma_that_may_mean_either_makes_no_number(texts: list[str], separator: str, marked: str) -> None:
    values, said = read(*texts, separator=separator)
    assert values == texts
    assert said[0].startswith(f"the column `x` is text: what the comma in {marked}")


@pytest.mark.parametrize("texts", [["5,1", "5.1"], ["5,1", "1.234"], ["1,234.5", "5,1"], ["5,1", "1,234.5"]])
def test_points_and_commas_before_decimals_do_not_go_together(texts: list[str]) -> None:
    values, said = read(*texts, separator=";")
    assert values == texts
    assert f"since `{texts[1]}` (line 3) doesn't go with `{texts[0]}` (line 2)" in said[0]


def test_a_number_beyond_all_bounds_is_refused() -> None:
    column = Column("x")
    column.see("1e999", 2)
    with pytest.raises(EntryError, match="1e999 is beyond what a number can hold"):
        column.convert("1e999")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_as_python_writes_them_are_the_same_again(values: list[float]) -> None:
    found, said = read(*map(repr, values))
    assert (found, said) == (values, [])


@given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1))
def test_numbers_as_spreadsheets_of_other_countries_write_them_are_the_same_again(values: list[Any]) -> None:
    english = [f"{value:,.2f}" for value in values]
    german = [text.translate(str.maketrans(",.", ".,")) for text in english]
    assert read(*english)[0] == [float(value) for value in values]
    assert read(*german, separator=";")[0] == [float(value) for value in values]
