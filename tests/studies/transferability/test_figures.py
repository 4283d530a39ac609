"""The figures from plain arrays: what they draw are the numbers given, also where some are missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from bigdata.kind.drawing import save_as
from bigdata.studies.transferability import figures
from bigdata.studies.transferability.figures import ByElement, Curve, Estimate, Loss, Pair, Rungs

RNG = np.random.default_rng(0)
NONE = Estimate(np.nan, np.nan, np.nan)
OWN, FOREIGN = ("trained on\nmp", "tested on\nmp"), ("trained on\nmp", "tested on\naflow")


def texts(figure: Figure | Axes) -> str:
    return " | ".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


def pair(n: int = 400, noise: float = 0.1) -> Pair:
    target = RNG.normal(-1, 1, n)
    return Pair(target, target + RNG.normal(0, noise, n))


def in_hexagons(axes: Axes) -> int:
    return sum(int(c.get_array().sum()) for c in axes.collections if isinstance(c, PolyCollection))


def test_parity_has_every_entry_in_a_hexagon_and_the_mae_above() -> None:
    own, foreign = pair(), pair(300, 3.0)
    foreign.prediction[:10] = np.nan
    foreign.target[10:15] = np.nan
    figure = figures.parity({OWN: own, FOREIGN: foreign}, [OWN], "formation energy", "eV/atom")
    left, right = figure.axes[:2]
    assert in_hexagons(left) == 400
    mae = sum(abs(p - t) for p, t in zip(own.prediction.tolist(), own.target.tolist(), strict=True)) / 400
    assert left.get_title(loc="left") == f"MAE {1000 * mae:.3g} meV/atom"
    known = [p - t for p, t in zip(*map(list, (foreign.prediction, foreign.target)), strict=True) if p - t == p - t]
    assert len(known) == 285
    assert right.get_title(loc="left") == f"MAE {np.mean(np.abs(known)):.3g} eV/atom"
    assert left.get_facecolor() != right.get_facecolor()
    assert "target: formation energy (eV/atom)" in texts(figure)


def test_parity_counts_what_is_beyond_its_axes() -> None:
    far = pair()
    far.prediction[:7] = 40.0
    axes = figures.parity({OWN: far}, [OWN], "gap", "eV").axes[0]
    assert in_hexagons(axes) == 393
    assert "400 entries,\n7 beyond" in texts(axes)
    assert axes.get_xlim() == axes.get_ylim()
    assert axes.get_ylim()[1] < 10


def test_parity_shows_all_targets_and_predictions_that_are_near_them() -> None:
    near = Pair(np.array([0.0, 1.0]), np.array([-0.4, 1.4]))
    axes = figures.parity({OWN: near}, [], "gap", "eV").axes[0]
    low, high = axes.get_xlim()
    assert low < -0.4
    assert high > 1.4
    assert in_hexagons(axes) == 2


@pytest.mark.parametrize("missing", [np.full(3, np.nan), np.empty(0)], ids=["all NaN", "no entry"])
def test_parity_without_predictions_says_so(missing: np.ndarray) -> None:
    nothing = Pair(np.zeros(len(missing)), missing)
    assert "no predictions" in texts(figures.parity({OWN: nothing}, [OWN], "gap", "eV"))
    assert "no predictions" in texts(figures.parity({OWN: pair(), FOREIGN: nothing}, [OWN], "gap", "eV").axes[1])


def test_bars_are_as_long_as_the_errors_and_whiskers_as_their_intervals() -> None:
    errors = {"MAE": Estimate(0.2, 0.15, 0.3), "fine-tuned": Estimate(0.05, np.nan, np.nan)}
    axes = figures.loss_parts([Loss("mp on aflow", errors, own=0.03, label_difference=0.1)], "eV/atom").axes[0]
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], [200, 50])
    whisker, own, labels = axes.lines
    np.testing.assert_allclose(whisker.get_xdata(), [150, 300])
    np.testing.assert_allclose([own.get_xdata(), labels.get_xdata()], [[30, 30], [100, 100]])
    assert own.get_linestyle() == "-"
    assert labels.get_linestyle() == "--"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["MAE", "fine-tuned"]
    assert axes.get_xlabel() == "MAE (meV/atom)"
    assert {"200", "50"} <= set(texts(axes).split(" | "))


def test_what_was_not_done_has_a_dash_and_no_bar() -> None:
    losses = [Loss("a", {"MAE": Estimate(2.0, 1.0, 3.0), "fine-tuned": NONE})]
    figure = figures.loss_parts(losses, "GPa")
    assert len(figure.axes[0].patches) == 1
    assert "–" in texts(figure.axes[0])
    assert not figure.legends


def test_an_interval_that_does_not_hold_its_value_is_drawn_as_it_is() -> None:
    axes = figures.loss_parts([Loss("a", {"MAE": Estimate(2.0, 2.5, 3.0)})], "GPa").axes[0]
    assert list(axes.lines[0].get_xdata()) == [2.5, 3.0]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_each_pair_of_model_and_dataset_has_its_panel(n: int) -> None:
    losses = [Loss(f"pair {i}", {"MAE": Estimate(i + 1.0, i + 0.5, i + 2.0)}) for i in range(n)]
    panels = figures.loss_parts(losses, "eV").axes
    assert [axes.get_title(loc="left") for axes in panels if axes.axison] == [f"pair {i}" for i in range(n)]


def test_curves_end_where_training_stopped_and_a_dot_is_at_the_best_look() -> None:
    steps = np.array([100, 200, 300, 400])
    stopped = np.array([0.4, 0.1, 0.2, np.nan])
    whole = np.array([0.5, 0.4, 0.3, 0.25])
    figure = figures.curves(steps, [Curve("mp", stopped, 2 * stopped), Curve("mp", whole, 3 * whole)], "eV/atom")
    left, right = figure.axes
    first, dot, second, last = left.lines
    np.testing.assert_allclose(first.get_xydata(), [[100, 400], [200, 100], [300, 200]])
    np.testing.assert_allclose(dot.get_xydata(), [[200, 100]])
    np.testing.assert_allclose(second.get_ydata(), 1000 * whole)
    np.testing.assert_allclose(last.get_xydata(), [[400, 250]])
    np.testing.assert_allclose(right.lines[1].get_ydata(), 3 * whole)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["mp"]
    assert left.get_yscale() == right.get_yscale() == "log"


def test_one_look_is_a_point_and_no_look_is_no_line() -> None:
    one = figures.curves(np.array([5]), [Curve("mp", np.array([0.1]), np.array([0.2]))], "eV")
    assert one.axes[1].lines[0].get_marker() == "."
    none = figures.curves(np.array([5]), [Curve("mp", np.array([np.nan]), np.array([np.nan]))], "eV")
    assert none.axes[0].lines[0].get_xdata().size == 0


def test_a_ladder_has_points_and_the_law_through_them() -> None:
    n = np.array([100.0, 1000.0, 10000.0])
    own = Rungs("mp", True, 0.5 * n**-0.25, Estimate(0.25, 0.2, 0.3), 0.5)
    other = Rungs("aflow-x", False, np.array([0.3, np.nan, 0.2]), NONE, np.nan)
    axes = figures.ladder({"trained on mp": (n, [own, other])}, "eV/atom").axes[0]
    points, law, others = axes.lines
    np.testing.assert_allclose(points.get_ydata(), 500 * n**-0.25)
    # A tenth power of ten in n, times 0.25, is 10^(−1/2) over both decades.
    np.testing.assert_allclose(law.get_ydata()[1] / law.get_ydata()[0], 10**-0.5)
    np.testing.assert_allclose(law.get_ydata()[0], points.get_ydata()[0])
    np.testing.assert_allclose(others.get_xydata(), [[100, 300], [10000, 200]])
    said = [text.get_text() for text in axes.get_legend().get_texts()]
    assert said == ["mp: 0.25 (0.20 to 0.30)", "aflow-x"]


def test_an_exponent_of_two_rungs_has_no_interval() -> None:
    rungs = Rungs("mp-20", True, np.array([0.1, 0.2]), Estimate(-0.5, np.nan, np.nan), 0.01)
    axes = figures.ladder({"mp": (np.array([100.0, 400.0]), [rungs])}, "eV").axes[0]
    assert axes.get_legend().get_texts()[0].get_text() == "mp-20: −0.50"


def test_all_panels_of_a_ladder_show_all_their_points() -> None:
    n = np.array([100.0, 1000.0])
    models = {
        name: (n, [Rungs("mp", True, np.array([mae, mae / 2]), NONE, np.nan)])
        for name, mae in {"a": 0.01, "b": 1.0, "c": 0.1, "d": 5.0}.items()
    }
    for axes in figures.ladder(models, "eV").axes[:4]:
        (low, high), points = axes.get_ylim(), axes.lines[0].get_ydata()
        assert low < points.min()
        assert points.max() < high


def test_elements_have_their_colour_symbol_and_error() -> None:
    mae, n = np.full(118, np.nan), np.zeros(118, np.int64)
    mae[[0, 25]], n[[0, 25]] = [0.02, 0.3], [4, 90]
    figure = figures.elements([ByElement("mp on aflow", mae, n)], "eV/atom")
    axes, bar = figure.axes
    faces = axes.collections[0].get_facecolor()
    assert len(faces) == 118
    assert len({tuple(face) for face in faces}) == 3
    shown = {text.get_text(): text for text in axes.texts}
    assert {"20", "300"} <= set(shown)
    assert len(axes.texts) == 120
    assert shown["H"].get_fontstyle() == "italic"
    assert shown["Fe"].get_fontstyle() == "normal"
    assert bar.get_ylabel() == "MAE (meV/atom)"
    np.testing.assert_allclose(bar.get_ylim(), [20, 300])


@pytest.mark.parametrize("value", [np.nan, 0.0, 0.1], ids=["no element", "no error", "one element"])
def test_a_periodic_table_of_almost_nothing_can_be_drawn(value: float, tmp_path: Path) -> None:
    mae = np.full(118, np.nan)
    mae[7] = value
    panel = ByElement("mp", mae, np.isfinite(mae).astype(np.int64))
    drawn = figures.elements([panel], "eV/atom")
    assert drawn.axes[0].collections[0].get_facecolor()[7, 3] == 1
    save_as(lambda: figures.elements([panel] * 3, "eV/atom"), tmp_path / "elements")


@pytest.mark.filterwarnings("error")
def test_all_can_be_saved_of_one_dataset_and_one_seed(tmp_path: Path) -> None:
    n, mae = np.array([100.0, 300.0]), np.array([0.2, 0.1])
    drawn = {
        "parity": lambda: figures.parity({OWN: pair()}, [OWN], "gap", "eV"),
        "curves": lambda: figures.curves(np.array([100, 200]), [Curve("mp", mae, mae)], "eV"),
        "ladder": lambda: figures.ladder({"mp": (n, [Rungs("mp", True, mae, NONE, np.nan)])}, "eV"),
        "loss": lambda: figures.loss_parts([Loss("a", {"MAE": NONE})], "eV"),
    }
    for name, draw in drawn.items():
        assert save_as(draw, tmp_path / name).png.stat().st_size > 1_500
