"""Logarithmic axes say the numbers at which their ticks are."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from bigdata.kind.logarithmic import logarithmic


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
    said = [axis.get_major_formatter()(place).replace(",", "") for place in places]
    assert len(said) >= 2
    assert [float(text) for text in said] == pytest.approx(places)
