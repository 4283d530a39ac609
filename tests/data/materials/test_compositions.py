"""Formulas read many at once: what each means is what `formula.parse` says of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.data.materials.compositions import Compositions, compositions
from bigdata.data.materials.formula import parse
from bigdata.data.problem import EntryError

ODD = (
    "",
    "Li0.5CoO2",
    "CuSO4.5H2O",
    "MgO",
    "2MgO",
    "mgO",
    "Mg2.",
    "Mg2.O",
    ".5O",
    "5",
    "O1.2.3",
    "CH3CH2OH",
    "Si0Ge",
    "O1234567890123456789Mg",
    "Fe₂O3",
    "Xx",
    "H2O.",
    "MgO\n",
    "É",
    "Fe+3",
    "CuSO4·5H2O",
    "D2O",
    "K4[Fe(CN)6]",
)


def by_parse(formula: str) -> tuple[list[int], list[float]] | str:
    try:
        amounts = parse(formula)
    except EntryError as e:
        return str(e)
    return list(amounts), [n / sum(amounts.values()) for n in amounts.values()]


def assert_as_parsed(formulas: list[str]) -> None:
    found = compositions(formulas)
    for row, formula in enumerate(formulas):
        expected = by_parse(formula)
        if isinstance(expected, str):
            assert found.bad[row] == expected
            assert not found.numbers[row].any()
            continue
        numbers, fractions = expected
        assert row not in found.bad
        assert found.numbers[row].tolist() == numbers + [0] * (found.numbers.shape[1] - len(numbers))
        np.testing.assert_allclose(found.fractions[row, : len(numbers)], fractions, rtol=1e-14)


def test_formulas_of_all_kinds_are_read_as_one_by_one():
    assert_as_parsed([*ODD, *reversed(ODD)])


def test_a_text_that_begins_with_a_small_letter_is_no_end_of_the_one_before():
    assert_as_parsed(["H", "o", "Mg", "g"])


@given(st.lists(st.text("AlMgoOH2015.()·+ é", max_size=9), max_size=8))
def test_any_texts_are_read_as_one_by_one(formulas):
    assert_as_parsed(formulas)


@given(
    st.lists(
        st.tuples(st.sampled_from(["H", "C", "Cl", "Na", "Xe", "Og"]), st.floats(0.001, 999)), min_size=1, max_size=6
    )
)
def test_decimals_of_any_length_are_read_to_the_last_digit(tokens):
    assert_as_parsed(["".join(f"{symbol}{amount!r}" for symbol, amount in tokens)])


def test_one_formula_alone_and_none_at_all():
    assert compositions([]).numbers.shape == (0, 1)
    assert compositions(["MgF2"]).fractions.tolist() == [[1 / 3, 2 / 3]]


@pytest.mark.parametrize(
    ("numbers", "fractions", "sentence"),
    [
        ([[12, 8]], [[0.5, 0.6]], "sum to 1"),
        ([[12, 12]], [[0.5, 0.5]], "comes once"),
        ([[0, 12]], [[0, 1]], "without gaps"),
        ([[12, 8]], [[1, 0]], "fraction above 0"),
        ([[12, 0]], [[0.5, 0.5]], "both are 0"),
    ],
)
def test_arrays_that_are_no_compositions_are_refused(numbers, fractions, sentence):
    with pytest.raises(ValueError, match=sentence):
        Compositions(np.array(numbers, dtype=np.uint8), np.array(fractions, dtype=np.float64))
