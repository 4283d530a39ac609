"""What each figure shows of a run's arrays: the right ones, and all that a caption promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pytest
from matplotlib.figure import Figure as Drawing

from bigdata.kind import Figure, View
from bigdata.studies.transferability import captioned
from bigdata.studies.transferability.model import Transferability
from bigdata.studies.transferability.trainings import trainings

SIZES = {"mp": 30, "aflow": 50, "jarvis": 40}
DATASETS = {name: {"name": "emt-prototypes", "target": "formation_energy_per_atom"} for name in SIZES}
ALL = ("parity", "loss_parts", "curves", "ladder", "elements", "histograms")


class Array:
    """What `View` gives of an array, without its store."""

    def __init__(self, values: Any, units: str = "eV/atom") -> None:
        self.values, self.units = np.asarray(values), units

    def __getitem__(self, selection: Any) -> Any:
        return self.values[selection]


class Arrays(dict[str, Array]):
    """What `View` is, made of arrays."""

    def __init__(self, model: Transferability) -> None:
        super().__init__(_arrays(model))
        self.model = model


def study(*datasets: str, **fields: Any) -> Transferability:
    named = {name: DATASETS[name] for name in datasets}
    given = {"name": "some", "datasets": named, "model": {"kind": "edge-gated"}, **fields}
    return Transferability.model_validate(given)


def _arrays(model: Transferability) -> Iterator[tuple[str, Array]]:
    rng = np.random.default_rng(0)
    n_datasets, n_models = len(model.datasets), len(model.members)
    cells = (n_models + len(model.outside), n_datasets)
    for name in captioned.CAUSES:
        mae = rng.uniform(0.01, 0.2, cells)
        for end, factor in (("", 1.0), ("_low", 0.8), ("_high", 1.3)):
            yield f"{name}{end}", Array(factor * mae)
    yield "n_tested", Array(rng.integers(3, 90, cells))
    differences = rng.uniform(0.01, 0.1, (n_datasets, n_datasets))
    for name in ("label_difference", "label_difference_refit"):
        yield name, Array(differences + differences.T)
    yield "element_mae", Array(rng.uniform(0.01, 0.2, (*cells, 118)))
    yield "element_n", Array(rng.integers(1, 90, (n_datasets, 118)))
    looks = (len(trainings(model)), 4)
    yield "curve_mae", Array(rng.uniform(0.01, 0.2, looks))
    yield "curve_loss", Array(rng.uniform(0.01, 0.2, looks), "1")
    yield "n_steps", Array(np.full(len(trainings(model)), 400), "1")
    yield "evaluation", Array(np.arange(1, 5) * 100, "1")
    rungs = len(model.ladder) + 1
    yield "ladder_n", Array(np.sort(rng.integers(10, 1000, (rungs, n_models)), axis=0), "1")
    yield "ladder_mae", Array(rng.uniform(0.01, 0.2, (rungs, n_models, n_datasets)))
    yield "ladder_power", Array(rng.uniform(0.1, 0.3, (n_models, n_datasets, 4)), "1")
    yield "bin", Array(np.arange(5.0))
    yield "histogram", Array(rng.integers(0, 9, (n_datasets, 5)), "1")
    yield "histogram_shared", Array(rng.integers(0, 9, (n_datasets, 5)), "1")
    for d in model.datasets:
        target = rng.normal(-1, 1, SIZES[d])
        yield f"target_{d}", Array(target)
        yield f"split_{d}", Array(np.arange(SIZES[d]) % 3, "1")
        for m in (*model.members, *model.outside):
            yield f"prediction_{m}_{d}", Array(target + rng.normal(0, 0.1, SIZES[d]))


def shown(view: Arrays, name: str) -> tuple[Figure, Drawing]:
    figure = getattr(captioned, name)(cast(View, view))
    return figure, figure.draw()


@pytest.fixture(scope="module")
def view() -> Arrays:
    """Three datasets, a mix of two of them, and a model of another program."""
    return Arrays(
        study(
            "mp",
            "aflow",
            "jarvis",
            combined={"two": ["mp", "jarvis"]},
            outside={"megnet": {"file": "megnet.csv"}},
            ladder=[0.1, 0.3],
            training={"seeds": [0, 1]},
            fine_tuning={},
            target={"quantity": "formation energy", "units": "eV/atom"},
        )
    )


@pytest.mark.parametrize("name", ALL)
def test_every_figure_that_the_model_names_can_be_drawn(view: Arrays, name: str) -> None:
    figure, drawn = shown(view, name)
    assert view.model.figures()[name].endswith(f":{name}")
    assert drawn.axes
    assert all([figure.title, figure.caption.endswith("."), figure.alt])


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("loss_parts", "ladder")])
def test_of_one_dataset_all_but_losses_are_drawn(name: str) -> None:
    alone = Arrays(study("mp"))
    assert "loss_parts" not in alone.model.figures()
    assert shown(alone, name)[1].axes


def test_parity_is_of_the_test_part_of_each_model_and_dataset(view: Arrays) -> None:
    figure, drawn = shown(view, "parity")
    tests = {**{name: [name] for name in SIZES}, "two": view.model.members["two"].of}
    shown_pairs = [(m, d) for m in (*view.model.members, "megnet") for d in tests]
    panels = dict(zip(shown_pairs, drawn.axes[:20], strict=True))
    for (m, tested), axes in panels.items():
        wrong = [
            abs(view[f"prediction_{m}_{d}"][i] - view[f"target_{d}"][i])
            for d in tests[tested]
            for i in range(SIZES[d])
            if i % 3 == 2
        ]
        assert axes.get_title(loc="left") == f"MAE {1000 * sum(wrong) / len(wrong):.3g} meV/atom"
    own = {(m, d) for m, one in view.model.members.items() for d in tests if {*tests[d]} <= {*one.of}}
    grounds = [
        {axes.get_facecolor() for pair, axes in panels.items() if (pair in own) == is_own} for is_own in (True, False)
    ]
    assert len(grounds[0]) == 1
    assert grounds[0].isdisjoint(grounds[1])
    assert "megnet" in figure.caption


def test_losses_are_of_datasets_that_a_model_does_not_know(view: Arrays) -> None:
    losses = list(captioned._losses(cast(View, view)))
    assert [loss.title for loss in losses] == [
        *(f"trained on {m}, tested on {d}" for m in SIZES for d in SIZES if m != d),
        "trained on two, tested on aflow",
        *(f"megnet, tested on {d}" for d in SIZES),
    ]
    of_mp_on_jarvis, of_two, of_megnet = losses[1], losses[6], losses[7]
    expected = [view[name][0, 2] for name in ("mae_refit", "mae_refit_low", "mae_refit_high")]
    assert list(of_mp_on_jarvis.errors["references refitted"]) == expected
    differences = view["label_difference"], view["label_difference_refit"]
    assert of_mp_on_jarvis.lines == (view["mae"][0, 0], *(d[0, 2] for d in differences))
    # Over the entries of both test parts, as one would have it from their absolute errors.
    n = view["n_tested"][3]
    errors = np.repeat(view["mae"][3], n)[np.repeat([True, False, True], n)]
    assert of_two.own == pytest.approx(errors.mean())
    assert np.isnan([*of_two.lines[1:], *of_megnet.lines]).all()


def test_a_model_of_another_program_has_no_panel_where_it_has_no_prediction(
    view: Arrays, monkeypatch: pytest.MonkeyPatch
) -> None:
    n = view["n_tested"][...].copy()
    n[-1, 1] = 0
    monkeypatch.setitem(view, "n_tested", Array(n))
    titles = [loss.title for loss in captioned._losses(cast(View, view))]
    assert titles[-2:] == ["megnet, tested on mp", "megnet, tested on jarvis"]


def test_without_fine_tuning_it_is_not_spoken_of() -> None:
    figure, drawn = shown(Arrays(study("mp", "aflow")), "loss_parts")
    assert "fine-tuning" not in figure.caption
    assert len(drawn.axes[0].patches) == 3


def test_curves_are_of_the_whole_training_part_alone(view: Arrays) -> None:
    left = shown(view, "curves")[1].axes[0]
    lines = [line.get_ydata() for line in left.lines if len(line.get_xdata()) == 4]
    # Four models and two seeds come first, then those of the ladder.
    np.testing.assert_allclose(lines, 1000 * view["curve_mae"][:8])


def test_a_ladder_is_of_a_model_and_all_datasets(view: Arrays) -> None:
    axes = shown(view, "ladder")[1].axes[3]
    assert axes.get_title(loc="left") == "trained on two"
    points = [line for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose([p.get_ydata() for p in points], 1000 * view["ladder_mae"][:, 3].T)
    np.testing.assert_array_equal(points[0].get_xdata(), view["ladder_n"][:, 3])
    faces = [p.get_markerfacecolor() for p in points]
    assert [face == "white" for face in faces] == [False, True, False]


def test_elements_are_of_each_dataset_on_the_first_other(view: Arrays) -> None:
    panels = list(captioned._elements(cast(View, view)))
    assert [p.title for p in panels] == [
        "trained on mp, tested on aflow",
        "trained on aflow, tested on mp",
        "trained on jarvis, tested on mp",
    ]
    np.testing.assert_array_equal(panels[2].mae, view["element_mae"][2, 0])
    np.testing.assert_array_equal(panels[0].n, view["element_n"][1])


def test_what_a_page_has_no_room_for_is_said(view: Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MOST_ROWS", "MOST_COLUMNS", "MOST_LOSSES", "MOST_LADDERS", "MOST_TABLES"):
        monkeypatch.setattr(captioned, name, 2)
    parity, drawn = shown(view, "parity")
    assert "Of 5 models the first 2 are shown. Of 4 test parts the first 2 are shown." in parity.caption
    assert len(drawn.axes) == 5
    for name, said in {"loss_parts": "Of 10 pairs", "ladder": "Of 4 models", "elements": "Of 3 models"}.items():
        assert f"{said} the first 2 are shown." in shown(view, name)[0].caption
