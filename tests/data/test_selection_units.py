"""Bounds of `where:` with a unit of their own: compared in the field's, or refused in words."""

from __future__ import annotations

import pytest

from bigdata.data import DataProblem
from bigdata.data.model import Range
from bigdata.data.selection import select

COLUMNS = {"ecut": [200.0, 300.0, None, 400.0], "gap": [1.0, 2.0, 3.0, 4.0]}
UNITS = {"ecut": "eV", "gap": ""}


def rows(**bounds):
    return select("abcd", COLUMNS, {"ecut": Range(**bounds)}, 4, UNITS)


@pytest.mark.parametrize(
    ("bound", "kept"),
    [
        ("300 eV", [1, 3]),
        ("11 Ha", [1, 3]),  # 299.3 eV
        ("12 Ha", [3]),  # 326.5 eV
        ("350000 meV", [3]),
        (300, [1, 3]),
    ],
)
def test_a_bound_is_compared_in_the_unit_of_the_field(bound, kept):
    assert rows(at_least=bound).rows == kept


def test_what_is_said_of_it_is_in_the_unit_of_the_field():
    assert rows(below="350000 meV").dropped[0].condition == "< 350"


@pytest.mark.parametrize(
    ("field", "bound", "words"),
    [
        ("ecut", "3 GPa", r"`ecut` is in eV: GPa can't be turned into eV\. Write it in eV"),
        ("ecut", "3 ev", r"`ecut` is in eV: unknown unit `ev`"),
        ("gap", "3 eV", r"the unit of `gap` isn't known, so 3 eV can't be compared with it\. Write 3, in the unit"),
    ],
)
def test_a_unit_that_does_not_fit_is_refused(field, bound, words):
    with pytest.raises(DataProblem, match=words) as raised:
        select("abcd", COLUMNS, {field: Range(at_least=bound)}, 4, UNITS)
    assert raised.value.findings[0].path == ("where", field, "at_least")


def test_a_bound_that_is_neither_is_refused_when_it_is_read():
    with pytest.raises(ValueError, match="`high` is neither a number nor a number with its unit"):
        Range(at_least="high")


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ("300 eV", [1]),
        ("300000 meV", [1]),
        (("200 eV", 400), [0, 3]),
        (("400000 meV", "11.025 Ha"), [1, 3]),
    ],
)
def test_a_value_is_looked_for_in_the_unit_of_the_field(wanted, kept):
    columns = {"ecut": [200.0, 11.025 * 27.211386245981, None, 400.0]} if "Ha" in str(wanted) else COLUMNS
    assert select("abcd", columns, {"ecut": wanted}, 4, UNITS).rows == kept


@pytest.mark.parametrize(
    ("field", "wanted", "path", "words"),
    [
        ("ecut", "200 GPa", ("where", "ecut"), "GPa can't be turned into eV"),
        ("ecut", ("200 eV", "3 K"), ("where", "ecut", 1), "K can't be turned into eV"),
        ("ecut", "210 eV", ("where", "ecut"), "no entry has ecut = 210.0"),
        ("ecut", "many", ("where", "ecut"), "no entry has ecut = many"),
        ("gap", "3 eV", ("where", "gap"), "the unit of `gap` isn't known"),
    ],
)
def test_a_value_that_no_entry_can_have_is_refused(field, wanted, path, words):
    with pytest.raises(DataProblem, match=words) as raised:
        select("abcd", COLUMNS, {field: wanted}, 4, UNITS)
    assert raised.value.findings[0].path == path


def test_a_word_that_looks_like_a_quantity_stays_a_word():
    assert select("ab", {"name": ["2 eV", "3 eV"]}, {"name": "2 eV"}, 2, {"name": "eV"}).rows == [0]
