"""The figures from plain arrays: that what they draw are the numbers given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from pymatgen.core import Element

from bigdata.kind.drawing import save_as
from bigdata.studies.transferability import figures
from bigdata.studies.transferability.figures import Points, Rungs
from bigdata.studies.transferability.ladder import power_law

RNG = np.random.default_rng(0)


def texts(artist: Any) -> list[str]:
    return [text.get_text() for text in artist.findobj(lambda a: hasattr(a, "get_text")) if text.get_text()]


def points(n: int = 300) -> Points:
    target = RNG.normal(-1, 1, n)
    prediction = target + 0.1 * RNG.normal(size=n)
    prediction[:5] = np.nan
    return Points(target, prediction, float(np.nanmean(np.abs(prediction - target))))


def drawn_parity(given: dict[tuple[str, str], Points], trained_on: list[str], tested_on: list[str]) -> Figure:
    return figures.parity(given, trained_on, tested_on, "formation energy", "eV/atom")


def test_parity_counts_every_entry_in_a_cell_or_as_not_shown() -> None:
    given = {(m, d): points() for m in ("mp", "all", "megnet") for d in ("mp", "aflow")}
    given["mp", "aflow"].prediction[7] = 40.0
    figure = drawn_parity(given, ["mp", "all", "megnet"], ["mp", "aflow"])
    for axes, found in zip(figure.axes[:6], given.values(), strict=True):
        words = texts(axes)
        in_cells = int(next(a for a in axes.collections if isinstance(a, PolyCollection)).get_array().sum())
        missing = next((int(w.split("\n")[2].split()[0]) for w in words if "not shown" in w), 0)
        assert in_cells + missing == np.isfinite(found.prediction).sum() == 295
        assert any(w.startswith(f"MAE {found.mae:.3g}\nn = 295") for w in words)
        assert max(axes.get_xlim()) < 5
    assert [axes.get_title() for axes in figure.axes[:2]] == ["tested on\nmp", "tested on\naflow"]
    assert [axes.get_ylabel() for axes in figure.axes[:6:2]] == [f"trained on\n{m}" for m in ("mp", "all", "megnet")]


def test_parity_without_a_prediction_says_so() -> None:
    none = Points(np.zeros(3), np.full(3, np.nan), np.nan)
    assert "no predictions" in texts(drawn_parity({("m", "d"): none}, ["m"], ["d"]))


def test_a_ring_marks_the_least_validation_error() -> None:
    mae = {"a": np.array([0.5, 0.2, 0.3, np.nan]), "b": np.full(4, np.nan)}
    axes = figures.curves(np.array([10.0, 20, 30, 40]), mae, "eV/atom").axes[0]
    rings = [line.get_xydata().tolist() for line in axes.lines if line.get_marker() == "o"]
    assert rings == [[[20.0, 0.2]]]


def test_too_many_trainings_are_said() -> None:
    mae = {str(i): np.array([0.5]) for i in range(20)}
    assert figures.curves(np.array([1.0]), mae, "").axes[0].get_title(loc="left") == "the first 12 of 20 trainings"


def test_a_ladder_shows_points_law_and_exponent() -> None:
    n = np.array([100, 300, 1000])
    steep, flat = 3 * n**-0.5, np.array([0.5, 0.5, 0.5])
    given = {
        "mp": {"mp": Rungs(n, steep, power_law(n, steep), True), "aflow": Rungs(n, flat, power_law(n, flat), False)}
    }
    axes = figures.ladder(given, "eV/atom").axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "on mp: b = 0.50 (0.50 … 0.50)",
        "on aflow: b = 0.00 (0.00 … 0.00)",
    ]
    line = axes.lines[1]
    assert line.get_linestyle() == "-"
    np.testing.assert_allclose(line.get_ydata(), 3 * line.get_xdata() ** -0.5, rtol=1e-6)
    assert axes.lines[4].get_linestyle() == "--"


def test_one_rung_is_a_point_without_a_law() -> None:
    n, mae = np.array([100]), np.array([0.1])
    axes = figures.ladder({"mp": {"mp": Rungs(n, mae, power_law(n, mae), True)}}, "").axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["on mp"]


@pytest.mark.parametrize("z", range(1, 119))
def test_elements_stand_where_pymatgen_has_them(z: int) -> None:
    element = Element.from_Z(z)
    column, row = figures.place(z)
    if element.is_lanthanoid or element.is_actinoid:
        first = 57 if element.is_lanthanoid else 89
        assert (column, row) == (3 + z - first, {57: 8.4, 89: 9.4}[first])
    else:
        assert (column, row) == (element.group, element.row)


def test_the_periodic_table_has_the_numbers_of_the_elements_met() -> None:
    mae, n = np.full(118, np.nan), np.zeros(118, np.int64)
    mae[[0, 7]], n[[0, 7]] = [0.123, 0.4], [3, 1234]
    words = texts(figures.periodic_table(mae, n, "eV/atom").axes[0])
    assert [w for w in words if w[0].isdigit()] == ["0.12", "3", "0.4", "1,234"]
    assert texts(figures.periodic_table(np.full(118, np.nan), n * 0, "").axes[0])


def test_loss_parts_are_bars_beside_the_difference_of_labels() -> None:
    parts = {"as predicted": np.array([0.148, 0.2]), "fine-tuned": np.array([np.nan, 0.06])}
    figure = figures.loss_parts(
        ["mp → aflow", "aflow → mp"], parts, np.array([0.124, 0.124]), np.array([0.064, np.nan]), ""
    )
    axes = figure.axes[0]
    heights = [[bar.get_height() for bar in bars] for bars in axes.containers]
    np.testing.assert_array_equal(heights, list(parts.values()))
    floors = [line.get_segments() for line in axes.collections if isinstance(line, LineCollection)]
    assert [segment[0][1] for segment in floors[0]] == [0.124, 0.124]
    assert {"0.148", "0.2", "0.06", "labels differ by"} <= set(texts(axes))


def test_all_can_be_saved(tmp_path: Path) -> None:
    pairs = ["a → b"]
    some = np.array([0.1])
    for name, draw in {
        "parity": lambda: drawn_parity({("m", "d"): points()}, ["m"], ["d"]),
        "loss": lambda: figures.loss_parts(pairs, {"as predicted": some}, some, some, "eV/atom"),
    }.items():
        assert all(path.stat().st_size > 1000 for path in save_as(draw, tmp_path / name))
