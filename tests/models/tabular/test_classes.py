"""What all classes have in common: the same model twice, the same model restored, and degenerate tables."""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import replace

import numpy as np
import pytest

from bigdata.errors import Paused, SpecError
from bigdata.models.tabular import classes
from bigdata.models.tabular.fitted import Effort, Fitted, Samples
from bigdata.models.tabular.setting import Grid, Sisso
from tests.models.tabular.tables import GRIDS, KINDS, of, point, table

HAS_TENSORFLOW = importlib.util.find_spec("tensorflow") is not None
ALL = [
    pytest.param(kind, marks=[] if HAS_TENSORFLOW or kind != "dense" else pytest.mark.skip("no extra `networks`"))
    for kind in ("mean", *KINDS)
]
UNITS = ("eV", "", "1", "K")
every_class = pytest.mark.parametrize("kind", ALL)


def fitted(kind: str, samples: Samples, effort: Effort | None = None) -> Fitted:
    return classes.fit([point(kind)], samples, effort or Effort(seed=3))[0]


def predicted(model: Fitted, samples: Samples) -> np.ndarray:
    return model.predict(samples.features, samples.tasks)


@every_class
def test_a_seed_gives_the_same_arrays_again(kind: str) -> None:
    first, second = (fitted(kind, table()).arrays() for _ in range(2))
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


@every_class
def test_a_restored_model_predicts_the_same_bits(kind: str) -> None:
    samples = table()
    model = fitted(kind, samples)
    stored = {name: np.array(array.tolist(), array.dtype) for name, array in model.arrays().items()}
    again = classes.restored(point(kind), stored, samples.names, samples.units)
    np.testing.assert_array_equal(predicted(again, samples), predicted(model, samples))
    assert again.size == model.size
    np.testing.assert_equal(again.importance(), model.importance())


@every_class
def test_a_model_does_not_know_how_many_samples_are_predicted_with_it(kind: str) -> None:
    samples = table()
    model = fitted(kind, samples)
    one_by_one = [predicted(model, samples.only(np.array([i]))) for i in range(5)]
    np.testing.assert_allclose(np.concatenate(one_by_one), predicted(model, samples)[:5], rtol=1e-10)
    assert predicted(model, samples.only(np.array([], dtype=int))).shape == (0,)


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind.values[0] != "mean"])
def test_a_class_learns(kind: str) -> None:
    samples = table(200)
    model = classes.fit([point(kind, **({"max_epochs": 300} if kind == "dense" else {}))], samples, Effort())[0]
    error = np.sqrt(np.mean((predicted(model, samples) - samples.target) ** 2))
    assert error < 0.62 * samples.target.std()


@every_class
def test_the_unit_of_columns_and_target_does_not_matter(kind: str) -> None:
    samples = table()
    other = replace(samples, features=samples.features * 2.0**40, target=samples.target * 2.0**-40)
    np.testing.assert_allclose(
        predicted(fitted(kind, other), other) * 2.0**40, predicted(fitted(kind, samples), samples), rtol=1e-12
    )


@every_class
def test_a_constant_target_is_predicted_exactly(kind: str) -> None:
    samples = replace(table(), target=np.full(60, 0.1))
    assert (predicted(fitted(kind, samples), samples) == 0.1).all()


@every_class
def test_columns_that_are_all_constant_give_about_the_mean(kind: str) -> None:
    samples = table()
    flat = replace(samples, features=np.full_like(samples.features, 0.1))
    model = fitted(kind, flat)
    # A forest's trees have means of their own draws.
    about = 1.0 if kind == "forest" else 1e-9
    np.testing.assert_allclose(predicted(model, flat), samples.target.mean(), atol=about)
    # Elsewhere nothing is known either.
    np.testing.assert_array_equal(predicted(model, samples), predicted(model, flat))


@every_class
@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(table(60, 1), id="one column"),
        pytest.param(table(3), id="three samples"),
        pytest.param(table(1), id="one sample"),
        pytest.param(table(5, 9), id="fewer samples than columns"),
        pytest.param(table(20).only(np.repeat(np.arange(4), 9)), id="duplicate rows"),
        pytest.param(replace(table(), groups=np.zeros(60, dtype=np.int64)), id="a single group"),
        pytest.param(of(np.ones((60, 2)) * [[1e-70, 1e70]] * table(60, 2).features, table().target), id="huge units"),
        pytest.param(of(np.tile(table(60, 1).features, 3), table().target), id="three times the same column"),
    ],
)
def test_a_small_or_odd_table_gives_a_sensible_model(kind: str, samples: Samples) -> None:
    model = fitted(kind, samples)
    within = 3 * np.ptp(samples.target) + 1e-9
    assert (np.abs(predicted(model, samples) - samples.target.mean()) <= within).all()
    assert model.size.n_parameters == model.size.additive + model.size.linear + model.size.nonlinear
    matters = model.importance()
    assert matters is None or (matters.shape == (samples.features.shape[1],) and matters.sum() == pytest.approx(1))


@every_class
def test_what_is_not_a_number_is_refused_by_name(kind: str) -> None:
    samples = table()
    features = samples.features.copy()
    features[[3, 5], 1] = np.nan, np.inf
    with pytest.raises(SpecError, match="the column `c1` isn't a number of at most 1e\\+75 for 2 of 60 samples"):
        fitted(kind, replace(samples, features=features))
    with pytest.raises(SpecError, match="the target isn't a number of at most 1e\\+75 for 60 of 60 samples"):
        fitted(kind, replace(samples, target=np.full(60, np.nan)))
    with pytest.raises(SpecError, match="there are no samples to learn from"):
        fitted(kind, samples.only(np.array([], dtype=int)))
    with pytest.raises(SpecError, match=r"shape \(60, 4\); one column is needed for each of the 3 names"):
        fitted(kind, replace(samples, names=["a", "b", "c"]))


@pytest.mark.parametrize("kind", ["dense", "tree", "ridge", "gaussian-process"])
def test_a_prediction_that_is_no_number_is_an_error(kind: str) -> None:
    if kind == "dense" and not HAS_TENSORFLOW:
        pytest.skip("the extra `networks` isn't installed")
    samples = table()
    arrays = dict(fitted(kind, samples).arrays())
    arrays["standard_target"] = np.array([np.nan, 1.0])
    broken = classes.restored(point(kind), arrays, samples.names, samples.units)
    with pytest.raises(ArithmeticError, match="predicts no finite number for 60 of 60 samples"):
        predicted(broken, samples)


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind.values[0] != "mean"])
def test_new_samples_that_are_no_numbers_or_other_columns_are_refused(kind: str) -> None:
    samples = table()
    model = fitted(kind, samples)
    features = samples.features.copy()
    features[7, 2] = np.nan
    with pytest.raises(SpecError, match="the column `number 3` isn't a number of at most 1e\\+75 for 1 of 60 samples"):
        model.predict(features, samples.tasks)
    with pytest.raises(SpecError, match=r"shape \(60, 3\); one column is needed for each of the 4 names"):
        model.predict(samples.features[:, :3], samples.tasks)


@every_class
def test_samples_far_from_all_others_have_predictions_without_a_warning(kind: str) -> None:
    model = fitted(kind, table())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(model.predict(np.full((2, 4), 1e70), np.zeros(2, dtype=np.int64))).all()


@every_class
def test_a_fit_that_should_stop_is_paused(kind: str) -> None:
    with pytest.raises(Paused):
        fitted(kind, table(), Effort(should_stop=lambda: True))


@every_class
def test_a_plan_counts_more_time_and_memory_for_more_samples(kind: str) -> None:
    small, large = (
        (classes.seconds(point(kind), n, UNITS), classes.n_bytes(point(kind), n, UNITS)) for n in (100, 2000)
    )
    assert 0 < small[0] <= large[0]
    assert 0 < small[1] < large[1]


def test_formulas_of_one_rung_are_one_fit_and_other_points_alone() -> None:
    formulas: Grid = Sisso(rung=(1,), dimension=(2,))
    points = [*GRIDS["ridge"].points, *formulas.points, *GRIDS["tree"].points]
    names = [[each.name for each in unit] for unit in classes.units_of(points)]
    assert names == [["ridge"], ["sisso:0,1", "sisso:0,2"], ["sisso:1,1", "sisso:1,2"], ["tree:12"]]


def test_formulas_with_other_options_are_another_fit() -> None:
    points = [*Sisso(rung=(0,), dimension=(1,)).points, *Sisso(rung=(0,), dimension=(1,), residuals=1).points]
    assert len(classes.units_of(points)) == 2
