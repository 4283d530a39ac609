from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.data.materials.elements import NUMBERS, SYMBOLS
from bigdata.data.materials.formula import amounts, full, parse, reduced, written
from bigdata.data.problem import EntryError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mg2F4", {"Mg": 2, "F": 4}),
        ("NaN", {"Na": 1, "N": 1}),
        ("Ag(AuS)2", {"Ag": 1, "Au": 2, "S": 2}),
        ("K4[Fe(CN)6]", {"K": 4, "Fe": 1, "C": 6, "N": 6}),
        ("Ag0.5Ge1Pb1.75S4", {"Ag": 0.5, "Ge": 1, "Pb": 1.75, "S": 4}),
        ("CaSO4·2H2O", {"Ca": 1, "S": 1, "O": 6, "H": 4}),
        ("Fe3+", {"Fe": 1}),
        ("SO4^2-", {"S": 1, "O": 4}),
        ("[PF6]-", {"P": 1, "F": 6}),
        ("Al₂O₃", {"Al": 2, "O": 3}),
        ("Al$_2$O$_3$", {"Al": 2, "O": 3}),
        ("CsMnCr(CN)6", {"Cs": 1, "Mn": 1, "Cr": 1, "C": 6, "N": 6}),
        ("Si0Ge1", {"Ge": 1}),
        ("Li1/2CoO2", {"Li": 0.5, "Co": 1, "O": 2}),
        ("CaSO4·1/2H2O", {"Ca": 1, "S": 1, "O": 4.5, "H": 1}),
        ("CaSO4·½H2O", {"Ca": 1, "S": 1, "O": 4.5, "H": 1}),
        ("2CaSO4.H2O", {"Ca": 2, "S": 2, "O": 9, "H": 2}),
        ("CuSO4.5 H2O", {"Cu": 1, "S": 1, "O": 5.5, "H": 2}),
        ("Li1.5H2O", {"Li": 1.5, "H": 2, "O": 1}),
        ("Li0.5H2O", {"Li": 0.5, "H": 2, "O": 1}),
        ("D2O", {"H": 2, "O": 1}),
        ("Y3N@C80", {"Y": 3, "N": 1, "C": 80}),
        ("Fe+3", {"Fe": 1}),
        ("Fe³⁺", {"Fe": 1}),
        ("SO4--", {"S": 1, "O": 4}),
        ("SO4-2", {"S": 1, "O": 4}),
        ("SO₄²⁻", {"S": 1, "O": 4}),
        ("PO4^{-3}", {"P": 1, "O": 4}),
    ],
)
def test_a_formula_is_read_as_amounts(text, expected):
    assert parse(text) == {NUMBERS[symbol]: amount for symbol, amount in expected.items()}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Xx2", "no element `Xx`"),
        ("(MgO", "isn't closed"),
        ("MgO)", "closes nothing"),
        ("(MgO]", "closes nothing"),
        ("SO42-", "can't be told from an amount"),
        ("Fe1-xO", "has no meaning"),
        ("nan", "has no meaning"),
        ("", "names no element"),
        ("Mg0", "all its amounts are 0"),
        ("Mg2 3", "follows no element"),
        ("CuSO4.5H2O", "two meanings: write `CuSO4·5H2O` for what is added, or `CuSO4.5 H2O` for the decimal"),
        ("FeCl.6H2O", "write `FeCl·6H2O`"),
        ("BaCl2.2(H2O)", "two meanings"),
        ("CaSO4·1½H2O", "`½` has no meaning"),
        ("Li1/0O", "1/0 divides by 0"),
        ("Ti-6Al-4V", "has no meaning"),
        ("NiTi-50", "has no meaning"),
    ],
)
def test_what_is_no_formula_is_refused_with_the_reason(text, sentence):
    with pytest.raises(EntryError, match=sentence):
        parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("F4Mg2", "MgF2"),
        ("O6Si2Zn2", "ZnSiO3"),
        ("Ag0.5Ge1Pb1.75S4", "Ag2Ge4Pb7S16"),
        ("O2", "O"),
        ("Si0.3333Ge0.6667", "SiGe2"),
        ("Fe0.94712O", "FeO1.056"),
    ],
)
def test_the_reduced_formula_has_the_smallest_whole_numbers(text, expected):
    assert reduced(parse(text)) == expected


def test_the_formula_of_a_cell_counts_its_atoms():
    numbers = np.array([9, 12, 9, 12, 9, 9], dtype=np.uint8)
    assert full(numbers) == "Mg2F4"
    assert amounts(numbers) == {9: 4, 12: 2}


_COMPOSITIONS = st.dictionaries(st.integers(1, len(SYMBOLS) - 1), st.integers(1, 60), min_size=1, max_size=6)


@given(_COMPOSITIONS, st.integers(1, 7), st.randoms())
def test_a_multiple_in_any_order_has_the_same_reduced_formula(composition, factor: int, shuffled: random.Random):
    items = list(composition.items())
    shuffled.shuffle(items)
    text = "".join(f"{SYMBOLS[z]}{n * factor}" for z, n in items)
    divisor = math.gcd(*composition.values())
    assert parse(text) == {z: n * factor for z, n in composition.items()}
    assert reduced(parse(text)) == written({z: n // divisor for z, n in composition.items()})


@given(_COMPOSITIONS)
def test_what_is_written_is_read_back(composition):
    assert parse(written(composition)) == composition


@pytest.mark.parametrize("text", ["Ba(NO3)2", "Ca3(PO4)2", "Mg(Al(OH)4)2", "Li0.5CoO2", "Fe2(SO4)3"])
def test_amounts_are_those_of_pymatgen(text):
    from pymatgen.core import Composition

    assert parse(text) == {e.Z: n for e, n in Composition(text).items()}
