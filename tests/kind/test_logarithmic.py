"""Logarithmic axes say the numbers at which their ticks are."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from bigdata.kind.logarithmic import logarithmic, plain

RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"


@pytest.mark.parametrize("which", ["x", "y"])
@pytest.mark.parametrize("least", [0.0042, 0.0931, 5.1, 12.0, 97.0, 1400.0])
@pytest.mark.parametrize("ratio", [1.0, 1.4, 2.7, 12.0, 900.0])
def test_numbers_are_those_of_their_places_and_at_least_two(which: str, least: float, ratio: float) -> None:
    axes = Figure().subplots()
    axes.plot([least, least * ratio], [least, least * ratio])
    logarithmic(axes, which)
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axis.get_view_interval()
    places = [place for place in axis.get_majorticklocs() if low <= place <= high]
    said = [axis.get_major_formatter()(place) for place in places]
    assert len(said) >= 2
    assert [number(text) for text in said] == pytest.approx(places)


def number(text: str) -> float:
    """1,000 and 2×10⁷ as numbers."""
    digits, _, power = text.replace(",", "").rpartition("10") if set(text) & set(RAISED) else (text, "", "")
    exponent = int("".join(str(RAISED.index(c)) if c in RAISED else "-" for c in power) or 0)
    return float(digits.rstrip("×").replace(",", "") or 1) * 10.0**exponent


@pytest.mark.parametrize("value", [1e-9, 2e-5, 1e-4, 0.02, 1.0, 99.0, 100.0, 250_000.0, 1e6, 2.5e7, 3e11])
def test_a_number_reads_as_what_it_is(value: float) -> None:
    assert number(plain(value)) == pytest.approx(value)
    assert len(plain(value)) <= 8


@pytest.mark.parametrize("decades", [4, 8, 16, 40])
def test_over_many_decades_there_are_as_few_ticks_as_have_room(decades: int) -> None:
    axes = Figure(figsize=(2.5, 2.5)).subplots()
    axes.plot([1, 10.0**decades], [1, 10.0**decades])
    logarithmic(axes, "x")
    places = axes.xaxis.get_majorticklocs()
    assert 2 <= len(places) <= 5
