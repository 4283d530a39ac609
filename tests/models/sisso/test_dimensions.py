"""Units are read as exponents, and written as they are read."""

from __future__ import annotations

from fractions import Fraction

import pytest

from bigdata.models.sisso.dimensions import Base, exponents, written


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("", {}),
        ("1", {}),
        ("eV", {"eV": 1}),
        ("eV/atom", {"eV": 1, "atom": -1}),
        ("angstrom^3", {"angstrom": 3}),
        ("Å^3", {"angstrom": 3}),
        ("eV/angstrom^3", {"eV": 1, "angstrom": -3}),
        ("1/eV", {"eV": -1}),
        ("g/cm^3", {"g": 1, "cm": -3}),
        ("kJ/mol-atoms", {"kJ": 1, "mol-atoms": -1}),
        ("eV*angstrom", {"eV": 1, "angstrom": 1}),
        ("m s^-2", {"m": 1, "s": -2}),
        ("eV/eV", {}),
        ("log10(eV/atom)", {"log10(eV/atom)": 1}),
        ("2 eV", {"2 eV": 1}),
        ("%", {"%": 1}),
    ],
)
def test_a_unit_is_read_as_exponents(unit: str, expected: dict[str, int]) -> None:
    assert exponents(unit) == expected
    assert exponents(written(exponents(unit))) == exponents(unit)


def test_roots_are_written_as_fractions() -> None:
    assert written({"eV": Fraction(1, 2), "atom": Fraction(-1)}) == "eV^(1/2)/atom"


def test_vectors_count_216ths() -> None:
    base = Base.of(["eV/atom", "1", "angstrom"])
    assert base.symbols == ("angstrom", "atom", "eV")
    assert base.vectors(["eV/atom", "1"]).tolist() == [[0, -216, 216], [0, 0, 0]]
