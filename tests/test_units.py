"""Quantities: what is read, what is refused, and in which words."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from decimal import Decimal
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from bigdata.units import BYTES, DIMENSIONS, ENERGY, RESOLVED, Bytes, Dimension, Energy, QuantityError

NUMBERS = st.floats(min_value=0, max_value=1e12, allow_nan=False)
UNITS = st.sampled_from([(d, unit) for d in DIMENSIONS for unit in d.units])

PATTERNS = {d: TypeAdapter(Annotated[float, d]).json_schema()["pattern"] for d in DIMENSIONS}


@pytest.mark.parametrize(
    ("text", "value", "source"),
    [
        ("-10 eV", -10, "itself"),
        ("1 Ha", 27.211386245981, "CODATA 2022"),
        ("1 Ry", 13.605693122990, "CODATA 2022"),
        ("1.602176634e-19 J", 1, "SI: the elementary charge is exact"),
        ("25 meV", 0.025, "prefix"),
        (".5eV", 0.5, "no space is needed"),
        ("1e-2 keV", 10, "exponent"),
    ],
)
def test_energies_are_read_in_ev(text: str, value: float, source: str) -> None:
    assert ENERGY.parse(text) == pytest.approx(value, rel=1e-12), source


@given(st.decimals(min_value=-1000, max_value=1000, places=4))
def test_equal_quantities_are_one_number_whatever_unit_they_are_written_in(number: Decimal) -> None:
    assert {repr(ENERGY.parse(f"{number} meV")), repr(ENERGY.parse(f"{number.scaleb(-3):f} eV"))} == {
        repr(float(number.scaleb(-3)) + 0.0)
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4 GiB", 4 * 2**30),
        ("30 MB", 30_000_000),
        ("1.5 KiB", 1536),
        ("0.1 kB", 100),
        ("7 B", 7),
        ("2 TB", 2 * 10**12),
    ],
)
def test_bytes_are_whole(text: str, value: int) -> None:
    assert BYTES.parse(text) == value
    assert isinstance(BYTES.parse(text), int)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5", '5 has no unit. Write an energy with its unit, such as "5 eV".'),
        ("five eV", '`five eV` is not an energy. Write an energy with its unit, such as "10 eV".'),
        ("5 ev", "unknown unit `ev`. Write it in eV, meV, keV, Ha, Hartree, Ry or J."),
        (
            "5 GiB",
            "`5 GiB` is an amount of bytes, not an energy. Write it in eV, meV, keV, Ha, Hartree, Ry or J.",
        ),
        ("", '`` is not an energy. Write an energy with its unit, such as "10 eV".'),
        ("1e999 eV", '`1e999 eV` is too large for a number. Write an energy with its unit, such as "10 eV".'),
        ("nan eV", '`nan eV` is not an energy. Write an energy with its unit, such as "10 eV".'),
    ],
)
def test_what_is_wrong_is_said(text: str, message: str) -> None:
    with pytest.raises(QuantityError, match=f"^{re.escape(message)}$"):
        ENERGY.parse(text)


def test_a_negative_amount_is_refused() -> None:
    with pytest.raises(QuantityError, match="`-1 GiB` is negative"):
        BYTES.parse("-1 GiB")


@given(NUMBERS, UNITS)
def test_a_number_and_a_unit_multiply(number: float, unit: tuple[Dimension, str]) -> None:
    dimension, name = unit
    value = dimension.parse(f"{number!r} {name}")
    # As one does it on paper: in floats 1.625 × 0.001 isn't 0.001625.
    expected = Decimal(repr(number)) * Decimal(repr(dimension.units[name]))
    assert value == (round(float(expected)) if dimension.whole else float(expected))


@given(NUMBERS, UNITS)
def test_the_schema_accepts_what_is_read(number: float, unit: tuple[Dimension, str]) -> None:
    dimension, name = unit
    pattern = PATTERNS[dimension]
    assert re.search(pattern, f"{number!r} {name}")


@given(st.text(max_size=12), st.sampled_from(DIMENSIONS))
def test_what_the_schema_accepts_is_read(text: str, dimension: Dimension) -> None:
    pattern = PATTERNS[dimension]
    if re.search(pattern, text):
        dimension.parse(text)


@given(st.text())
def test_any_text_is_read_or_is_a_quantity_error(text: str) -> None:
    for dimension in DIMENSIONS:
        with suppress(QuantityError):
            dimension.parse(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_resolved_number_is_read_back_as_it_is(value: float) -> None:
    adapter = TypeAdapter(Energy)
    assert adapter.validate_json(json.dumps(value), context={RESOLVED: True}) == value
    with pytest.raises(ValidationError, match="has no unit"):
        adapter.validate_json(json.dumps(value))


@pytest.mark.parametrize("value", [True, None, [1], {"a": 1}])
def test_other_types_are_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="is not an amount of bytes"):
        TypeAdapter(Bytes).validate_python(value)


def test_examples_can_be_read() -> None:
    for dimension in DIMENSIONS:
        for example in dimension.examples:
            dimension.parse(example)


def test_no_unit_has_two_meanings() -> None:
    units = [unit for dimension in DIMENSIONS for unit in dimension.units]
    assert len(units) == len(set(units))
